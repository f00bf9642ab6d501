import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { answered, offered } from '../support/offers.js';
import { track } from '../support/rsp.js';
import type { LocalTrack } from '../support/rsp.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const rooms = () => server.twilio.video.v1.rooms;

/** Alice, and someone who sees what she publishes. */
async function stage(tracks: LocalTrack[] = []) {
  const watcher = await server.join('watcher', 'room');
  const alice = await server.join('alice', 'room', { tracks });
  const seen = () => watcher.view.participant('alice')?.tracks ?? [];
  const names = () => seen().map(({ name }) => name);
  return { alice, watcher, seen, names };
}

describe('a track', () => {
  test('that is announced at the connect is ready in its answer, and seen by the others', async () => {
    const tracks = [
      track('a-id', { name: 'voice', priority: 'high' }),
      track('v-id', { kind: 'video', name: 'face', enabled: false, priority: 'low' }),
      track('d-id', { kind: 'data', name: 'chat', priority: null }),
    ];
    const { alice, watcher, seen } = await stage(tracks);
    const { published } = alice.messages[0]!;
    expect(published!.tracks).toEqual(
      tracks.map(({ id }) => ({
        id,
        sid: expect.stringMatching(/^MT[0-9a-f]{32}$/) as string,
        state: 'ready',
      })),
    );
    expect(new Set(published!.tracks.map(({ sid }) => sid)).size).toBe(3);
    await watcher.until('three tracks', () => seen().length === 3);
    expect(seen()).toMatchObject([
      { sid: published!.tracks[0]!.sid, kind: 'audio', name: 'voice', enabled: true, priority: 'high' },
      { sid: published!.tracks[1]!.sid, kind: 'video', name: 'face', enabled: false, priority: 'low' },
      { sid: published!.tracks[2]!.sid, kind: 'data', name: 'chat', enabled: true, priority: 'standard' },
    ]);
  });

  test('that is announced later is published by an update', async () => {
    const { alice, watcher, names } = await stage();
    alice.announce([track('mic')]);
    await alice.until('a SID', (view) => view.publishedSid('mic'));
    await watcher.until('the track', () => names().join() === 'mic');
    expect(watcher.view.participant('alice')!.tracks[0]!.sid).toBe(alice.view.publishedSid('mic'));
  });

  test('that is no longer announced is unpublished', async () => {
    const { alice, watcher, names } = await stage([track('mic'), track('cam', { kind: 'video' })]);
    alice.announce([track('cam', { kind: 'video' })]);
    await watcher.until('one track', () => names().join() === 'cam');
    await alice.until('one track', (view) => view.published.tracks.map(({ id }) => id).join() === 'cam');
  });

  test('that comes again has another SID', async () => {
    const { alice, watcher, names } = await stage([track('mic')]);
    const first = alice.view.publishedSid('mic');
    alice.announce([]);
    await watcher.until('no track', () => names().length === 0 && watcher.view.others.includes('alice'));
    alice.announce([track('mic')]);
    await watcher.until('the track', () => names().join() === 'mic');
    await alice.until('a SID', (view) => view.publishedSid('mic'));
    expect(alice.view.publishedSid('mic')).not.toBe(first);
  });

  test('is seen as it is muted, unmuted and given another priority, under the same SID', async () => {
    const { alice, watcher, seen } = await stage([track('mic')]);
    await watcher.until('the track', () => seen().length === 1);
    const { sid } = seen()[0]!;
    alice.announce([track('mic', { enabled: false })]);
    await watcher.until('mute', () => seen()[0]?.enabled === false);
    alice.announce([track('mic', { enabled: true, priority: 'high' })]);
    await watcher.until('unmute', () => seen()[0]?.enabled === true);
    expect(seen()).toMatchObject([{ sid, enabled: true, priority: 'high' }]);
  });

  test('that changes its kind is another track', async () => {
    const { alice, watcher, seen } = await stage([track('x')]);
    await watcher.until('the track', () => seen().length === 1);
    const { sid } = seen()[0]!;
    alice.announce([track('x', { kind: 'video' })]);
    await watcher.until('a video', () => seen()[0]?.kind === 'video');
    expect(seen()[0]!.sid).not.toBe(sid);
  });

  test('without a name is called by its id', async () => {
    const { watcher, names } = await stage([track('mic', { name: undefined })]);
    await watcher.until('the track', () => names().join() === 'mic');
  });
});

