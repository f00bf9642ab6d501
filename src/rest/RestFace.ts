import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Account, Accounts } from '../auth/accounts.js';
import type { Clock } from '../clock.js';
import { twilioError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Rooms } from '../rooms/Rooms.js';
import type { SidSource } from '../sid.js';
import type { Store } from '../store/Store.js';
import type { WriteQueue } from '../store/WriteQueue.js';
import { Directory, notFound } from './Directory.js';
import { onError } from './errors.js';
import { Form } from './Form.js';
import { pathOf } from './requests.js';
import { participantRoutes } from './participants.js';
import { roomRoutes } from './rooms.js';
import { trackRoutes } from './tracks.js';

/** What the REST face needs of the house. */
export interface RestHouse {
  accounts: Accounts;
  rooms: Rooms;
  store: Store;
  writes: WriteQueue;
  clock: Clock;
  newSid: SidSource;
  log: Logger;
  /** The URL under which clients reach this server; null to take it from each request. */
  publicUrl: string | null;
}

/** What the resources' routes share. */
export interface RestContext extends RestHouse {
  directory: Directory;
  /** The start of the links in an answer: they lead back to where the request came. */
  baseUrl(request: FastifyRequest): string;
}

/** The Twilio REST face, as a fastify plugin. */
export async function restFace(app: FastifyInstance, house: RestHouse): Promise<void> {
  const context: RestContext = {
    ...house,
    directory: new Directory(house.rooms, house.store, house.writes),
    baseUrl: (request) => house.publicUrl ?? `${request.protocol}://${request.host}`,
  };
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'POST', 'DELETE', 'OPTIONS'],
    allowedHeaders: ['Content-Type', 'Authorization'],
    exposedHeaders: ['Twilio-Request-Id', 'Location'],
    strictPreflight: false,
  });
  takeForms(app, house.log);
  app.setErrorHandler(onError(house.log));
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('Twilio-Request-Id', house.newSid('RQ'));
    void reply.header('Cache-Control', 'no-store');
  });
  // What was answered is kept: a crash right after the answer loses nothing of it.
  app.addHook('onSend', async (request) => {
    if (request.method !== 'GET') await house.writes.settled();
  });
  await app.register(
    async (api) => {
      authenticate(api, house.accounts);
      // In here, what is not found has been asked for with credentials, and from any page.
      api.setNotFoundHandler((request) => {
        throw notFound(pathOf(request));
      });
      roomRoutes(api, context);
      participantRoutes(api, context);
      trackRoutes(api, context);
    },
    { prefix: '/v1' },
  );
}

/** Request bodies: forms are read, anything else is passed over, as Twilio does; that costs people hours, so it is logged. */
function takeForms(app: FastifyInstance, log: Logger): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, new Form(new URLSearchParams(String(body))));
    },
  );
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (String(body) !== '') {
      const contentType = request.headers['content-type'];
      log.warn(
        { method: request.method, url: request.url, contentType },
        'the body is not a form and was ignored',
      );
    }
    done(null, undefined);
  });
}

/** Basic authentication: account SID and auth token, or API key SID and secret. */
function authenticate(app: FastifyInstance, accounts: Accounts): void {
  app.decorateRequest('account', null as unknown as Account);
  app.addHook('onRequest', async (request, reply) => {
    const [user, password] = credentialsOf(request.headers.authorization);
    const account =
      user === undefined || password === undefined ? null : accounts.authenticate(user, password);
    if (!account) {
      void reply.header('WWW-Authenticate', 'Basic realm="Twilio API"');
      throw twilioError(20003);
    }
    request.account = account;
  });
}

function credentialsOf(header: string | undefined): [user?: string, password?: string] {
  const encoded = /^Basic +(\S+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}
