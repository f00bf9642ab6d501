import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { basic, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';
import { accessToken } from '../support/tokens.js';
import { twilioClient } from '../support/twilio-client.js';

const { accountSid, authToken, apiKeySid, apiKeySecret } = DEV_CREDENTIALS;
const encoded = (text: string): string => Buffer.from(text).toString('base64');

describe('Basic authentication', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.tidy());
  afterAll(() => server.stop());

  test('takes the account SID with the auth token, and an API key with its secret', async () => {
    const byToken = twilioClient(server.url);
    const byKey = twilioClient(server.url, { username: apiKeySid, password: apiKeySecret });
    const { sid } = await byKey.video.v1.rooms.create({ uniqueName: 'shared' });
    expect(await byToken.video.v1.rooms('shared').fetch()).toMatchObject({ sid, accountSid });
  });

  test('is answered with 401 when there is none, and says how to', async () => {
    const answer = await rawRequest(server.url, '/v1/Rooms', { authorization: null });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="Twilio API"');
    expect(answer.json).toEqual({
      code: 20003,
      message: 'Authenticate',
      more_info: 'https://www.twilio.com/docs/errors/20003',
      status: 401,
    });
  });

  test('is raised as an error with code 20003 by the helper library', async () => {
    const stranger = twilioClient(server.url, { password: 'wrong'.repeat(4) });
    await expect(stranger.video.v1.rooms.list()).rejects.toMatchObject({ code: 20003, status: 401 });
    await expect(stranger.video.v1.rooms.create()).rejects.toMatchObject({ code: 20003, status: 401 });
    expect(server.atrium.rooms.all).toEqual([]);
  });

  test.each([
    ['a wrong auth token', basic(accountSid, 'no')],
    ['an empty auth token', basic(accountSid, '')],
    ['an auth token with more behind it', basic(accountSid, `${authToken}x`)],
    ['an auth token in capitals', basic(accountSid, authToken.toUpperCase())],
    ['the auth token of another account', basic(`AC${'1'.repeat(32)}`, authToken)],
    ["the key's secret for the account", basic(accountSid, apiKeySecret)],
    ["the account's token for the key", basic(apiKeySid, authToken)],
    ['an unknown key', basic(`SK${'1'.repeat(32)}`, apiKeySecret)],
    ['no user', basic('', authToken)],
    ['a user of the language', basic('__proto__', 'constructor')],
    ['nothing behind the scheme', 'Basic'],
    ['only blanks behind the scheme', 'Basic    '],
    ['credentials without a colon', `Basic ${encoded(accountSid + authToken)}`],
    ['credentials in plain text', `Basic ${accountSid}:${authToken}`],
    ['credentials in two parts', `Basic ${encoded(accountSid)} ${encoded(authToken)}`],
    ['something that is not base64', 'Basic %%%%'],
    ['bytes that are no text', `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0xff]).toString('base64')}`],
    ['another scheme', `Bearer ${encoded(`${accountSid}:${authToken}`)}`],
    ['credentials without a scheme', encoded(`${accountSid}:${authToken}`)],
    ['an empty header', ''],
    ['a very long header', `Basic ${'A'.repeat(8000)}`],
  ])('refuses %s', async (_what, authorization) => {
    const answer = await rawRequest(server.url, '/v1/Rooms', { authorization });
    expect(answer).toMatchObject({ status: 401, json: { code: 20003, status: 401 } });
  });

  test('takes the scheme in any letter case', async () => {
    const credentials = encoded(`${accountSid}:${authToken}`);
    for (const scheme of ['basic', 'BASIC']) {
      const answer = await rawRequest(server.url, '/v1/Rooms', { authorization: `${scheme} ${credentials}` });
      expect(answer.status).toBe(200);
    }
  });

  test('comes before everything else: without it, no path tells what there is', async () => {
    const { sid } = await server.twilio.video.v1.rooms.create();
    for (const [method, path] of [
      ['GET', `/v1/Rooms/${sid}`],
      ['GET', '/v1/Rooms/none'],
      ['POST', `/v1/Rooms/${sid}`],
      ['DELETE', `/v1/Rooms/${sid}`],
      ['GET', `/v1/Rooms/${sid}/Participants?PageSize=0`],
    ]) {
      const answer = await rawRequest(server.url, path!, { method, authorization: null });
      expect(answer).toMatchObject({ status: 401, json: { code: 20003 } });
    }
  });
});

