import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BareSocket } from '../support/bare-socket.js';
import { Bystanders } from '../support/bystanders.js';
import { SOON, TestServer } from '../support/test-server.js';

const HELLO_TIMEOUT = 500;
const IDLE_TIMEOUT = 1200;
let server: TestServer;
let bystanders: Bystanders;
const bareSockets: BareSocket[] = [];

beforeAll(async () => {
  server = await TestServer.start({
    limits: { helloTimeoutMs: HELLO_TIMEOUT, idleTimeoutMs: IDLE_TIMEOUT, closeTimeoutMs: 200 },
  });
  bystanders = await Bystanders.join(server);
});
afterEach(async () => {
  await bystanders.undisturbed();
  for (const { socket } of bareSockets.splice(0)) socket.destroy();
  await server.tidy();
});
afterAll(() => server.stop());

async function upgraded(): Promise<BareSocket> {
  const bare = await BareSocket.upgraded(server.url);
  bareSockets.push(bare);
  return bare;
}

const connections = () => server.atrium.signaling.connectionCount;
const BYSTANDERS = 2;

describe('a client that says nothing', () => {
  test('is sent away when its time is over', async () => {
    const client = await server.open();
    const begin = performance.now();
    expect(await client.closed).toMatchObject({ code: 1008 });
    expect(performance.now() - begin).toBeGreaterThan(HELLO_TIMEOUT - 100);
  });

  test('is cut off, even if it does not hear that it is sent away', async () => {
    await upgraded();
    expect(connections()).toBe(BYSTANDERS + 1);
    await expect.poll(connections, SOON).toBe(BYSTANDERS);
  });
});

describe('a client that never enters a room', () => {
  test('is sent away, however lively', async () => {
    const client = await server.open();
    client.hello(undefined, { timeout: 1000 });
    const begin = performance.now();
    await client.settled(await server.token('mallory'));
    expect(await client.closed).toMatchObject({ code: 1000 });
    expect(performance.now() - begin).toBeGreaterThan(IDLE_TIMEOUT - 100);
  });

  test('is sent away after refused attempts, too', async () => {
    const client = await server.open();
    client.hello(client.connectMessage({ token: 'bad' }));
    await client.next('error');
    await client.closed;
  });

  test('is not to be mixed up with one that entered in time, and may stay', async () => {
    const client = await server.open();
    client.hello();
    await client.nextFrame('welcome');
    client.send(client.connectMessage({ token: await server.token('alice'), name: 'room' }));
    await client.next('connected');
    const late = await server.open();
    late.hello();
    await late.closed;
    await server.settled(client);
  });
});

describe('a client that does not read', () => {
  test('is cut off when too much waits for it', async () => {
    const urls = Array.from({ length: 2000 }, (_, index) => `stun:server-${index}.example.com:3478`);
    const generous = await TestServer.start({
      iceServers: [{ urls }],
      limits: { maxBufferedBytes: 500_000, closeTimeoutMs: 200 },
    });
    const watcher = await generous.join('watcher', 'room');
    const client = await generous.join('mallory', 'room');
    const token = await generous.token('mallory');
    client.socket.pause();
    for (let count = 0; count < 300; count++) client.send({ type: 'ice', version: 1, token });
    await watcher.until('it to reconnect', (view) => view.participant('mallory')?.state === 'reconnecting');
    await expect.poll(() => generous.atrium.signaling.connectionCount, SOON).toBe(1);
    await generous.end();
  });
});
