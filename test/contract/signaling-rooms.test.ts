import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { postForm } from '../support/raw-http.js';
import { track } from '../support/rsp.js';
import type { SignalingClient } from '../support/signaling-client.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const rooms = () => server.twilio.video.v1.rooms;

/** The code with which a connect is refused. */
async function refusal(identity: string, name: unknown, on = server): Promise<number | undefined> {
  const client = await on.open();
  client.hello(client.connectMessage({ token: await on.token(identity), name }));
  const { code, message } = await client.next('error');
  expect(message).toMatch(/\S/);
  return code;
}

describe("the answer to 'connect'", () => {
  test('is the whole state of the room and of the session', async () => {
    const { sid } = await rooms().create({ uniqueName: 'room', mediaRegion: 'de1' });
    const bob = await server.join('bob', 'room', {
      tracks: [track('mic', { name: 'voice', enabled: false })],
    });
    const alice = await server.open();
    const connected = await alice.join({ token: await server.token('alice'), name: 'room' });
    expect(connected).toEqual({
      type: 'connected',
      version: 2,
      session: expect.stringMatching(/\S/) as string,
      sid,
      name: 'room',
      participant: {
        sid: expect.stringMatching(/^PA[0-9a-f]{32}$/) as string,
        identity: 'alice',
        revision: expect.any(Number) as number,
        state: 'connected',
        tracks: [],
      },
      participants: [
        {
          sid: bob.view.ownSid,
          identity: 'bob',
          revision: expect.any(Number) as number,
          state: 'connected',
          tracks: [
            {
              sid: bob.view.publishedSid('mic'),
              id: expect.any(String) as string,
              kind: 'audio',
              name: 'voice',
              enabled: false,
              priority: 'standard',
            },
          ],
        },
      ],
      published: { revision: expect.any(Number) as number, tracks: [] },
      subscribed: { revision: expect.any(Number) as number, tracks: [] },
      recording: { revision: expect.any(Number) as number, is_recording: false },
      peer_connections: [],
      media_signaling: {},
      options: {
        session_timeout: 30,
        media_region: 'de1',
        signaling_region: 'us1',
        audio_processors: ['krisp'],
      },
    });
  });

  test('comes as well when the message follows the hello', async () => {
    const alice = await server.open();
    alice.hello();
    alice.send(alice.connectMessage({ token: await server.token('alice'), name: 'room' }));
    expect(await alice.next('connected')).toMatchObject({ name: 'room' });
  });
});

describe('connecting', () => {
  test.each([null, ''])('without a name (%j) makes a new room that is called by its SID', async (name) => {
    const first = await server.join('alice', name);
    const second = await server.join('bob', name);
    expect(first.view.sid).toMatch(/^RM[0-9a-f]{32}$/);
    expect(first.view.name).toBe(first.view.sid);
    expect(second.view.sid).not.toBe(first.view.sid);
    expect((await rooms()(first.view.sid!).fetch()).uniqueName).toBe(first.view.sid);
  });

  test('by name meets whoever connected by that name, or by the SID', async () => {
    const alice = await server.join('alice', 'room');
    const bob = await server.join('bob', 'room');
    const cem = await server.join('cem', alice.view.sid);
    for (const client of [bob, cem]) expect(client.view).toMatchObject({ sid: alice.view.sid, name: 'room' });
    await alice.until('the others', (view) => view.others.join() === 'bob,cem');
    await bob.until('the others', (view) => view.others.join() === 'alice,cem');
    expect(cem.view.others).toEqual(['alice', 'bob']);
  });

  test('by name enters a room that was created over REST', async () => {
    const { sid } = await rooms().create({ uniqueName: 'made' });
    expect((await server.join('alice', 'made')).view.sid).toBe(sid);
  });

  test('by a name whose room has ended makes a new one', async () => {
    const { sid } = await rooms().create({ uniqueName: 'again' });
    await rooms()(sid).update({ status: 'completed' });
    const alice = await server.join('alice', 'again');
    expect(alice.view.sid).not.toBe(sid);
  });

  test('by an unknown SID is refused with 53106', async () => {
    expect(await refusal('alice', `RM${'0'.repeat(32)}`)).toBe(53106);
  });

  test('by the SID of a room that has ended is refused', async () => {
    const { sid } = await rooms().create();
    await rooms()(sid).update({ status: 'completed' });
    expect([53106, 53118]).toContain(await refusal('alice', sid));
  });

  test('is refused with 53101 for a name of 129 characters', async () => {
    expect(await refusal('alice', 'n'.repeat(129))).toBe(53101);
  });

  test('is refused with 53102 for a name with control characters', async () => {
    expect(await refusal('alice', 'a\u0007b')).toBe(53102);
  });

  test.each([42, true, ['room'], { room: 1 }])('is refused with 53100 for the name %j', async (name) => {
    expect(await refusal('alice', name)).toBe(53100);
  });
});

describe('where clients may not create rooms', () => {
  let closed: TestServer;

  beforeAll(async () => {
    closed = await TestServer.start({ roomDefaults: { clientSideRoomCreation: false } });
  });
  afterEach(() => closed.tidy());
  afterAll(() => closed.stop());

  test.each(['nowhere', null, ''])('connecting to %j is refused with 53106', async (name) => {
    expect(await refusal('alice', name, closed)).toBe(53106);
    expect(closed.atrium.rooms.all).toEqual([]);
  });

  test('a room that exists is open', async () => {
    const { sid } = await closed.twilio.video.v1.rooms.create({ uniqueName: 'made' });
    const alice = await closed.join('alice', 'made');
    const bob = await closed.join('bob', sid);
    expect([alice.view.sid, bob.view.sid]).toEqual([sid, sid]);
  });
});

