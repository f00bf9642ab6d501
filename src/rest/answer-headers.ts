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

/** The headers that Twilio's own answers have, and that some tools look at. */
export function answerHeaders(app: FastifyInstance, newSid: SidSource): void {
  let underway = 0;
  app.decorateRequest('arrivedAt', 0);
  app.addHook('onRequest', async (request, reply) => {
    request.arrivedAt = performance.now();
    underway++;
    // Comes once for each request, answered or broken off.
    reply.raw.once('close', () => underway--);
    void reply.headers({
      'Twilio-Request-Id': newSid('RQ'),
      'Twilio-Concurrent-Requests': String(underway),
      'X-Home-Region': HOME_REGION,
      'X-API-Domain': request.host,
      'Cache-Control': 'no-store',
    });
    // Over plain HTTP it says nothing, and browsers must not take it.
    if (request.protocol === 'https') void reply.header('Strict-Transport-Security', STRICT_TRANSPORT);
  });
  app.addHook('onSend', async (request, reply) => {
    const seconds = (performance.now() - request.arrivedAt) / 1000;
    void reply.header('Twilio-Request-Duration', seconds.toFixed(3));
  });
}
