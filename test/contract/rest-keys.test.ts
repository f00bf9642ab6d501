import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { FORM, basic, postForm, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';
import { accessToken } from '../support/tokens.js';
import { twilioClient } from '../support/twilio-client.js';

const { accountSid, authToken, apiKeySid, apiKeySecret } = DEV_CREDENTIALS;
const MAIL_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} \+0000$/;
const KEYS = `/2010-04-01/Accounts/${accountSid}/Keys`;
const notFound = { code: 20404, status: 404 };

describe('API keys', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.tidy());
  afterAll(() => server.stop());

  test('that are made open REST and sign tokens at once; deleted, they do neither', async () => {
    const key = await server.twilio.newKeys.create({ friendlyName: 'phone' });
    expect(key.sid).toMatch(/^SK[0-9a-f]{32}$/);
    expect(key.secret).toMatch(/^[0-9A-Za-z]{32}$/);
    const byKey = twilioClient(server.url, { username: key.sid, password: key.secret });
    expect(await byKey.video.v1.rooms.create({ uniqueName: 'by-key' })).toMatchObject({ accountSid });
    const token = await accessToken({ identity: 'alice', keySid: key.sid, secret: key.secret });
    const alice = await server.join('alice', 'by-key', { token });
    expect(alice.view.name).toBe('by-key');

    expect(await server.twilio.keys(key.sid).remove()).toBe(true);
    await expect(byKey.video.v1.rooms.list()).rejects.toMatchObject({ code: 20003, status: 401 });
    const late = await server.open();
    late.hello(late.connectMessage({ token, name: 'by-key' }));
    expect(await late.next('error')).toMatchObject({ code: 20103 });
    await expect(server.twilio.keys(key.sid).fetch()).rejects.toMatchObject(notFound);
    await expect(server.twilio.keys(key.sid).update({})).rejects.toMatchObject(notFound);
    await expect(server.twilio.keys(key.sid).remove()).rejects.toMatchObject(notFound);
    // Who is in a room stays there.
    expect((await server.twilio.video.v1.rooms('by-key').participants.list()).length).toBe(1);
  });

  test('show all but the secret when they are fetched, listed and renamed', async () => {
    const { sid, secret } = await server.twilio.newKeys.create();
    const fetched = await server.twilio.keys(sid).fetch();
    expect(fetched).toMatchObject({ sid, friendlyName: '' });
    expect(fetched.dateCreated.getTime()).toBe(server.clock.now());
    server.clock.advance(5000);
    const renamed = await server.twilio.keys(sid).update({ friendlyName: 'tablet' });
    expect(renamed.friendlyName).toBe('tablet');
    expect(renamed.dateUpdated.getTime() - renamed.dateCreated.getTime()).toBe(5000);
    expect((await server.twilio.keys(sid).update({})).friendlyName).toBe('tablet');
    const listed = await server.twilio.keys.list();
    expect(listed.find((key) => key.sid === sid)?.friendlyName).toBe('tablet');

    for (const path of [`${KEYS}.json`, `${KEYS}/${sid}.json`]) {
      const answer = await rawRequest(server.url, path);
      expect(answer.text).not.toContain(secret);
      expect(answer.text).not.toContain('secret');
      expect(answer.text).not.toContain(apiKeySecret);
    }
    expect((await rawRequest(server.url, `${KEYS}/${sid}.json`)).json).toEqual({
      sid,
      friendly_name: 'tablet',
      date_created: expect.stringMatching(MAIL_DATE) as string,
      date_updated: expect.stringMatching(MAIL_DATE) as string,
    });
  });

  test('have names of up to 64 characters', async () => {
    const longest = 'x'.repeat(64);
    const { sid } = await server.twilio.newKeys.create({ friendlyName: longest });
    expect((await server.twilio.keys(sid).fetch()).friendlyName).toBe(longest);
    const tooLong = { friendlyName: `${longest}x` };
    const refused = { code: 20002, status: 400 };
    await expect(server.twilio.newKeys.create(tooLong)).rejects.toMatchObject(refused);
    await expect(server.twilio.keys(sid).update(tooLong)).rejects.toMatchObject(refused);
  });

  test('are signing keys too, under their older name', async () => {
    const { sid, secret } = await server.twilio.newSigningKeys.create({ friendlyName: 'old' });
    expect(secret).toMatch(/^[0-9A-Za-z]{32}$/);
    expect((await server.twilio.signingKeys(sid).fetch()).friendlyName).toBe('old');
    expect((await server.twilio.signingKeys(sid).update({ friendlyName: 'older' })).friendlyName).toBe(
      'older',
    );
    expect((await server.twilio.signingKeys.list()).map((key) => key.sid)).toContain(sid);
    expect((await server.twilio.keys(sid).fetch()).friendlyName).toBe('older');
    expect(await server.twilio.signingKeys(sid).remove()).toBe(true);
    await expect(server.twilio.signingKeys(sid).fetch()).rejects.toMatchObject(notFound);
  });

  test('are listed page by page, with paths in place of URLs', async () => {
    for (let count = 0; count < 5; count++) await server.twilio.newKeys.create();
    const all = await server.twilio.keys.list();
    const byPages = await server.twilio.keys.list({ pageSize: 2 });
    expect(byPages.map(({ sid }) => sid)).toEqual(all.map(({ sid }) => sid));
    expect(all[0]?.sid).toBe(apiKeySid);

    const first = await rawRequest(server.url, `${KEYS}.json?PageSize=2`);
    expect(first.json).toMatchObject({
      keys: [{ sid: all[0]!.sid }, { sid: all[1]!.sid }],
      page: 0,
      page_size: 2,
      start: 0,
      end: 1,
      uri: `${KEYS}.json?PageSize=2&Page=0`,
      first_page_uri: `${KEYS}.json?PageSize=2&Page=0`,
      previous_page_uri: null,
    });
    const { next_page_uri } = first.json as { next_page_uri: string };
    expect((await rawRequest(server.url, next_page_uri)).json).toMatchObject({
      keys: [{ sid: all[2]!.sid }, { sid: all[3]!.sid }],
      page: 1,
      start: 2,
      end: 3,
      previous_page_uri: expect.stringContaining('Page=0') as string,
    });
    const page = await server.twilio.keys.page({ pageSize: 2 });
    expect((await page.nextPage())!.instances.map(({ sid }) => sid)).toEqual([all[2]!.sid, all[3]!.sid]);
  });

  test.each([
    ['an unknown key', `${KEYS}/SK${'9'.repeat(32)}.json`],
    ['the SID of something else', `${KEYS}/${accountSid}.json`],
    ['a name that every object has', `${KEYS}/__proto__.json`],
    ['an account that there is not', `/2010-04-01/Accounts/AC${'9'.repeat(32)}/Keys.json`],
    ['no account', '/2010-04-01/Accounts/Keys/Keys.json'],
    ['a resource that is not served', `/2010-04-01/Accounts/${accountSid}/Messages.json`],
  ])('are not found at the path of %s', async (_what, path) => {
    const answer = await rawRequest(server.url, path);
    expect(answer).toMatchObject({ status: 404, json: notFound });
    expect((answer.json as { message: string }).message).toContain(path);
  });

  test('know their methods only', async () => {
    for (const [method, path] of [
      ['PUT', `${KEYS}.json`],
      ['DELETE', `${KEYS}.json`],
      ['PATCH', `${KEYS}/${apiKeySid}.json`],
      ['GET', `/2010-04-01/Accounts/${accountSid}/Tokens.json`],
      ['DELETE', `/2010-04-01/Accounts/${accountSid}.json`],
    ] as const) {
      const answer = await rawRequest(server.url, path, { method, headers: FORM, body: '' });
      expect(answer).toMatchObject({ status: 405, json: { code: 20004, status: 405 } });
    }
  });

  test('of the configuration can be deleted like others', async () => {
    const own = await TestServer.start();
    try {
      const byKey = twilioClient(own.url, { username: apiKeySid, password: apiKeySecret });
      await byKey.keys(apiKeySid).remove();
      await expect(byKey.video.v1.rooms.list()).rejects.toMatchObject({ code: 20003 });
      const alice = await own.open();
      alice.hello(alice.connectMessage({ token: await accessToken() }));
      expect(await alice.next('error')).toMatchObject({ code: 20103 });
    } finally {
      await own.end();
    }
  });
});