describe('a list of tracks', () => {
  test.each([1, 0, -5])(
    'that is not newer than the last one is passed over (revision %i)',
    async (revision) => {
      const { alice, watcher, names } = await stage([track('mic')]);
      alice.announce([], revision);
      await server.settled(alice, watcher);
      expect(names()).toEqual(['mic']);
    },
  );

  test('may skip revisions, after which those in between are old', async () => {
    const { alice, watcher, names } = await stage();
    alice.announce([track('new')], 100);
    await watcher.until('the track', () => names().join() === 'new');
    alice.announce([track('old')], 99);
    await server.settled(alice, watcher);
    expect(names()).toEqual(['new']);
  });

  test('of thousands is refused with 53203, which ends the session', async () => {
    const { alice, watcher, names } = await stage([track('mic')]);
    alice.announce(Array.from({ length: 3000 }, (_, index) => track(`${index}`)));
    expect(await alice.next('error')).toMatchObject({ code: 53203 });
    await watcher.until('alice to be gone', (view) => view.participant('alice')?.state === 'disconnected');
    expect(names()).toEqual(['mic']);
  });

  test('of thousands is refused at the connect, and leaves no room behind', async () => {
    const client = await server.open();
    const tracks = Array.from({ length: 3000 }, (_, index) => track(`${index}`));
    client.hello(client.connectMessage({ token: await server.token('alice'), name: 'crowd', tracks }));
    expect(await client.next('error')).toMatchObject({ code: 53203 });
    expect(server.atrium.rooms.all).toEqual([]);
  });
});

describe('a track that cannot be published', () => {
  test.each<[number, string, Partial<LocalTrack>]>([
    [53300, 'of an unknown kind', { kind: 'smell' }],
    [53300, 'whose kind is no text', { kind: 7 as never }],
    [53300, 'that is neither enabled nor disabled', { enabled: 'perhaps' as never }],
    [53300, 'of an unknown priority', { priority: 'urgent' }],
    [53301, 'whose name is a number', { name: 7 }],
    [53301, 'whose name is a list', { name: ['mic'] }],
    [53301, 'whose name is empty', { name: '' }],
    [53302, 'whose name has 129 characters', { name: 'n'.repeat(129) }],
    [53304, 'whose name another one has', { name: 'other' }],
  ])('fails with %i alone: one %s', async (code, _what, changes) => {
    const { alice, watcher, names } = await stage([track('other')]);
    alice.announce([track('other'), track('bad', changes), track('good')]);
    await alice.until('the failure', (view) => view.failure('bad'));
    expect(alice.view.failure('bad')).toBe(code);
    expect(alice.view.publishedSid('good')).toMatch(/^MT/);
    await watcher.until('the good one', () => names().join() === 'other,good');
    await server.settled(alice);
    expect(alice.view.failure('bad')).toBe(code);
  });

  test('is only seen to fail after the answer to the connect', async () => {
    const { alice, watcher, names } = await stage([
      track('1', { name: 'same' }),
      track('2', { name: 'same' }),
    ]);
    const { published } = alice.messages[0]!;
    expect(published!.tracks.map(({ id, state }) => [id, state])).toEqual([
      ['1', 'ready'],
      ['2', 'created'],
    ]);
    await alice.until('the failure', (view) => view.failure('2'));
    expect(alice.view.failure('2')).toBe(53304);
    expect(alice.view.published.tracks.find(({ id }) => id === '2')?.error?.message).toMatch(/\S/);
    await watcher.until('the first', () => names().join() === 'same');
  });

  test('may be announced anew once it was withdrawn and the reason is gone', async () => {
    const { alice, watcher, seen } = await stage([track('1', { name: 'same' })]);
    alice.announce([track('1', { name: 'same' }), track('2', { name: 'same' })]);
    await alice.until('the failure', (view) => view.failure('2'));
    alice.announce([]);
    await watcher.until('no track', () => seen().length === 0);
    alice.announce([track('2', { name: 'same' })]);
    await alice.until('success', (view) => view.publishedSid('2'));
  });

  test('may be one that another participant publishes under the same name', async () => {
    const { alice, watcher, names } = await stage([track('mic')]);
    watcher.announce([track('mic')]);
    await watcher.until('success', (view) => view.publishedSid('mic'));
    await alice.until('its track', (view) => view.participant('watcher')?.tracks.length === 1);
    expect(names()).toEqual(['mic']);
  });

  test('is a video in a room for audio only', async () => {
    await rooms().create({ uniqueName: 'room', audioOnly: true });
    const { alice } = await stage([track('mic'), track('cam', { kind: 'video' })]);
    await alice.until('the failure', (view) => view.failure('cam'));
    expect(alice.view.failure('cam')).toBe(53125);
    expect(alice.view.publishedSid('mic')).toMatch(/^MT/);
  });

  test('may have a name of 128 characters', async () => {
    const { alice } = await stage([track('mic', { name: 'n'.repeat(128) })]);
    expect(alice.view.publishedSid('mic')).toMatch(/^MT/);
  });
});

