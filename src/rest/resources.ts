import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { twilioError } from '../errors.js';

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> | unknown;

const METHODS: HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Serves a resource's operations at a path; the other methods are answered with 405 and Twilio's code for it. */
export function resource(
  app: FastifyInstance,
  url: string,
  handlers: Partial<Record<'GET' | 'POST' | 'DELETE', Handler>>,
): void {
  const allowed = Object.keys(handlers) as HTTPMethods[];
  for (const [method, handler] of Object.entries(handlers)) {
    app.route({
      method: method as HTTPMethods,
      url,
      handler: async (request, reply) => handler(request, reply),
    });
  }
  // HEAD comes with GET by itself.
  const unknown: HTTPMethods[] = handlers.GET ? METHODS : [...METHODS, 'HEAD'];
  app.route({
    method: unknown.filter((method) => !allowed.includes(method)),
    url,
    handler: async (_request, reply) => {
      void reply.header('allow', [...allowed, 'OPTIONS'].join(', '));
      throw twilioError(20004);
    },
  });
}
