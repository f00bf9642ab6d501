import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Accounts } from '../../src/auth/accounts.js';
import { VirtualClock } from '../../src/clock.js';
import type { RoomRequest } from '../../src/rooms/options.js';
import { MemoryStore } from '../../src/store/MemoryStore.js';
import { recordRooms } from '../../src/store/record-rooms.js';
import type { CallbackRecord, Change } from '../../src/store/Store.js';
import { WriteQueue } from '../../src/store/WriteQueue.js';
import { DeliveryFailure } from '../../src/webhooks/failures.js';
import { callbackLimitsSchema } from '../../src/webhooks/limits.js';
import type { CallbackLimits } from '../../src/webhooks/limits.js';
import { StatusCallbacks } from '../../src/webhooks/StatusCallbacks.js';
import type { OutgoingRequest } from '../../src/webhooks/transport.js';
import { ACCOUNT, OTHER_ACCOUNT, testRooms } from '../support/model.js';

const TOKEN = 'the-auth-token-of-it';
const LISTED = { limit: 100 };

/** A store that notes what is written, and fails while it is told to. */
class WatchedStore extends MemoryStore {
  readonly batches: (readonly Change[])[] = [];
  left: CallbackRecord[] = [];
  isBroken = false;

  override async write(changes: readonly Change[]): Promise<void> {
    if (this.isBroken) throw new Error('the disk is full');
    this.batches.push(changes);
    await super.write(changes);
  }

  override async callbacks(): Promise<readonly CallbackRecord[]> {
    return this.left;
  }
}

interface Options {
  limits?: Partial<CallbackLimits>;
  isDurable?: boolean;
  accounts?: string[];
}

/** Status callbacks with a store and a transport that the test holds. */
class House {
  readonly model = testRooms();
  readonly store = new WatchedStore(100);
  readonly clock = new VirtualClock();
  readonly sent: OutgoingRequest[] = [];
  readonly lines: { level: number; msg: string }[] = [];
  readonly callbacks: StatusCallbacks;
  /** What the receivers answer; null for nothing, ever. */
  answer: number | null = 200;
  /** How many changes had been written when each request went out. */
  readonly writtenBefore: number[] = [];

  constructor({ limits = {}, isDurable = false, accounts = [ACCOUNT] }: Options = {}) {
    const log = pino({ level: 'info' }, { write: (line: string) => this.lines.push(JSON.parse(line)) });
    const writes = new WriteQueue(this.store, log);
    recordRooms(this.model.stream, writes);
    this.callbacks = new StatusCallbacks({
      accounts: new Accounts(accounts.map((sid) => ({ sid, authToken: TOKEN, keys: [] }))),
      events: this.model.stream,
      store: this.store,
      writes,
      limits: { ...callbackLimitsSchema.parse({}), ...limits },
      transport: (request, signal) => {
        this.sent.push(request);
        this.writtenBefore.push(this.store.batches.length);
        if (this.answer !== null) return Promise.resolve(this.answer);
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new DeliveryFailure(11200, 'rt', 'over')));
        });
      },
      clock: this.clock,
      log,
      isDurable,
    });
  }

  create(request: RoomRequest = {}) {
    return this.model.create({ statusCallback: 'http://example.com/', ...request });
  }

  get written(): Change[] {
    return this.store.batches.flat();
  }

  get events(): string[] {
    return this.sent.map(({ body }) => new URLSearchParams(body ?? '').get('StatusCallbackEvent')!);
  }

  get messages(): string[] {
    return this.lines.map(({ msg }) => msg);
  }
}

function left(roomSid: string, number: number, changes: Partial<CallbackRecord> = {}): CallbackRecord {
  return {
    id: `left-${roomSid}-${number}`,
    accountSid: ACCOUNT,
    roomSid,
    url: 'http://example.com/',
    method: 'POST',
    parameters: { StatusCallbackEvent: `event-${number}` },
    createdAt: number,
    ...changes,
  };
}

describe('A status callback', () => {
  it('is kept in one go with what the room has become, and leaves after that', async () => {
    const house = new House();
    const room = house.create();
    expect(house.sent).toEqual([]);
    await expect.poll(() => house.written.at(-1)?.type).toBe('callback-settled');
    const [together, settled] = house.store.batches;
    expect(together!.map(({ type }) => type)).toEqual(['room', 'callback']);
    expect(together![0]).toMatchObject({ room: { sid: room.sid, nextCallbackSequence: 1 } });
    expect(together![1]).toMatchObject({
      callback: { roomSid: room.sid, parameters: { SequenceNumber: '0' } },
    });
    expect(house.writtenBefore).toEqual([1]);
    const { callback } = together![1] as { callback: CallbackRecord };
    expect(settled).toEqual([{ type: 'callback-settled', id: callback.id }]);
  });

  it('leaves all the same when the store cannot be written', async () => {
    const house = new House();
    house.store.isBroken = true;
    house.create();
    await expect.poll(() => house.events).toEqual(['room-created']);
    house.store.isBroken = false;
    await house.callbacks.close();
  });

  it('is settled too when it is given up', async () => {
    const house = new House();
    house.answer = 500;
    house.create();
    await expect.poll(() => house.written.at(-1)?.type).toBe('callback-settled');
    expect(house.messages).toEqual(['a status callback could not be delivered']);
    expect(house.callbacks.list(ACCOUNT, LISTED)).toMatchObject([{ outcome: 'failed' }]);
  });

  it('is given up when its account or its URL is of no use any more, and the next one goes on', async () => {
    const house = new House();
    house.store.left = [
      left('RM1', 1, { accountSid: OTHER_ACCOUNT }),
      left('RM1', 2, { url: 'nowhere' }),
      left('RM1', 3),
    ];
    await house.callbacks.start();
    await expect.poll(() => house.events).toEqual(['event-3']);
    expect(house.lines).toMatchObject([{ code: 11200 }, { code: 11100 }]);
  });
});

