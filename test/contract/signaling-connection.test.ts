import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SignalingClient } from '../support/signaling-client.js';
import { TestServer } from '../support/test-server.js';

const ICE_SERVERS = [
  { urls: 'stun:stun.example.com' },
  { urls: ['turn:turn.example.com'], username: 'user', credential: 'secret' },
];

/** Milliseconds: three of them in silence end a connection. */
const LIVELY = 300;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ iceServers: ICE_SERVERS });
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const iceMessage = async (): Promise<object> => ({
  type: 'ice',
  version: 1,
  edge: 'roaming',
  token: await server.token('alice'),
});

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('a hello', () => {
  test('is welcomed before its body is answered', async () => {
    const client = await server.open();
    client.hello(await iceMessage());
    await client.next('iced');
    expect(client.frames).toEqual([
      { type: 'welcome', negotiatedTimeout: 5000 },
      { type: 'msg', body: { type: 'iced', version: 1, ice_servers: ICE_SERVERS } },
    ]);
  });

  test('need not have a body: what follows is answered all the same', async () => {
    const client = await server.open();
    client.hello();
    client.send(await iceMessage());
    expect(await client.next('iced')).toMatchObject({ ice_servers: ICE_SERVERS });
    expect(client.frames[0]).toMatchObject({ type: 'welcome' });
  });

  test.each([200, 1234, 5000])('is granted the timeout of %i ms that it asks for', async (timeout) => {
    const client = await server.open();
    client.hello(undefined, { timeout });
    expect(await client.nextFrame('welcome')).toEqual({ type: 'welcome', negotiatedTimeout: timeout });
  });

  test.each([0.001, 1, 1e9, Number.MAX_VALUE])(
    'is granted a sensible timeout when it asks for %d ms',
    async (timeout) => {
      const client = await server.open();
      client.hello(undefined, { timeout });
      const { negotiatedTimeout } = await client.nextFrame('welcome');
      expect(negotiatedTimeout).toBeGreaterThanOrEqual(100);
      expect(negotiatedTimeout).toBeLessThanOrEqual(30_000);
      expect(Number.isInteger(negotiatedTimeout)).toBe(true);
    },
  );

  test('that comes again is welcomed again, and its body is not handled twice', async () => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.open();
    const body = client.connectMessage({ token: await server.token('alice'), name: 'room' });
    client.hello(body);
    client.hello(body);
    client.hello(body);
    await client.next('connected');
    await server.settled(client, watcher);
    expect(client.frames.filter(({ type }) => type === 'welcome').length).toBe(3);
    expect(client.messages.filter(({ type }) => type === 'connected').length).toBe(1);
    expect(client.messages.filter(({ type }) => type === 'error')).toEqual([]);
    expect(watcher.view.others).toEqual(['alice']);
    expect(watcher.view.participants.size).toBe(1);
  });
});

describe('heartbeats', () => {
  test('come from a server that has nothing to say', async () => {
    const client = await server.open({ heartbeats: false });
    client.hello(undefined, { timeout: 200 });
    const begin = performance.now();
    await client.nextFrame('heartbeat');
    expect(performance.now() - begin).toBeGreaterThan(150);
  });

  test('are answered with heartbeats', async () => {
    const client = await server.open({ heartbeats: false });
    client.hello(undefined, { timeout: 30_000 });
    await client.nextFrame('welcome');
    client.frame({ type: 'heartbeat' });
    expect(await client.nextFrame('heartbeat')).toEqual({ type: 'heartbeat' });
  });

  test('keep a connection alive for far longer than silence may last', async () => {
    const client = await server.join('alice', 'room', { timeout: LIVELY });
    for (let answered = 0; answered < 10; answered++) await client.nextFrame('heartbeat');
    await server.settled(client);
    expect(client.view.session).not.toBeNull();
  });

  test('need not come while messages do', async () => {
    const client = await server.join('alice', 'room', { timeout: LIVELY, heartbeats: false });
    for (let round = 0; round < 10; round++) {
      await pause(LIVELY / 2);
      await server.settled(client);
    }
  });
});

describe('a silent client', () => {
  test('loses its connection and has not left', async () => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('alice', 'room', { timeout: 200, heartbeats: false });
    await watcher.until('alice to be there', (view) => view.others.includes('alice'));
    const begin = performance.now();
    await client.closed;
    expect(performance.now() - begin).toBeGreaterThan(400);
    await watcher.until('alice to reconnect', (view) => view.participant('alice')?.state === 'reconnecting');
  });
});

describe('a client that leaves', () => {
  test("with 'bye' is gone at once, and its connection is closed", async () => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('alice', 'room');
    client.bye();
    expect(await client.closed).toMatchObject({ code: 1000 });
    await watcher.until('alice to be gone', (view) => view.participant('alice')?.state === 'disconnected');
    expect(server.atrium.signaling.sessionCount).toBe(1);
  });

  test("with 'disconnect' is gone at once, and is told so", async () => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('alice', 'room');
    client.disconnect();
    expect(await client.next('disconnected')).not.toHaveProperty('status');
    await client.closed;
    await watcher.until('alice to be gone', (view) => view.participant('alice')?.state === 'disconnected');
  });

  test('as the SDK does, with both, never shows as reconnecting', async () => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('alice', 'room');
    client.disconnect();
    client.bye();
    client.socket.close(1000);
    await client.closed;
    await watcher.until('alice to be gone', (view) => view.participant('alice')?.state === 'disconnected');
    const states = watcher.messages.flatMap(({ participants = [] }) =>
      participants.map(({ state }) => state),
    );
    expect(states).not.toContain('reconnecting');
  });

  test.each<[string, (client: SignalingClient) => void]>([
    ['dies', (client) => client.socket.terminate()],
    ['is closed without a word', (client) => client.socket.close(1000)],
    ['is closed for a network change', (client) => client.socket.close(3004)],
  ])('has not left when only its socket %s', async (_how, end) => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('alice', 'room');
    end(client);
    await watcher.until('alice to reconnect', (view) => view.participant('alice')?.state === 'reconnecting');
    expect(watcher.view.others).toEqual(['alice']);
  });
});

test('a server that stops ends the rooms, tells everyone, and goes away', async () => {
  const stopping = await TestServer.start();
  const alice = await stopping.join('alice', 'room');
  const idle = await stopping.open();
  idle.hello();
  await idle.nextFrame('welcome');
  await stopping.stop();
  expect(await alice.next('disconnected')).toMatchObject({ status: 'completed' });
  expect(await idle.closed).toMatchObject({ code: 1001 });
  await alice.closed;
});
