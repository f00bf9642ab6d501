import { Worker } from 'node:worker_threads';
import { assertNever } from '../assert-never.js';
import { addCounts, noCounts } from './plan.js';
import type { Counts, FromThread, JoinTimes, LoadPlan, Seat, ToThread } from './plan.js';

/** Milliseconds between two looks at the counts. */
const COUNT_INTERVAL = 1_000;
/** Milliseconds that threads have to say goodbye. */
const GOODBYE = 500;

export interface LoadTestOptions {
  plan: LoadPlan;
  seats: readonly Seat[];
  threads: number;
  /** Seconds of the measurement, which begins when everyone has joined. */
  duration: number;
  /** Seconds that the joins may take after the last one began. */
  joinTimeout: number;
}

/** How a test goes on. `counts` are those since the measurement began. */
export type Progress =
  | { phase: 'joining'; joined: number; failed: number; all: number }
  | { phase: 'measuring'; seconds: number; counts: Counts };

export interface Measured {
  joins: { seat: Seat; times: JoinTimes }[];
  failures: { seat: Seat; reason: string }[];
  /** The measurement's beginning and end, in milliseconds since 1970. */
  from: number;
  to: number;
  counts: Counts;
  /** Videos that were received, and tracks that were switched off: the means over the measurement. */
  videosReceived: number;
  switchedOff: number;
  /** The part of one core that the threads of the test used meanwhile. */
  ownCpu: number;
}

/** Participants spread over threads: they join, stay for a while, are counted, and leave. */
export class LoadTest {
  readonly #options: LoadTestOptions;
  readonly #onProgress: (progress: Progress) => void;
  readonly #seats: ReadonlyMap<number, Seat>;
  readonly #workers: Worker[] = [];
  readonly #joins = new Map<Seat, JoinTimes>();
  /** Also of those who had joined; who failed does not come back. */
  readonly #failures = new Map<Seat, string>();
  #onChange: () => void = () => {};
  #fail: (error: Error) => void = () => {};
  #ready = 0;
  #joining = true;
  #stopped = false;

  constructor(options: LoadTestOptions, onProgress: (progress: Progress) => void = () => {}) {
    this.#options = options;
    this.#onProgress = onProgress;
    this.#seats = new Map(options.seats.map((seat) => [seat.id, seat]));
  }

  /**
   * Runs the test; to be called once.
   * @throws Error when a thread ended by a fault of its own
   */
  async run(): Promise<Measured> {
    const broken = new Promise<never>((_, reject) => (this.#fail = reject));
    try {
      return await Promise.race([this.#run(), broken]);
    } finally {
      await this.stop();
    }
  }

  /** Has everyone leave, at once. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#tell({ type: 'stop' });
    const gone = this.#workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    await Promise.race([Promise.all(gone), sleep(GOODBYE)]);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  async #run(): Promise<Measured> {
    this.#startThreads();
    await this.#until(() => this.#ready === this.#workers.length, Infinity);
    await this.#joinAll();
    return this.#measure();
  }

  #startThreads(): void {
    const { plan, seats, threads } = this.#options;
    const count = Math.min(threads, seats.length);
    for (let index = 0; index < count; index++) {
      const worker = new Worker(new URL('./thread.js', import.meta.url), {
        workerData: { plan, seats: seats.filter((_, n) => n % count === index) },
      });
      worker.on('message', (message: FromThread) => this.#onMessage(message));
      worker.on('error', (error) => this.#fail(error as Error));
      this.#workers.push(worker);
    }
  }

  async #joinAll(): Promise<void> {
    const { seats, joinTimeout } = this.#options;
    const last = Math.max(...seats.map(({ joinAt }) => joinAt));
    this.#tell({ type: 'start', at: Date.now() });
    const settled = (): boolean => this.#joins.size + this.#failures.size === seats.length;
    await this.#until(settled, last + joinTimeout * 1000);
    for (const seat of seats) {
      if (!this.#joins.has(seat) && !this.#failures.has(seat))
        this.#failures.set(seat, `had not joined after ${joinTimeout} s`);
    }
    this.#joining = false;
  }

  async #measure(): Promise<Measured> {
    this.#tell({ type: 'measure' });
    const from = Date.now();
    const cpu = process.cpuUsage();
    // Without anyone there is nothing to be measured.
    const until = from + (this.#joins.size === 0 ? 0 : this.#options.duration * 1000);
    const all: Counts[] = [];
    do {
      await sleep(Math.min(COUNT_INTERVAL, Math.max(0, until - Date.now())));
      all.push(await this.#count());
      this.#onProgress({ phase: 'measuring', seconds: (Date.now() - from) / 1000, counts: all.at(-1)! });
    } while (Date.now() < until);
    const to = Date.now();
    const { user, system } = process.cpuUsage(cpu);
    const mean = (value: (counts: Counts) => number): number =>
      all.reduce((sum, counts) => sum + value(counts), 0) / all.length;
    return {
      joins: [...this.#joins].map(([seat, times]) => ({ seat, times })),
      failures: [...this.#failures].map(([seat, reason]) => ({ seat, reason })),
      from,
      to,
      counts: all.at(-1)!,
      videosReceived: mean(({ videosReceived }) => videosReceived),
      switchedOff: mean(({ switchedOff }) => switchedOff),
      ownCpu: (user + system) / 1000 / (to - from),
    };
  }

  async #count(): Promise<Counts> {
    const counts = await Promise.all(
      this.#workers.map(
        (worker) =>
          new Promise<Counts>((resolve) => {
            const onMessage = (message: FromThread): void => {
              if (message.type !== 'counts') return;
              worker.off('message', onMessage);
              resolve(message.counts);
            };
            worker.on('message', onMessage);
            worker.postMessage({ type: 'count' } satisfies ToThread);
          }),
      ),
    );
    return counts.reduce(addCounts, noCounts());
  }

  #onMessage(message: FromThread): void {
    switch (message.type) {
      case 'ready':
        this.#ready++;
        break;
      case 'joined': {
        const seat = this.#seats.get(message.seat)!;
        if (!this.#failures.has(seat)) this.#joins.set(seat, message.times);
        break;
      }
      case 'failed': {
        const seat = this.#seats.get(message.seat)!;
        this.#joins.delete(seat);
        if (!this.#failures.has(seat)) this.#failures.set(seat, message.reason);
        break;
      }
      case 'counts':
        return;
      default:
        assertNever(message);
    }
    this.#onChange();
    if (!this.#joining) return;
    const [joined, failed] = [this.#joins.size, this.#failures.size];
    this.#onProgress({ phase: 'joining', joined, failed, all: this.#options.seats.length });
  }

  #tell(message: ToThread): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  /** @param patience milliseconds after which it resolves in any case */
  async #until(isSo: () => boolean, patience: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = Number.isFinite(patience) ? setTimeout(resolve, patience) : undefined;
      this.#onChange = () => {
        if (!isSo()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onChange();
    });
    this.#onChange = () => {};
  }
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