describe('After a start', () => {
  it('what was left is delivered in its order, ahead of what is new, and settled', async () => {
    const house = new House();
    const room = house.model.create({ statusCallback: 'http://example.com/' });
    house.store.left = [left(room.sid, 1), left('RM2', 2), left(room.sid, 3)];
    // The room's own first callback is on its way already.
    await house.callbacks.start();
    room.complete('completed-by-api');
    await expect.poll(() => house.sent.length).toBe(5);
    expect(house.events.filter((event) => event !== 'event-2')).toEqual([
      'room-created',
      'event-1',
      'event-3',
      'room-ended',
    ]);
    const settled = () => house.written.filter(({ type }) => type === 'callback-settled');
    await expect.poll(() => settled().length).toBe(5);
  });

  it('the idempotency token is the one that it had before', async () => {
    const house = new House();
    house.store.left = [left('RM1', 1)];
    await house.callbacks.start();
    await expect.poll(() => house.sent.length).toBe(1);
    expect(house.sent[0]!.headers['I-Twilio-Idempotency-Token']).toBe('left-RM1-1');
  });
});

describe('At the stop', () => {
  it('what waits is delivered', async () => {
    const house = new House();
    const room = house.create();
    room.complete('server-stopped');
    await house.callbacks.close();
    expect(house.events).toEqual(['room-created', 'room-ended']);
    expect(house.lines).toEqual([]);
    expect(house.clock.pending).toBe(0);
  });

  it.each([
    [true, 'status callbacks are left for the next start'],
    [false, 'status callbacks were not delivered and are lost'],
  ])('what is not delivered in time stays in the store (durable: %s)', async (isDurable, message) => {
    const house = new House({ isDurable, limits: { drainMs: 3_000 } });
    house.answer = null;
    house.create().complete('server-stopped');
    await expect.poll(() => house.sent.length).toBe(1);
    let isClosed = false;
    const closing = house.callbacks.close().then(() => (isClosed = true));
    house.clock.advance(2_999);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isClosed).toBe(false);
    house.clock.advance(1);
    await closing;
    expect(house.events).toEqual(['room-created']);
    expect(house.lines).toMatchObject([{ msg: message, callbacks: 2 }]);
    expect(house.written.map(({ type }) => type)).not.toContain('callback-settled');
    expect(house.clock.pending).toBe(0);
  });

  it('nothing new is taken, and a second stop waits for the first', async () => {
    const house = new House();
    house.create();
    await Promise.all([house.callbacks.close(), house.callbacks.close()]);
    house.create();
    const [delivery] = house.callbacks.list(ACCOUNT, LISTED);
    expect(house.callbacks.redeliver(ACCOUNT, delivery!.id)).toMatchObject({ outcome: 'delivered' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(house.sent).toHaveLength(1);
  });
});

describe('The delivery log', () => {
  it('remembers the last ones of each account', async () => {
    const house = new House({ limits: { logSize: 2 }, accounts: [ACCOUNT, OTHER_ACCOUNT] });
    house.store.left = [1, 2, 3].map((number) => left('RM1', number));
    house.store.left.push(left('RM2', 4, { accountSid: OTHER_ACCOUNT }));
    await house.callbacks.start();
    await expect.poll(() => house.sent.length).toBe(4);
    const eventsOf = (account: string) => house.callbacks.list(account, LISTED).map(({ event }) => event);
    expect(eventsOf(ACCOUNT)).toEqual(['event-3', 'event-2']);
    expect(eventsOf(OTHER_ACCOUNT)).toEqual(['event-4']);
    expect(house.callbacks.list(ACCOUNT, { limit: 1 })).toHaveLength(1);
    expect(house.callbacks.list(ACCOUNT, { roomSid: 'RM2', limit: 1 })).toEqual([]);
  });

  it('has one delivered again, kept in the store meanwhile; not while it is on its way', async () => {
    const house = new House();
    house.create();
    const pendingId = house.callbacks.list(ACCOUNT, LISTED)[0]!.id;
    expect(house.callbacks.redeliver(ACCOUNT, pendingId)).toMatchObject({ outcome: 'pending' });
    await expect.poll(() => house.callbacks.list(ACCOUNT, LISTED)[0]!.outcome).toBe('delivered');
    expect(house.sent).toHaveLength(1);
    expect(house.callbacks.redeliver(ACCOUNT, pendingId)).toMatchObject({ outcome: 'pending' });
    await house.callbacks.close();
    expect(house.sent).toHaveLength(2);
    expect(house.callbacks.list(ACCOUNT, LISTED)).toMatchObject([
      { id: pendingId, outcome: 'delivered', attempts: [{ status: 200 }, { status: 200 }] },
    ]);
    expect(house.written.filter(({ type }) => type === 'callback')).toHaveLength(2);
  });

  it('knows nothing of what is not there, or is of another account', async () => {
    const house = new House();
    house.create();
    const [delivery] = house.callbacks.list(ACCOUNT, LISTED);
    expect(house.callbacks.redeliver(OTHER_ACCOUNT, delivery!.id)).toBeUndefined();
    expect(house.callbacks.redeliver(ACCOUNT, 'nothing')).toBeUndefined();
    await house.callbacks.close();
  });
});
