import fc from 'fast-check';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import Database from 'libsql';
import { VirtualClock } from '../../src/clock.js';
import { ROOM_DEFAULTS, resolveRoomOptions } from '../../src/rooms/options.js';
import type { ParticipantRecord, PublishedTrackRecord, RoomRecord } from '../../src/rooms/records.js';
import { MemoryStore } from '../../src/store/MemoryStore.js';
import { SqliteStore } from '../../src/store/SqliteStore.js';
import type { CallbackRecord, Change, KeyRecord, Store } from '../../src/store/Store.js';
import { ACCOUNT, OTHER_ACCOUNT } from '../support/model.js';

const sid = (prefix: string, number: number): string => prefix + String(number).padStart(32, '0');

function room(number: number, changes: Partial<RoomRecord> = {}): RoomRecord {
  return {
    ...resolveRoomOptions({}, ROOM_DEFAULTS),
    sid: sid('RM', number),
    accountSid: ACCOUNT,
    uniqueName: `room-${number}`,
    status: 'completed',
    createdAt: number * 1000,
    updatedAt: number * 1000,
    endedAt: number * 1000,
    recordingRuleSet: { rules: [], createdAt: null, updatedAt: null },
    nextSequence: 2,
    nextCallbackSequence: 0,
    ...changes,
  };
}

function participant(number: number, changes: Partial<ParticipantRecord> = {}): ParticipantRecord {
  return {
    sid: sid('PA', number),
    roomSid: sid('RM', 1),
    accountSid: ACCOUNT,
    identity: `person-${number}`,
    status: 'disconnected',
    startedAt: number * 1000,
    updatedAt: number * 1000,
    endedAt: number * 1000,
    subscribeRuleSet: { rules: [], createdAt: null, updatedAt: null },
    ...changes,
  };
}

/** Writes a room, and who was in it. */
function save(store: Store, one: RoomRecord, participants: readonly ParticipantRecord[]): Promise<void> {
  return store.write([
    { type: 'room', room: one },
    ...participants.map((participant): Change => ({ type: 'participant', participant })),
  ]);
}

const ALL = { limit: 100 };

const directories: string[] = [];
const open: Store[] = [];
const clock = new VirtualClock();

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'atrium-store-'));
  directories.push(directory);
  return directory;
}

function sqlite(directory = newDirectory()): SqliteStore {
  const store = SqliteStore.open(directory, clock);
  open.push(store);
  return store;
}

/** As if the process had ended: what it wrote is there, and nobody holds the file. */
async function reopen(directory: string): Promise<SqliteStore> {
  for (const store of open.splice(0)) await store.close();
  return sqlite(directory);
}

afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const STORES: [string, () => Store][] = [
  ['in memory', () => new MemoryStore(100)],
  ['in a file', () => sqlite()],
];

