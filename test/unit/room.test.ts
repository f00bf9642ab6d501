import { describe, expect, it } from 'vitest';
import type { RoomRequest } from '../../src/rooms/options.js';
import { HOUR, MINUTE, SECOND, claim, codeOf, join, testRooms } from '../support/model.js';

describe('A room that the API made', () => {
  it('ends when nobody joins within the unused timeout', () => {
    const house = testRooms();
    const room = house.create({ unusedRoomTimeout: 2 });
    house.clock.advance(2 * MINUTE - 1);
    expect(room.status).toBe('in-progress');
    house.clock.advance(1);
    expect(room.status).toBe('completed');
    expect(house.last('room-ended')?.reason).toBe('unused-timeout');
  });

  it('does not end by the unused timeout once somebody has joined', () => {
    const house = testRooms();
    const room = house.create({ unusedRoomTimeout: 1 });
    house.clock.advance(MINUTE - 1);
    join(room, 'alice');
    house.clock.advance(HOUR);
    expect(room.status).toBe('in-progress');
  });

  it('ends by the empty timeout, counted from when the last participant left', () => {
    const house = testRooms();
    const room = house.create({ emptyRoomTimeout: 3 });
    const alice = join(room, 'alice');
    const bob = join(room, 'bob');
    alice.disconnect({ type: 'left' });
    house.clock.advance(10 * MINUTE);
    bob.disconnect({ type: 'left' });
    house.clock.advance(3 * MINUTE - 1);
    expect(room.status).toBe('in-progress');
    house.clock.advance(1);
    expect(room.status).toBe('completed');
    expect(house.last('room-ended')?.reason).toBe('empty-timeout');
  });

  it('does not end when somebody joins within the empty timeout, and waits the whole time anew', () => {
    const house = testRooms();
    const room = house.create({ emptyRoomTimeout: 1 });
    join(room, 'alice').disconnect({ type: 'left' });
    house.clock.advance(MINUTE - 1);
    const bob = join(room, 'bob');
    house.clock.advance(MINUTE);
    expect(room.status).toBe('in-progress');
    bob.disconnect({ type: 'left' });
    house.clock.advance(MINUTE - 1);
    expect(room.status).toBe('in-progress');
    house.clock.advance(1);
    expect(room.status).toBe('completed');
  });

  it('is not empty while a participant is reconnecting', () => {
    const house = testRooms();
    const room = house.create({ emptyRoomTimeout: 1 });
    join(room, 'alice').connectionLost(10 * MINUTE);
    house.clock.advance(10 * MINUTE - 1);
    expect(room.status).toBe('in-progress');
    house.clock.advance(MINUTE + 1);
    expect(room.status).toBe('completed');
  });
});

describe("A room that a client's connect made", () => {
  it('ends at once when the last participant leaves', () => {
    const house = testRooms();
    const room = house.adHoc('cafe');
    const alice = join(room, 'alice');
    const bob = join(room, 'bob');
    alice.disconnect({ type: 'left' });
    expect(room.status).toBe('in-progress');
    bob.disconnect({ type: 'left' });
    expect(room.status).toBe('completed');
    expect(house.last('room-ended')?.reason).toBe('last-participant-left');
  });

  it('does not end before the first participant has joined', () => {
    const house = testRooms();
    const room = house.adHoc('cafe');
    house.clock.advance(HOUR);
    expect(room.status).toBe('in-progress');
  });
});

