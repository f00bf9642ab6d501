import { describe, expect, it } from 'vitest';
import { twilioError } from '../../src/errors.js';
import { EXCLUDE_ALL, INCLUDE_ALL } from '../../src/rooms/rules.js';
import { HOUR, MINUTE, SECOND, join, claim, testRooms } from '../support/model.js';

describe("A participant's session", () => {
  it('ends after the maximum duration with that reason', () => {
    const house = testRooms();
    const room = house.create({ maxParticipantDuration: 600 });
    house.clock.advance(MINUTE);
    const alice = join(room, 'alice');
    house.clock.advance(10 * MINUTE - 1);
    expect(alice.status).toBe('connected');
    house.clock.advance(1);
    expect(alice.status).toBe('disconnected');
    expect(house.last('participant-disconnected')?.reason).toEqual({ type: 'maximum-duration' });
    expect(room.status).toBe('in-progress');
  });

  it('is not made longer by a lost connection', () => {
    const house = testRooms();
    const alice = join(house.create({ maxParticipantDuration: 600 }), 'alice');
    house.clock.advance(9 * MINUTE);
    alice.connectionLost(HOUR);
    house.clock.advance(MINUTE);
    expect(house.last('participant-disconnected')?.reason).toEqual({ type: 'maximum-duration' });
  });

  it('ends once: a second call changes nothing', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    alice.disconnect({ type: 'left' });
    const { record, revision } = alice;
    house.clock.advance(SECOND);
    alice.disconnect({ type: 'removed' });
    expect(house.all('participant-disconnected').map(({ reason }) => reason.type)).toEqual(['left']);
    expect(alice.record).toEqual(record);
    expect(alice.revision).toBe(revision);
  });

  it('shows in its record when it began and when it ended', () => {
    const house = testRooms();
    const room = house.create();
    house.clock.advance(SECOND);
    const start = house.clock.now();
    const alice = join(room, 'alice');
    const identification = {
      sid: alice.sid,
      roomSid: room.sid,
      accountSid: room.accountSid,
      identity: 'alice',
      subscribeRuleSet: { rules: INCLUDE_ALL, createdAt: null, updatedAt: null },
    };
    expect(alice.record).toEqual({
      ...identification,
      status: 'connected',
      startedAt: start,
      updatedAt: start,
      endedAt: null,
    });
    house.clock.advance(3 * SECOND);
    alice.disconnect({ type: 'left' });
    expect(alice.record).toEqual({
      ...identification,
      status: 'disconnected',
      startedAt: start,
      updatedAt: start + 3 * SECOND,
      endedAt: start + 3 * SECOND,
    });
  });

  it('keeps its tracks to be shown after the end, though each is announced as unpublished', () => {
    const house = testRooms();
    const room = house.create();
    const alice = join(room, 'alice', [claim('mic'), claim('camera', { kind: 'video' })]);
    house.forgetEvents();
    alice.disconnect({ type: 'left' });
    expect(house.types).toEqual(['track-unpublished', 'track-unpublished', 'participant-disconnected']);
    expect(alice.tracks.map(({ name }) => name)).toEqual(['mic', 'camera']);
    expect(room.publishedTrackCount).toBe(0);
  });

  it('publishes nothing after the end', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    alice.disconnect({ type: 'left' });
    alice.updateTracks([claim('mic')]);
    expect(alice.tracks).toEqual([]);
    expect(house.all('track-published')).toEqual([]);
  });
});