describe.each(STORES)('The store %s', (_where, newStore) => {
  async function storeOf(...rooms: readonly RoomRecord[]): Promise<Store> {
    const store = newStore();
    for (const one of rooms) await save(store, one, []);
    return store;
  }

  it('finds a room by its SID, for its own account only', async () => {
    const store = await storeOf(room(1));
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toEqual(room(1));
    expect(await store.findRoom(OTHER_ACCOUNT, sid('RM', 1))).toBeUndefined();
    expect(await store.findRoom(ACCOUNT, sid('RM', 2))).toBeUndefined();
  });

  it("lists an account's rooms of a status, newest first", async () => {
    const store = await storeOf(
      room(2),
      room(3),
      room(1),
      room(4, { accountSid: OTHER_ACCOUNT }),
      room(5, { status: 'failed' }),
    );
    const list = await store.listRooms(ACCOUNT, { status: 'completed' }, ALL);
    expect(list.items.map(({ uniqueName }) => uniqueName)).toEqual(['room-3', 'room-2', 'room-1']);
    expect((await store.listRooms(ACCOUNT, { status: 'failed' }, ALL)).items).toHaveLength(1);
    expect((await store.listRooms(ACCOUNT, { status: 'in-progress' }, ALL)).items).toEqual([]);
  });

  it('lists all rooms that had the same name', async () => {
    const store = await storeOf(
      room(1, { uniqueName: 'standup' }),
      room(2, { uniqueName: 'standup' }),
      room(3),
    );
    const list = await store.listRooms(ACCOUNT, { status: 'completed', uniqueName: 'standup' }, ALL);
    expect(list.items.map((one) => one.sid)).toEqual([sid('RM', 2), sid('RM', 1)]);
  });

  it('lists rooms from a time on and before a time', async () => {
    const store = await storeOf(room(1), room(2), room(3));
    const list = await store.listRooms(
      ACCOUNT,
      { status: 'completed', createdFrom: 2000, createdBefore: 3000 },
      ALL,
    );
    expect(list.items.map(({ uniqueName }) => uniqueName)).toEqual(['room-2']);
  });

  it('replaces a room that is saved again', async () => {
    const store = await storeOf(room(1, { status: 'in-progress' }), room(1, { status: 'failed' }));
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toMatchObject({ status: 'failed' });
    expect((await store.listRooms(ACCOUNT, { status: 'in-progress' }, ALL)).items).toEqual([]);
  });

  it('finds and lists the participants of a room, in the order of joining', async () => {
    const store = newStore();
    const [late, early] = [participant(2), participant(1)];
    await save(store, room(1), [late, early]);
    expect(await store.findParticipant(sid('RM', 1), late.sid)).toEqual(late);
    expect(await store.findParticipant(sid('RM', 2), late.sid)).toBeUndefined();
    expect((await store.listParticipants(sid('RM', 1), {}, ALL)).items).toEqual([early, late]);
    expect((await store.listParticipants(sid('RM', 2), {}, ALL)).items).toEqual([]);
  });

  it.each([
    ['identity', { identity: 'person-2' }, [2]],
    ['status', { status: 'connected' }, []],
    ['time', { createdFrom: 2000, createdBefore: 3000 }, [2]],
    ['status and time', { status: 'disconnected', createdFrom: 2000 }, [2, 3]],
  ] as const)('lists participants by %s', async (_what, filter, numbers) => {
    const store = newStore();
    await save(store, room(1), [participant(1), participant(2), participant(3)]);
    const { items } = await store.listParticipants(sid('RM', 1), filter, ALL);
    expect(items).toEqual(numbers.map((number) => participant(number)));
  });

  it('shows a participant under the identity that it was given later', async () => {
    const store = newStore();
    await save(store, room(1), [participant(1)]);
    await save(store, room(1), [participant(1, { identity: 'nobody' })]);
    expect((await store.listParticipants(sid('RM', 1), { identity: 'person-1' }, ALL)).items).toEqual([]);
    expect((await store.listParticipants(sid('RM', 1), { identity: 'nobody' }, ALL)).items).toHaveLength(1);
  });

  it('keeps keys and settings, the last word of each', async () => {
    const store = newStore();
    const settings = {
      friendlyName: 'S3',
      awsCredentialsSid: null,
      awsS3Url: null,
      awsStorageEnabled: false,
      encryptionKeySid: null,
      encryptionEnabled: false,
    };
    await store.write([
      { type: 'key', key: key('first') },
      { type: 'account-settings', accountSid: ACCOUNT, settings: { emptyRoomTimeout: 2 } },
      { type: 'media-settings', accountSid: ACCOUNT, kind: 'recording', settings },
    ]);
    await store.write([
      { type: 'key', key: key('renamed') },
      { type: 'account-settings', accountSid: ACCOUNT, settings: { emptyRoomTimeout: 3 } },
    ]);
    expect(await store.keys()).toEqual([key('renamed')]);
    expect([...(await store.accountSettings())]).toEqual([[ACCOUNT, { emptyRoomTimeout: 3 }]]);
    expect(await store.mediaSettings(ACCOUNT, 'recording')).toEqual(settings);
    expect(await store.mediaSettings(ACCOUNT, 'composition')).toBeUndefined();
    expect(await store.mediaSettings(OTHER_ACCOUNT, 'recording')).toBeUndefined();
  });
});

function key(friendlyName: string): KeyRecord {
  return {
    sid: sid('SK', 1),
    accountSid: ACCOUNT,
    friendlyName,
    secret: 'a secret',
    createdAt: 1,
    updatedAt: 1,
  };
}

function callback(number: number): CallbackRecord {
  return {
    id: `id-${number}`,
    accountSid: ACCOUNT,
    roomSid: sid('RM', 1),
    url: 'https://example.com/callback',
    method: 'POST',
    parameters: { SequenceNumber: String(number) },
    createdAt: number,
  };
}

function track(number: number): PublishedTrackRecord {
  return {
    sid: sid('MT', number),
    clientId: `client-${number}`,
    kind: 'audio',
    name: `track-${number}`,
    enabled: true,
    priority: 'standard',
    createdAt: number,
    updatedAt: number,
    roomSid: sid('RM', 1),
    participantSid: sid('PA', 1),
  };
}

describe('The store in memory', () => {
  it('forgets the rooms that ended first, with their participants, when there are too many', async () => {
    const store = new MemoryStore(2);
    for (const number of [3, 1, 2]) {
      const own = participant(number, { roomSid: sid('RM', number) });
      await save(store, room(number), [own]);
    }
    expect(await store.findRoom(ACCOUNT, sid('RM', 3))).toBeUndefined();
    expect(await store.findParticipant(sid('RM', 3), sid('PA', 3))).toBeUndefined();
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toEqual(room(1));
    expect(await store.findParticipant(sid('RM', 2), sid('PA', 2))).toBeDefined();
  });

  it('forgets no room in progress', async () => {
    const store = new MemoryStore(0);
    await save(store, room(1, { status: 'in-progress' }), []);
    await save(store, room(2), []);
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toBeDefined();
    expect(await store.findRoom(ACCOUNT, sid('RM', 2))).toBeUndefined();
  });
});

