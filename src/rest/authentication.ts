import type { FastifyInstance } from 'fastify';
import type { Account, Accounts } from '../auth/accounts.js';
import { twilioError } from '../errors.js';

/** Basic authentication: account SID and auth token, or API key SID and secret. */
export function authenticate(app: FastifyInstance, accounts: Accounts): void {
  app.decorateRequest('account', null as unknown as Account);
  app.decorateRequest('apiKey', null);
  app.addHook('onRequest', async (request, reply) => {
    const [user, password] = credentialsOf(request.headers.authorization);
    const caller =
      user === undefined || password === undefined ? null : accounts.authenticate(user, password);
    if (!caller) {
      void reply.header('WWW-Authenticate', 'Basic realm="Twilio API"');
      throw twilioError(20003);
    }
    if (caller.account.status !== 'active') throw twilioError(20005);
    request.account = caller.account;
    request.apiKey = caller.key;
  });
}

function credentialsOf(header: string | undefined): [user?: string, password?: string] {
  const encoded = /^Basic +(\S+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}
