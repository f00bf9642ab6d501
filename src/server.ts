import fastify from 'fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isPrebuilt, workerPath } from '../native/worker.mjs';
import { Accounts } from './auth/accounts.js';
import { SystemClock } from './clock.js';
import type { Clock } from './clock.js';
import { ConfigError } from './config.js';
import type { Config } from './config.js';
import { twilioError } from './errors.js';
import { hostInUrl, isLoopback, isUnspecified } from './hosts.js';
import { IceServers } from './ice/IceServers.js';
import { createLogger, errorForLog } from './log.js';
import type { Logger } from './log.js';
import { errorBody } from './rest/errors.js';
import { MeshPlane } from './mesh/MeshPlane.js';
import { notFound } from './rest/Directory.js';
import { pathOf, repairUrl } from './rest/requests.js';
import { restFace } from './rest/RestFace.js';
import { EventStream } from './rooms/events.js';
import { DEFAULT_QUOTAS, ROOM_DEFAULTS, ROOM_TYPES, TWILIO_QUOTAS, isMesh } from './rooms/options.js';
import { Rooms } from './rooms/Rooms.js';
import { SfuPlane } from './sfu/SfuPlane.js';
import { WorkerPool } from './sfu/WorkerPool.js';
import { randomSid } from './sid.js';
import { TurnServer, findTurnServer } from './turn/TurnServer.js';
import { SignalingFace } from './signaling/SignalingFace.js';
import { MemoryStore } from './store/MemoryStore.js';
import { completeLostRooms, keepSignsOfLife } from './store/recover.js';
import { recordRooms } from './store/record-rooms.js';
import { SqliteStore, StoreError } from './store/SqliteStore.js';
import type { Store } from './store/Store.js';
import { WriteQueue } from './store/WriteQueue.js';
import { StatusCallbacks } from './webhooks/StatusCallbacks.js';
import { httpTransport } from './webhooks/transport.js';
import { quickstart } from './quickstart.js';

/** Parts that a test may replace. */
export interface ServerParts {
  clock?: Clock;
  log?: Logger;
}

/** A running server. */
export interface AtriumServer {
  /** Where REST is: `http://host:port`. */
  readonly url: string;
  /** The SDK's `wsServer` option. */
  readonly wsServer: string;
  readonly config: Config;
  readonly rooms: Rooms;
  readonly events: EventStream;
  readonly signaling: SignalingFace;
  readonly sfu: SfuPlane;
  readonly mesh: MeshPlane;
  readonly workers: WorkerPool;
  /** The TURN server that runs beside this one, if one does. */
  readonly turn: TurnServer | null;
  /** Ends all rooms, tells their participants, and stops everything. A second call waits for the first. */
  close(): Promise<void>;
}

/** Names up to Twilio's limit, each character escaped as UTF-8. */
const LONGEST_PATH_PARAMETER = 2048;
/** Bytes of a REST request's body. */
const LARGEST_BODY = 1_048_576;