describe('a full room', () => {
  test('refuses with 53105, and takes someone in again when someone has left', async () => {
    await rooms().create({ uniqueName: 'pair', maxParticipants: 2 });
    const alice = await server.join('alice', 'pair');
    const bob = await server.join('bob', 'pair');
    expect(await refusal('cem', 'pair')).toBe(53105);
    await server.settled(alice, bob);
    expect(alice.view.others).toEqual(['bob']);
    bob.bye();
    await bob.closed;
    const cem = await server.join('cem', 'pair');
    expect(cem.view.others).toEqual(['alice']);
  });

  test('lets an identity in that takes its own place', async () => {
    await rooms().create({ uniqueName: 'single', maxParticipants: 1 });
    const first = await server.join('alice', 'single');
    const second = await server.join('alice', 'single');
    expect(await first.next('error')).toMatchObject({ code: 53205 });
    expect(second.view.others).toEqual([]);
  });
});

describe('an identity that connects a second time', () => {
  test('ends its older session with 53205, and the others see one go and one come', async () => {
    const bob = await server.join('bob', 'room');
    const first = await server.join('alice', 'room', { tracks: [track('mic')] });
    const second = await server.join('alice', 'room');
    expect(await first.next('error')).toMatchObject({ code: 53205, message: expect.any(String) as string });
    await first.closed;
    await bob.until('the newer', (view) => view.participants.has(second.view.ownSid!));
    await bob.until('the older to be gone', (view) => {
      const older = view.participants.get(first.view.ownSid!);
      return older?.state === 'disconnected' && older.tracks.length === 1;
    });
    expect(bob.view.others).toEqual(['alice']);
    expect(second.view.others).toEqual(['bob']);
    expect(second.view.sid).toBe(first.view.sid);
  });

  test('keeps an ad-hoc room alive in which it was alone', async () => {
    const first = await server.join('alice', 'alone');
    const second = await server.join('alice', 'alone');
    expect(second.view.sid).toBe(first.view.sid);
    expect((await rooms()('alone').fetch()).status).toBe('in-progress');
  });

  test('may be in two rooms at once', async () => {
    const first = await server.join('alice', 'room-1');
    const second = await server.join('alice', 'room-2');
    await server.settled(first, second);
    expect(first.messages.map(({ type }) => type)).not.toContain('error');
    expect(server.atrium.signaling.sessionCount).toBe(2);
  });
});

describe('a participant that leaves', () => {
  test.each<[string, (client: SignalingClient) => unknown]>([
    ['with bye', (client) => client.bye()],
    ['with disconnect', (client) => client.disconnect()],
    [
      'because it was removed',
      () => rooms()('room').participants('alice').update({ status: 'disconnected' }),
    ],
  ])('%s is shown for the last time with the tracks that it had', async (_how, leave) => {
    const watcher = await server.join('watcher', 'room');
    const alice = await server.join('alice', 'room', {
      tracks: [track('mic'), track('cam', { kind: 'video' })],
    });
    await watcher.until('two tracks', (view) => view.participant('alice')?.tracks.length === 2);
    const before = watcher.view.participant('alice')!;
    await leave(alice);
    await watcher.until('alice to be gone', (view) => view.participant('alice')?.state === 'disconnected');
    const after = watcher.view.participant('alice')!;
    expect(after.tracks).toEqual(before.tracks);
    expect(after.revision).toBeGreaterThan(before.revision);
    await server.settled(watcher);
    const seen = watcher.messages.flatMap(({ participants = [] }) => participants);
    expect(seen.filter(({ tracks, revision }) => revision > before.revision && tracks.length < 2)).toEqual(
      [],
    );
  });

  test('is not there for those who come later', async () => {
    await server.join('watcher', 'room');
    const alice = await server.join('alice', 'room');
    alice.bye();
    await alice.closed;
    const late = await server.join('late', 'room');
    expect(late.view.others).toEqual(['watcher']);
    expect(late.view.participants.size).toBe(1);
  });
});

test('a room that is completed over REST ends for everyone with the status completed', async () => {
  const alice = await server.join('alice', 'room');
  const bob = await server.join('bob', 'room');
  const answer = await postForm(server.url, `/v1/Rooms/${alice.view.sid}`, { Status: 'completed' });
  expect(answer.status).toBe(202);
  for (const client of [alice, bob]) {
    expect(await client.next('disconnected')).toMatchObject({ type: 'disconnected', status: 'completed' });
    await client.closed;
  }
});

test('nobody ever finds themselves among the participants', async () => {
  const clients: SignalingClient[] = [];
  for (const identity of ['a', 'b', 'c', 'd']) {
    clients.push(await server.join(identity, 'room', { tracks: [track(`${identity}-mic`)] }));
  }
  clients.forEach((client, index) => client.announce([track(`new-${index}`)]));
  await server.settled(...clients);
  for (const { view, messages } of clients) {
    expect(view.participants.size).toBe(3);
    const told = messages.flatMap(({ participants = [] }) => participants.map(({ sid }) => sid));
    expect(told).not.toContain(view.ownSid);
  }
});

test('what changes in two rooms stays in each of them', async () => {
  const here = await server.join('here', 'room-1');
  const there = await server.join('there', 'room-2');
  there.announce([track('mic')]);
  const second = await server.join('second', 'room-2');
  second.bye();
  await second.closed;
  await server.settled(there, here);
  expect(here.messages.map(({ type }) => type).filter((type) => type !== 'iced')).toEqual(['connected']);
});