describe('the number of tracks in a room', () => {
  const many = (count: number, prefix = 't') =>
    Array.from({ length: count }, (_, index) => track(`${prefix}${index}`, { kind: 'data' }));

  test('is limited to 170 over all participants: the next one fails with 53203', async () => {
    const watcher = await server.join('watcher', 'room', { tracks: many(100) });
    const alice = await server.join('alice', 'room', { tracks: many(71, 'a') });
    await alice.until('the failure', (view) => view.failure('a70'));
    expect(alice.view.failure('a70')).toBe(53203);
    expect(alice.view.publishedSid('a69')).toMatch(/^MT/);
    watcher.announce(many(99));
    alice.announce([...many(70, 'a'), track('more')]);
    await alice.until('success', (view) => view.publishedSid('more'));
  });

  test('is limited to 16 in a large room', async () => {
    await rooms().create({ uniqueName: 'large', maxParticipants: 51 });
    const alice = await server.join('alice', 'large', { tracks: many(17) });
    await alice.until('the failure', (view) => view.failure('t16'));
    expect(alice.view.failure('t16')).toBe(53203);
    expect(alice.view.published.tracks.filter(({ state }) => state === 'ready').length).toBe(16);
  });
});

describe('a subscription', () => {
  test('is told with the id that stands in the offer which brings the media, and leaves with the track', async () => {
    const sections = [{ mid: '0', kind: 'audio', trackId: 'mic', ssrc: 7 }] as const;
    const alice = await server.join('alice', 'room', {
      tracks: [track('mic')],
      peerConnections: [offered('pc-a', sections)],
    });
    const bob = await server.join('bob', 'room', {
      peerConnections: [offered('pc-b', [{ mid: '0', kind: 'audio' }])],
    });
    const first = await bob.next('update');
    const [subscription] = first.subscribed!.tracks;
    expect(subscription).toEqual({ sid: alice.view.publishedSid('mic'), id: expect.any(String) as string });
    const [state] = first.peer_connections!;
    expect(state).toMatchObject({ id: 'pc-b', description: { type: 'offer', revision: 2 } });
    const idsIn = (sdp = ''): (string | undefined)[] =>
      [...sdp.matchAll(/^a=msid:\S+ (\S+)/gm)].map(([, id]) => id);
    expect(idsIn(state!.description!.sdp)).toEqual([subscription!.id]);
    bob.update({ peer_connections: [answered(state!)] });

    alice.announce([]);
    await bob.until('no subscription', (view) => view.subscribed.tracks.length === 0);
    expect(bob.view.participant('alice')?.tracks).toEqual([]);
  });

  test('is not told where nobody asked for media', async () => {
    const alice = await server.join('alice', 'room', {
      tracks: [track('mic')],
      peerConnections: [offered('pc-a', [{ mid: '0', kind: 'audio', trackId: 'mic', ssrc: 7 }])],
    });
    const bob = await server.join('bob', 'room');
    await server.settled(alice, bob);
    expect(bob.view.subscribed.tracks).toEqual([]);
  });

  test("of one's own tracks does not exist", async () => {
    const alice = await server.join('alice', 'room', {
      tracks: [track('mic')],
      peerConnections: [offered('pc-a', [{ mid: '0', kind: 'audio', trackId: 'mic', ssrc: 7 }])],
    });
    await server.settled(alice);
    expect(alice.view.subscribed.tracks).toEqual([]);
  });
});

