import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TwilioError } from '../../src/errors.js';
import type { Participant, TrackClaim } from '../../src/rooms/Participant.js';
import type { TrackAnnouncement, TrackKind } from '../../src/rooms/PublishedTrack.js';
import { SECOND, claim, join, testRooms } from '../support/model.js';

const failures = (participant: Participant): Record<string, number> =>
  Object.fromEntries([...participant.failedTracks].map(([id, { code }]) => [id, code]));

describe("A participant's tracks", () => {
  it('are published with a SID of their own as the client announced them', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice');
    alice.updateTracks([
      claim('id-1', { name: 'mic', priority: 'low' }),
      claim('id-2', { name: 'camera', kind: 'video', enabled: false }),
    ]);
    expect(alice.tracks).toMatchObject([
      {
        clientId: 'id-1',
        kind: 'audio',
        name: 'mic',
        enabled: true,
        priority: 'low',
        publisherSid: alice.sid,
      },
      { clientId: 'id-2', kind: 'video', name: 'camera', enabled: false, priority: 'standard' },
    ]);
    const sids = alice.tracks.map(({ sid }) => sid);
    expect(new Set(sids).size).toBe(2);
    for (const sid of sids) expect(sid).toMatch(/^MT[0-9a-f]{32}$/);
    expect(house.all('track-published').map(({ track }) => track.sid)).toEqual(sids);
  });

  it('are unpublished when they leave the list', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice', [claim('mic'), claim('camera', { kind: 'video' })]);
    alice.updateTracks([claim('mic')]);
    expect(alice.tracks.map(({ name }) => name)).toEqual(['mic']);
    expect(house.all('track-unpublished').map(({ track }) => track.name)).toEqual(['camera']);
  });

  it('get a new SID when they are published again', () => {
    const alice = join(testRooms().create(), 'alice', [claim('mic')]);
    const before = alice.tracks[0]!.sid;
    alice.updateTracks([]);
    alice.updateTracks([claim('mic')]);
    expect(alice.tracks).toHaveLength(1);
    expect(alice.tracks[0]!.sid).not.toBe(before);
  });

  it('get a new SID when their kind changes under the same id', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice', [claim('one')]);
    const before = alice.tracks[0]!.sid;
    alice.updateTracks([claim('one', { kind: 'video' })]);
    expect(alice.tracks).toMatchObject([{ clientId: 'one', kind: 'video' }]);
    expect(alice.tracks[0]!.sid).not.toBe(before);
    expect(house.types.slice(-2)).toEqual(['track-unpublished', 'track-published']);
  });

  it('are muted and unmuted, at the time at which that happens', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice', [claim('mic')]);
    const [mic] = alice.tracks;
    const { sid, createdAt } = mic!;
    house.clock.advance(SECOND);
    alice.updateTracks([claim('mic', { enabled: false })]);
    expect(mic).toMatchObject({ sid, enabled: false, createdAt, updatedAt: createdAt + SECOND });
    alice.updateTracks([claim('mic', { enabled: true })]);
    expect(mic).toMatchObject({ sid, enabled: true });
    expect(house.types.slice(-2)).toEqual(['track-disabled', 'track-enabled']);
  });

  it('are refused with control characters in the name', () => {
    const alice = join(testRooms().create(), 'alice', [claim('mic', { name: 'a\n\u0000b' })]);
    expect([...alice.failedTracks.values()].map(({ code }) => code)).toEqual([53303]);
    expect(alice.tracks).toEqual([]);
  });

  it('change their priority', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice', [claim('mic')]);
    alice.updateTracks([claim('mic', { priority: 'high' })]);
    expect(alice.tracks[0]!.priority).toBe('high');
    expect(house.types.at(-1)).toBe('track-priority-changed');
    expect(house.all('track-disabled')).toEqual([]);
  });

  it('are seen by the others under a higher revision at every change', () => {
    const alice = join(testRooms().create(), 'alice');
    const revisions = [alice.revision];
    for (const list of [
      [claim('mic')],
      [claim('mic', { enabled: false })],
      [claim('mic', { enabled: false, priority: 'high' })],
      [],
    ]) {
      alice.updateTracks(list);
      revisions.push(alice.revision);
    }
    expect(revisions).toEqual(revisions.map((_, index) => revisions[0]! + index));
  });

  it('are not announced anew by a list that says nothing new', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice', [claim('mic'), claim('mic-2', { name: 'mic' })]);
    const { revision } = alice;
    house.forgetEvents();
    alice.updateTracks([claim('mic'), claim('mic-2', { name: 'mic' })]);
    expect(house.events).toEqual([]);
    expect(alice.revision).toBe(revision);
  });

  it('are told to their publisher again after every list, which may hide that one was published anew', () => {
    const alice = join(testRooms().create(), 'alice', [claim('mic')]);
    const { publishedRevision } = alice;
    alice.updateTracks([claim('mic')]);
    expect(alice.publishedRevision).toBeGreaterThan(publishedRevision);
  });

  it('with another name are other tracks', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice', [claim('id-1', { name: 'mic' })]);
    const [before] = alice.tracks;
    alice.updateTracks([claim('id-1', { name: 'microphone' })]);
    expect(alice.tracks.map(({ name }) => name)).toEqual(['microphone']);
    expect(alice.tracks[0]!.sid).not.toBe(before!.sid);
    alice.updateTracks([claim('id-1', { name: 'x'.repeat(129) })]);
    expect(alice.tracks).toEqual([]);
    expect(alice.failedTracks.get('id-1')?.code).toBe(53302);
  });

  it('are found by SID and by name', () => {
    const alice = join(testRooms().create(), 'alice', [claim('id-1', { name: 'mic' })]);
    const [mic] = alice.tracks;
    expect(alice.track('mic')).toBe(mic);
    expect(alice.track(mic!.sid)).toBe(mic);
    expect(alice.trackByClientId('id-1')).toBe(mic);
    expect(alice.track('id-1')).toBeUndefined();
  });
});