describe('The store in a file', () => {
  it('has what was written when it is opened again', async () => {
    const directory = newDirectory();
    await save(sqlite(directory), room(1), [participant(1)]);
    const store = await reopen(directory);
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toEqual(room(1));
    expect(await store.findParticipant(sid('RM', 1), sid('PA', 1))).toEqual(participant(1));
  });

  it('tells the rooms that were in progress, who was there, and what they published', async () => {
    const directory = newDirectory();
    const store = sqlite(directory);
    const [there, gone] = [participant(2, { status: 'connected', endedAt: null }), participant(1)];
    await save(store, room(1, { status: 'in-progress', endedAt: null }), [there, gone]);
    await save(store, room(2), []);
    await store.write([
      { type: 'track', track: track(1) },
      { type: 'track', track: track(2) },
    ]);
    await store.write([{ type: 'track-gone', sid: track(1).sid }]);
    expect(await (await reopen(directory)).interruptedRooms()).toEqual([
      {
        room: room(1, { status: 'in-progress', endedAt: null }),
        participants: [gone, there],
        tracks: [track(2)],
      },
    ]);
  });

  it('tells the callbacks that were not settled, in their order', async () => {
    const directory = newDirectory();
    const store = sqlite(directory);
    for (const number of [3, 1, 2]) await store.write([{ type: 'callback', callback: callback(number) }]);
    await store.write([{ type: 'callback-settled', id: 'id-1' }]);
    expect(await (await reopen(directory)).callbacks()).toEqual([callback(3), callback(2)]);
  });

  it('knows when the process before lived last: at its last write, or the last sign of life', async () => {
    const directory = newDirectory();
    const first = sqlite(directory);
    await save(first, room(1), []);
    expect(await first.lastSignOfLife()).toBeNull();
    const second = await reopen(directory);
    expect(await second.lastSignOfLife()).toBe(clock.now());
    await second.signOfLife(clock.now() + 1000);
    expect(await second.lastSignOfLife()).toBe(clock.now());
    expect(await (await reopen(directory)).lastSignOfLife()).toBe(clock.now() + 1000);
  });

  it('keeps nothing of a batch that fails in its middle', async () => {
    const store = sqlite();
    const orphan: Change = { type: 'participant', participant: participant(1, { roomSid: sid('RM', 9) }) };
    await expect(store.write([{ type: 'room', room: room(1) }, orphan])).rejects.toThrow();
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toBeUndefined();
    await save(store, room(1), []);
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toBeDefined();
  });

  it('is readable by its owner only', () => {
    const directory = newDirectory();
    sqlite(directory);
    const files = readdirSync(directory);
    expect(files).toContain('atrium.db-wal');
    expect(files.filter((file) => (statSync(join(directory, file)).mode & 0o077) !== 0)).toEqual([]);
  });

  it('is refused while another process has it', () => {
    const directory = newDirectory();
    sqlite(directory);
    expect(() => sqlite(directory)).toThrow(/another process uses it/);
  });

  it('is refused when it is no database', () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'atrium.db'), 'not a database '.repeat(100));
    expect(() => sqlite(directory)).toThrow(/cannot be used/);
  });

  it('is refused when a later version wrote it', async () => {
    const directory = newDirectory();
    await sqlite(directory).close();
    open.length = 0;
    const database = new Database(join(directory, 'atrium.db'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(() => sqlite(directory)).toThrow(/later version/);
  });

  it('gives the same pages as the store in memory, whatever is asked for', async () => {
    const position = fc.oneof(
      fc.record({ offset: fc.nat(8) }),
      fc.record({ after: fc.record({ createdAt: fc.nat(4), sid: fc.nat(8).map((n) => sid('RM', n)) }) }),
      fc.record({ before: fc.record({ createdAt: fc.nat(4), sid: fc.nat(8).map((n) => sid('RM', n)) }) }),
    );
    const times = fc.array(fc.nat(4), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: 1, max: 4 }), position, async (created, limit, at) => {
        const [memory, file] = [new MemoryStore(100), sqlite()];
        for (const [number, createdAt] of created.entries()) {
          for (const store of [memory, file]) await save(store, room(number, { createdAt }), []);
        }
        const page = { limit, ...at };
        const [expected, found] = await Promise.all(
          [memory, file].map((store) => store.listRooms(ACCOUNT, { status: 'completed' }, page)),
        );
        expect(found).toEqual(expected);
        await file.close();
        open.length = 0;
      }),
      { numRuns: 60 },
    );
  });
});
