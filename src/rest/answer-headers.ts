import type { FastifyInstance } from 'fastify';
import type { SidSource } from '../sid.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** When it came, by `performance.now()`. */
    arrivedAt: number;
  }
}

/** The one region that there is. */
const HOME_REGION = 'us1';
/** Seconds: a year. */
const STRICT_TRANSPORT = 'max-age=31536000';

export const CORS_METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS'];
export const CORS_HEADERS = ['Content-Type', 'Authorization'];

/** Twilio's stand on every answer, not on those to a preflight alone. */
const ACCESS = {
  'Access-Control-Allow-Methods': CORS_METHODS.join(', '),
  'Access-Control-Allow-Headers': CORS_HEADERS.join(', '),
  'Access-Control-Allow-Credentials': 'true',
};

/** The headers that Twilio's own answers have, and that some tools look at. */
export function answerHeaders(app: FastifyInstance, newSid: SidSource): void {
  app.decorateRequest('arrivedAt', 0);
  app.addHook('onRequest', async (request, reply) => {
    request.arrivedAt = performance.now();
    void reply.headers({
      'Twilio-Request-Id': newSid('RQ'),
      'X-Home-Region': HOME_REGION,
      'X-API-Domain': request.host,
      'Cache-Control': 'no-store',
      ...ACCESS,
    });
    // Over plain HTTP it says nothing, and browsers must not take it.
    if (request.protocol === 'https') void reply.header('Strict-Transport-Security', STRICT_TRANSPORT);
  });
  app.addHook('onSend', async (request, reply) => {
    const seconds = (performance.now() - request.arrivedAt) / 1000;
    void reply.header('Twilio-Request-Duration', seconds.toFixed(3));
  });
}

/**
 * Tells an account how many of its requests are underway. Comes after authentication: of the others' it is not told.
 * @param underway by account, shared by all APIs
 */
export function countConcurrent(app: FastifyInstance, underway: Map<string, number>): void {
  app.addHook('onRequest', async ({ account: { sid } }, reply) => {
    const count = (underway.get(sid) ?? 0) + 1;
    underway.set(sid, count);
    void reply.header('Twilio-Concurrent-Requests', String(count));
    // Comes once for each request, answered or broken off.
    reply.raw.once('close', () => {
      const left = (underway.get(sid) ?? 1) - 1;
      if (left > 0) underway.set(sid, left);
      else underway.delete(sid);
    });
  });
}
