import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Bystanders } from '../support/bystanders.js';
import { track } from '../support/rsp.js';
import type { SignalingClient } from '../support/signaling-client.js';
import { TestServer } from '../support/test-server.js';

const MAX_FRAME = 200_000;
const MAX_BAD_FRAMES = 5;
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;

let server: TestServer;
let bystanders: Bystanders;
let token: string;

beforeAll(async () => {
  const limits = { maxFrameBytes: MAX_FRAME, maxBadFrames: MAX_BAD_FRAMES, maxFramesPerSecond: 300 };
  server = await TestServer.start({ limits });
  token = await server.token('mallory');
  bystanders = await Bystanders.join(server);
});
afterEach(async () => {
  await bystanders.undisturbed();
  await server.tidy();
});
afterAll(() => server.stop());

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const NO_FRAMES: [string, string | Buffer][] = [
  ['nothing', ''],
  ['a word', 'hello'],
  ['half of a frame', '{"type":"hello","version":2'],
  ['JSON null', 'null'],
  ['a number', '42'],
  ['a text', '"hello"'],
  ['an empty list', '[]'],
  ['a list of frames', '[{"type":"hello","version":2}]'],
  ['an empty object', '{}'],
  ['an unknown type', '{"type":"hi","version":2}'],
  ['a type that is a list', '{"type":["hello"],"version":2}'],
  ['a type of the language', '{"type":"__proto__","version":2}'],
  ['only a prototype', '{"__proto__":{"type":"hello","version":2}}'],
  ['very deep lists', nested(50_000)],
  ['very deep objects', '{"type":'.repeat(20_000)],
  ['a binary frame', Buffer.from('{"type":"hello","version":2}')],
  ['binary noise', Buffer.from([0, 255, 254, 128, 7])],
  ['a message without a body', '{"type":"msg"}'],
  ['a hello of another version', '{"type":"hello","version":1}'],
  ['a hello without a version', '{"type":"hello"}'],
  ['a hello whose timeout is a text', '{"type":"hello","version":2,"timeout":"5000"}'],
  ['a hello whose timeout is negative', '{"type":"hello","version":2,"timeout":-5000}'],
  ['a hello whose timeout is beyond all numbers', '{"type":"hello","version":2,"timeout":1e999}'],
];

describe('a first frame with', () => {
  test.each(NO_FRAMES)('%s is called bad, and the connection closed', async (_what, data) => {
    const client = await server.open();
    client.raw(data);
    expect(await client.nextFrame('bad')).toMatchObject({ reason: expect.stringMatching(/\S/) as string });
    expect((await client.closed).code).toBe(POLICY_VIOLATION);
  });

  test.each(['msg', 'heartbeat', 'bye'])("the type '%s' before any hello is as bad", async (type) => {
    const client = await server.open();
    client.frame({ type, body: { type: 'ice', version: 1, token } });
    await client.nextFrame('bad');
    expect((await client.closed).code).toBe(POLICY_VIOLATION);
    expect(client.messages).toEqual([]);
  });
});

describe('in a room, a frame with', () => {
  test.each(NO_FRAMES)('%s is called bad, and the session goes on', async (_what, data) => {
    const client = await server.join('mallory', 'room');
    client.raw(data);
    await client.nextFrame('bad');
    await server.settled(client);
    expect(server.atrium.rooms.find(server.atrium.config.accounts[0]!.sid, 'room')!.present.length).toBe(1);
  });
});

test('a client that sends bad frame after bad frame loses its connection, and has not left', async () => {
  const watcher = await server.join('watcher', 'room');
  const client = await server.join('mallory', 'room');
  for (let count = 0; count <= MAX_BAD_FRAMES; count++) client.raw('garbage');
  expect((await client.closed).code).toBe(POLICY_VIOLATION);
  await watcher.until('it to reconnect', (view) => view.participant('mallory')?.state === 'reconnecting');
});

describe('a frame that is too large', () => {
  test.each([MAX_FRAME + 1, 3 * MAX_FRAME])('closes a new connection (%i bytes)', async (size) => {
    const client = await server.open();
    client.raw('x'.repeat(size));
    expect((await client.closed).code).toBe(TOO_BIG);
  });

  test('closes the connection of a participant, who has not left', async () => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('mallory', 'room');
    client.update({ padding: 'x'.repeat(MAX_FRAME) });
    expect((await client.closed).code).toBe(TOO_BIG);
    await watcher.until('it to reconnect', (view) => view.participant('mallory')?.state === 'reconnecting');
  });

  test('of just the allowed size is read', async () => {
    const client = await server.open();
    const hello = JSON.stringify({ type: 'hello', version: 2, padding: '' });
    client.raw(hello.replace('""', `"${'x'.repeat(MAX_FRAME - hello.length)}"`));
    await client.nextFrame('welcome');
  });
});