describe('Any room', () => {
  it('ends 24 hours after its creation, whoever is in it', () => {
    const house = testRooms();
    const room = house.create({ maxParticipantDuration: 86_400 });
    house.clock.advance(MINUTE);
    const alice = join(room, 'alice');
    house.clock.advance(24 * HOUR - MINUTE - 1);
    expect(room.status).toBe('in-progress');
    house.clock.advance(1);
    expect(room.status).toBe('completed');
    expect(alice.status).toBe('disconnected');
    expect(house.last('room-ended')?.reason).toBe('maximum-duration');
  });

  it('tells everyone in it that it ended, and then that it has ended', () => {
    const house = testRooms();
    const room = house.create();
    join(room, 'alice', [claim('mic')]);
    join(room, 'bob');
    house.forgetEvents();
    room.complete('completed-by-api');
    expect(house.types).toEqual([
      'track-unpublished',
      'participant-disconnected',
      'participant-disconnected',
      'room-ended',
    ]);
    expect(house.all('participant-disconnected').map(({ reason }) => reason.type)).toEqual([
      'room-ended',
      'room-ended',
    ]);
    expect(room.present).toEqual([]);
    expect(room.participants.map(({ identity }) => identity)).toEqual(['alice', 'bob']);
  });

  it('ends once, however often it is completed', () => {
    const house = testRooms();
    const room = house.create();
    join(room, 'alice');
    room.complete('completed-by-api');
    const { endedAt } = room.record;
    house.clock.advance(MINUTE);
    room.complete('server-stopped');
    expect(house.all('room-ended').map(({ reason }) => reason)).toEqual(['completed-by-api']);
    expect(room.record.endedAt).toBe(endedAt);
  });

  it('lets nobody in after its end', () => {
    const house = testRooms();
    const room = house.create();
    room.complete('completed-by-api');
    expect(codeOf(() => join(room, 'alice'))).toBe(53118);
    expect(room.participants).toEqual([]);
  });

  it('shows in its record when it began and when it ended', () => {
    const house = testRooms();
    const start = house.clock.now();
    const room = house.create({ uniqueName: 'standup' });
    expect(room.record).toMatchObject({
      sid: room.sid,
      uniqueName: 'standup',
      status: 'in-progress',
      createdAt: start,
      endedAt: null,
    });
    house.clock.advance(90 * SECOND);
    room.complete('completed-by-api');
    expect(room.record).toMatchObject({
      status: 'completed',
      createdAt: start,
      updatedAt: start + 90 * SECOND,
      endedAt: start + 90 * SECOND,
    });
  });

  it('is called by its SID when it was given no name', () => {
    const room = testRooms().create();
    expect(room.name).toBe(room.sid);
    expect(room.record.uniqueName).toBe(room.sid);
  });

  const ends: [string, RoomRequest, (house: ReturnType<typeof testRooms>) => void][] = [
    ['by the API', {}, ({ rooms }) => rooms.completeAll('completed-by-api')],
    ['unused', {}, ({ clock }) => clock.advance(5 * MINUTE)],
    ['after a day', { maxParticipantDuration: 86_400 }, ({ clock }) => clock.advance(24 * HOUR)],
  ];
  it.each(ends)('leaves no timer behind when it ends %s', (_how, request, end) => {
    const house = testRooms();
    const used = house.create(request);
    house.create(request);
    join(used, 'alice', [claim('mic')]).connectionLost(25 * HOUR);
    join(used, 'alice');
    join(used, 'bob').disconnect({ type: 'left' });
    end(house);
    used.complete('completed-by-api');
    expect(house.rooms.all).toEqual([]);
    expect(house.clock.pending).toBe(0);
  });

  it('leaves no timer behind when it was ad hoc and everybody left', () => {
    const house = testRooms();
    const room = house.adHoc();
    const alice = join(room, 'alice');
    alice.connectionLost(MINUTE);
    alice.connectionRegained();
    alice.disconnect({ type: 'left' });
    expect(house.clock.pending).toBe(0);
  });
});

