import type { Accounts } from '../auth/accounts.js';
import type { Clock } from '../clock.js';
import { errorForLog } from '../log.js';
import type { Logger } from '../log.js';
import type { EventStream, SequencedRoomEvent } from '../rooms/events.js';
import type { CallbackRecord, Change, Store } from '../store/Store.js';
import type { WriteQueue } from '../store/WriteQueue.js';
import { callbackOf } from './callback.js';
import { deliver } from './deliver.js';
import { DeliveryLog } from './DeliveryLog.js';
import type { Delivery, DeliveryOutcome } from './DeliveryLog.js';
import { DeliveryFailure } from './failures.js';
import type { CallbackLimits } from './limits.js';
import { occurrenceOf } from './parameters.js';
import { RoomQueues } from './RoomQueues.js';
import { Slots } from './Slots.js';
import { parseTarget, withoutSecrets } from './target.js';
import type { Transport } from './transport.js';

/** What status callbacks need of the house. */
export interface CallbackHouse {
  accounts: Accounts;
  events: EventStream;
  store: Store;
  writes: WriteQueue;
  limits: CallbackLimits;
  transport: Transport;
  /** Real time. */
  clock: Clock;
  log: Logger;
  /** Whether the store keeps what is not delivered for the next start. */
  isDurable: boolean;
}

/** A callback on its way. */
interface Parcel {
  callback: CallbackRecord;
  /** Fulfilled when it stands in the store, or cannot be written now. */
  kept: Promise<void>;
}

/**
 * Status callbacks: makes one of every event of a room that has a URL for them, together with what else is kept of
 * the event, and delivers them, a room's in their order. Whatever the receivers do, nobody here waits for them.
 */
export class StatusCallbacks {
  readonly #house: CallbackHouse;
  readonly #log: DeliveryLog;
  readonly #queues: RoomQueues<Parcel>;
  readonly #slots: Slots;
  /** Those that are neither delivered nor given up, by id. */
  readonly #pending = new Map<string, CallbackRecord>();
  readonly #unsubscribe: () => void;
  readonly #abort = new AbortController();
  #closing: Promise<void> | null = null;

  /** Listens from now on. */
  constructor(house: CallbackHouse) {
    this.#house = house;
    this.#log = new DeliveryLog(house.limits.logSize);
    this.#queues = new RoomQueues(house.limits, (parcel) => this.#send(parcel));
    this.#slots = new Slots(house.limits.maxConnectionsPerOrigin);
    this.#unsubscribe = house.events.subscribe((event) => this.#onEvent(event));
  }

  /** Delivers what was not delivered before the last stop, ahead of what is new. */
  async start(): Promise<void> {
    for (const callback of await this.#house.store.callbacks()) this.#enqueue(callback);
  }

  /** The last deliveries of an account, newest first. */
  list(accountSid: string, options: { roomSid?: string; limit: number }): Delivery[] {
    return this.#log.list(accountSid, options);
  }

  /**
   * Delivers a callback that is remembered once more, after what its room has waiting. One that is still on its way
   * stays as it is. Undefined when there is none of that id.
   */
  redeliver(accountSid: string, id: string): Delivery | undefined {
    const found = this.#log.find(accountSid, id);
    if (!found || this.#closing) return found?.delivery;
    if (!this.#pending.has(id)) this.#take(found.callback);
    return this.#log.find(accountSid, id)?.delivery;
  }

  /**
   * Makes no more callbacks, waits for those that are still to be delivered as long as is configured, and then ends
   * what is on its way. A second call waits for the first.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { clock, limits, log, isDurable } = this.#house;
    this.#unsubscribe();
    let stopWaiting = (): void => {};
    const enough = new Promise<void>((resolve) => {
      const timer = clock.after(limits.drainMs, resolve);
      stopWaiting = () => timer.cancel();
    });
    await Promise.race([this.#queues.idle(), enough]);
    stopWaiting();
    this.#queues.stop();
    this.#abort.abort();
    await this.#queues.idle();
    const callbacks = this.#pending.size;
    if (callbacks === 0) return;
    if (isDurable) log.info({ callbacks }, 'status callbacks are left for the next start');
    else log.warn({ callbacks }, 'status callbacks were not delivered and are lost');
  }

  #onEvent(event: SequencedRoomEvent): void {
    const occurrence = occurrenceOf(event);
    const callback = occurrence && callbackOf(occurrence, () => event.room.nextCallbackSequence());
    // The room's record has the number of the next callback: both are kept, or none.
    if (callback) this.#take(callback, { type: 'room', room: event.room.record });
  }

  #take(callback: CallbackRecord, ...changes: Change[]): void {
    this.#house.writes.put(...changes, { type: 'callback', callback });
    this.#enqueue(callback);
  }

  #enqueue(callback: CallbackRecord): void {
    this.#log.began(callback);
    this.#pending.set(callback.id, callback);
    // It is delivered all the same when the store cannot be written.
    const kept = this.#house.writes.settled().catch(() => {});
    const dropped = this.#queues.add(callback.roomSid, { callback, kept });
    if (!dropped) return;
    this.#settle(dropped.callback, 'dropped');
    this.#warn(dropped.callback, 'a status callback was dropped: too many wait', {});
  }

  async #send({ callback, kept }: Parcel): Promise<void> {
    await kept;
    let failure: DeliveryFailure | null;
    try {
      failure = await this.#deliver(callback);
    } catch (error) {
      failure = new DeliveryFailure(11200, null, 'it could not be sent');
      this.#house.log.error({ err: errorForLog(error), callback: callback.id }, 'a status callback failed');
    }
    if (!failure) return this.#settle(callback, 'delivered');
    // It has not failed, but was not given its time.
    if (this.#abort.signal.aborted) return;
    this.#settle(callback, 'failed');
    const { code, message } = failure;
    this.#warn(callback, 'a status callback could not be delivered', { code, reason: message });
  }

  async #deliver(callback: CallbackRecord): Promise<DeliveryFailure | null> {
    const { accounts, transport, clock } = this.#house;
    const target = parseTarget(callback.url);
    if (!target) return new DeliveryFailure(11100, null, 'not an absolute URL of http or https');
    return this.#slots.use(target.origin, async () => {
      const { signal } = this.#abort;
      if (signal.aborted) return new DeliveryFailure(11200, null, 'the server stops');
      const account = accounts.get(callback.accountSid);
      if (!account) return new DeliveryFailure(11200, null, 'its account is not known any more');
      return deliver(callback, target, account.authToken, {
        transport,
        clock,
        signal,
        onAttempt: (attempt) => this.#log.attempted(callback, attempt),
      });
    });
  }

  #settle(callback: CallbackRecord, outcome: DeliveryOutcome): void {
    this.#pending.delete(callback.id);
    this.#log.ended(callback, outcome);
    this.#house.writes.put({ type: 'callback-settled', id: callback.id });
  }

  #warn({ id, roomSid, url, parameters }: CallbackRecord, message: string, details: object): void {
    const event = parameters['StatusCallbackEvent'];
    this.#house.log.warn(
      { ...details, callback: id, event, room: roomSid, url: withoutSecrets(url) },
      message,
    );
  }
}
