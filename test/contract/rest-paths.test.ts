import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FORM, postForm, rawRequest } from '../support/raw-http.js';
import { SOON, TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, 'close');
  return port;
}

const rooms = () => server.twilio.video.v1.rooms;
const send = (method: string, path: string, options: object = {}) =>
  rawRequest(server.url, path, { method, ...options });

const SID = `RM${'a'.repeat(32)}`;
const PARTICIPANT = `/v1/Rooms/${SID}/Participants/PA${'b'.repeat(32)}`;
const PATHS = [
  '/v1/Rooms',
  `/v1/Rooms/${SID}`,
  `/v1/Rooms/${SID}/Participants`,
  PARTICIPANT,
  `${PARTICIPANT}/PublishedTracks`,
  `${PARTICIPANT}/PublishedTracks/voice`,
  `${PARTICIPANT}/SubscribedTracks`,
  `${PARTICIPANT}/SubscribedTracks/MT${'c'.repeat(32)}`,
  `${PARTICIPANT}/SubscribeRules`,
  `/v1/Rooms/${SID}/RecordingRules`,
  `/v1/Rooms/${SID}/Transcriptions`,
  `/v1/Rooms/${SID}/Transcriptions/video_transcriptions_x`,
  '/v1/RecordingSettings/Default',
];

describe('a name with odd characters', () => {
  test.each([
    'My Room ü',
    'a+b',
    'a%b',
    'a:b,c;d&e=f',
    "it's (a) *room*!",
    'a@b.example',
    '日本語',
    '🎈 party',
    '100%',
    '%',
    '$~^|<>"{}[]',
    'constructor',
    '__proto__',
    '..room',
  ])('finds the room %j through the helper library', async (name) => {
    const { sid } = await rooms().create({ uniqueName: name });
    expect(await rooms()(name).fetch()).toMatchObject({ sid, uniqueName: name });
    expect((await rooms().list({ uniqueName: name })).map((room) => room.sid)).toEqual([sid]);
    const alice = await server.join('alice', name);
    expect(alice.view.sid).toBe(sid);
    expect((await rooms()(name).participants.list()).length).toBe(1);
    expect((await rooms()(name).update({ status: 'completed' })).sid).toBe(sid);
  });

  test.each(['alice@example.com', 'Åsa Öberg', 'a+b', '50%', 'x:y,z;w&v=u'])(
    'finds the participant %j',
    async (identity) => {
      const alice = await server.join(identity, 'room');
      const participant = await rooms()('room').participants(identity).fetch();
      expect(participant).toMatchObject({ sid: alice.view.ownSid, identity });
    },
  );

  test('is decoded once where it is escaped', async () => {
    const { sid } = await rooms().create({ uniqueName: 'a b/c?d%20e' });
    const answer = await send('GET', '/v1/Rooms/a%20b%2Fc%3Fd%2520e');
    expect(answer.json).toMatchObject({ sid });
  });

  test.each(['/v1/Rooms/%', '/v1/Rooms/%E0%A4%A', '/v1/Rooms/%ff%fe', '/v1/Rooms/%00', '/v1/Rooms/%2e%2e'])(
    'that no room has is not found: %s',
    async (path) => {
      expect(await send('GET', path)).toMatchObject({ status: 404, json: { code: 20404 } });
    },
  );
});

describe('a path that leads nowhere', () => {
  test('is answered as Twilio does, also for a page, and only with credentials', async () => {
    const answer = await rawRequest(server.url, '/v1/Nowhere', {
      headers: { Origin: 'http://page.example' },
    });
    expect(answer).toMatchObject({
      status: 404,
      json: { code: 20404, message: expect.stringContaining('/Nowhere') },
    });
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'Content-Type, Authorization',
      'twilio-request-id': expect.any(String),
    });
    expect((await rawRequest(server.url, '/v1/Nowhere', { authorization: null })).status).toBe(401);
  });

  test('is not found when it is too long for any name', async () => {
    const answer = await rawRequest(server.url, `/v1/Rooms/${'x'.repeat(5000)}`);
    expect(answer).toMatchObject({ status: 404, json: { code: 20404, status: 404 } });
  });

  test('is told as the client sent it', async () => {
    const answer = await rawRequest(server.url, '/v1/Rooms/a%b');
    expect(answer.json).toMatchObject({ message: 'The requested resource /Rooms/a%b was not found' });
  });
});

