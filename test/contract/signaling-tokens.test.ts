import { SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { TestServer } from '../support/test-server.js';
import { accessToken } from '../support/tokens.js';

const { accountSid, authToken, apiKeySid, apiKeySecret } = DEV_CREDENTIALS;
const HEADER = { alg: 'HS256', typ: 'JWT', cty: 'twilio-fpa;v=1' };
const DAY = 24 * 60 * 60;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const seconds = (): number => Math.floor(server.clock.now() / 1000);
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

interface Forged {
  header?: object;
  claims?: JWTPayload & { grants?: unknown };
  secret?: string;
}

function claimsOf(changes: object = {}): JWTPayload {
  const now = seconds();
  return {
    jti: `${apiKeySid}-${now}`,
    iss: apiKeySid,
    sub: accountSid,
    iat: now,
    exp: now + 3600,
    grants: { identity: 'alice', video: {} },
    ...changes,
  };
}

/** A token like the library's, but for the changes. */
function forge({ header = {}, claims = {}, secret = apiKeySecret }: Forged = {}): Promise<string> {
  return new SignJWT(claimsOf(claims))
    .setProtectedHeader({ ...HEADER, ...header })
    .sign(new TextEncoder().encode(secret));
}

function unsigned(header: object, claims: object = {}, signature = ''): string {
  return `${base64url({ ...HEADER, ...header })}.${base64url(claimsOf(claims))}.${signature}`;
}

const grants = (value: object | null): Forged => ({ claims: { grants: value } });

const BAD: [number, string, () => string | Promise<string>][] = [
  [20101, 'an empty text', () => ''],
  [20101, 'a word', () => 'token'],
  [20101, 'three words', () => 'a.b.c'],
  [20101, 'two parts of a token', async () => (await forge()).split('.').slice(0, 2).join('.')],
  [20101, 'claims that are no object', () => `${base64url(HEADER)}.${base64url([1])}.x`],
  [20102, 'no algorithm', () => unsigned({ alg: 'none' })],
  [20102, 'an algorithm with other keys', () => unsigned({ alg: 'RS256' }, {}, 'AAAA')],
  [20102, 'another content type', () => forge({ header: { cty: 'twilio-pkrv;v=1' } })],
  [20102, 'no content type', () => forge({ header: { cty: undefined } })],
  [20102, 'another type', () => forge({ header: { typ: 'JWS' } })],
  [20103, 'an unknown key', () => forge({ claims: { iss: `SK${'1'.repeat(32)}` } })],
  [20103, 'a key of the language', () => forge({ claims: { iss: '__proto__' } })],
  [20103, 'no key', () => forge({ claims: { iss: undefined } })],
  [20103, 'another account', () => forge({ claims: { sub: `AC${'1'.repeat(32)}` } })],
  [20103, 'the account in place of a key', () => forge({ claims: { iss: accountSid }, secret: authToken })],
  [20107, 'a wrong secret', () => forge({ secret: 'x'.repeat(32) })],
  [20107, 'no signature', () => unsigned({})],
  [20107, 'the claims of another token', async () => splice(await forge())],
  [20104, 'an end that is past', () => forge({ claims: { exp: seconds() - 60 } })],
  [20104, 'no end', () => forge({ claims: { exp: undefined } })],
  [
    20104,
    'an end that is more than a day after the beginning',
    () => forge({ claims: { exp: seconds() + DAY + 60 } }),
  ],
  [
    20104,
    'no beginning, and an end in two days',
    () => forge({ claims: { iat: undefined, exp: seconds() + 2 * DAY } }),
  ],
  [20105, 'a beginning that is still to come', () => forge({ claims: { nbf: seconds() + 600 } })],
  [20106, 'no grants', () => forge(grants(null))],
  [20106, 'no grant for video', () => accessToken({ withoutGrant: true })],
  [20106, 'a grant for video that is null', () => forge(grants({ identity: 'alice', video: null }))],
  [
    20106,
    'only the grant of long ago',
    () => forge(grants({ identity: 'alice', rtc: { configuration_profile_sid: 'VS1' } })),
  ],
  [20106, 'no identity', () => forge(grants({ video: {} }))],
  [20106, 'an empty identity', () => forge(grants({ identity: '', video: {} }))],
  [20106, 'an identity that is no text', () => forge(grants({ identity: 7, video: {} }))],
  [53201, 'an identity of 129 characters', () => forge(grants({ identity: 'i'.repeat(129), video: {} }))],
  [53202, 'an identity with control characters', () => forge(grants({ identity: 'a\u0000b', video: {} }))],
];

/** The signature of one token under the claims of another. */
function splice(token: string): string {
  const [header, , signature] = token.split('.');
  return [header, base64url(claimsOf({ grants: { identity: 'root', video: {} } })), signature].join('.');
}

describe.each(BAD)('%i is the answer to a token with %s', (code, _what, make) => {
  test("at 'ice'", async () => {
    const client = await server.open();
    client.hello({ type: 'ice', version: 1, edge: 'roaming', token: await make() });
    expect(await client.next('error')).toMatchObject({
      code,
      message: expect.stringMatching(/\S/) as string,
    });
  });

  test("at 'connect', which makes no room", async () => {
    const client = await server.open();
    client.hello(client.connectMessage({ token: await make(), name: 'room' }));
    expect(await client.next('error')).toMatchObject({ code });
    expect(server.atrium.rooms.all).toEqual([]);
  });

  test("at 'sync', which leaves the session as it was", async () => {
    const watcher = await server.join('watcher', 'room');
    const alice = await server.join('alice', 'room');
    await alice.drop();
    await watcher.until('alice to reconnect', (view) => view.participant('alice')?.state === 'reconnecting');
    const again = await server.open({ after: alice });
    again.hello(again.syncMessage(await make()));
    expect(await again.next('error')).toMatchObject({ code });
    await server.settled(watcher);
    expect(watcher.view.participant('alice')?.state).toBe('reconnecting');
    const third = await server.open({ after: alice });
    await third.sync(await forge());
  });
});

describe('a token is taken', () => {
  test.each<[string, () => Promise<string>]>([
    ['that is signed with HS384', () => forge({ header: { alg: 'HS384' } })],
    ['that is signed with HS512', () => forge({ header: { alg: 'HS512' } })],
    ['that names a region', () => forge({ header: { twr: 'us1' } })],
    ['that does not tell when it was made', () => forge({ claims: { iat: undefined } })],
    ['that begins this very second', () => forge({ claims: { nbf: seconds() } })],
    ['that lasts a whole day', () => forge({ claims: { exp: seconds() + DAY } })],
    [
      'that has other grants beside',
      () => forge(grants({ identity: 'alice', chat: { service_sid: 'IS1' }, video: {} })),
    ],
    [
      'with a configuration profile of long ago',
      () => forge(grants({ identity: 'alice', video: { configuration_profile_sid: 'VS1' } })),
    ],
    ['whose room is empty', () => forge(grants({ identity: 'alice', video: { room: '' } }))],
    ['for an identity of 128 characters', () => forge(grants({ identity: 'i'.repeat(128), video: {} }))],
    ['that the helper library made', () => accessToken({ identity: 'alice', ttl: DAY })],
  ])('%s', async (_what, make) => {
    const alice = await server.join('alice', 'room', { token: await make() });
    expect(alice.view.name).toBe('room');
  });
});

describe('a token for one room', () => {
  test('opens that room by its name, which it may create', async () => {
    const token = await accessToken({ identity: 'alice', room: 'only' });
    expect((await server.join('alice', 'only', { token })).view.name).toBe('only');
  });

  test('opens that room by its SID, whichever of the two the token has', async () => {
    const { sid } = await server.twilio.video.v1.rooms.create({ uniqueName: 'only' });
    for (const room of ['only', sid]) {
      const token = await accessToken({ identity: 'alice', room });
      for (const name of ['only', sid]) {
        expect((await server.join('alice', name, { token })).view.sid).toBe(sid);
      }
    }
  });

  test('opens that room when no name is given', async () => {
    const token = await accessToken({ identity: 'alice', room: 'only' });
    expect((await server.join('alice', null, { token })).view.name).toBe('only');
  });

  test.each(['other', 'Only', 'only ', `RM${'0'.repeat(32)}`])(
    'opens no other one: %j is refused with 20106, and not created',
    async (name) => {
      const client = await server.open();
      const token = await accessToken({ identity: 'alice', room: 'only' });
      client.hello(client.connectMessage({ token, name }));
      expect(await client.next('error')).toMatchObject({ code: 20106 });
      expect(server.atrium.rooms.all).toEqual([]);
    },
  );

  test('does not open a room that exists under another name', async () => {
    const { sid } = await server.twilio.video.v1.rooms.create({ uniqueName: 'other' });
    const token = await accessToken({ identity: 'alice', room: 'only' });
    for (const name of ['other', sid]) {
      const client = await server.open();
      client.hello(client.connectMessage({ token, name }));
      expect(await client.next('error')).toMatchObject({ code: 20106 });
    }
  });
});

test('the clock of the server decides whether a token has expired', async () => {
  const moving = await TestServer.start();
  const token = await accessToken({ identity: 'alice', ttl: 600 });
  await moving.join('alice', 'room', { token });
  moving.clock.advance(700_000);
  const client = await moving.open();
  client.hello(client.connectMessage({ token, name: 'room' }));
  expect(await client.next('error')).toMatchObject({ code: 20104 });
  await moving.end();
});
