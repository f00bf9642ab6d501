import type { FastifyInstance } from 'fastify';
import { ACCOUNT_STATUSES } from '../auth/accounts.js';
import type { Account } from '../auth/accounts.js';
import { twilioError } from '../errors.js';
import { pageOf } from '../store/paging.js';
import { parseListRequest, renderListWithUris } from './lists.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { accountOf, mailTime } from './v2010.js';

const CONFIGURED = 'accounts are made and changed in the configuration';

/** https://www.twilio.com/docs/iam/api/account */
export function accountRoutes(app: FastifyInstance, context: RestContext): void {
  const { accounts } = context;

  resource(app, '/Accounts.json', {
    GET: (request) => {
      const list = parseListRequest(request);
      const friendlyName = list.filters.text('FriendlyName');
      const status = list.filters.choice('Status', ACCOUNT_STATUSES);
      const found = accounts
        .family(request.account.sid)
        .filter(
          (account) =>
            (friendlyName === undefined || account.friendlyName === friendlyName) &&
            (status === undefined || account.status === status),
        );
      return renderListWithUris(
        request,
        list,
        'accounts',
        pageOf(found, 'oldest-first', (account) => account, list.position),
        (account) => account,
        (account) => accountShape(account, request.apiKey === null),
      );
    },
    POST: () => {
      throw twilioError(20501, CONFIGURED);
    },
  });

  resource(app, '/Accounts/:account', {
    GET: (request) => accountShape(accountOf(request, context), request.apiKey === null),
    POST: (request) => {
      accountOf(request, context);
      throw twilioError(20501, CONFIGURED);
    },
  });
}

/** @param withToken the auth token is shown to whoever has it: a key that is deleted later must not have told it */
function accountShape(account: Account, withToken: boolean): object {
  const path = `/2010-04-01/Accounts/${account.sid}`;
  return {
    auth_token: withToken ? account.authToken : null,
    date_created: mailTime(account.createdAt),
    date_updated: mailTime(account.updatedAt),
    friendly_name: account.friendlyName,
    owner_account_sid: account.ownerSid,
    sid: account.sid,
    status: account.status,
    subresource_uris: { keys: `${path}/Keys.json`, signing_keys: `${path}/SigningKeys.json` },
    type: 'Full',
    uri: `${path}.json`,
  };
}
