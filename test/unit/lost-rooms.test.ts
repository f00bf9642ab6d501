import { describe, expect, it } from 'vitest';
import type { ParticipantRecord, RoomRecord } from '../../src/rooms/records.js';
import type { InterruptedRoom, Store } from '../../src/store/Store.js';
import { completeLostRooms } from '../../src/store/recover.js';
import { ACCOUNT, SECOND, claim, join, testRooms } from '../support/model.js';

/** What a process has written of a room with two participants, one of whom has left, before it was lost. */
function leftBehind(): InterruptedRoom {
  const house = testRooms();
  const room = house.create({ uniqueName: 'meeting' });
  const alice = join(room, 'alice', [claim('voice')]);
  const bob = join(room, 'bob');
  house.clock.advance(5 * SECOND);
  bob.disconnect({ type: 'left' });
  return {
    room: structuredClone(room.record),
    participants: [alice.record, bob.record].map((record) => structuredClone(record)),
    tracks: alice.tracks.map((track) => structuredClone(alice.trackRecord(track))),
  };
}

async function recovered(
  left: InterruptedRoom,
  lastSign: number | null,
): Promise<{ house: ReturnType<typeof testRooms>; room: RoomRecord; participants: ParticipantRecord[] }> {
  const house = testRooms();
  const store = {
    interruptedRooms: async () => [left],
    lastSignOfLife: async () => lastSign,
  } as unknown as Store;
  expect(await completeLostRooms(store, house.rooms)).toBe(1);
  const end = house.last('room-ended')!;
  return { house, room: end.room.record, participants: end.room.participants.map(({ record }) => record) };
}

describe('A room whose process was lost', () => {
  it('is completed at the last sign of life, and those who were there leave then', async () => {
    const left = leftBehind();
    const lastSign = left.room.createdAt + 60 * SECOND;
    const { room, participants } = await recovered(left, lastSign);
    expect(room).toEqual({
      ...left.room,
      status: 'completed',
      updatedAt: lastSign,
      endedAt: lastSign,
      nextSequence: room.nextSequence,
    });
    expect(participants).toEqual([
      { ...left.participants[0]!, status: 'disconnected', updatedAt: lastSign, endedAt: lastSign },
    ]);
  });

  it('announces the end as ever, numbered on from where it was', async () => {
    const left = leftBehind();
    const { house } = await recovered(left, left.room.createdAt + 60 * SECOND);
    expect(house.types).toEqual(['track-unpublished', 'participant-disconnected', 'room-ended']);
    expect(house.events.map(({ sequence }) => sequence)).toEqual(
      [0, 1, 2].map((index) => left.room.nextSequence + index),
    );
    expect(house.last('track-unpublished')!.track.sid).toBe(left.tracks[0]!.sid);
    expect(house.last('room-ended')).toMatchObject({
      reason: 'server-lost',
      at: left.room.createdAt + 60 * SECOND,
    });
  });

  it('does not end before what is known to have happened in it', async () => {
    const left = leftBehind();
    const latest = left.participants[1]!.updatedAt;
    for (const lastSign of [null, left.room.createdAt]) {
      const { room } = await recovered({ ...left, participants: left.participants }, lastSign);
      expect(room.endedAt).toBeGreaterThanOrEqual(left.room.updatedAt);
      expect(room.endedAt).toBeLessThanOrEqual(latest);
    }
  });

  it('takes no name: a new room may have it at once', async () => {
    const { house } = await recovered(leftBehind(), null);
    expect(house.rooms.find(ACCOUNT, 'meeting')).toBeUndefined();
    expect(house.create({ uniqueName: 'meeting' }).name).toBe('meeting');
    expect(house.rooms.all).toHaveLength(1);
  });
});
