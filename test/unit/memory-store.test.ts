import { describe, expect, it } from 'vitest';
import { ROOM_DEFAULTS, resolveRoomOptions } from '../../src/rooms/options.js';
import type { ParticipantRecord, RoomRecord } from '../../src/rooms/records.js';
import { MemoryStore } from '../../src/store/MemoryStore.js';
import type { Change, Store } from '../../src/store/Store.js';
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

async function storeOf(rooms: readonly RoomRecord[], most = 100): Promise<MemoryStore> {
  const store = new MemoryStore(most);
  for (const one of rooms) await save(store, one, []);
  return store;
}

describe('The store in memory', () => {
  it('finds an ended room by its SID, for its own account only', async () => {
    const store = await storeOf([room(1)]);
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toEqual(room(1));
    expect(await store.findRoom(OTHER_ACCOUNT, sid('RM', 1))).toBeUndefined();
    expect(await store.findRoom(ACCOUNT, sid('RM', 2))).toBeUndefined();
  });

  it("lists an account's rooms of a status, newest first", async () => {
    const store = await storeOf([
      room(2),
      room(3),
      room(1),
      room(4, { accountSid: OTHER_ACCOUNT }),
      room(5, { status: 'failed' }),
    ]);
    const list = await store.listRooms(ACCOUNT, { status: 'completed' }, ALL);
    expect(list.items.map(({ uniqueName }) => uniqueName)).toEqual(['room-3', 'room-2', 'room-1']);
    expect((await store.listRooms(ACCOUNT, { status: 'failed' }, ALL)).items).toHaveLength(1);
    expect((await store.listRooms(ACCOUNT, { status: 'in-progress' }, ALL)).items).toEqual([]);
  });

  it('lists all rooms that had the same name', async () => {
    const store = await storeOf([
      room(1, { uniqueName: 'standup' }),
      room(2, { uniqueName: 'standup' }),
      room(3),
    ]);
    const list = await store.listRooms(ACCOUNT, { status: 'completed', uniqueName: 'standup' }, ALL);
    expect(list.items.map((one) => one.sid)).toEqual([sid('RM', 2), sid('RM', 1)]);
  });

  it('lists rooms from a time on and before a time', async () => {
    const store = await storeOf([room(1), room(2), room(3)]);
    const list = await store.listRooms(
      ACCOUNT,
      { status: 'completed', createdFrom: 2000, createdBefore: 3000 },
      ALL,
    );
    expect(list.items.map(({ uniqueName }) => uniqueName)).toEqual(['room-2']);
  });

  it('gives lists in pages', async () => {
    const store = await storeOf([room(1), room(2), room(3)]);
    const first = await store.listRooms(ACCOUNT, { status: 'completed' }, { limit: 2 });
    expect(first).toMatchObject({ items: [room(3), room(2)], hasPrevious: false, hasNext: true });
    const after = first.items[1]!;
    expect(await store.listRooms(ACCOUNT, { status: 'completed' }, { limit: 2, after })).toMatchObject({
      items: [room(1)],
      hasPrevious: true,
      hasNext: false,
    });
  });

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

  it('may be told to remember nothing', async () => {
    const store = await storeOf([room(1)], 0);
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toBeUndefined();
  });

  it('replaces a room that is saved again', async () => {
    const store = await storeOf([room(1), room(1, { status: 'failed' })]);
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toMatchObject({ status: 'failed' });
    expect((await store.listRooms(ACCOUNT, { status: 'completed' }, ALL)).items).toEqual([]);
  });

  it('finds and lists the participants of a room, in the order of joining', async () => {
    const store = new MemoryStore(10);
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
    const store = new MemoryStore(10);
    await save(store, room(1), [participant(1), participant(2), participant(3)]);
    const { items } = await store.listParticipants(sid('RM', 1), filter, ALL);
    expect(items).toEqual(numbers.map((number) => participant(number)));
  });

  it('is empty after it was closed', async () => {
    const store = await storeOf([room(1)]);
    await store.close();
    expect(await store.findRoom(ACCOUNT, sid('RM', 1))).toBeUndefined();
  });
});