describe('A track that cannot be published', () => {
  it('is one whose name another track of the participant has', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice', [
      claim('one', { name: 'mic' }),
      claim('two', { name: 'mic' }),
    ]);
    expect(alice.tracks.map(({ clientId }) => clientId)).toEqual(['one']);
    expect(failures(alice)).toEqual({ two: 53304 });
    expect(house.last('track-publication-failed')).toMatchObject({
      participant: alice,
      error: { code: 53304 },
    });
  });

  it('may have the name that a track of another participant has', () => {
    const room = testRooms().create();
    join(room, 'alice', [claim('mic')]);
    expect(join(room, 'bob', [claim('mic')]).tracks).toHaveLength(1);
  });

  it('may have a name that becomes free in the same list', () => {
    const alice = join(testRooms().create(), 'alice', [claim('one', { name: 'mic' })]);
    alice.updateTracks([claim('two', { name: 'mic' })]);
    expect(alice.tracks).toMatchObject([{ clientId: 'two', name: 'mic' }]);
    expect(failures(alice)).toEqual({});
  });

  it('is one with a name of more than 128 characters', () => {
    const alice = join(testRooms().create(), 'alice', [
      claim('long', { name: 'x'.repeat(128) }),
      claim('too-long', { name: 'y'.repeat(129) }),
    ]);
    expect(alice.tracks.map(({ clientId }) => clientId)).toEqual(['long']);
    expect(failures(alice)).toEqual({ 'too-long': 53302 });
  });

  it('is one with picture in a room for sound only', () => {
    const alice = join(testRooms().create({ audioOnly: true }), 'alice', [
      claim('mic'),
      claim('camera', { kind: 'video' }),
      claim('chat', { kind: 'data' }),
    ]);
    expect(alice.tracks.map(({ name }) => name)).toEqual(['mic', 'chat']);
    expect(failures(alice)).toEqual({ camera: 53125 });
  });

  it('is one beyond what the room takes of all its participants', () => {
    const room = testRooms().create({ largeRoom: true });
    const alice = join(
      room,
      'alice',
      Array.from({ length: 10 }, (_, index) => claim(`a${index}`)),
    );
    const bob = join(
      room,
      'bob',
      Array.from({ length: 7 }, (_, index) => claim(`b${index}`)),
    );
    expect(room.publishedTrackCount).toBe(16);
    expect(failures(bob)).toEqual({ b6: 53203 });
    alice.disconnect({ type: 'left' });
    bob.updateTracks([...bob.tracks, claim('b7')]);
    expect(failures(bob)).toEqual({});
    expect(bob.trackByClientId('b7')).toBeDefined();
  });

  it('is one whose entry in the list was wrong', () => {
    const error = new TwilioError(53300);
    const house = testRooms();
    const alice = join(house.create(), 'alice', [{ clientId: 'odd', error }]);
    expect(alice.tracks).toEqual([]);
    expect(alice.failedTracks.get('odd')).toBe(error);
    expect(house.last('track-publication-failed')?.error).toBe(error);
  });

  it('takes a published one away when the entry becomes wrong', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice', [claim('mic')]);
    alice.updateTracks([{ clientId: 'mic', error: new TwilioError(53301) }]);
    expect(alice.tracks).toEqual([]);
    expect(failures(alice)).toEqual({ mic: 53301 });
    expect(house.types.slice(-2)).toEqual(['track-unpublished', 'track-publication-failed']);
  });

  it('is told of once, and tried again only after the client has dropped it', () => {
    const house = testRooms();
    const alice = join(house.create(), 'alice', [
      claim('one', { name: 'mic' }),
      claim('two', { name: 'mic' }),
    ]);
    alice.updateTracks([claim('two', { name: 'mic' })]);
    expect(failures(alice)).toEqual({ two: 53304 });
    expect(house.all('track-publication-failed')).toHaveLength(1);
    alice.updateTracks([]);
    expect(failures(alice)).toEqual({});
    alice.updateTracks([claim('two', { name: 'mic' })]);
    expect(alice.tracks).toMatchObject([{ clientId: 'two', name: 'mic' }]);
  });

  it('does not show to the others', () => {
    const alice = join(testRooms().create({ audioOnly: true }), 'alice');
    const { revision, publishedRevision } = alice;
    alice.updateTracks([claim('camera', { kind: 'video' })]);
    expect(alice.revision).toBe(revision);
    expect(alice.publishedRevision).toBeGreaterThan(publishedRevision);
  });
});

