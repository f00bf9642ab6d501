import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../examples/quickstart/', import.meta.url));
const sdk = dirname(createRequire(import.meta.url).resolve('twilio-video/dist/twilio-video.min.js'));

/** Serves the page `examples/quickstart`, with the published SDK beside it, under `/quickstart/`. */
export async function quickstart(app: FastifyInstance): Promise<void> {
  await app.register(fastifyStatic, { root, prefix: '/quickstart/', redirect: true });
  await app.register(fastifyStatic, { root: sdk, prefix: '/quickstart/sdk/', decorateReply: false });
  app.get('/', async (_request, reply) => reply.redirect('/quickstart/'));
}
