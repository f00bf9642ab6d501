import type { CallbackRecord } from '../store/Store.js';
import { withoutUser } from './target.js';

/**
 * - `pending`: waits, or is on its way
 * - `delivered`: answered with 2xx
 * - `failed`: given up after its last attempt
 * - `dropped`: given up without an attempt, as too many waited
 */
export type DeliveryOutcome = 'pending' | 'delivered' | 'failed' | 'dropped';

export interface DeliveryAttempt {
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Milliseconds. */
  duration: number;
  /** Of the answer; null when there was none. */
  status: number | null;
  /** Null when the callback has arrived. */
  error: { code: number; message: string } | null;
}

/** A status callback and what became of it. */
export interface Delivery {
  readonly id: string;
  readonly accountSid: string;
  readonly roomSid: string;
  readonly event: string;
  /** Without its user and fragment. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly parameters: Readonly<Record<string, string>>;
  /** When it happened; milliseconds since the epoch. */
  readonly createdAt: number;
  readonly outcome: DeliveryOutcome;
  readonly attempts: readonly DeliveryAttempt[];
}

interface Entry {
  readonly callback: CallbackRecord;
  outcome: DeliveryOutcome;
  attempts: DeliveryAttempt[];
}

/** The last deliveries of each account, kept in memory. */
export class DeliveryLog {
  readonly #size: number;
  /** By account, then by the callback's id, in the order in which they came. */
  readonly #accounts = new Map<string, Map<string, Entry>>();

  /** @param size how many are remembered of an account; the oldest go first */
  constructor(size: number) {
    this.#size = size;
  }

  /** A callback is to be delivered, for the first time or again. */
  began(callback: CallbackRecord): void {
    const entries = this.#of(callback.accountSid);
    const known = entries.get(callback.id);
    if (known) {
      known.outcome = 'pending';
      return;
    }
    entries.set(callback.id, { callback, outcome: 'pending', attempts: [] });
    if (entries.size > this.#size) entries.delete(entries.keys().next().value!);
  }

  attempted({ accountSid, id }: CallbackRecord, attempt: DeliveryAttempt): void {
    this.#accounts.get(accountSid)?.get(id)?.attempts.push(attempt);
  }

  ended({ accountSid, id }: CallbackRecord, outcome: DeliveryOutcome): void {
    const entry = this.#accounts.get(accountSid)?.get(id);
    if (entry) entry.outcome = outcome;
  }

  /** The last deliveries of an account, newest first. */
  list(accountSid: string, { roomSid, limit }: { roomSid?: string; limit: number }): Delivery[] {
    return [...this.#of(accountSid).values()]
      .reverse()
      .filter(({ callback }) => roomSid === undefined || callback.roomSid === roomSid)
      .slice(0, limit)
      .map(shown);
  }

  /** A delivery that is remembered, and the callback itself. */
  find(accountSid: string, id: string): { delivery: Delivery; callback: CallbackRecord } | undefined {
    const entry = this.#accounts.get(accountSid)?.get(id);
    return entry && { delivery: shown(entry), callback: entry.callback };
  }

  #of(accountSid: string): Map<string, Entry> {
    let entries = this.#accounts.get(accountSid);
    if (!entries) this.#accounts.set(accountSid, (entries = new Map()));
    return entries;
  }
}

function shown({ callback, outcome, attempts }: Entry): Delivery {
  const { id, accountSid, roomSid, url, method, parameters, createdAt } = callback;
  return {
    id,
    accountSid,
    roomSid,
    event: parameters['StatusCallbackEvent'] ?? '',
    url: withoutUser(url),
    method,
    parameters,
    createdAt,
    outcome,
    attempts: [...attempts],
  };
}