const connect = (changes: object): object => ({
  type: 'connect',
  version: 2,
  name: 'room',
  token,
  participant: { revision: 1, tracks: [] },
  peer_connections: [],
  ...changes,
});
const update = (changes: object): object => ({ type: 'update', version: 2, ...changes });
const tracks = (...list: unknown[]): object => ({ participant: { revision: 5, tracks: list } });
const descriptions = (...list: unknown[]): object => ({
  peer_connections: list.map((description) => ({ id: 'pc', description })),
});

const NO_MESSAGES: [string, () => unknown][] = [
  ['null', () => null],
  ['a text', () => 'connect'],
  ['a number', () => 42],
  ['a list', () => [connect({})]],
  ['an empty object', () => ({})],
  ['an unknown type', () => ({ type: 'join', version: 2 })],
  ["a server's own type", () => ({ type: 'connected', version: 2 })],
  ['a type of the language', () => ({ type: 'constructor', version: 2 })],
  ['ice without a token', () => ({ type: 'ice', version: 1 })],
  ['ice of another version', () => ({ type: 'ice', version: 2, token })],
  ['a connect of another version', () => connect({ version: 1 })],
  ['a connect without a token', () => connect({ token: undefined })],
  ['a connect whose token is an object', () => connect({ token: { jwt: token } })],
  ['a connect without a participant', () => connect({ participant: undefined })],
  ['a connect whose tracks are an object', () => connect({ participant: { revision: 1, tracks: {} } })],
  ['a connect without a revision', () => connect({ participant: { tracks: [] } })],
  ['a connect of half a revision', () => connect({ participant: { revision: 1.5, tracks: [] } })],
  ['a connect of an enormous revision', () => connect({ participant: { revision: 1e300, tracks: [] } })],
  ['a connect with a track without id', () => connect(tracks({ kind: 'audio', name: 'mic' }))],
  ['a connect with a track that is null', () => connect(tracks(null))],
  ['a connect with a track of a very long id', () => connect(tracks(track('x'.repeat(10_000))))],
  ['a connect whose rules are none', () => connect({ subscribe: { rules: [], revision: 0 } })],
  ['a connect whose rules are numbers', () => connect({ subscribe: { rules: [1], revision: 0 } })],
  ['a connect whose channels are a text', () => connect({ media_signaling: 'all' })],
  ['a sync without a session', () => ({ type: 'sync', version: 2, token })],
  ['a sync whose session is a number', () => ({ type: 'sync', version: 2, token, session: 1 })],
  ['an update of another version', () => ({ type: 'update', version: 1 })],
  ['an update of another session', () => update({ session: 'not-mine' })],
  ['an update with a track that is a text', () => update(tracks('mic'))],
  ['an update whose revision is a text', () => update({ participant: { revision: '7', tracks: [] } })],
  ['peer connections that are an object', () => update({ peer_connections: {} })],
  ['a peer connection without id', () => update({ peer_connections: [{}] })],
  ['a peer connection of a very long id', () => update({ peer_connections: [{ id: 'x'.repeat(1000) }] })],
  ['a thousand peer connections', () => update({ peer_connections: Array(1000).fill({ id: 'pc' }) })],
  ['a description of an unknown type', () => update(descriptions({ type: 'rollback', revision: 1 }))],
  ['an offer without a description', () => update(descriptions({ type: 'offer', revision: 1 }))],
  [
    'an offer whose description is a list',
    () => update(descriptions({ type: 'offer', revision: 1, sdp: [] })),
  ],
  [
    'an offer of a negative revision',
    () => update(descriptions({ type: 'offer', revision: -1, sdp: 'v=0' })),
  ],
  [
    'an offer of an enormous revision',
    () => update(descriptions({ type: 'offer', revision: 1e99, sdp: 'v=0' })),
  ],
];

describe('a message with', () => {
  test.each(NO_MESSAGES)('%s is answered with 53004', async (_what, body) => {
    const client = await server.open();
    client.hello();
    client.frame({ type: 'msg', body: body() });
    expect(await client.next('error')).toMatchObject({ code: 53004, message: expect.any(String) as string });
    expect(server.atrium.rooms.all.length).toBe(1);
  });

  test.each(NO_MESSAGES)('%s ends the session of a participant with 53004', async (_what, body) => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('mallory', 'room', { tracks: [track('mic')] });
    await watcher.until('it to be there', (view) => view.others.includes('mallory'));
    client.frame({ type: 'msg', body: body() });
    expect(await client.next('error')).toMatchObject({ code: 53004 });
    await client.closed;
    await watcher.until('it to be gone', (view) => view.participant('mallory')?.state === 'disconnected');
  });

  test('a hello is answered in the same way', async () => {
    const client = await server.open();
    client.hello({ type: 'join' });
    expect(await client.next('error')).toMatchObject({ code: 53004 });
    expect(client.frames[0]).toMatchObject({ type: 'welcome' });
  });

  test.each([
    ['a mode that does not exist', { video: { mode: 'circus' } }],
    ['a number of tracks in words', { video: { max_tracks: 'few' } }],
    ['a bandwidth in words', { video: { max_subscription_bandwidth: 'much' } }],
    ['no object', 'high'],
  ])('a bandwidth profile of %s is answered with 53208', async (_what, profile) => {
    const client = await server.open();
    client.hello(connect({ bandwidth_profile: profile }));
    expect(await client.next('error')).toMatchObject({ code: 53208 });
    expect(server.atrium.rooms.all.length).toBe(1);
  });
});

