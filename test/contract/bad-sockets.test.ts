import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BareSocket, frame, upgrade } from '../support/bare-socket.js';
import { Bystanders } from '../support/bystanders.js';
import { FORM, rawRequest } from '../support/raw-http.js';
import { SOON, TestServer } from '../support/test-server.js';

let server: TestServer;
let bystanders: Bystanders;
const bareSockets: BareSocket[] = [];

beforeAll(async () => {
  server = await TestServer.start({ limits: { closeTimeoutMs: 200 } });
  bystanders = await Bystanders.join(server);
});
afterEach(async () => {
  await bystanders.undisturbed();
  for (const { socket } of bareSockets.splice(0)) socket.destroy();
  await server.tidy();
});
afterAll(() => server.stop());

async function saying(data: string | Buffer): Promise<BareSocket> {
  const bare = await BareSocket.saying(server.url, data);
  bareSockets.push(bare);
  return bare;
}

async function upgraded(): Promise<BareSocket> {
  const bare = await BareSocket.upgraded(server.url);
  bareSockets.push(bare);
  return bare;
}

const connections = () => server.atrium.signaling.connectionCount;
const BYSTANDERS = 2;

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
  ])('are refused, and the connection is closed: %s', async (_what, data) => {
    const bare = await saying(data);
    await bare.ended;
    expect(bare.received).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect((await rawRequest(server.url, '/v1/Rooms')).status).toBe(200);
  });

  test('that stop in the middle of a request do no harm', async () => {
    for (const data of ['', 'GET', 'GET /v1/Rooms HTTP/1.1\r\nHost: ', upgrade().slice(0, -2)]) {
      const bare = await saying(data);
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
  ])('%s is refused', async (_what, changes) => {
    const bare = await saying(upgrade(changes));
    await bare.ended;
    expect(bare.received).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(connections()).toBe(BYSTANDERS);
  });

  test('for another protocol is served as the plain request that it also is', async () => {
    const plain = {
      Upgrade: 'h2c',
      Connection: 'Upgrade, HTTP2-Settings',
      'HTTP2-Settings': 'AAMAAABkAAQAAP__',
    };
    for (const [path, status] of [
      ['/health', 200],
      ['/signaling', 404],
    ] as const) {
      const bare = await saying(upgrade(plain, path));
      await expect.poll(() => bare.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      bare.socket.destroy();
    }
    const form = 'UniqueName=by-h2c';
    const answer = await rawRequest(server.url, '/v1/Rooms', {
      method: 'POST',
      headers: { ...plain, ...FORM },
      body: form,
    });
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({ unique_name: 'by-h2c' });
  });

  test('that is refused keeps no socket, even of a peer that never closes its half', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = sockets();
    const bare = await saying(upgrade({}, '/nowhere'));
    await bare.ended;
    // The server's end is gone; the peer's own is left.
    await expect.poll(sockets).toBe(before + 1);
  });

  test.each(['POST', 'PUT', 'DELETE'])('by %s is refused', async (method) => {
    const bare = await saying(upgrade().replace('GET', method));
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
    const bare = await upgraded();
    bare.socket.write(bytes);
    await bare.ended;
    bare.socket.end();
    await expect.poll(connections, SOON).toBe(BYSTANDERS);
  });

  test('may send a message in pieces, byte by byte', async () => {
    const bare = await upgraded();
    for (const byte of frame(0x81, text)) bare.socket.write(Buffer.from([byte]));
    await expect.poll(() => bare.received, SOON).toContain('"welcome"');
  });

  test('may send a message in fragments', async () => {
    const bare = await upgraded();
    bare.socket.write(Buffer.concat([frame(0x01, text.subarray(0, 9)), frame(0x80, text.subarray(9))]));
    await expect.poll(() => bare.received, SOON).toContain('"welcome"');
  });
});
