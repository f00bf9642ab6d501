import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiKey } from '../auth/accounts.js';
import { twilioError } from '../errors.js';
import { pageOf } from '../store/paging.js';
import { notFound } from './Directory.js';
import type { Form } from './Form.js';
import { parseListRequest, renderListWithUris } from './lists.js';
import { formOf, pathOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { accountOf, mailTime, withoutJson } from './v2010.js';

/** Characters. */
const LONGEST_NAME = 64;

/** https://www.twilio.com/docs/iam/api-keys/key-resource-v2010; signing keys are the same keys under their older name. */
export function keyRoutes(app: FastifyInstance, context: RestContext): void {
  for (const [name, list] of [
    ['Keys', 'keys'],
    ['SigningKeys', 'signing_keys'],
  ] as const) {
    listRoutes(app, context, name, list);
    itemRoutes(app, context, name);
  }
}

function listRoutes(app: FastifyInstance, context: RestContext, name: string, list: string): void {
  const { accounts } = context;
  resource(app, `/Accounts/:account/${name}.json`, {
    POST: (request, reply) => {
      const account = accountOf(request, context);
      const key = accounts.createKey(account.sid, friendlyNameOf(formOf(request)) ?? '');
      return reply.code(201).send({ ...keyShape(key), secret: key.secret });
    },
    GET: (request) => {
      const account = accountOf(request, context);
      const listRequest = parseListRequest(request);
      const page = pageOf(accounts.keysOf(account.sid), 'oldest-first', (key) => key, listRequest.position);
      return renderListWithUris(request, listRequest, list, page, (key) => key, keyShape);
    },
  });
}

function itemRoutes(app: FastifyInstance, context: RestContext, name: string): void {
  const { accounts } = context;
  resource(app, `/Accounts/:account/${name}/:key`, {
    GET: (request) => keyShape(keyOf(request, context)),
    POST: (request) => {
      const key = keyOf(request, context);
      return keyShape(accounts.renameKey(key, friendlyNameOf(formOf(request)) ?? key.friendlyName));
    },
    DELETE: (request, reply) => {
      accounts.deleteKey(keyOf(request, context));
      return reply.code(204).send();
    },
  });
}

/** @throws TwilioError 20002 */
function friendlyNameOf(form: Form): string | undefined {
  const name = form.text('FriendlyName');
  if (name !== undefined && name.length > LONGEST_NAME) {
    throw twilioError(20002, `it has more than ${LONGEST_NAME} characters`);
  }
  return name;
}

function keyOf(request: FastifyRequest, context: RestContext): ApiKey {
  const account = accountOf(request, context);
  const key = context.accounts.key(withoutJson((request.params as { key: string }).key));
  if (key?.accountSid !== account.sid) throw notFound(pathOf(request));
  return key;
}

function keyShape(key: ApiKey): object {
  return {
    sid: key.sid,
    friendly_name: key.friendlyName,
    date_created: mailTime(key.createdAt),
    date_updated: mailTime(key.updatedAt),
  };
}