describe('Who may join a room', () => {
  it('is everyone until the room is full', () => {
    const room = testRooms().create({ maxParticipants: 2 });
    join(room, 'alice');
    const bob = join(room, 'bob');
    expect(codeOf(() => join(room, 'carol'))).toBe(53105);
    bob.disconnect({ type: 'left' });
    expect(codeOf(() => join(room, 'carol'))).toBeNull();
  });

  it('includes in a full room the one who comes again', () => {
    const room = testRooms().create({ maxParticipants: 2 });
    join(room, 'alice');
    join(room, 'bob');
    expect(codeOf(() => join(room, 'bob'))).toBeNull();
    expect(room.present).toHaveLength(2);
    expect(codeOf(() => join(room, 'carol'))).toBe(53105);
  });

  it('counts those who are reconnecting', () => {
    const room = testRooms().create({ maxParticipants: 1 });
    join(room, 'alice').connectionLost(MINUTE);
    expect(codeOf(() => join(room, 'bob'))).toBe(53105);
  });

  it.each([
    ['an empty identity', 53200, ''],
    ['an identity of 129 characters', 53201, 'x'.repeat(129)],
    ['a control character in the identity', 53202, 'a\u0007b'],
  ])('is refused for %s with %i', (_fault, code, identity) => {
    const house = testRooms();
    const room = house.create();
    expect(codeOf(() => join(room, identity))).toBe(code);
    expect(room.present).toEqual([]);
    expect(house.all('participant-connected')).toEqual([]);
  });

  it('leaves a room that was refused to somebody as it was', () => {
    const house = testRooms();
    const room = house.create({ unusedRoomTimeout: 1 });
    expect(codeOf(() => join(room, ''))).toBe(53200);
    house.clock.advance(MINUTE);
    expect(room.status).toBe('completed');
  });
});

describe('A second session of an identity', () => {
  it('ends the first, which is told so before the others hear of the second', () => {
    const house = testRooms();
    const room = house.create();
    const older = join(room, 'alice');
    house.forgetEvents();
    const newer = join(room, 'alice');
    expect(older.status).toBe('disconnected');
    expect(newer.status).toBe('connected');
    expect(house.types).toEqual(['participant-disconnected', 'participant-connected']);
    expect(house.last('participant-disconnected')).toMatchObject({
      participant: older,
      reason: { type: 'duplicate-identity' },
    });
    expect(house.last('participant-connected')?.participant).toBe(newer);
  });

  it('does not end an ad-hoc room, though the older one was alone in it', () => {
    const house = testRooms();
    const room = house.adHoc('cafe');
    join(room, 'alice');
    const newer = join(room, 'alice');
    expect(room.status).toBe('in-progress');
    expect(room.present).toEqual([newer]);
  });

  it('starts no empty timeout', () => {
    const house = testRooms();
    const room = house.create({ emptyRoomTimeout: 1 });
    join(room, 'alice');
    join(room, 'alice');
    house.clock.advance(2 * MINUTE);
    expect(room.status).toBe('in-progress');
  });

  it('is the one that is found by the identity, also after the first is asked to leave once more', () => {
    const room = testRooms().create();
    const older = join(room, 'alice');
    const newer = join(room, 'alice');
    older.disconnect({ type: 'left' });
    expect(room.participant('alice')).toBe(newer);
    expect(room.participant(older.sid)).toBe(older);
    expect(room.participants).toEqual([older, newer]);
  });

  it('may publish what the first published: its tracks no longer count', () => {
    const room = testRooms().create({ largeRoom: true });
    const tracks = Array.from({ length: 16 }, (_, index) => claim(`t${index}`));
    join(room, 'alice', tracks);
    const newer = join(room, 'alice', tracks);
    expect(newer.tracks).toHaveLength(16);
    expect(newer.failedTracks.size).toBe(0);
  });
});

describe('Finding a participant', () => {
  it('goes by SID for whoever ever joined and by identity for who is present', () => {
    const room = testRooms().create();
    const alice = join(room, 'alice');
    expect(room.participant('alice')).toBe(alice);
    expect(room.participant(alice.sid)).toBe(alice);
    alice.disconnect({ type: 'left' });
    expect(room.participant('alice')).toBeUndefined();
    expect(room.participant(alice.sid)).toBe(alice);
    expect(room.participant('bob')).toBeUndefined();
  });
});

