import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { basic, postForm, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';

const other = { sid: `AC${'2'.repeat(32)}`, authToken: 'token of the other account' };
const { accountSid, authToken, apiKeySid, apiKeySecret } = DEV_CREDENTIALS;
let server: TestServer;

beforeAll(async () => {
  const keys = [{ sid: apiKeySid, secret: apiKeySecret }];
  server = await TestServer.start({
    accounts: [
      { sid: accountSid, authToken, keys },
      { ...other, keys: [] },
    ],
  });
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const video = () => server.twilio.video.v1;
const notFound = { code: 20404, status: 404 };
const missing = { code: 20501, status: 501 };
const sid = (prefix: string) => prefix + 'a'.repeat(32);

describe('Nothing is recorded yet, and so', () => {
  test('recordings are an empty list, of the account and of a room', async () => {
    const room = await video().rooms.create({ uniqueName: 'room' });
    expect(await video().recordings.list({ status: 'completed', groupingSid: [room.sid] })).toEqual([]);
    expect(await video().rooms(room.sid).recordings.list({ status: 'completed' })).toEqual([]);
    const listed = await rawRequest(server.url, '/v1/Recordings?Status=completed&PageSize=500');
    const url = `${server.url}/v1/Recordings?Status=completed&PageSize=100&Page=0`;
    expect(listed).toMatchObject({ status: 200 });
    expect(listed.json).toEqual({
      recordings: [],
      meta: {
        page: 0,
        page_size: 100,
        first_page_url: url,
        previous_page_url: null,
        url,
        next_page_url: null,
        key: 'recordings',
      },
    });
    const ofRoom = await rawRequest(server.url, `/v1/Rooms/${room.sid}/Recordings?PageSize=500`);
    expect(ofRoom.json).toMatchObject({ recordings: [], meta: { page_size: 500, key: 'recordings' } });
    await video().rooms(room.sid).update({ status: 'completed' });
    expect(await video().rooms(room.sid).recordings.list()).toEqual([]);
  });

  test("a room's recordings are found by its SID, and not by its name", async () => {
    await video().rooms.create({ uniqueName: 'room' });
    await expect(video().rooms('room').recordings.list()).rejects.toMatchObject(notFound);
    await expect(video().rooms(sid('RM')).recordings.list()).rejects.toMatchObject(notFound);
  });

  test('compositions and their hooks are empty lists', async () => {
    expect(await video().compositions.list({ status: 'enqueued', roomSid: sid('RM') })).toEqual([]);
    expect(await video().compositionHooks.list({ enabled: true, friendlyName: 'x*' })).toEqual([]);
    const compositions = await rawRequest(server.url, '/v1/Compositions?PageSize=1000');
    expect(compositions.json).toMatchObject({
      compositions: [],
      meta: { page_size: 100, key: 'compositions' },
    });
    const hooks = await rawRequest(server.url, '/v1/CompositionHooks?PageSize=1000');
    expect(hooks.json).toMatchObject({
      composition_hooks: [],
      meta: { page_size: 1000, key: 'composition_hooks' },
    });
  });

  test.each([
    '/v1/Recordings?Status=lost',
    '/v1/Recordings?MediaType=smell',
    '/v1/Recordings?SourceSid=me',
    '/v1/Recordings?GroupingSid=us',
    '/v1/Recordings?DateCreatedAfter=yesterday',
    '/v1/Compositions?Status=lost',
    '/v1/Compositions?RoomSid=room',
    '/v1/CompositionHooks?Enabled=perhaps',
    '/v1/CompositionHooks?DateCreatedBefore=2026-02-31',
  ])('lists still refuse a wrong filter: %s', async (path) => {
    expect(await rawRequest(server.url, path)).toMatchObject({ status: 400, json: { code: 20001 } });
  });

  test('no recording, composition or hook is found', async () => {
    const room = await video().rooms.create();
    const recordings = [video().recordings(sid('RT')), video().rooms(room.sid).recordings(sid('RT'))];
    for (const one of [...recordings, video().compositions(sid('CJ')), video().compositionHooks(sid('HK'))]) {
      await expect(one.fetch()).rejects.toMatchObject(notFound);
      await expect(one.remove()).rejects.toMatchObject(notFound);
    }
    const hook = video().compositionHooks(sid('HK'));
    await expect(hook.update({ friendlyName: 'x' })).rejects.toMatchObject(notFound);
    for (const path of [
      `/v1/Recordings/${sid('RT')}/Media`,
      `/v1/Rooms/${room.sid}/Recordings/${sid('RT')}/Media`,
      `/v1/Compositions/${sid('CJ')}/Media`,
    ])
      expect(await rawRequest(server.url, path)).toMatchObject({ status: 404, json: notFound });
  });

  test('compositions and hooks cannot be made, and that is said', async () => {
    const roomSid = sid('RM');
    await expect(video().compositions.create({ roomSid, audioSources: ['*'] })).rejects.toMatchObject({
      ...missing,
      message: expect.stringContaining('compositions') as string,
    });
    await expect(video().compositionHooks.create({ friendlyName: 'hook' })).rejects.toMatchObject({
      ...missing,
      message: expect.stringContaining('composition hooks') as string,
    });
  });

  test.each([
    ['POST', '/v1/Recordings'],
    ['DELETE', '/v1/Compositions'],
    ['POST', `/v1/Recordings/${sid('RT')}`],
    ['PUT', `/v1/CompositionHooks/${sid('HK')}`],
    ['POST', `/v1/Compositions/${sid('CJ')}/Media`],
    ['DELETE', '/v1/RecordingSettings/Default'],
  ])('a method that a path does not know is refused with 405: %s %s', async (method, path) => {
    expect(await rawRequest(server.url, path, { method })).toMatchObject({
      status: 405,
      json: { code: 20004 },
    });
  });
});

describe.each(['recordingSettings', 'compositionSettings'] as const)('The %s', (name) => {
  const settings = () => video()[name]();
  const path = `/v1/${name.charAt(0).toUpperCase()}${name.slice(1)}/Default`;

  test('are nothing until they are set', async () => {
    expect((await rawRequest(server.url, path)).json).toEqual({
      account_sid: accountSid,
      friendly_name: null,
      aws_credentials_sid: null,
      aws_s3_url: null,
      aws_storage_enabled: false,
      encryption_key_sid: null,
      encryption_enabled: false,
      url: server.url + path,
    });
  });

  test('are kept for their account, and replaced as a whole', async () => {
    const first = {
      friendlyName: 'first',
      awsCredentialsSid: sid('CR'),
      awsS3Url: 'https://bucket.example.com/path/',
      awsStorageEnabled: true,
      encryptionKeySid: sid('CR'),
      encryptionEnabled: true,
    };
    expect(await settings().create(first)).toMatchObject(first);
    expect(await settings().fetch()).toMatchObject({ ...first, accountSid });
    const ofOther = await rawRequest(server.url, path, {
      authorization: basic(other.sid, other.authToken),
    });
    expect(ofOther.json).toMatchObject({ account_sid: other.sid, friendly_name: null, aws_s3_url: null });
    await settings().create({ friendlyName: 'second' });
    expect(await settings().fetch()).toMatchObject({
      friendlyName: 'second',
      awsS3Url: null,
      awsStorageEnabled: false,
      encryptionKeySid: null,
    });
  });

  test.each([
    ['FriendlyName', ''],
    ['AwsCredentialsSid', 'secret'],
    ['EncryptionKeySid', sid('SK')],
    ['AwsS3Url', 'bucket'],
    ['AwsStorageEnabled', 'yes'],
    ['EncryptionEnabled', '1'],
  ])('stay as they are when %s is %j', async (parameter, value) => {
    const before = (await rawRequest(server.url, path)).json;
    const answer = await postForm(server.url, path, { FriendlyName: 'new', [parameter]: value });
    expect(answer).toMatchObject({ status: 400, json: { code: 20001 } });
    expect((answer.json as { message: string }).message).toContain(parameter);
    expect((await rawRequest(server.url, path)).json).toEqual(before);
  });
});