describe('two accounts', () => {
  const setup = (digit: string) => ({
    sid: `AC${digit.repeat(32)}`,
    authToken: `token${digit}`.repeat(4),
    keys: [{ sid: `SK${digit.repeat(32)}`, secret: `secret${digit}`.repeat(4) }],
  });
  const [one, two] = [setup('1'), setup('2')];
  let server: TestServer;

  beforeAll(async () => {
    const accounts = [
      { ...one, roomDefaults: { maxParticipants: 3, mediaRegion: 'ie1' as const } },
      { ...two, roomDefaults: { clientSideRoomCreation: false } },
    ];
    server = await TestServer.start({ accounts, roomDefaults: { emptyRoomTimeout: 9 } });
  });
  afterEach(() => server.tidy());
  afterAll(() => server.stop());

  const clientOf = ({ sid, authToken: password }: typeof one) =>
    twilioClient(server.url, { accountSid: sid, username: sid, password });
  const tokenOf = ({ sid, keys: [key] }: typeof one, identity: string) =>
    accessToken({ identity, accountSid: sid, keySid: key!.sid, secret: key!.secret });

  test('may have rooms of the same name, and each finds its own', async () => {
    const first = await clientOf(one).video.v1.rooms.create({ uniqueName: 'office' });
    const second = await clientOf(two).video.v1.rooms.create({ uniqueName: 'office' });
    expect(first.accountSid).toBe(one.sid);
    expect(second.accountSid).toBe(two.sid);
    expect((await clientOf(one).video.v1.rooms('office').fetch()).sid).toBe(first.sid);
    expect((await clientOf(two).video.v1.rooms('office').fetch()).sid).toBe(second.sid);
  });

  test("see, end and enter nothing of each other's, before its end and after", async () => {
    const { sid } = await clientOf(one).video.v1.rooms.create({ uniqueName: 'secret' });
    const alice = await server.join('alice', sid, { token: await tokenOf(one, 'alice') });
    const stranger = clientOf(two).video.v1.rooms;
    const hidden = { code: 20404, status: 404 };
    for (const name of [sid, 'secret']) {
      await expect(stranger(name).fetch()).rejects.toMatchObject(hidden);
      await expect(stranger(name).update({ status: 'completed' })).rejects.toMatchObject(hidden);
      await expect(stranger(name).participants.list()).rejects.toMatchObject(hidden);
      await expect(stranger(name).participants('alice').fetch()).rejects.toMatchObject(hidden);
      await expect(
        stranger(name).participants(alice.view.ownSid!).update({ status: 'disconnected' }),
      ).rejects.toMatchObject(hidden);
    }
    expect(await stranger.list()).toEqual([]);
    const mallory = await server.open();
    mallory.hello(mallory.connectMessage({ token: await tokenOf(two, 'mallory'), name: sid }));
    expect(await mallory.next('error')).toMatchObject({ code: 53106 });

    await clientOf(one).video.v1.rooms(sid).update({ status: 'completed' });
    await expect(stranger(sid).fetch()).rejects.toMatchObject(hidden);
    await expect(stranger(sid).participants(alice.view.ownSid!).fetch()).rejects.toMatchObject(hidden);
    expect(await stranger.list({ status: 'completed', uniqueName: 'secret' })).toEqual([]);
  });

  test('cannot use a key of the other, neither for REST nor for tokens', async () => {
    const [key] = two.keys;
    const mixed = twilioClient(server.url, {
      accountSid: one.sid,
      username: key!.sid,
      password: key!.secret,
    });
    const room = await mixed.video.v1.rooms.create();
    expect(room.accountSid).toBe(two.sid);
    const client = await server.open();
    const token = await accessToken({ accountSid: one.sid, keySid: key!.sid, secret: key!.secret });
    client.hello(client.connectMessage({ token }));
    expect(await client.next('error')).toMatchObject({ code: 20103 });
  });

  test('have defaults of their own for what a request leaves open', async () => {
    expect(await clientOf(one).video.v1.rooms.create()).toMatchObject({
      maxParticipants: 3,
      mediaRegion: 'ie1',
      emptyRoomTimeout: 9,
    });
    expect(await clientOf(one).video.v1.rooms.create({ maxParticipants: 5 })).toMatchObject({
      maxParticipants: 5,
    });
    expect(await clientOf(two).video.v1.rooms.create()).toMatchObject({
      maxParticipants: 50,
      mediaRegion: 'us1',
      emptyRoomTimeout: 9,
    });
    const client = await server.open();
    client.hello(client.connectMessage({ token: await tokenOf(two, 'alice'), name: 'ad-hoc' }));
    expect(await client.next('error')).toMatchObject({ code: 53106 });
    const alice = await server.join('alice', 'ad-hoc', { token: await tokenOf(one, 'alice') });
    expect(alice.view.name).toBe('ad-hoc');
  });
});
