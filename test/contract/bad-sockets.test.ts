import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Bystanders } from '../support/bystanders.js';
import { rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';

const HELLO_TIMEOUT = 600;
const IDLE_TIMEOUT = 900;
let server: TestServer;
let bystanders: Bystanders;
const sockets: Socket[] = [];

beforeAll(async () => {
  server = await TestServer.start({
    limits: { helloTimeoutMs: HELLO_TIMEOUT, idleTimeoutMs: IDLE_TIMEOUT, closeTimeoutMs: 200 },
  });
});
beforeEach(async () => {
  bystanders = await Bystanders.join(server);
});
afterEach(async () => {
  await bystanders.undisturbed();
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.tidy();
});
afterAll(() => server.stop());

/** A bare connection, whose end of the server's side is told, and which does not end its own. */
class Bare {
  readonly socket: Socket;
  received = '';
  readonly ended: Promise<unknown>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data) => (this.received += data.toString('latin1')));
    socket.on('error', () => {});
    this.ended = Promise.race([once(socket, 'end'), once(socket, 'close')]);
  }

  static async open(): Promise<Bare> {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    sockets.push(socket);
    await once(socket, 'connect');
    return new Bare(socket);
  }

  static async saying(data: string | Buffer): Promise<Bare> {
    const bare = await Bare.open();
    bare.socket.write(data);
    return bare;
  }

  /** Has become a WebSocket that sends bytes as they are. */
  static async upgraded(): Promise<Bare> {
    const bare = await Bare.saying(upgrade());
    await once(bare.socket, 'data');
    expect(bare.received).toMatch(/^HTTP\/1\.1 101 /);
    bare.received = '';
    return bare;
  }
}

function upgrade(changes: Record<string, string> = {}, path = '/signaling'): string {
  const headers = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    ...changes,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}

/** A WebSocket frame of a client, with a mask of zeros. */
function frame(firstByte: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? [firstByte, 0x80 | length] : [firstByte, 0x80 | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
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
    await Bare.upgraded();
    expect(connections()).toBe(BYSTANDERS + 1);
    await expect.poll(connections, { timeout: 5000 }).toBe(BYSTANDERS);
  });
});

describe('a client that never enters a room', () => {
  test('is sent away, however lively', async () => {
    const client = await server.open();
    client.hello(undefined, { timeout: 200 });
    const begin = performance.now();
    const token = await server.token('mallory');
    await client.settled(token);
    await client.closed;
    expect(performance.now() - begin).toBeGreaterThan(IDLE_TIMEOUT - 100);
    expect(performance.now() - begin).toBeLessThan(IDLE_TIMEOUT + 2000);
  });

  test('is sent away after refused attempts, too', async () => {
    const client = await server.open();
    client.hello(client.connectMessage({ token: 'bad' }));
    await client.next('error');
    await client.closed;
  });

  test('is not to be mixed up with one that entered in time, and may stay', async () => {
    const client = await server.open();
    client.hello(undefined, { timeout: 200 });
    await client.nextFrame('welcome');
    client.send(client.connectMessage({ token: await server.token('alice'), name: 'room' }));
    await client.next('connected');
    await (
      await server.open()
    ).closed;
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
    await expect.poll(() => generous.atrium.signaling.connectionCount).toBe(1);
    await generous.end();
  });
});

describe('bytes that are no HTTP', () => {
  test.each([
    ['a word', 'hello\r\n\r\n'],
    ['binary noise', Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 37) % 256))],
    ['the beginning of TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['a method that is none', 'G@T / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a version that is none', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost x\r\n\r\n'],
    ['headers without end', `GET / HTTP/1.1\r\n${'X-Padding: xxxxxxxxxxxxxxxx\r\n'.repeat(2000)}`],
    ['an endless path', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a length that is none', 'POST /v1/Rooms HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    [
      'two lengths that differ',
      'POST /v1/Rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    ],
    [
      'a length and chunks',
      'POST /v1/Rooms HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'a chunk that is none',
      'POST /v1/Rooms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n',
    ],
  ])('%s are answered with 400 at most, and the connection is closed', async (_what, data) => {
    const bare = await Bare.saying(data);
    await bare.ended;
    expect(bare.received).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect((await rawRequest(server.url, '/v1/Rooms')).status).toBe(200);
  });

  test('which stop in the middle of a request do no harm', async () => {
    for (const data of ['', 'GET', 'GET /v1/Rooms HTTP/1.1\r\nHost: ', upgrade().slice(0, -2)]) {
      const bare = await Bare.saying(data);
      bare.socket.resetAndDestroy();
    }
    expect((await rawRequest(server.url, '/v1/Rooms')).status).toBe(200);
  });
});