/** What a room does with lists of tracks, told apart from how: the plain rules. */
class PlainTracks {
  published = new Map<string, TrackAnnouncement>();
  failed = new Map<string, number>();

  take(list: readonly TrackClaim[]): void {
    const byId = new Map(list.map((entry) => [entry.clientId, entry]));
    for (const [id, track] of [...this.published]) {
      const entry = byId.get(id);
      if (!entry || 'error' in entry || entry.kind !== track.kind || entry.name !== track.name)
        this.published.delete(id);
    }
    for (const id of [...this.failed.keys()]) if (!byId.has(id)) this.failed.delete(id);
    for (const [id, entry] of byId) {
      if (this.failed.has(id)) continue;
      const known = this.published.get(id);
      if ('error' in entry) this.failed.set(id, entry.error.code);
      else if (known) this.published.set(id, entry);
      else if (entry.name.length > 128) this.failed.set(id, 53302);
      else if ([...this.published.values()].some(({ name }) => name === entry.name))
        this.failed.set(id, 53304);
      else if (entry.kind === 'video') this.failed.set(id, 53125);
      else if (this.published.size >= 16) this.failed.set(id, 53203);
      else this.published.set(id, entry);
    }
  }
}

describe('Any sequence of lists of tracks', () => {
  const ids = fc.integer({ min: 0, max: 23 }).map((number) => `id-${number}`);
  const names = fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom('mic', 'camera', 'x'.repeat(129)) },
  );
  const kinds = fc.constantFrom<TrackKind>('audio', 'audio', 'data', 'data', 'data', 'video');
  const entries: fc.Arbitrary<TrackClaim> = fc.oneof(
    {
      weight: 20,
      arbitrary: fc
        .record({
          clientId: ids,
          kind: kinds,
          name: names,
          enabled: fc.boolean(),
          priority: fc.constantFrom('low' as const, 'standard' as const, 'high' as const),
        })
        .map((entry) => ({ ...entry, name: entry.name ?? entry.clientId })),
    },
    { weight: 1, arbitrary: ids.map((clientId) => ({ clientId, error: new TwilioError(53300) })) },
  );
  // A list of its own, or the one before with a track muted or unmuted.
  const steps = fc.oneof(fc.array(entries, { maxLength: 30 }), fc.nat());
  const lists = fc.array(steps, { maxLength: 12 }).map((sequence) =>
    sequence.reduce<TrackClaim[][]>((all, step) => {
      const last = all.at(-1) ?? [];
      const toggled = (entry: TrackClaim, index: number): TrackClaim =>
        index === (step as number) % last.length && 'enabled' in entry
          ? { ...entry, enabled: !entry.enabled }
          : entry;
      return [...all, Array.isArray(step) ? step : last.map(toggled)];
    }, []),
  );

  it('leaves published what the last list says but for what failed, with revisions that only grow', () => {
    fc.assert(
      fc.property(lists, (sequence) => {
        const alice = join(testRooms().create({ audioOnly: true, largeRoom: true }), 'alice');
        const plain = new PlainTracks();
        for (const list of sequence) {
          const shown = JSON.stringify(alice.tracks);
          const sids = alice.tracks.map(({ sid }) => sid).join();
          const { revision, publishedRevision } = alice;
          alice.updateTracks(list);
          plain.take(list);

          const published = alice.tracks.map(({ clientId, kind, name, enabled, priority }) => [
            clientId,
            { clientId, kind, name, enabled, priority },
          ]);
          expect(Object.fromEntries(published)).toEqual(Object.fromEntries(plain.published));
          expect(failures(alice)).toEqual(Object.fromEntries(plain.failed));
          expect(new Set(alice.tracks.map(({ name }) => name)).size).toBe(alice.tracks.length);

          const changed = JSON.stringify(alice.tracks) !== shown;
          if (changed) expect(alice.revision).toBeGreaterThan(revision);
          else expect(alice.revision).toBe(revision);
          expect(alice.publishedRevision).toBeGreaterThanOrEqual(publishedRevision);
          if (alice.tracks.map(({ sid }) => sid).join() !== sids)
            expect(alice.publishedRevision).toBeGreaterThan(publishedRevision);
        }
      }),
    );
  });

  it('is announced so that whoever follows the events knows what is published', () => {
    fc.assert(
      fc.property(lists, (sequence) => {
        const house = testRooms();
        const alice = join(house.create({ audioOnly: true, largeRoom: true }), 'alice');
        for (const list of sequence) alice.updateTracks(list);
        const published = new Set<string>();
        for (const event of house.events) {
          if (event.type === 'track-published') {
            expect(published.has(event.track.sid)).toBe(false);
            published.add(event.track.sid);
          }
          if (event.type === 'track-unpublished') expect(published.delete(event.track.sid)).toBe(true);
        }
        expect([...published]).toEqual(alice.tracks.map(({ sid }) => sid));
      }),
    );
  });
});
