import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { track } from '../support/rsp.js';
import type { RoomView } from '../support/room-view.js';
import type { SignalingClient } from '../support/signaling-client.js';
import { TestServer } from '../support/test-server.js';
import { accessToken } from '../support/tokens.js';

const SESSION_TIMEOUT = 20;
let server: TestServer;
let token: string;

beforeAll(async () => {
  server = await TestServer.start({ sessionTimeout: SESSION_TIMEOUT });
});
beforeEach(async () => {
  token = await server.token('alice');
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const room = (name: string) => server.twilio.video.v1.rooms(name);
const aliceIs = (state: string) => (view: RoomView) => view.participant('alice')?.state === state;

/** Alice has lost her connection, and the watcher has seen it. */
async function lost(): Promise<{ alice: SignalingClient; watcher: SignalingClient }> {
  const watcher = await server.join('watcher', 'room');
  const alice = await server.join('alice', 'room', { tracks: [track('mic')] });
  await alice.drop();
  await watcher.until('alice to reconnect', aliceIs('reconnecting'));
  return { alice, watcher };
}

/** A new connection that asks for the session of an old one; resolves with the final answer. */
async function refusal(old: SignalingClient, withToken = token) {
  const client = await server.open({ after: old });
  client.hello(client.syncMessage(withToken));
  await client.nextFrame('welcome');
  return client;
}

describe('a client that lost its connection', () => {
  test('is told at the connect how long it may be away', async () => {
    const alice = await server.join('alice', 'room');
    expect(alice.messages[0]).toMatchObject({ options: { session_timeout: SESSION_TIMEOUT } });
  });

  test('keeps its tracks while it is away, and has left when its time is over', async () => {
    const { watcher } = await lost();
    expect(watcher.view.participant('alice')?.tracks).toMatchObject([{ name: 'mic' }]);
    server.clock.advance(SESSION_TIMEOUT * 1000 - 1);
    await server.settled(watcher);
    expect(watcher.view.participant('alice')?.state).toBe('reconnecting');
    server.clock.advance(1);
    await watcher.until('alice to be gone', aliceIs('disconnected'));
    expect(watcher.view.participant('alice')?.tracks).toMatchObject([{ name: 'mic' }]);
  });

  test('is shown as reconnecting to those who come meanwhile', async () => {
    await lost();
    const late = await server.join('late', 'room');
    expect(late.view.participant('alice')).toMatchObject({
      state: 'reconnecting',
      tracks: [{ name: 'mic' }],
    });
  });

  test('keeps its place in a full room', async () => {
    await server.twilio.video.v1.rooms.create({ uniqueName: 'room', maxParticipants: 2 });
    const { alice } = await lost();
    const third = await server.open();
    third.hello(third.connectMessage({ token: await server.token('third'), name: 'room' }));
    expect(await third.next('error')).toMatchObject({ code: 53105 });
    const again = await server.open({ after: alice });
    await again.sync(token);
  });
});

describe('a sync in time', () => {
  test('is answered with the whole state of the session', async () => {
    const { alice, watcher } = await lost();
    const again = await server.open({ after: alice });
    const synced = await again.sync(token);
    expect(synced).toMatchObject({
      version: 2,
      session: alice.view.session,
      sid: watcher.view.sid,
      name: 'room',
      participant: { sid: alice.view.ownSid, identity: 'alice', state: 'connected' },
      participants: [{ sid: watcher.view.ownSid, identity: 'watcher', state: 'connected', tracks: [] }],
      published: { tracks: [{ id: 'mic', state: 'ready', sid: alice.view.publishedSid('mic') }] },
      subscribed: { tracks: [] },
      recording: { is_recording: false },
      peer_connections: [],
    });
    await watcher.until('alice to be back', aliceIs('connected'));
    expect(watcher.view.participants.size).toBe(1);
  });

  test('tells what happened meanwhile, and only those who are there', async () => {
    const gone = await server.join('gone', 'room');
    const { alice, watcher } = await lost();
    gone.bye();
    await gone.closed;
    await server.join('new', 'room', { tracks: [track('face', { kind: 'video' })] });
    watcher.announce([track('voice')]);
    await server.settled(watcher);
    const again = await server.open({ after: alice });
    const { participants } = await again.sync(token);
    const told = participants!.map(({ identity, tracks }) => [identity, tracks.map(({ name }) => name)]);
    expect(told.toSorted()).toEqual([
      ['new', ['face']],
      ['watcher', ['voice']],
    ]);
  });

  test('may bring a newer list of tracks', async () => {
    const { alice, watcher } = await lost();
    const again = await server.open({ after: alice });
    const { published } = await again.sync(token, [track('mic', { enabled: false }), track('cam')]);
    expect(published!.tracks.map(({ id, state }) => [id, state])).toEqual([
      ['mic', 'ready'],
      ['cam', 'ready'],
    ]);
    await watcher.until('two tracks', (view) => view.participant('alice')?.tracks.length === 2);
    expect(watcher.view.participant('alice')?.tracks[0]).toMatchObject({ name: 'mic', enabled: false });
  });

  test('changes nothing with a list of tracks that was told before', async () => {
    const { alice, watcher } = await lost();
    const again = await server.open({ after: alice });
    again.hello(again.syncMessage(token, { participant: { revision: 1, tracks: [] } }));
    expect((await again.next('synced')).published!.tracks).toHaveLength(1);
    await watcher.until('alice to be back', aliceIs('connected'));
    expect(watcher.view.participant('alice')?.tracks).toHaveLength(1);
  });

  test('ends the waiting: the session lives on, and takes updates', async () => {
    const { alice, watcher } = await lost();
    server.clock.advance(SESSION_TIMEOUT * 1000 - 1);
    const again = await server.open({ after: alice });
    await again.sync(token);
    server.clock.advance(SESSION_TIMEOUT * 1000 * 2);
    again.announce([]);
    await watcher.until('no tracks', (view) => view.participant('alice')?.tracks.length === 0);
    expect(watcher.view.participant('alice')?.state).toBe('connected');
  });

  test('can follow upon every loss, each with its full time', async () => {
    const { alice, watcher } = await lost();
    let last = alice;
    for (let round = 0; round < 3; round++) {
      server.clock.advance(SESSION_TIMEOUT * 1000 - 1);
      last = await server.open({ after: last });
      await last.sync(token);
      await watcher.until('alice to be back', aliceIs('connected'));
      await last.drop();
      await watcher.until('alice to reconnect', aliceIs('reconnecting'));
    }
    server.clock.advance(SESSION_TIMEOUT * 1000);
    await watcher.until('alice to be gone', aliceIs('disconnected'));
  });

  test('takes the session over from a connection that still stands, and nobody notices', async () => {
    const watcher = await server.join('watcher', 'room');
    const alice = await server.join('alice', 'room');
    await watcher.until('alice to be there', aliceIs('connected'));
    const again = await server.open({ after: alice });
    await again.sync(token);
    await alice.closed;
    await server.settled(watcher);
    const states = watcher.messages.flatMap(({ participants = [] }) =>
      participants.map(({ state }) => state),
    );
    expect(states).toEqual(['connected']);
    again.announce([track('mic')]);
    await watcher.until('a track', (view) => view.participant('alice')?.tracks.length === 1);
  });

  test('is taken with a fresh token of the same identity', async () => {
    const { alice } = await lost();
    const again = await server.open({ after: alice });
    await again.sync(await accessToken({ identity: 'alice', ttl: 7200 }));
  });
});

describe('a sync is refused', () => {
  test('with 53001 for a session that the server does not know', async () => {
    const client = await server.open();
    client.hello(client.syncMessage(token, { session: 'e4a7e1c0-0000-4000-8000-000000000000' }));
    expect(await client.next('error')).toMatchObject({ code: 53001, message: expect.any(String) as string });
  });

  test("with another identity's token, and the session is untouched", async () => {
    const { alice, watcher } = await lost();
    const thief = await refusal(alice, await server.token('mallory'));
    expect(await thief.next('error')).toMatchObject({ code: 53001 });
    await server.settled(watcher);
    expect(watcher.view.participant('alice')?.state).toBe('reconnecting');
    const again = await server.open({ after: alice });
    await again.sync(token);
  });

  test('with 20104 when the token has expired, though the session outlived it', async () => {
    const shortLived = await accessToken({ identity: 'alice', ttl: 300 });
    const own = await TestServer.start({ sessionTimeout: SESSION_TIMEOUT });
    const alice = await own.join('alice', 'room', { token: shortLived });
    const watcher = await own.join('watcher', 'room');
    own.clock.advance(600_000);
    alice.announce([track('mic')]);
    await watcher.until('a track', (view) => view.participant('alice')?.tracks.length === 1);
    await alice.drop();
    await watcher.until('alice to reconnect', aliceIs('reconnecting'));
    const again = await own.open({ after: alice });
    again.hello(again.syncMessage(shortLived));
    expect(await again.next('error')).toMatchObject({ code: 20104 });
    await own.end();
  });

  test('with 53204 when the participant was removed', async () => {
    const { alice } = await lost();
    await room('room').participants('alice').update({ status: 'disconnected' });
    const late = await refusal(alice);
    expect(await late.next('error')).toMatchObject({ code: 53204 });
  });

  test("with 'completed' when the room has ended", async () => {
    const { alice } = await lost();
    await room('room').update({ status: 'completed' });
    const late = await refusal(alice);
    expect(await late.next('disconnected')).toMatchObject({ status: 'completed' });
  });

  test('with 53205 when the identity has come again', async () => {
    const { alice, watcher } = await lost();
    await server.join('alice', 'room');
    const late = await refusal(alice);
    expect(await late.next('error')).toMatchObject({ code: 53205 });
    await server.settled(watcher);
    expect(watcher.view.others).toEqual(['alice']);
  });

  test('with 53204 when its time is over', async () => {
    const { alice, watcher } = await lost();
    server.clock.advance(SESSION_TIMEOUT * 1000);
    const late = await refusal(alice);
    expect(await late.next('error')).toMatchObject({ code: 53204 });
    await server.settled(watcher);
    expect(watcher.view.others).toEqual([]);
  });

  test('with 53216 when the longest time in the room was over', async () => {
    await server.twilio.video.v1.rooms.create({ uniqueName: 'room', maxParticipantDuration: 600 });
    const watcher = await server.join('watcher', 'room');
    const alice = await server.join('alice', 'room');
    server.clock.advance(599_000);
    await alice.drop();
    await watcher.until('alice to reconnect', aliceIs('reconnecting'));
    server.clock.advance(1000);
    const late = await refusal(alice);
    expect(await late.next('error')).toMatchObject({ code: 53216 });
  });

  test('with 53004 on a connection that is in a room already', async () => {
    const { alice } = await lost();
    const bob = await server.join('bob', 'room');
    bob.send(alice.syncMessage(await server.token('bob')));
    expect(await bob.next('error')).toMatchObject({ code: 53004 });
  });
});

test('a session that ended by the word of its client is not resumed', async () => {
  await server.join('watcher', 'room');
  const alice = await server.join('alice', 'room');
  alice.bye();
  await alice.closed;
  const late = await refusal(alice);
  expect(await late.next('disconnected')).not.toHaveProperty('status');
});
