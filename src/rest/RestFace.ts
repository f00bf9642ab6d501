import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Accounts } from '../auth/accounts.js';
import type { Clock } from '../clock.js';
import { TwilioError } from '../errors.js';
import type { IceServers } from '../ice/IceServers.js';
import type { Logger } from '../log.js';
import type { Rooms } from '../rooms/Rooms.js';
import type { SidSource } from '../sid.js';
import type { Store } from '../store/Store.js';
import type { WriteQueue } from '../store/WriteQueue.js';
import { accountRoutes } from './accounts.js';
import { CORS_HEADERS, CORS_METHODS, answerHeaders, countConcurrent } from './answer-headers.js';
import { authenticate } from './authentication.js';
import { takeForms } from './bodies.js';
import { Directory, notFound } from './Directory.js';
import { onError } from './errors.js';
import { keyRoutes } from './keys.js';
import { mediaSettingsRoutes } from './media-settings.js';
import { participantRoutes } from './participants.js';
import { RateLimits } from './RateLimits.js';
import { compositionRoutes, recordingRoutes } from './recordings.js';
import { pathOf } from './requests.js';
import { roomRoutes } from './rooms.js';
import { ruleRoutes } from './rules.js';
import { settingsRoutes } from './settings.js';
import { statusCallbackRoutes } from './status-callbacks.js';
import type { CallbackDeliveries } from './status-callbacks.js';
import { tokenRoutes } from './tokens.js';
import { trackRoutes } from './tracks.js';
import { transcriptionRoutes } from './transcriptions.js';

/** What the REST face needs of the house. */
export interface RestHouse {
  accounts: Accounts;
  rooms: Rooms;
  store: Store;
  writes: WriteQueue;
  iceServers: IceServers;
  callbacks: CallbackDeliveries;
  clock: Clock;
  newSid: SidSource;
  log: Logger;
  /** The URL under which clients reach this server; null to take it from each request. */
  publicUrl: string | null;
  /** Whether accounts are held to Twilio's rates of requests. */
  strict: boolean;
}

/** What the resources' routes share. */
export interface RestContext extends RestHouse {
  directory: Directory;
  /** The start of the links in an answer: they lead back to where the request came. */
  baseUrl(request: FastifyRequest): string;
}

type Routes = (app: FastifyInstance, context: RestContext) => void;

/** What stands under which path: Video, the part of Twilio's first API that Video needs, and what is Atrium's own. */
const APIS: readonly (readonly [prefix: string, routes: readonly Routes[]])[] = [
  [
    '/v1',
    [
      roomRoutes,
      participantRoutes,
      trackRoutes,
      ruleRoutes,
      transcriptionRoutes,
      recordingRoutes,
      compositionRoutes,
      mediaSettingsRoutes,
    ],
  ],
  ['/2010-04-01', [accountRoutes, keyRoutes, tokenRoutes]],
  ['/atrium/v1', [settingsRoutes, statusCallbackRoutes]],
];

/** The Twilio REST face, as a fastify plugin. */
export async function restFace(app: FastifyInstance, house: RestHouse): Promise<void> {
  const context: RestContext = {
    ...house,
    directory: new Directory(house.rooms, house.store, house.writes),
    baseUrl: (request) => house.publicUrl ?? `${request.protocol}://${request.host}`,
  };
  answerHeaders(app, house.newSid);
  await app.register(cors, {
    origin: '*',
    methods: CORS_METHODS,
    allowedHeaders: CORS_HEADERS,
    exposedHeaders: ['Twilio-Request-Id', 'Location'],
    strictPreflight: false,
  });
  takeForms(app, house.log);
  app.setErrorHandler(onError(house.log));
  // What was answered is kept: a crash right after the answer loses nothing of it.
  app.addHook('onSend', async (request) => {
    if (isWrite(request)) await house.writes.settled();
  });
  const underway = new Map<string, number>();
  const limits = house.strict ? new RateLimits(house.clock) : null;
  for (const [prefix, routes] of APIS) {
    await app.register(
      async (api) => {
        authenticate(api, house.accounts);
        countConcurrent(api, underway);
        if (limits) holdTo(limits, api);
        // In here, what is not found has been asked for with credentials, and from any page.
        api.setNotFoundHandler((request) => {
          throw notFound(pathOf(request));
        });
        for (const add of routes) add(api, context);
      },
      { prefix },
    );
  }
}

function isWrite({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** Counts requests of accounts that were let in, and refuses those that are too many. */
function holdTo(limits: RateLimits, app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    try {
      limits.count(request.account.sid, isWrite(request) ? 'writes' : 'reads');
    } catch (error) {
      if (error instanceof TwilioError) void reply.header('Retry-After', '1');
      throw error;
    }
  });
}
