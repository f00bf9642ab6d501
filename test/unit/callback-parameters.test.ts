import { describe, expect, it } from 'vitest';
import type { Room } from '../../src/rooms/Room.js';
import { callbackOf } from '../../src/webhooks/callback.js';
import { occurrenceOf, parametersOf } from '../../src/webhooks/parameters.js';
import { ACCOUNT, claim, join, testRooms } from '../support/model.js';
import type { TestRooms } from '../support/model.js';

const URL_SET = 'http://example.com/events';

/** Every event of the model, in its order, with the parameters of the callback that tells of it. */
function told(model: TestRooms): { type: string; parameters: Record<string, string> | null }[] {
  const all: ReturnType<typeof told> = [];
  model.stream.subscribe((event) => {
    const occurrence = occurrenceOf(event);
    all.push({ type: event.type, parameters: occurrence && parametersOf(occurrence, all.length) });
  });
  return all;
}

describe('The parameters of a callback', () => {
  it('are told of these events of the model, under these names', () => {
    const model = testRooms();
    const all = told(model);
    const room = model.create();
    const alice = join(room, 'alice', [claim('mic')]);
    alice.updateTracks([claim('mic', { enabled: false })]);
    alice.updateTracks([claim('mic', { priority: 'high' })]);
    alice.setSubscribeRules([]);
    alice.connectionLost(1000);
    alice.connectionRegained();
    alice.updateTracks([]);
    room.setRecordingRules([{ type: 'include', all: true }]);
    join(room, 'bob', [claim('cam', { kind: 'video' })]);
    room.complete('completed-by-api');
    expect(all.flatMap(({ parameters }) => parameters?.['StatusCallbackEvent'] ?? [])).toEqual([
      'room-created',
      'participant-connected',
      'track-added',
      'track-disabled',
      'track-enabled',
      'track-removed',
      'participant-connected',
      'track-added',
      'participant-disconnected',
      'track-removed',
      'participant-disconnected',
      'room-ended',
    ]);
  });

  it('have durations of whole seconds, and the time in milliseconds', () => {
    const model = testRooms();
    const all = told(model);
    const room = model.create();
    model.clock.advance(1_000);
    const alice = join(room, 'alice');
    model.clock.advance(61_999);
    alice.disconnect({ type: 'left' });
    expect(all.at(-1)?.parameters).toMatchObject({
      ParticipantDuration: '61',
      Timestamp: '2026-01-01T00:01:02.999Z',
    });
    expect(all.at(-1)?.parameters).not.toHaveProperty('RoomDuration');
    model.clock.advance(1);
    room.complete('completed-by-api');
    expect(all.at(-1)?.parameters).toMatchObject({
      RoomDuration: '63',
      Timestamp: '2026-01-01T00:01:03.000Z',
    });
  });

  it('say that the room is in progress until its end is told, however it ends', () => {
    const model = testRooms();
    const all = told(model);
    const room = model.adHoc();
    // A listener that hears of the room ends it: what follows happens within its event.
    model.stream.subscribe((event) => {
      if (event.type === 'track-published') room.complete('completed-by-api');
    });
    join(room, 'alice', [claim('mic')]);
    const statuses = all.map(({ parameters }) => [
      parameters?.['StatusCallbackEvent'],
      parameters?.['RoomStatus'],
      parameters?.['ParticipantStatus'],
    ]);
    expect(statuses).toEqual([
      ['room-created', 'in-progress', undefined],
      ['participant-connected', 'in-progress', 'connected'],
      ['track-added', 'in-progress', 'connected'],
      ['track-removed', 'in-progress', 'connected'],
      ['participant-disconnected', 'in-progress', 'disconnected'],
      ['room-ended', 'completed', undefined],
    ]);
  });

  it('call a room without a name by its SID', () => {
    const model = testRooms();
    const all = told(model);
    const { sid } = model.create();
    expect(all[0]?.parameters).toMatchObject({ RoomName: sid, RoomSid: sid, AccountSid: ACCOUNT });
  });
});

describe('A callback', () => {
  const occurrence = (room: Room) => ({ event: 'room-created', room: room.record, at: 5 }) as const;

  it('is made for a room that has a URL for it, and counts', () => {
    const room = testRooms().create({ statusCallback: URL_SET, statusCallbackMethod: 'GET' });
    const next = () => room.nextCallbackSequence();
    const [first, second] = [callbackOf(occurrence(room), next), callbackOf(occurrence(room), next)];
    expect(first).toMatchObject({
      accountSid: ACCOUNT,
      roomSid: room.sid,
      url: URL_SET,
      method: 'GET',
      createdAt: 5,
      parameters: { SequenceNumber: '0' },
    });
    expect(second?.parameters['SequenceNumber']).toBe('1');
    expect(second?.id).not.toBe(first?.id);
    expect(room.record.nextCallbackSequence).toBe(2);
  });

  it('is not made, and not counted, where there is none', () => {
    const room = testRooms().create();
    expect(callbackOf(occurrence(room), () => room.nextCallbackSequence())).toBeNull();
    expect(room.record.nextCallbackSequence).toBe(0);
  });
});