describe('The tokens of the Network Traversal Service', () => {
  let server: TestServer;
  const TURN = ['turn:192.0.2.1:3478?transport=udp', 'turn:192.0.2.1:3478?transport=tcp'];

  beforeAll(async () => {
    server = await TestServer.start({
      stunUrls: ['stun:192.0.2.1:3478'],
      turnUrls: TURN,
      turnSecret: 'a secret shared with coturn',
    });
  });
  afterEach(() => server.tidy());
  afterAll(() => server.stop());

  test('name the servers, with credentials that last a day where nothing else is asked', async () => {
    const token = await server.twilio.tokens.create();
    expect(token).toMatchObject({ accountSid, ttl: '86400' });
    expect(token.dateCreated.getTime()).toBe(server.clock.now());
    const { username, password: credential } = token;
    expect(token.iceServers).toEqual([
      { url: 'stun:192.0.2.1:3478', urls: 'stun:192.0.2.1:3478' },
      ...TURN.map((url) => ({ url, urls: url, username, credential })),
    ]);
  });

  test('last as long as is asked', async () => {
    const answer = await postForm(server.url, `/2010-04-01/Accounts/${accountSid}/Tokens.json`, {
      Ttl: '60',
    });
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      ttl: '60',
      date_created: expect.stringMatching(MAIL_DATE) as string,
      date_updated: expect.stringMatching(MAIL_DATE) as string,
    });
    const { username } = answer.json as { username: string };
    // By real time, as the TURN server sees it.
    const end = Number(username.split(':')[0]);
    expect(end).toBeGreaterThan(Date.now() / 1000 + 60 - 30);
    expect(end).toBeLessThanOrEqual(Date.now() / 1000 + 60);
  });

  test.each(['0', '-1', '86401', '1.5', 'long'])('are refused for %j seconds', async (Ttl) => {
    const answer = await postForm(server.url, `/2010-04-01/Accounts/${accountSid}/Tokens.json`, { Ttl });
    expect(answer).toMatchObject({ status: 400, json: { code: 20001 } });
  });

  test('name no TURN server to an account that has TURN switched off', async () => {
    await postForm(server.url, '/atrium/v1/Settings', { Turn: 'false' });
    const { iceServers } = await server.twilio.tokens.create({ ttl: 60 });
    expect(iceServers).toEqual([{ url: 'stun:192.0.2.1:3478', urls: 'stun:192.0.2.1:3478' }]);
    await rawRequest(server.url, '/atrium/v1/Settings', { method: 'DELETE' });
  });
});