describe('A lost connection', () => {
  it('leaves the session waiting, and ends it when nobody comes back in time', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    alice.connectionLost(30 * SECOND);
    expect(alice.status).toBe('reconnecting');
    house.clock.advance(30 * SECOND - 1);
    expect(alice.status).toBe('reconnecting');
    house.clock.advance(1);
    expect(alice.status).toBe('disconnected');
    expect(house.last('participant-disconnected')?.reason).toEqual({ type: 'session-expired' });
  });

  it('is forgotten when the client comes back in time', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    alice.connectionLost(30 * SECOND);
    house.clock.advance(30 * SECOND - 1);
    alice.connectionRegained();
    house.clock.advance(MINUTE);
    expect(alice.status).toBe('connected');
    expect(house.types).toEqual([
      'room-created',
      'participant-connected',
      'participant-reconnecting',
      'participant-reconnected',
    ]);
  });

  it('gives the whole time again each time', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    alice.connectionLost(30 * SECOND);
    house.clock.advance(20 * SECOND);
    alice.connectionRegained();
    alice.connectionLost(30 * SECOND);
    house.clock.advance(20 * SECOND);
    expect(alice.status).toBe('reconnecting');
    house.clock.advance(10 * SECOND);
    expect(alice.status).toBe('disconnected');
  });

  it('neither begins twice nor lasts longer when it is told of again', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    alice.connectionLost(30 * SECOND);
    house.clock.advance(20 * SECOND);
    alice.connectionLost(30 * SECOND);
    expect(house.all('participant-reconnecting')).toHaveLength(1);
    house.clock.advance(10 * SECOND);
    expect(alice.status).toBe('disconnected');
  });

  it('cannot be lost or regained after the end', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    alice.disconnect({ type: 'left' });
    house.forgetEvents();
    alice.connectionLost(SECOND);
    alice.connectionRegained();
    expect(alice.status).toBe('disconnected');
    expect(house.events).toEqual([]);
  });

  it('keeps the tracks published', () => {
    const room = testRooms().create();
    const alice = join(room, 'alice', [claim('mic')]);
    const bob = join(room, 'bob');
    alice.connectionLost(MINUTE);
    expect(room.wantedBy(bob)).toEqual(alice.tracks);
  });

  it('is seen by the others under a higher revision at every turn', () => {
    const alice = join(testRooms().create(), 'alice');
    const revisions = [alice.revision];
    for (const turn of [
      () => alice.connectionLost(MINUTE),
      () => alice.connectionRegained(),
      () => alice.disconnect({ type: 'left' }),
    ]) {
      turn();
      revisions.push(alice.revision);
    }
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(revisions).toHaveLength(4);
  });
});

describe('Subscriptions', () => {
  it('are wanted to all tracks of the others and never to the own', () => {
    const room = testRooms().create();
    const alice = join(room, 'alice', [claim('mic')]);
    const bob = join(room, 'bob', [claim('mic')]);
    expect(room.wantedBy(alice)).toEqual(bob.tracks);
    expect(room.wantedBy(bob)).toEqual(alice.tracks);
  });

  it('follow the rules, which hold for tracks that come later too', () => {
    const house = testRooms();
    const room = house.create();
    const alice = join(room, 'alice', [claim('mic')]);
    const bob = join(room, 'bob', [], EXCLUDE_ALL);
    expect(room.wantedBy(bob)).toEqual([]);
    bob.setSubscribeRules([{ type: 'include', kind: 'video' }]);
    expect(house.last('subscribe-rules-changed')?.participant).toBe(bob);
    alice.updateTracks([claim('mic'), claim('camera', { kind: 'video' })]);
    expect(room.wantedBy(bob).map(({ name }) => name)).toEqual(['camera']);
  });

  it('are not wanted to those who have left', () => {
    const room = testRooms().create();
    const alice = join(room, 'alice', [claim('mic')]);
    const bob = join(room, 'bob');
    alice.disconnect({ type: 'left' });
    expect(room.wantedBy(bob)).toEqual([]);
  });

  it('keep when their rules were first set and when last', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    expect(alice.subscribeRules).toMatchObject({ createdAt: null, updatedAt: null });
    const first = house.clock.now();
    alice.setSubscribeRules(EXCLUDE_ALL);
    house.clock.advance(SECOND);
    alice.setSubscribeRules([{ type: 'include', kind: 'audio' }]);
    expect(alice.subscribeRules).toEqual({
      rules: [{ type: 'include', kind: 'audio' }],
      createdAt: first,
      updatedAt: first + SECOND,
    });
  });

  it('are listed while they last, each change under a higher revision', () => {
    const house = testRooms();
    const room = house.create();
    const [mic] = join(room, 'alice', [claim('mic')]).tracks;
    const bob = join(room, 'bob');
    const revisions = [bob.subscribedRevision];
    bob.subscribed(mic!, 'receiver-1');
    revisions.push(bob.subscribedRevision);
    expect(bob.subscriptions.get(mic!.sid)).toMatchObject({ track: mic, receiver: { id: 'receiver-1' } });
    bob.unsubscribed(mic!.sid);
    revisions.push(bob.subscribedRevision);
    expect(bob.subscriptions.size).toBe(0);
    expect(revisions).toEqual([revisions[0], revisions[0]! + 1, revisions[0]! + 2]);
    expect(house.types.slice(-2)).toEqual(['track-subscribed', 'track-unsubscribed']);
  });

  it('say why a track cannot be received', () => {
    const house = testRooms();
    const room = house.create();
    const [mic] = join(room, 'alice', [claim('mic')]).tracks;
    const bob = join(room, 'bob');
    const error = twilioError(53404);
    bob.subscriptionFailed(mic!, error);
    expect(bob.subscriptions.get(mic!.sid)?.receiver).toEqual({ error });
    expect(house.last('track-subscription-failed')).toMatchObject({ trackSid: mic!.sid, error });
  });

  it('cannot end that never were', () => {
    const house = testRooms();
    const bob = join(house.create(), 'bob');
    const revision = bob.subscribedRevision;
    house.forgetEvents();
    bob.unsubscribed(`MT${'0'.repeat(32)}`);
    expect(house.events).toEqual([]);
    expect(bob.subscribedRevision).toBe(revision);
  });

  it('are gone after the session', () => {
    const room = testRooms().create();
    const [mic] = join(room, 'alice', [claim('mic')]).tracks;
    const bob = join(room, 'bob');
    bob.subscribed(mic!, 'receiver-1');
    bob.disconnect({ type: 'left' });
    expect(bob.subscriptions.size).toBe(0);
  });
});