describe('a slash at the end of a path', () => {
  test('does not count, and leads to no redirect', async () => {
    const created = await postForm(server.url, '/v1/Rooms/', { UniqueName: 'slash' });
    expect(created.status).toBe(201);
    expect((await send('GET', '/v1/Rooms/slash/')).json).toEqual(created.json);
    const listed = await send('GET', '/v1/Rooms/?UniqueName=slash');
    expect(listed).toMatchObject({ status: 200, json: { rooms: [created.json] } });
    expect((await send('GET', '/v1/Rooms/slash/Participants/')).status).toBe(200);
    const ended = await postForm(server.url, '/v1/Rooms/slash/', { Status: 'completed' });
    expect(ended.status).toBe(202);
  });
});

describe('the body of a request', () => {
  test.each([
    ['application/json', '{"UniqueName":"json","MaxParticipants":3}'],
    ['application/json', '{"UniqueName":'],
    ['application/json; charset=utf-8', '[]'],
    ['text/plain', 'UniqueName=json'],
    ['garbage', 'UniqueName=json'],
    [';;;', 'UniqueName=json'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="UniqueName"\r\n\r\nno\r\n--x--',
    ],
  ])('is passed over when it is %s', async (type, body) => {
    const answer = await send('POST', '/v1/Rooms', { headers: { 'Content-Type': type }, body });
    expect(answer.status).toBe(201);
    const { sid } = answer.json as { sid: string };
    expect(answer.json).toMatchObject({ unique_name: sid, max_participants: 50 });
    expect(server.log.map(({ msg }) => msg)).toContain('the body is not a form and was ignored');
  });

  test('is read with a character set after its type', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    const answer = await send('POST', '/v1/Rooms', { headers, body: 'UniqueName=%C3%BC+x' });
    expect(answer.json).toMatchObject({ unique_name: 'ü x' });
  });

  test('may be missing, as may its type', async () => {
    expect((await send('POST', '/v1/Rooms', { headers: { 'Content-Length': '0' } })).status).toBe(201);
    expect((await send('POST', '/v1/Rooms', { headers: FORM, body: '' })).status).toBe(201);
  });

  test('is refused with 413 when it is larger than a megabyte, announced or not', async () => {
    const body = `UniqueName=${'x'.repeat(1_100_000)}`;
    const tooLarge = { status: 413, json: { code: 20413, status: 413 } };
    expect(await send('POST', '/v1/Rooms', { headers: FORM, body })).toMatchObject(tooLarge);
    expect(await send('POST', '/v1/Rooms', { headers: FORM, body, chunked: true })).toMatchObject(tooLarge);
    expect(await rooms().list()).toEqual([]);
  });
});

describe('a method that a path does not know', () => {
  test.each(PATHS)('is refused with 405 at %s', async (path) => {
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await send(method, path, { headers: FORM, body: 'Status=completed' });
      expect(answer).toMatchObject({ status: 405, json: { code: 20004, status: 405 } });
      expect(answer.headers.allow).toContain('GET');
    }
  });

  test('is refused with 405 when it would delete a room, which goes on', async () => {
    const { sid } = await rooms().create();
    expect(await send('DELETE', `/v1/Rooms/${sid}`)).toMatchObject({ status: 405, json: { code: 20004 } });
    expect((await rooms()(sid).fetch()).status).toBe('in-progress');
  });

  test('is refused for a list of tracks that is posted to', async () => {
    const answer = await postForm(server.url, `${PARTICIPANT}/PublishedTracks`, { Name: 'x' });
    expect(answer).toMatchObject({ status: 405, json: { code: 20004 } });
  });

  test.each(['TRACE', 'PROPFIND', 'LOCK', 'SEARCH', 'PURGE'])('does no harm: %s', async (method) => {
    const answer = await send(method, '/v1/Rooms');
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect((await send('GET', '/v1/Rooms')).status).toBe(200);
  });
});

describe('HEAD', () => {
  test('is answered as GET is, without a body', async () => {
    await rooms().create({ uniqueName: 'head' });
    const found = await send('HEAD', '/v1/Rooms/head');
    expect([found.status, found.text]).toEqual([200, '']);
    expect((await send('HEAD', '/v1/Rooms')).status).toBe(200);
    expect((await send('HEAD', '/v1/Rooms/none')).status).toBe(404);
    expect((await send('HEAD', `${PARTICIPANT}/Anonymize`)).status).toBe(405);
  });
});

