import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { SOON, TestServer } from '../support/test-server.js';
import { accessToken } from '../support/tokens.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

describe('the host name of a signalling connection', () => {
  test.each([
    ['us1.vss.twilio.com', 'us1'],
    ['de1.vss.twilio.com', 'de1'],
    ['jp1.vss.twilio.com:443', 'jp1'],
    ['sg1.vss.stage.twilio.com', 'sg1'],
    ['global.vss.twilio.com', 'us1'],
    ['gll.vss.twilio.com', 'us1'],
    ['localhost:4040', 'us1'],
    ['video.example.com', 'us1'],
  ])('%s leads to the region %s', async (host, region) => {
    const alice = await server.join('alice', 'room', { host });
    expect(alice.messages[0]).toMatchObject({ options: { signaling_region: region, media_region: 'us1' } });
  });

  test.each(['foo.vss.twilio.com', '$abc.vss.twilio.com', 'us9.vss.twilio.com', 'US-1.vss.stage.twilio.com'])(
    'is refused where there is no such region: %s',
    async (host) => {
      await expect(server.open({ host })).rejects.toThrow('403');
    },
  );

  test('decides on the region of the media where the room leaves it open', async () => {
    await server.twilio.video.v1.rooms.create({ uniqueName: 'room', mediaRegion: 'gll' });
    const alice = await server.join('alice', 'room', { host: 'ie1.vss.twilio.com' });
    expect(alice.messages[0]).toMatchObject({ options: { signaling_region: 'ie1', media_region: 'ie1' } });
  });
});

describe('the path of a WebSocket', () => {
  test('may have a query', async () => {
    const client = await server.open({}, '/signaling?transport=tcmp');
    client.hello();
    await client.nextFrame('welcome');
  });

  test.each(['/', '/signal', '/signaling/x', '/v1/Rooms', '/Signaling', '/%'])(
    'is refused when it is %s',
    async (path) => {
      await expect(server.open({}, path)).rejects.toThrow('404');
    },
  );
});

test('no more connections are taken than are allowed, and others when some are gone', async () => {
  const small = await TestServer.start({ limits: { maxConnections: 2 } });
  const first = await small.open();
  await small.open();
  await expect(small.open()).rejects.toThrow('503');
  await first.drop();
  await expect.poll(() => small.atrium.signaling.connectionCount, SOON).toBe(1);
  await small.open();
  await small.end();
});

interface Answer {
  type: string;
  session?: string;
  code?: number;
  message?: string;
}

describe('the gateway for events', () => {
  const publisher = {
    name: 'twilio-video.js',
    sdkVersion: '2.36.0',
    userAgent: 'none',
    participantSid: `PA${'0'.repeat(32)}`,
    roomSid: `RM${'0'.repeat(32)}`,
  };

  async function openGateway(on = server): Promise<WebSocket> {
    const url = on.atrium.wsServer.replace('/signaling', '/v1/VideoEvents');
    const socket = new WebSocket(url, { headers: { Host: 'sdkgw.us1.twilio.com' } });
    await once(socket, 'open');
    return socket;
  }

  async function ask(socket: WebSocket, message: unknown): Promise<Answer> {
    const answer = once(socket, 'message');
    socket.send(JSON.stringify(message));
    return JSON.parse(String((await answer)[0])) as Answer;
  }

  const connectMessage = (token: string) => ({ type: 'connect', version: 1, token, publisher });
  const event = (session: string) => ({
    type: 'event',
    version: 1,
    session,
    group: 'signaling',
    name: 'connected',
    level: 'info',
    payload: { elapsedTime: 12 },
    timestamp: 1,
  });

  test('gives a session to whoever has a token, and takes events from then on', async () => {
    const socket = await openGateway();
    const answer = await ask(socket, connectMessage(await server.token('alice')));
    expect(answer).toMatchObject({ type: 'connected', session: expect.stringMatching(/\S/) as string });
    for (let count = 0; count < 20; count++) socket.send(JSON.stringify(event(answer.session!)));
    socket.send(JSON.stringify(event('another session')));
    const again = await ask(socket, connectMessage(await server.token('alice')));
    expect(again.type).toBe('connected');
    socket.close(1000);
    await once(socket, 'close');
  });

  test('refuses a token that is none', async () => {
    const socket = await openGateway();
    const bad = await accessToken({ secret: 'x'.repeat(32) });
    const answer = await ask(socket, connectMessage(bad));
    expect(answer).toMatchObject({ type: 'error', message: 'Invalid Access Token signature' });
    socket.terminate();
  });

  test('gives up on who says nothing, and on who has no better token', async () => {
    const impatient = await TestServer.start({ limits: { helloTimeoutMs: 500 } });
    const silent = await openGateway(impatient);
    const refused = await openGateway(impatient);
    const closed = Promise.all([silent, refused].map((socket) => once(socket, 'close')));
    await ask(refused, connectMessage('bad'));
    const welcome = await openGateway(impatient);
    await ask(welcome, connectMessage(await server.token('alice')));
    await closed;
    await once(await openGateway(impatient), 'close');
    expect((await ask(welcome, connectMessage(await server.token('alice')))).type).toBe('connected');
    welcome.terminate();
    await impatient.end();
  });

  test.each([
    'not JSON',
    'null',
    '[]',
    '{}',
    '{"type":"connect"}',
    '{"type":"event","version":1}',
    '{"type":"__proto__"}',
  ])('closes on what is no message of its: %s', async (text) => {
    const socket = await openGateway();
    socket.send(text);
    expect((await once(socket, 'close'))[0]).toBe(1008);
  });

  test('closes on a frame that is too large', async () => {
    const socket = await openGateway();
    socket.on('error', () => {});
    socket.send('x'.repeat(2_000_000));
    await once(socket, 'close');
  });
});
