import { createWorker, setLogEventListeners } from 'mediasoup';
import type { types } from 'mediasoup';
import { errorForLog } from '../log.js';
import type { Logger } from '../log.js';

export interface WorkerPoolOptions {
  /** How many processes. */
  workers: number;
  /** The mediasoup-worker binary; null for where mediasoup looks by itself. */
  workerBin: string | null;
  /** The address that the media ports listen on. */
  listenIp: string;
  /** The address that clients are told; null for the one listened on. */
  announcedAddress: string | null;
  /** The first worker's UDP and TCP port, the next worker has the next; 0 for any. */
  rtcPort: number;
}

/** A mediasoup worker with its one UDP and one TCP port. */
export interface MediaWorker {
  readonly webRtcServer: types.WebRtcServer;
  createRouter(options: types.RouterOptions): Promise<types.Router>;
}

export interface WorkerContents {
  worker: types.WorkerDump;
  webRtcServer: types.WebRtcServerDump;
  routers: types.RouterDump[];
}

class PooledWorker implements MediaWorker {
  readonly worker: types.Worker;
  readonly webRtcServer: types.WebRtcServer;
  readonly #routers = new Set<types.Router>();

  constructor(worker: types.Worker, webRtcServer: types.WebRtcServer) {
    this.worker = worker;
    this.webRtcServer = webRtcServer;
  }

  /** Rooms that it carries. */
  get load(): number {
    return this.#routers.size;
  }

  async createRouter(options: types.RouterOptions): Promise<types.Router> {
    const router = await this.worker.createRouter(options);
    this.#routers.add(router);
    router.observer.once('close', () => this.#routers.delete(router));
    return router;
  }

  async dump(): Promise<WorkerContents> {
    const [worker, webRtcServer, ...routers] = await Promise.all([
      this.worker.dump(),
      this.webRtcServer.dump(),
      ...[...this.#routers].map((router) => router.dump()),
    ]);
    return { worker, webRtcServer, routers };
  }
}

const RESTART_DELAY = 500;
/**
 * Bytes that may wait in a worker's UDP socket, which all its participants share, as far as the system allows
 * (`net.core.rmem_max`, `wmem_max`). The system's default, 208 KiB, is what 50 publishers of video send in a tenth of
 * a second, and what one of them loses is lost to all others.
 */
const SOCKET_BUFFER = 4 * 1024 * 1024;

/** mediasoup's worker processes. Rooms are spread over them; one that dies is replaced. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #log: Logger;
  readonly #workers: (PooledWorker | null)[];
  /** Those who wait for a worker. */
  #waiting: (() => void)[] = [];
  #closed = false;

  private constructor(options: WorkerPoolOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#workers = Array.from({ length: options.workers }, () => null);
  }

  /** Starts all workers; rejects when one cannot start, as when a port is taken. */
  static async start(options: WorkerPoolOptions, log: Logger): Promise<WorkerPool> {
    const pool = new WorkerPool(options, log);
    logWhatMediasoupSays(log);
    // All of them, also when one fails: those that come up later have to be ended too.
    const started = await Promise.allSettled(pool.#workers.map((_, index) => pool.#startWorker(index)));
    const failed = started.find((result) => result.status === 'rejected');
    if (!failed) return pool;
    await pool.close();
    throw failed.reason;
  }

  /** The least loaded worker; waits for one where all have just died. */
  async assign(): Promise<MediaWorker> {
    for (;;) {
      if (this.#closed) throw new Error('the media workers are stopped');
      const alive = this.#workers.filter((pooled) => pooled !== null && !pooled.worker.closed);
      const least = alive.sort((a, b) => a!.load - b!.load)[0];
      if (least) return least;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** What each worker holds, for inspection. */
  dump(): Promise<WorkerContents[]> {
    return Promise.all(this.#workers.filter((pooled) => pooled !== null).map((pooled) => pooled.dump()));
  }

  /** Process ids of the workers. */
  get pids(): number[] {
    return this.#workers.flatMap((pooled) => (pooled ? [pooled.worker.pid] : []));
  }

  /** Ends the processes; resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#callWaiting();
    const ends = this.#workers.flatMap((pooled) => {
      if (!pooled) return [];
      const { worker } = pooled;
      if (worker.subprocessClosed) return [];
      const ended = new Promise<void>((resolve) => worker.once('subprocessclose', resolve));
      worker.close();
      return [ended];
    });
    await Promise.all(ends);
  }

  async #startWorker(index: number): Promise<void> {
    const { workerBin, listenIp, announcedAddress, rtcPort } = this.#options;
    const worker = await createWorkerWithoutSignals({
      logLevel: 'warn',
      logTags: ['ice', 'dtls', 'sctp', 'srtp'],
      ...(workerBin !== null && { workerBin }),
    });
    const listen = {
      ip: listenIp,
      ...(announcedAddress !== null && { announcedAddress }),
      ...(rtcPort !== 0 && { port: rtcPort + index }),
    };
    try {
      const webRtcServer = await worker.createWebRtcServer({
        listenInfos: [
          { protocol: 'udp', ...listen, recvBufferSize: SOCKET_BUFFER, sendBufferSize: SOCKET_BUFFER },
          { protocol: 'tcp', ...listen },
        ],
      });
      this.#workers[index] = new PooledWorker(worker, webRtcServer);
      this.#callWaiting();
    } catch (error) {
      worker.close();
      const port = rtcPort === 0 ? 'any port' : `port ${rtcPort + index}`;
      throw new Error(
        `the media worker cannot listen on ${listenIp}, ${port} (UDP and TCP): ${(error as Error).message}`,
        { cause: error },
      );
    }
    worker.on('died', (error) => {
      this.#log.error({ err: errorForLog(error), pid: worker.pid }, 'a media worker died');
      this.#workers[index] = null;
      this.#replace(index);
    });
  }

  #callWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #replace(index: number): void {
    if (this.#closed) return;
    this.#startWorker(index).catch((error: unknown) => {
      this.#log.error({ err: errorForLog(error) }, 'a media worker could not be replaced');
      setTimeout(() => this.#replace(index), RESTART_DELAY).unref();
    });
  }
}

/** How a line of a worker process begins. What it calls an error may be a request for what has just closed. */
const WORKER_LINE = '[pid:';

/**
 * mediasoup catches what a listener of its events throws, and says so in a log of its own, one a process, that is
 * else not seen.
 */
function logWhatMediasoupSays(log: Logger): void {
  setLogEventListeners({
    onwarn: (namespace, text) => log.debug({ namespace }, text),
    onerror: (namespace, text, error) => {
      if (text.startsWith(WORKER_LINE)) log.debug({ namespace }, text);
      else log.error({ namespace, ...(error && { err: errorForLog(error) }) }, text);
    },
  });
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * mediasoup listens for signals to end its workers. So a process that has no listener of its own would not end at a
 * signal any more, but stay without workers. They end by themselves when the process does.
 */
async function createWorkerWithoutSignals(settings: types.WorkerSettings): Promise<types.Worker> {
  const before = SIGNALS.map((signal) => new Set(process.listeners(signal)));
  const creating = createWorker(settings);
  for (const [index, signal] of SIGNALS.entries()) {
    for (const listener of process.listeners(signal))
      if (!before[index]!.has(listener)) process.removeListener(signal, listener);
  }
  return creating;
}