describe('The events of a room', () => {
  it('are numbered from 0 without a gap, each room for itself', () => {
    const house = testRooms();
    const [first, second] = [house.create(), house.create()];
    join(first, 'alice', [claim('mic')]);
    join(second, 'bob').connectionLost(MINUTE);
    house.clock.advance(MINUTE);
    first.complete('completed-by-api');
    for (const room of [first, second]) {
      const own = house.events.filter((event) => event.room === room);
      expect(own.map(({ sequence }) => sequence)).toEqual(own.map((_, index) => index));
      expect(own.length).toBeGreaterThan(3);
    }
  });

  it('tell of a join first and of its tracks after', () => {
    const house = testRooms();
    join(house.create(), 'alice', [claim('mic'), claim('camera', { kind: 'video' })]);
    expect(house.types).toEqual([
      'room-created',
      'participant-connected',
      'track-published',
      'track-published',
    ]);
    expect(house.all('track-published').map(({ track }) => track.name)).toEqual(['mic', 'camera']);
  });

  it('carry the time of the clock', () => {
    const house = testRooms();
    const room = house.create();
    house.clock.advance(7 * SECOND);
    join(room, 'alice');
    expect(house.last('participant-connected')?.at).toBe(house.events[0]!.at + 7 * SECOND);
  });
});

describe('The recording of a room', () => {
  it('runs while a track is published that the rules include', () => {
    const house = testRooms();
    const room = house.create({ recordParticipantsOnConnect: true });
    const before = room.recordingRevision;
    expect(room.isRecording).toBe(false);
    const alice = join(room, 'alice', [claim('mic')]);
    expect(room.isRecording).toBe(true);
    alice.updateTracks([]);
    expect(room.isRecording).toBe(false);
    expect(room.recordingRevision).toBe(before + 2);
    expect(house.all('recording-state-changed')).toHaveLength(2);
  });

  it('follows its rules while tracks are published', () => {
    const room = testRooms().create();
    join(room, 'alice', [claim('mic')]);
    expect(room.isRecording).toBe(false);
    room.setRecordingRules([{ type: 'include', kind: 'video' }]);
    expect(room.isRecording).toBe(false);
    room.setRecordingRules([{ type: 'include', publisher: 'alice' }]);
    expect(room.isRecording).toBe(true);
    room.setRecordingRules([{ type: 'exclude', all: true }]);
    expect(room.isRecording).toBe(false);
  });

  it('is of sound and picture, not of data', () => {
    const room = testRooms().create({ recordParticipantsOnConnect: true });
    join(room, 'alice', [claim('chat', { kind: 'data' })]);
    expect(room.isRecording).toBe(false);
  });

  it('stops when the last publisher leaves and when the room ends', () => {
    const house = testRooms();
    const [left, ended] = [0, 1].map(() => house.create({ recordParticipantsOnConnect: true }));
    join(left!, 'alice', [claim('mic')]).disconnect({ type: 'left' });
    join(ended!, 'alice', [claim('mic')]);
    ended!.complete('completed-by-api');
    expect(left!.isRecording).toBe(false);
    expect(ended!.isRecording).toBe(false);
  });

  it('keeps when its rules were first set and when last', () => {
    const house = testRooms();
    const room = house.create();
    expect(room.recordingRules).toEqual({ rules: [], createdAt: null, updatedAt: null });
    house.clock.advance(SECOND);
    const first = house.clock.now();
    room.setRecordingRules([{ type: 'include', all: true }]);
    house.clock.advance(SECOND);
    room.setRecordingRules([{ type: 'exclude', all: true }]);
    expect(room.recordingRules).toEqual({
      rules: [{ type: 'exclude', all: true }],
      createdAt: first,
      updatedAt: first + SECOND,
    });
  });
});