/** Builds every part of the house, wires them, and listens. */
export async function startServer(config: Config, parts: ServerParts = {}): Promise<AtriumServer> {
  const log = parts.log ?? createLogger(config.logLevel);
  // What may fail for want of a program comes before what would have to be undone.
  const turn = config.turn ? await prepareTurnServer(config, log) : null;
  const workerBin = workerPath();
  if (workerBin === null || !existsSync(workerBin)) {
    const { MEDIASOUP_WORKER_BIN: own } = process.env;
    throw new ConfigError(
      own
        ? `there is no file ${own}, which MEDIASOUP_WORKER_BIN names as mediasoup's worker`
        : "mediasoup's worker is not on this machine yet: `npm run setup` brings it",
    );
  }
  if (!isLoopback(config.host) && isPrebuilt(workerBin))
    log.warn('the media worker is the prebuilt one: see "The media worker" in docs/operations.md');
  const clock = parts.clock ?? new SystemClock();
  const store = openStore(config, clock);
  const writes = new WriteQueue(store, log);
  const accounts = new Accounts(config.accounts, {
    clock,
    newSid: randomSid,
    onChange: (change) => writes.put(change),
  });
  await accounts.restore(store);
  const events = new EventStream((error, event) =>
    log.error(
      { err: errorForLog(error), event: event.type, room: event.room.sid },
      'an event was not handled',
    ),
  );
  const defaultsOf = (sid: string) => accounts.get(sid)?.roomDefaults ?? ROOM_DEFAULTS;
  const quotas = config.strict ? TWILIO_QUOTAS : DEFAULT_QUOTAS;
  const rooms = new Rooms({ clock, newSid: randomSid, events }, defaultsOf, ROOM_TYPES, quotas);

  recordRooms(events, writes);
  const onStoreError = (error: unknown): void =>
    log.error({ err: errorForLog(error) }, 'the store cannot be written');
  const isDurable = config.dataDir !== undefined;
  const callbacks = new StatusCallbacks({
    accounts,
    events,
    store,
    writes,
    limits: config.callbacks,
    transport: httpTransport({ checkCertificates: !config.insecureCallbacks }),
    clock: new SystemClock(),
    log,
    isDurable,
  });

  const workers = await WorkerPool.start(
    {
      workers: config.workers,
      workerBin,
      listenIp: config.host === 'localhost' ? '127.0.0.1' : config.host,
      announcedAddress: announcedAddress(config),
      rtcPort: config.rtcPort,
    },
    log,
  ).catch(async (error: unknown) => {
    await store.close();
    const { message } = error as Error;
    throw new ConfigError(`the media cannot be served: ${message} (--host, --rtc-port)`, { cause: error });
  });
  const sfu = new SfuPlane(workers, events, log);
  const mesh = new MeshPlane(events);

  const iceServers = new IceServers(
    {
      fixed: config.iceServers,
      stunUrls: [...config.stunUrls, ...(turn?.stunUrls ?? [])],
      turnUrls: turn?.turnUrls ?? config.turnUrls,
      turnSecret: turn?.secret ?? config.turnSecret ?? null,
      turnTtl: config.turnTtl,
    },
    (accountSid) => accounts.get(accountSid)?.roomDefaults.turn ?? false,
    // The TURN server that checks the credentials goes by real time.
    new SystemClock(),
  );
  const signaling = new SignalingFace(
    {
      accounts,
      rooms,
      clock,
      iceServers,
      mediaPlaneOf: (room) => (isMesh(room.options.type) ? mesh : sfu),
      limits: config.limits,
      sessionTimeout: config.sessionTimeout,
      log,
    },
    events,
  );

  const app = createHttpServer(log);
  await app.register(restFace, {
    accounts,
    rooms,
    store,
    writes,
    iceServers,
    callbacks,
    clock,
    newSid: randomSid,
    log,
    publicUrl: config.publicUrl ?? null,
    strict: config.strict,
  });
  await app.register(quickstart);
  app.get('/health', async () => ({ status: 'ok' }));
  signaling.attach(app.server);

  // What was left of a room comes before what is told of its end.
  await callbacks.start();
  const lost = await completeLostRooms(store, rooms);
  if (lost > 0) log.warn({ rooms: lost }, 'rooms of a process that was lost are completed');
  const stopSigns = isDurable ? keepSignsOfLife(store, () => clock.now(), onStoreError) : () => {};

  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    rooms.completeAll('server-stopped');
    await signaling.close();
    await app.close();
    await mesh.close();
    await sfu.close();
    await callbacks.close();
    stopSigns();
    await turn?.close();
    await writes.close();
    await store.close();
  };
  try {
    await turn?.start();
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await close();
    throw error;
  }
  const { host, port } = reachableAt(config, app.server.address() as AddressInfo);
  return {
    url: config.publicUrl ?? `http://${host}:${port}`,
    wsServer: `${config.publicUrl?.replace(/^http/, 'ws') ?? `ws://${host}:${port}`}/signaling`,
    config,
    rooms,
    events,
    signaling,
    sfu,
    mesh,
    workers,
    turn,
    close: () => (closing ??= close()),
  };
}

/** @throws ConfigError for a data directory that cannot be used */
function openStore({ dataDir, historySize }: Config, clock: Clock): Store {
  if (dataDir === undefined) return new MemoryStore(historySize);
  try {
    return SqliteStore.open(dataDir, clock);
  } catch (error) {
    throw error instanceof StoreError ? new ConfigError(error.message) : error;
  }
}

async function prepareTurnServer(config: Config, log: Logger): Promise<TurnServer> {
  const program = findTurnServer();
  if (program === null) {
    throw new ConfigError(
      'there is no TURN server on this machine to run (coturn). Install it, as with `apt-get install coturn` ' +
        'on Debian and Ubuntu or `brew install coturn` on macOS, or leave out --turn',
    );
  }
  const listenIp = config.host === 'localhost' ? '127.0.0.1' : config.host;
  return TurnServer.prepare(
    program,
    {
      listenIp: isUnspecified(listenIp) ? null : listenIp,
      announcedAddress: announcedAddress(config) ?? listenIp,
      port: config.turnPort,
      relayPorts: config.turnRelayPorts,
    },
    log,
  );
}

function createHttpServer(log: Logger): FastifyInstance {
  const app: FastifyInstance = fastify({
    bodyLimit: LARGEST_BODY,
    forceCloseConnections: true,
    return503OnClosing: false,
    rewriteUrl: (request) => repairUrl(request.url ?? '/'),
    frameworkErrors: (_error, request, reply) => {
      // A path that no route can take, as with a name that is far too long.
      void (reply as FastifyReply).code(404).send(errorBody(notFound(pathOf(request))));
    },
    routerOptions: { maxParamLength: LONGEST_PATH_PARAMETER },
    clientErrorHandler: (_error, socket) => {
      if (socket.writable)
        socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    },
  });
  app.setNotFoundHandler((request, reply) => {
    void reply.code(404).send(errorBody(notFound(pathOf(request))));
  });
  app.setErrorHandler((error, request, reply) => {
    log.error({ err: errorForLog(error), url: request.url }, 'a request failed');
    void reply.code(500).send(errorBody(twilioError(20500)));
  });
  return app;
}

/** Where media are to be sent: what is configured, else what this machine is called on its network. */
function announcedAddress(config: Config): string | null {
  if (config.announcedIp !== undefined) return config.announcedIp;
  if (!isUnspecified(config.host)) return null;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

function reachableAt(config: Config, { port }: AddressInfo): { host: string; port: number } {
  if (!isUnspecified(config.host)) return { host: hostInUrl(config.host), port };
  return { host: announcedAddress(config) ?? '127.0.0.1', port };
}
