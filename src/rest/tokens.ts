import type { FastifyInstance } from 'fastify';
import { twilioError } from '../errors.js';
import { LONGEST_TURN_TTL } from '../ice/IceServers.js';
import { formOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { accountOf, mailTime } from './v2010.js';

/** Network Traversal Service: https://www.twilio.com/docs/stun-turn/api */
export function tokenRoutes(app: FastifyInstance, context: RestContext): void {
  resource(app, '/Accounts/:account/Tokens.json', {
    POST: (request, reply) => {
      const { sid } = accountOf(request, context);
      const ttl = formOf(request).integer('Ttl');
      if (ttl !== undefined && (ttl < 1 || ttl > LONGEST_TURN_TTL)) throw twilioError(20001, 'Ttl');
      const token = context.iceServers.token(sid, ttl);
      const now = mailTime(context.clock.now());
      return reply.code(201).send({
        account_sid: sid,
        date_created: now,
        date_updated: now,
        ice_servers: token.iceServers,
        password: token.password,
        ttl: String(token.ttl),
        username: token.username,
      });
    },
  });
}