describe('a request for a WebSocket', () => {
  test.each([
    ['without a key', { 'Sec-WebSocket-Key': '' }],
    ['with a key that is none', { 'Sec-WebSocket-Key': 'key' }],
    ['without a version', { 'Sec-WebSocket-Version': '' }],
    ['of another version', { 'Sec-WebSocket-Version': '99' }],
    ['for another protocol', { Upgrade: 'tcmp' }],
  ])('%s is refused', async (_what, changes) => {
    const bare = await Bare.saying(upgrade(changes));
    await bare.ended;
    expect(bare.received).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(connections()).toBe(BYSTANDERS);
  });

  test.each(['POST', 'PUT', 'DELETE'])('by %s is refused', async (method) => {
    const bare = await Bare.saying(upgrade().replace('GET', method));
    await bare.ended;
    expect(bare.received).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  test('that is made without asking for one is not found', async () => {
    for (const path of ['/signaling', '/v1/VideoEvents']) {
      expect((await rawRequest(server.url, path)).status).toBeGreaterThanOrEqual(400);
      expect((await rawRequest(server.url, path)).status).toBeLessThan(500);
    }
  });
});

describe('a WebSocket that breaks the rules', () => {
  const text = Buffer.from('{"type":"hello","version":2}');

  test.each([
    ['a frame without a mask', Buffer.concat([Buffer.from([0x81, text.length]), text])],
    ['a frame of a reserved kind', frame(0x83, text)],
    ['a frame with a reserved bit', frame(0xc1, text)],
    ['a continuation of nothing', frame(0x80, text)],
    ['a text that is none', frame(0x81, Buffer.from([0xff, 0xfe, 0xfd]))],
    ['a ping of many bytes', frame(0x89, Buffer.alloc(300))],
    ['a close with half a code', frame(0x88, Buffer.from([3]))],
    ['a close with a code that is none', frame(0x88, Buffer.from([0, 5]))],
    [
      'a length beyond all measure',
      Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ],
    ['noise', Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 91) % 256))],
  ])('with %s is closed', async (_what, bytes) => {
    const bare = await Bare.upgraded();
    bare.socket.write(bytes);
    await bare.ended;
    await expect.poll(connections).toBe(BYSTANDERS);
  });

  test('may send a message in pieces, byte by byte', async () => {
    const bare = await Bare.upgraded();
    for (const byte of frame(0x81, text)) bare.socket.write(Buffer.from([byte]));
    await expect.poll(() => bare.received).toContain('"welcome"');
  });

  test('may send a message in fragments', async () => {
    const bare = await Bare.upgraded();
    bare.socket.write(Buffer.concat([frame(0x01, text.subarray(0, 9)), frame(0x80, text.subarray(9))]));
    await expect.poll(() => bare.received).toContain('"welcome"');
  });
});

test('many clients that come and die at once leave nothing behind', async () => {
  const token = await server.token('mallory');
  await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const client = await server.open();
      client.hello(client.connectMessage({ token, name: `room-${index}` }));
      if (index % 3 === 0) await client.nextFrame('welcome');
      if (index % 3 === 1) await client.next('connected');
      client.socket.terminate();
    }),
  );
  await expect.poll(connections).toBe(BYSTANDERS);
  server.clock.advance(30_000);
  await expect.poll(() => server.atrium.rooms.all.map(({ name }) => name)).toEqual(['bystanders']);
  expect(server.atrium.signaling.sessionCount).toBe(BYSTANDERS);
});