describe('messages at the wrong time', () => {
  test('an update before any connect is answered with 53004', async () => {
    const client = await server.open();
    client.hello();
    client.send(update(tracks(track('mic'))));
    expect(await client.next('error')).toMatchObject({ code: 53004 });
  });

  test('a disconnect before any connect does no harm', async () => {
    const client = await server.open();
    client.hello();
    client.send({ type: 'disconnect', version: 2, session: 'none' });
    await server.settled(client);
    expect(client.messages.map(({ type }) => type)).not.toContain('disconnected');
  });

  test('a second connect ends the session with 53004, and makes no second participant', async () => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('mallory', 'room');
    client.send(connect({ name: 'another room' }));
    expect(await client.next('error')).toMatchObject({ code: 53004 });
    await watcher.until('it to be gone', (view) => view.participant('mallory')?.state === 'disconnected');
    expect(server.atrium.rooms.all.map(({ name }) => name)).toEqual(['bystanders', 'room']);
  });

  test('two connects at once make one participant at most', async () => {
    const client = await server.open();
    client.hello(connect({ name: 'room' }));
    client.send(connect({ name: 'another room' }));
    expect(await client.next('error')).toMatchObject({ code: 53004 });
    await client.closed;
    expect(server.atrium.rooms.all.map(({ name }) => name)).toEqual(['bystanders']);
  });

  test('a failed connect can be followed by a better one on the same connection', async () => {
    const client = await server.open();
    client.hello(connect({ token: 'bad' }));
    expect(await client.next('error')).toMatchObject({ code: 20101 });
    client.send(connect({}));
    expect(await client.next('connected')).toMatchObject({ name: 'room' });
  });
});

describe('keys that mean something to the language', () => {
  const poison = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}';

  function send(client: SignalingClient, frame: object): void {
    const text = JSON.stringify(frame).replaceAll('{', `{${poison},`).replaceAll(',}', '}');
    client.raw(text);
  }

  test('change nothing, wherever in a message they stand', async () => {
    const client = await server.open();
    send(client, { type: 'hello', version: 2, timeout: 5000, body: connect(tracks(track('mic'))) });
    expect(await client.next('connected')).toMatchObject({ name: 'room' });
    send(client, { type: 'msg', body: update({ participant: { revision: 9, tracks: [track('cam')] } }) });
    await client.until('the track', (view) => view.publishedSid('cam'));
    expect({}).not.toHaveProperty('polluted');
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'are names like any other: %s',
    async (name) => {
      const identityToken = await server.token(name);
      const client = await server.join(name, name, {
        token: identityToken,
        tracks: [track(name)],
        changes: { media_signaling: { [name]: {} } },
      });
      expect(client.view.name).toBe(name);
      expect(client.view.publishedSid(name)).toMatch(/^MT/);
      const watcher = await server.join('watcher', name);
      expect(watcher.view.participant(name)?.tracks).toMatchObject([{ name }]);
      expect(Object.keys(client.messages[0]!.media_signaling!)).toEqual([]);
    },
  );
});

describe('a flood', () => {
  test.each<[string, (client: SignalingClient) => void]>([
    ['heartbeats', (client) => client.frame({ type: 'heartbeat' })],
    ['hellos', (client) => client.hello()],
    ['updates', (client) => client.update({})],
    ['requests for servers', (client) => client.send({ type: 'ice', version: 1, token })],
  ])('of %s costs the connection, and the session waits', async (_what, once) => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('mallory', 'room');
    for (let count = 0; count < 1000; count++) once(client);
    expect(await client.closed).toMatchObject({ code: POLICY_VIOLATION, reason: 'too many frames' });
    await watcher.until('it to reconnect', (view) => view.participant('mallory')?.state === 'reconnecting');
    const again = await server.open({ after: client });
    await again.sync(token);
  });

  test('of connections does no harm', async () => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => server.open()));
    clients.forEach((client) => client.hello(connect({ token: 'bad' })));
    for (const client of clients) expect(await client.next('error')).toMatchObject({ code: 20101 });
  });
});