describe('A participant that is anonymized', () => {
  it('is known by its SID from then on, and somebody else may have its name', () => {
    const house = testRooms();
    const room = house.create();
    const alice = join(room, 'alice');
    const before = alice.revision;
    house.clock.advance(SECOND);
    alice.anonymize();
    expect(alice.identity).toBe(alice.sid);
    expect(alice.record).toMatchObject({ identity: alice.sid, updatedAt: house.clock.now() });
    expect(alice.revision).toBeGreaterThan(before);
    expect(room.participant('alice')).toBeUndefined();
    expect(room.participant(alice.sid)).toBe(alice);
    expect(room.present).toEqual([alice]);
    const second = join(room, 'alice');
    expect(alice.status).toBe('connected');
    expect(room.present).toEqual([alice, second]);
  });

  it('is so for good, and says so once', () => {
    const house = testRooms();
    const room = house.create();
    const alice = join(room, 'alice');
    alice.anonymize();
    alice.anonymize();
    expect(house.all('participant-anonymized').map(({ participant }) => participant)).toEqual([alice]);
    alice.disconnect({ type: 'left' });
    expect(room.presentCount).toBe(0);
    expect(house.last('participant-disconnected')?.participant.identity).toBe(alice.sid);
  });

  it('is no longer the one whom a recording rule named', () => {
    const room = testRooms().create({ recordingRules: [{ type: 'include', publisher: 'alice' }] });
    const alice = join(room, 'alice', [claim('mic')]);
    expect(room.isRecording).toBe(true);
    alice.anonymize();
    expect(room.isRecording).toBe(false);
  });

  it('can be so after it has left, without harm to a newer session of the same identity', () => {
    const room = testRooms().create();
    const older = join(room, 'alice');
    const newer = join(room, 'alice');
    older.anonymize();
    expect(older.identity).toBe(older.sid);
    expect(room.participant('alice')).toBe(newer);
    expect(room.present).toEqual([newer]);
  });
});

describe('An anonymized participant', () => {
  it('takes nothing away from one whose identity is its SID', () => {
    const house = testRooms();
    const room = house.adHoc('room');
    const alice = join(room, 'alice');
    const bob = join(room, alice.sid);
    alice.anonymize();
    expect(room.present).toEqual([alice, bob]);
    alice.disconnect({ type: 'left' });
    expect(room.present).toEqual([bob]);
    expect(room.status).toBe('in-progress');
    room.complete('completed-by-api');
    expect(bob.status).toBe('disconnected');
  });

  it('keeps its place when someone comes whose identity is its SID', () => {
    const room = testRooms().create();
    const alice = join(room, 'alice');
    alice.anonymize();
    join(room, alice.sid);
    expect(alice.status).toBe('connected');
    expect(room.participant(alice.sid)).toBe(alice);
  });
});

describe('Those who have left', () => {
  it('keep the tracks that they had for as many as may leave at once, and no longer', () => {
    const room = testRooms().create({ maxParticipants: 3 });
    const left = Array.from({ length: 4 }, (_, index) => {
      const one = join(room, `guest ${index}`, [claim('mic')]);
      one.disconnect({ type: 'left' });
      return one;
    });
    expect(left.map(({ tracks }) => tracks.length)).toEqual([0, 1, 1, 1]);
    expect(room.participants).toHaveLength(4);
  });
});
