import { describe, expect, it } from 'vitest';
import { twilioError } from '../../src/errors.js';
import {
  firstPublishedState,
  participantState,
  publishedState,
  recordingState,
  subscribedState,
} from '../../src/signaling/state.js';
import { claim, join, testRooms } from '../support/model.js';

describe('What the others are told of a participant', () => {
  it('is its status and its tracks, and not what it failed to publish', () => {
    const alice = join(testRooms().create(), 'alice', [
      claim('id-1', { name: 'mic', enabled: false }),
      claim('id-2', { name: 'mic' }),
    ]);
    expect(participantState(alice)).toEqual({
      sid: alice.sid,
      identity: 'alice',
      revision: alice.revision,
      state: 'connected',
      tracks: [
        {
          sid: alice.tracks[0]!.sid,
          id: 'id-1',
          kind: 'audio',
          name: 'mic',
          enabled: false,
          priority: 'standard',
        },
      ],
    });
  });

  it('at the end still has its tracks', () => {
    const alice = join(testRooms().create(), 'alice', [claim('mic')]);
    alice.disconnect({ type: 'left' });
    expect(participantState(alice)).toMatchObject({ state: 'disconnected', tracks: [{ name: 'mic' }] });
  });
});

describe('What a participant is told of its own tracks', () => {
  const alice = () =>
    join(testRooms().create(), 'alice', [claim('one', { name: 'mic' }), claim('two', { name: 'mic' })]);

  it('is which are ready, and which failed and why', () => {
    const participant = alice();
    expect(publishedState(participant)).toEqual({
      revision: participant.publishedRevision,
      tracks: [
        { id: 'one', sid: participant.tracks[0]!.sid, state: 'ready' },
        { id: 'two', state: 'failed', error: { code: 53304, message: 'Track name is duplicated' } },
      ],
    });
  });

  it('at first is of no failure: that follows under a higher revision', () => {
    const participant = alice();
    const first = firstPublishedState(participant);
    expect(first.tracks).toMatchObject([
      { id: 'one', state: 'ready' },
      { id: 'two', state: 'created' },
    ]);
    expect(publishedState(participant).revision).toBeGreaterThan(first.revision);
  });

  it('at first is everything where nothing failed', () => {
    const participant = join(testRooms().create(), 'alice', [claim('mic')]);
    expect(firstPublishedState(participant)).toEqual(publishedState(participant));
  });
});

describe('What a participant is told of the rest', () => {
  it('is what it receives under which id, or why it does not', () => {
    const room = testRooms().create();
    const [mic, camera] = join(room, 'alice', [claim('mic'), claim('camera', { kind: 'video' })]).tracks;
    const bob = join(room, 'bob');
    bob.subscribed(mic!, 'receiver-1');
    bob.subscriptionFailed(camera!, twilioError(53404));
    expect(subscribedState(bob)).toEqual({
      revision: bob.subscribedRevision,
      tracks: [
        { sid: mic!.sid, id: 'receiver-1' },
        { sid: camera!.sid, error: { code: 53404, message: 'No supported codec' } },
      ],
    });
  });

  it('is whether the room is recorded', () => {
    const room = testRooms().create({ recordParticipantsOnConnect: true });
    const before = recordingState(room);
    join(room, 'alice', [claim('mic')]);
    const after = recordingState(room);
    expect([before.is_recording, after.is_recording]).toEqual([false, true]);
    expect(after.revision).toBeGreaterThan(before.revision);
  });
});
