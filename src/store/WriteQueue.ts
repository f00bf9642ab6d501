import { TwilioError } from '../errors.js';
import { errorForLog } from '../log.js';
import type { Logger } from '../log.js';
import type { Change, Store } from './Store.js';

/** Milliseconds after which a write that failed is tried again. */
const RETRY_AFTER = 1_000;

/**
 * Writes behind: takes changes at once, and writes those of a tick together, in their order. Nobody who makes a
 * change waits for the disk; whoever must know that it is kept awaits {@link settled}.
 */
export class WriteQueue {
  readonly #store: Store;
  readonly #log: Logger;
  #pending = new Map<string, Change>();
  #scheduled: Promise<void> | null = null;
  #writing: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | null = null;
  #failure: unknown = null;

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Takes changes; several made in one tick are kept together or not at all. */
  put(...changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const change of changes) {
      const subject = subjectOf(change);
      // The latest word of a thing stands where it was said, after what it may depend on.
      this.#pending.delete(subject);
      this.#pending.set(subject, change);
    }
    this.#schedule();
  }

  /**
   * Waits until everything put so far is kept.
   * @throws TwilioError 20503 when it cannot be written now; it is tried again
   */
  async settled(): Promise<void> {
    await this.#scheduled;
    await this.#writing;
    if (this.#failure !== null) throw new TwilioError(20503);
  }

  /** Writes what is left, as far as possible. */
  async close(): Promise<void> {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    await this.#scheduled;
    await this.#writing;
    if (this.#pending.size > 0) await this.#write();
    if (this.#retry) clearTimeout(this.#retry);
  }

  #schedule(): void {
    if (this.#retry) return;
    this.#scheduled ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#scheduled = null;
        this.#writing = this.#writing.then(() => this.#write());
        resolve();
      });
    });
  }

  async #write(): Promise<void> {
    const batch = this.#pending;
    if (batch.size === 0) return;
    this.#pending = new Map();
    try {
      await this.#store.write([...batch.values()]);
      this.#failure = null;
    } catch (error) {
      this.#log.error({ err: errorForLog(error), changes: batch.size }, 'the store cannot be written');
      this.#failure = error;
      // What came meanwhile is newer.
      this.#pending = new Map([...batch, ...this.#pending]);
      this.#retry = setTimeout(() => {
        this.#retry = null;
        this.#schedule();
      }, RETRY_AFTER);
    }
  }
}

/** What a change is about: a later change of the same replaces it. */
function subjectOf(change: Change): string {
  switch (change.type) {
    case 'room':
      return change.room.sid;
    case 'participant':
      return change.participant.sid;
    case 'track':
      return change.track.sid;
    case 'track-gone':
      return change.sid;
    case 'transcription':
      return change.transcription.ttid;
    case 'key':
      return change.key.sid;
    case 'account-settings':
      return `settings ${change.accountSid}`;
    case 'media-settings':
      return `${change.kind} ${change.accountSid}`;
    case 'callback':
      return change.callback.id;
    case 'callback-settled':
      return change.id;
  }
}