describe('Accounts', () => {
  const setup = (digit: string, more: object = {}) => ({
    sid: `AC${digit.repeat(32)}`,
    authToken: `token${digit}`.repeat(4),
    keys: [
      { sid: `SK${digit.repeat(32)}`, secret: `secret${digit}`.repeat(4), friendlyName: `Key ${digit}` },
    ],
    ...more,
  });
  const main = setup('1', { friendlyName: 'Main' });
  const sub = setup('2', { ownerSid: main.sid });
  const other = setup('3');
  const suspended = setup('4', { status: 'suspended' as const });
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start({ accounts: [main, sub, other, suspended] });
  });
  afterEach(() => server.tidy());
  afterAll(() => server.stop());

  const clientOf = ({ sid, authToken: password }: typeof main) =>
    twilioClient(server.url, { accountSid: sid, username: sid, password });

  test('are fetched with what the library knows of them', async () => {
    const account = await clientOf(main).api.v2010.accounts(main.sid).fetch();
    expect(account).toMatchObject({
      sid: main.sid,
      ownerAccountSid: main.sid,
      friendlyName: 'Main',
      status: 'active',
      type: 'Full',
      authToken: main.authToken,
      uri: `/2010-04-01/Accounts/${main.sid}.json`,
      subresourceUris: { keys: `/2010-04-01/Accounts/${main.sid}/Keys.json` },
    });
    expect(account.dateCreated.getTime()).toBe(server.clock.now());
  });

  test('do not tell a key the auth token', async () => {
    const [key] = main.keys;
    const byKey = twilioClient(server.url, {
      accountSid: main.sid,
      username: key!.sid,
      password: key!.secret,
    });
    expect((await byKey.api.v2010.accounts(main.sid).fetch()).authToken).toBeNull();
    for (const account of await byKey.api.v2010.accounts.list()) expect(account.authToken).toBeNull();
  });

  test('have sub-accounts, which they list, and whose keys they manage', async () => {
    const client = clientOf(main);
    const listed = await client.api.v2010.accounts.list();
    expect(listed.map(({ sid }) => sid)).toEqual([main.sid, sub.sid]);
    expect(listed[1]!.ownerAccountSid).toBe(main.sid);
    const named = await client.api.v2010.accounts.list({ friendlyName: 'Main' });
    expect(named.map(({ sid }) => sid)).toEqual([main.sid]);
    expect(await client.api.v2010.accounts.list({ status: 'closed' })).toEqual([]);
    expect((await client.api.v2010.accounts(sub.sid).fetch()).sid).toBe(sub.sid);

    const key = await client.api.v2010.accounts(sub.sid).newKeys.create({ friendlyName: 'made above' });
    const below = twilioClient(server.url, { username: key.sid, password: key.secret, accountSid: sub.sid });
    // Both are of the same moment: their order is that of their SIDs.
    const names = (await below.keys.list()).map(({ friendlyName }) => friendlyName);
    expect(names.sort()).toEqual(['Key 2', 'made above']);
    expect((await below.video.v1.rooms.create()).accountSid).toBe(sub.sid);
    expect(await clientOf(main).video.v1.rooms.list()).toEqual([]);
    await client.api.v2010.accounts(sub.sid).keys(key.sid).remove();
  });

  test("forbid a sub-account what is its parent's, and show others nothing", async () => {
    const forbidden = { code: 20403, status: 403 };
    const below = clientOf(sub).api.v2010;
    await expect(below.accounts(main.sid).fetch()).rejects.toMatchObject(forbidden);
    await expect(below.accounts(main.sid).keys.list()).rejects.toMatchObject(forbidden);
    await expect(below.accounts(main.sid).tokens.create()).rejects.toMatchObject(forbidden);
    expect((await below.accounts.list()).map(({ sid }) => sid)).toEqual([sub.sid]);

    const stranger = clientOf(other).api.v2010;
    for (const { sid, keys } of [main, sub, setup('9')]) {
      await expect(stranger.accounts(sid).fetch()).rejects.toMatchObject(notFound);
      await expect(stranger.accounts(sid).update({ friendlyName: 'x' })).rejects.toMatchObject(notFound);
      await expect(stranger.accounts(sid).keys.list()).rejects.toMatchObject(notFound);
      await expect(stranger.accounts(sid).newKeys.create()).rejects.toMatchObject(notFound);
      await expect(stranger.accounts(sid).keys(keys[0]!.sid).remove()).rejects.toMatchObject(notFound);
      await expect(stranger.accounts(sid).tokens.create()).rejects.toMatchObject(notFound);
    }
    // Nor under its own account.
    const [key] = main.keys;
    await expect(stranger.accounts(other.sid).keys(key!.sid).fetch()).rejects.toMatchObject(notFound);
    await expect(stranger.accounts(other.sid).keys(key!.sid).remove()).rejects.toMatchObject(notFound);
    expect((await clientOf(main).keys(key!.sid).fetch()).friendlyName).toBe('Key 1');
  });

  test('that are suspended open nothing', async () => {
    await expect(clientOf(suspended).video.v1.rooms.list()).rejects.toMatchObject({
      code: 20005,
      status: 401,
    });
    const wrong = await rawRequest(server.url, '/v1/Rooms', {
      authorization: basic(suspended.sid, main.authToken),
    });
    expect(wrong.json).toMatchObject({ code: 20003 });
    const [key] = suspended.keys;
    const client = await server.open();
    const token = await accessToken({ accountSid: suspended.sid, keySid: key!.sid, secret: key!.secret });
    client.hello(client.connectMessage({ token }));
    expect(await client.next('error')).toMatchObject({ code: 20103 });
  });

  test('are made and changed in the configuration only', async () => {
    const missing = { code: 20501, status: 501 };
    const { accounts } = clientOf(main).api.v2010;
    await expect(accounts.create({ friendlyName: 'new' })).rejects.toMatchObject(missing);
    await expect(accounts(main.sid).update({ status: 'closed' })).rejects.toMatchObject(missing);
  });
});

test('Without credentials, the first API tells nothing', async () => {
  const server = await TestServer.start();
  try {
    for (const path of [
      `${KEYS}.json`,
      `/2010-04-01/Accounts/AC${'9'.repeat(32)}.json`,
      '/atrium/v1/Settings',
    ]) {
      const answer = await rawRequest(server.url, path, {
        authorization: basic(accountSid, `${authToken}x`),
      });
      expect(answer).toMatchObject({ status: 401, json: { code: 20003 } });
    }
  } finally {
    await server.end();
  }
});