describe('the answer to an offer', () => {
  test("bears the offer's id and revision, and tells that the server needs no candidates", async () => {
    const alice = await server.open();
    const peerConnections = [offered('pc-1', [{ mid: 'x', kind: 'audio' }], 1)];
    const connected = await alice.join({ token: await server.token('alice'), name: 'room', peerConnections });
    expect(connected.peer_connections).toMatchObject([
      { id: 'pc-1', description: { type: 'answer', revision: 1 } },
    ]);
    const { sdp } = connected.peer_connections![0]!.description!;
    expect(sdp).toContain('a=ice-lite\r\n');
    expect(sdp).toContain('a=mid:x\r\n');
  });

  test('is listed again after a sync', async () => {
    const watcher = await server.join('watcher', 'room');
    const alice = await server.join('alice', 'room', {
      peerConnections: [offered('pc-1', [{ mid: '0', kind: 'application' }])],
    });
    await alice.drop();
    await watcher.until('alice to reconnect', (view) => view.participant('alice')?.state === 'reconnecting');
    const again = await server.open({ after: alice });
    expect(await again.sync(await server.token('alice'))).toMatchObject({
      peer_connections: [{ id: 'pc-1' }],
    });
  });
});

describe('the recording', () => {
  const recordings = (states: { recording?: { is_recording: boolean } }[]) =>
    states.flatMap(({ recording }) => (recording ? [recording.is_recording] : []));

  test('is on while a track is published that is to be recorded, and off otherwise', async () => {
    await rooms().create({ uniqueName: 'room', recordParticipantsOnConnect: true });
    const { alice, watcher } = await stage([track('chat', { kind: 'data' })]);
    expect(alice.view.recording).toMatchObject({ is_recording: false });
    alice.announce([track('chat', { kind: 'data' }), track('mic')]);
    await watcher.until('the recording', (view) => view.recording?.is_recording === true);
    await alice.until('the recording', (view) => view.recording?.is_recording === true);
    const late = await server.join('late', 'room');
    expect(late.view.recording).toMatchObject({ is_recording: true });
    alice.announce([track('chat', { kind: 'data' })]);
    for (const client of [alice, watcher, late]) {
      await client.until('no recording', (view) => view.recording?.is_recording === false);
    }
    expect(recordings(watcher.messages)).toEqual([false, true, false]);
  });

  test('ends when the last who was recorded leaves', async () => {
    await rooms().create({ uniqueName: 'room', recordParticipantsOnConnect: true });
    const { alice, watcher } = await stage([track('mic')]);
    await watcher.until('the recording', (view) => view.recording?.is_recording === true);
    alice.bye();
    await watcher.until('no recording', (view) => view.recording?.is_recording === false);
  });

  test('follows the rules that the room was created with', async () => {
    const recordingRules = [{ type: 'include', kind: 'video' }];
    await rooms().create({ uniqueName: 'room', recordingRules });
    const { alice, watcher } = await stage([track('mic')]);
    await server.settled(watcher);
    expect(watcher.view.recording).toMatchObject({ is_recording: false });
    alice.announce([track('mic'), track('cam', { kind: 'video' })]);
    await watcher.until('the recording', (view) => view.recording?.is_recording === true);
  });

  test('is off in a room that is not recorded', async () => {
    const { alice, watcher } = await stage([track('mic')]);
    await server.settled(alice, watcher);
    expect(recordings([...alice.messages, ...watcher.messages])).toEqual([false, false]);
  });
});