describe('a page of another origin', () => {
  const preflight = {
    authorization: null,
    headers: {
      Origin: 'https://app.example.com',
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type',
    },
  };

  test.each([...PATHS, '/v1/NotThere'])('may ask first, without credentials: %s', async (path) => {
    const answer = await send('OPTIONS', path, preflight);
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': expect.stringContaining('POST') as string,
      'access-control-allow-headers': 'Content-Type, Authorization',
    });
  });

  test('may read answers, refusals included', async () => {
    const headers = { Origin: 'https://app.example.com' };
    for (const [path, authorization, status] of [
      ['/v1/Rooms', undefined, 200],
      ['/v1/Rooms/none', undefined, 404],
      ['/v1/Rooms', null, 401],
    ] as const) {
      const answer = await send('GET', path, { headers, authorization });
      expect(answer.status).toBe(status);
      expect(answer.headers['access-control-allow-origin']).toBe('*');
    }
  });

  test('does no harm when it asks without saying what for', async () => {
    const answer = await send('OPTIONS', '/v1/Rooms', { authorization: null });
    expect(answer.status).toBeLessThan(500);
  });
});

describe('the links in an answer', () => {
  test('lead back to the host of the request', async () => {
    const { sid } = await rooms().create({ uniqueName: 'links' });
    await server.join('alice', sid);
    const headers = { Host: 'video.example.test:8080' };
    const base = 'http://video.example.test:8080/v1/Rooms';
    const room = await send('GET', '/v1/Rooms/links', { headers });
    expect(room.json).toMatchObject({
      url: `${base}/${sid}`,
      links: { participants: `${base}/${sid}/Participants` },
    });
    const participants = await send('GET', `/v1/Rooms/${sid}/Participants?PageSize=1`, { headers });
    expect(participants.json).toMatchObject({
      participants: [{ url: expect.stringContaining(`${base}/${sid}/Participants/PA`) as string }],
      meta: { url: `${base}/${sid}/Participants?PageSize=1&Page=0` },
    });
  });

  test('lead to the public URL where one is configured', async () => {
    const port = await freePort();
    const publicUrl = 'https://video.example.org';
    const behindProxy = await TestServer.start({ port, publicUrl });
    const created = await postForm(`http://127.0.0.1:${port}`, '/v1/Rooms', '');
    await behindProxy.stop();
    const { sid } = created.json as { sid: string };
    expect(created.json).toMatchObject({ url: `${publicUrl}/v1/Rooms/${sid}` });
    expect(behindProxy.atrium).toMatchObject({
      url: publicUrl,
      wsServer: 'wss://video.example.org/signaling',
    });
  });
});

test('every answer has a request id of its own, and is not to be cached', async () => {
  const first = await send('GET', '/v1/Rooms');
  const second = await send('GET', '/v1/Rooms/none');
  expect(first.headers['twilio-request-id']).toMatch(/^RQ[0-9a-f]{32}$/);
  expect(second.headers['twilio-request-id']).toMatch(/^RQ[0-9a-f]{32}$/);
  expect(first.headers['twilio-request-id']).not.toBe(second.headers['twilio-request-id']);
  expect(first.headers['cache-control']).toBe('no-store');
});

test('every answer has the headers that tools look for at Twilio, and none by which it could be cached', async () => {
  for (const path of ['/v1/Rooms', '/v1/Rooms/none', '/v1/Nowhere', '/atrium/v1/Settings']) {
    const { headers } = await send('GET', path, { headers: { Host: 'video.example.test' } });
    expect(headers).toMatchObject({
      'twilio-request-duration': expect.stringMatching(/^\d+\.\d{3}$/) as string,
      'twilio-concurrent-requests': expect.stringMatching(/^[1-9]\d*$/) as string,
      'x-home-region': 'us1',
      'x-api-domain': 'video.example.test',
      'cache-control': 'no-store',
    });
    expect(headers).not.toHaveProperty('etag');
    expect(headers).not.toHaveProperty('last-modified');
    // Twilio's own header for https: over http it is against the standard.
    expect(headers).not.toHaveProperty('strict-transport-security');
  }
});

test('requests that have been answered are no longer concurrent', async () => {
  await Promise.all(Array.from({ length: 20 }, () => send('GET', '/v1/Rooms')));
  await expect
    .poll(async () => (await send('GET', '/v1/Rooms')).headers['twilio-concurrent-requests'], SOON)
    .toBe('1');
});

test('what does not exist is not found', async () => {
  for (const path of ['/v1', '/v1/', '/v1/Rooms/a/b', '/v2/Rooms', '/v1/rooms', '/nothing']) {
    expect(await send('GET', path)).toMatchObject({ status: 404, json: { code: 20404, status: 404 } });
  }
});
