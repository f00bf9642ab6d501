import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkRoomGrant, signAccessToken, verifyAccessToken } from '../../src/auth/access-token.js';
import type { AccessToken } from '../../src/auth/access-token.js';
import { Accounts } from '../../src/auth/accounts.js';
import { SystemClock, VirtualClock } from '../../src/clock.js';
import { DEV_CREDENTIALS } from '../../src/config.js';
import type { ErrorCode } from '../../src/errors.js';
import { ACCOUNT, OTHER_ACCOUNT, codeOf, rejectionCodeOf } from '../support/model.js';
import { accessToken } from '../support/tokens.js';

const KEY = `SK${'a'.repeat(32)}`;
const SECRET = 'the-secret-of-the-key-of-the-account';
const OTHER_KEY = `SK${'b'.repeat(32)}`;
const accounts = new Accounts([
  { sid: ACCOUNT, authToken: 'auth-token-of-the-account', keys: [{ sid: KEY, secret: SECRET }] },
  {
    sid: OTHER_ACCOUNT,
    authToken: 'auth-token-of-the-other',
    keys: [{ sid: OTHER_KEY, secret: 'another-secret-16' }],
  },
  {
    sid: DEV_CREDENTIALS.accountSid,
    authToken: DEV_CREDENTIALS.authToken,
    keys: [{ sid: DEV_CREDENTIALS.apiKeySid, secret: DEV_CREDENTIALS.apiKeySecret }],
  },
]);
const clock = new VirtualClock();
/** Seconds. */
const NOW = clock.now() / 1000;
const DAY = 24 * 60 * 60;
const HEADER = { alg: 'HS256', typ: 'JWT', cty: 'twilio-fpa;v=1' };
const CLAIMS = {
  jti: `${KEY}-${NOW}`,
  iss: KEY,
  sub: ACCOUNT,
  iat: NOW,
  exp: NOW + 3600,
  grants: { identity: 'alice', video: {} },
};

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

interface HandMade {
  header?: object;
  claims?: object;
  secret?: string;
}

/** A token signed by hand; an undefined member of `header` or `claims` is left out. */
function made({ header = {}, claims = {}, secret = SECRET }: HandMade = {}): string {
  const whole = { ...HEADER, ...header };
  const text = `${encode(whole)}.${encode({ ...CLAIMS, ...claims })}`;
  const hash = { HS384: 'sha384', HS512: 'sha512' }[whole.alg] ?? 'sha256';
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
}

const verdict = (token: string): Promise<ErrorCode | null> =>
  rejectionCodeOf(verifyAccessToken(token, accounts, clock));

describe('A token made by the official library', () => {
  const verify = async (token: string) => verifyAccessToken(token, accounts, new SystemClock());

  it('is accepted, for any room or for one', async () => {
    const whom = { accountSid: DEV_CREDENTIALS.accountSid, identity: 'alice' };
    expect(await verify(await accessToken())).toEqual({ ...whom, room: null });
    expect(await verify(await accessToken({ room: 'standup' }))).toEqual({ ...whom, room: 'standup' });
  });

  it('may live for 24 hours and not longer', async () => {
    expect(await verify(await accessToken({ ttl: DAY }))).toMatchObject({ identity: 'alice' });
    expect(await rejectionCodeOf(verify(await accessToken({ ttl: DAY + 60 })))).toBe(20104);
  });

  it.each([
    ['an unknown key', 20103, { keySid: `SK${'9'.repeat(32)}` }],
    ['the account of another key', 20103, { accountSid: ACCOUNT }],
    ['a wrong secret', 20107, { secret: 'some-other-secret' }],
    ['no time left', 20104, { ttl: -3600 }],
    ['no video grant', 20106, { withoutGrant: true }],
    ['an identity that is too long', 53201, { identity: 'x'.repeat(129) }],
  ] as const)('with %s is refused with %i', async (_fault, code, spec) => {
    expect(await rejectionCodeOf(verify(await accessToken(spec)))).toBe(code);
  });
});

describe('A token made here', () => {
  it('says what was asked for, until it expires', async () => {
    const clock = new VirtualClock();
    const key = accounts.key(KEY)!;
    const token = await signAccessToken({ identity: 'alice', room: 'standup', ttl: 60 }, key, clock);
    expect(await verifyAccessToken(token, accounts, clock)).toEqual({
      accountSid: ACCOUNT,
      identity: 'alice',
      room: 'standup',
    });
    clock.advance(120_000);
    expect(await rejectionCodeOf(verifyAccessToken(token, accounts, clock))).toBe(20104);
  });

  it('opens any room when none was asked for', async () => {
    const token = await signAccessToken({ identity: 'alice', ttl: 60 }, accounts.key(KEY)!, clock);
    expect(await verifyAccessToken(token, accounts, clock)).toMatchObject({ room: null });
  });
});

describe('An access token', () => {
  it.each(['HS256', 'HS384', 'HS512'])('may be signed with %s', async (alg) => {
    expect(await verdict(made({ header: { alg } }))).toBeNull();
  });

  it('may have a header with more in it, and other grants beside the one for video', async () => {
    const grants = { ...CLAIMS.grants, chat: { service_sid: 'IS1' }, voice: { incoming: { allow: true } } };
    expect(await verdict(made({ header: { twr: 'us1' }, claims: { grants } }))).toBeNull();
  });

  it('may have an old grant with a configuration profile, which means nothing', async () => {
    const grants = { identity: 'alice', video: { configuration_profile_sid: 'VS1' } };
    expect(await verifyAccessToken(made({ claims: { grants } }), accounts, clock)).toMatchObject({
      room: null,
    });
  });

  it.each(['', null])('opens any room when its grant says %j', async (room) => {
    const grants = { identity: 'alice', video: { room } };
    expect(await verifyAccessToken(made({ claims: { grants } }), accounts, clock)).toMatchObject({
      room: null,
    });
  });

  it.each([
    ['is empty', ''],
    ['is no JWT', 'not-a-token'],
    ['lacks its signature', made().split('.').slice(0, 2).join('.')],
    ['has a fourth part', `${made()}.more`],
    ['has a header that is no JSON', `e30x.${made().split('.').slice(1).join('.')}`],
    ['has a header that is a list', `${encode([])}.${made().split('.').slice(1).join('.')}`],
    ['has claims that are no JSON', `${encode(HEADER)}.bm8.c2ln`],
    ['has claims that are a number', `${encode(HEADER)}.${encode(7)}.c2ln`],
  ])('that %s is refused with 20101', async (_fault, token) => {
    expect(await verdict(token)).toBe(20101);
  });

  it.each([
    ['another type', { typ: 'JWS' }],
    ['no type', { typ: undefined }],
    ['no content type, as a capability token', { cty: undefined }],
    ['the content type of public key validation', { cty: 'twilio-pkrv;v=1' }],
    ['no algorithm', { alg: undefined }],
    ['the algorithm "none"', { alg: 'none' }],
    ['an asymmetric algorithm', { alg: 'RS256' }],
  ])('with %s in its header is refused with 20102', async (_fault, header) => {
    expect(await verdict(made({ header }))).toBe(20102);
  });

  it('with the algorithm "none" and no signature is refused with 20102', async () => {
    expect(await verdict(`${encode({ ...HEADER, alg: 'none' })}.${encode(CLAIMS)}.`)).toBe(20102);
  });

  it.each([
    ['an unknown key', { iss: `SK${'9'.repeat(32)}` }],
    ['no key', { iss: undefined }],
    ['a key that is no text', { iss: 7 }],
    ['the account in place of a key', { iss: ACCOUNT }],
    ['another account than the key has', { sub: OTHER_ACCOUNT }],
    ['no account', { sub: undefined }],
  ])('of %s is refused with 20103', async (_fault, claims) => {
    expect(await verdict(made({ claims }))).toBe(20103);
  });

  it.each([
    ['signed with another secret', made({ secret: 'another-secret-of-16' })],
    ['signed with an empty secret', made({ secret: '' })],
    ['signed with the secret of another key', made({ secret: 'another-secret-16' })],
    ['without a signature', `${made().split('.').slice(0, 2).join('.')}.`],
    [
      'signed with another algorithm than it says',
      made().replace(/^[^.]+/, encode({ ...HEADER, alg: 'HS512' })),
    ],
    [
      'changed after it was signed',
      made().replace(/\.[^.]+\./, `.${encode({ ...CLAIMS, grants: { identity: 'mallory', video: {} } })}.`),
    ],
  ])('%s is refused with 20107', async (_fault, token) => {
    expect(await verdict(token)).toBe(20107);
  });

  it.each([
    ['no expiry', { exp: undefined }],
    ['an expiry that is no number', { exp: String(NOW + 3600) }],
    ['an expiry that has passed', { exp: NOW - 11 }],
    ['more than 24 hours from its issue', { exp: NOW + DAY + 11 }],
    ['more than 24 hours from its beginning', { iat: NOW, nbf: NOW - DAY, exp: NOW + 3600 }],
    ['more than 24 hours from now', { iat: undefined, exp: NOW + DAY + 11 }],
    ['an issue that is no number', { iat: 'today' }],
    ['a beginning that is no number', { nbf: 'today' }],
  ])('with %s is refused with 20104', async (_fault, claims) => {
    expect(await verdict(made({ claims }))).toBe(20104);
  });

  it('that does not hold yet is refused with 20105', async () => {
    expect(await verdict(made({ claims: { nbf: NOW + 11 } }))).toBe(20105);
  });

  it.each([
    ['has just expired', { exp: NOW - 9 }],
    ['begins in a moment', { iat: NOW + 9, nbf: NOW + 9 }],
    ['lives a moment more than 24 hours', { exp: NOW + DAY + 9 }],
    ['does not say when it was issued', { iat: undefined }],
    ['is in its last second of 24 hours', { iat: NOW - DAY + 1, exp: NOW + 1 }],
  ])('that %s is accepted: clocks may differ a little', async (_how, claims) => {
    expect(await verdict(made({ claims }))).toBeNull();
  });

  it.each([
    ['no grants', undefined],
    ['grants that are a list', []],
    ['no grant for video', { identity: 'alice' }],
    ['only the oldest grant for video', { identity: 'alice', rtc: { configuration_profile_sid: 'VS1' } }],
    ['a grant for video that is no object', { identity: 'alice', video: true }],
    ['a room that is no text', { identity: 'alice', video: { room: 7 } }],
    ['no identity', { video: {} }],
    ['an empty identity', { identity: '', video: {} }],
    ['an identity that is no text', { identity: 7, video: {} }],
  ])('with %s is refused with 20106', async (_fault, grants) => {
    expect(await verdict(made({ claims: { grants } }))).toBe(20106);
  });

  it('is refused with the code of its identity: 53201 for a long one, 53202 for control characters', async () => {
    const of = (identity: string): string => made({ claims: { grants: { identity, video: {} } } });
    expect(await verdict(of('x'.repeat(128)))).toBeNull();
    expect(await verdict(of('x'.repeat(129)))).toBe(53201);
    expect(await verdict(of('a\nb'))).toBe(53202);
  });
});

describe('The first of several faults', () => {
  // Each fault in the order of checking; a token with this one and all that follow is refused for this one.
  const faults: [ErrorCode, HandMade][] = [
    [20102, { header: { cty: 'none' } }],
    [20103, { claims: { sub: OTHER_ACCOUNT } }],
    [20107, { secret: 'another-secret-of-16' }],
    [20104, { claims: { exp: NOW - 60 } }],
    [20105, { claims: { nbf: NOW + 60 } }],
    [20106, { claims: { grants: { identity: 'x'.repeat(129) } } }],
  ];
  const all = (list: readonly [ErrorCode, HandMade][]): HandMade =>
    list.reduceRight<HandMade>(
      (whole, [, { header, claims, secret }]) => ({
        header: { ...whole.header, ...header },
        claims: { ...whole.claims, ...claims },
        ...((secret ?? whole.secret) !== undefined && { secret: secret ?? whole.secret }),
      }),
      {},
    );

  it.each(faults.map(([code], index) => [code, all(faults.slice(index))] as const))(
    'names the code: %i',
    async (code, token) => {
      expect(await verdict(made(token))).toBe(code);
    },
  );
});

describe('Verifying a token', () => {
  it('fails with a TwilioError and nothing else, whatever the text', async () => {
    const [header, claims, signature] = made().split('.') as [string, string, string];
    const parts = fc.oneof(fc.constantFrom(header, claims, signature, ''), fc.string(), fc.base64String());
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts, { maxLength: 6 }).map((list) => list.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        fc.pre(text !== made());
        expect(await verdict(text)).not.toBeNull();
      }),
    );
  });

  it('fails with a TwilioError and nothing else, whatever a key has signed', async () => {
    const values = fc.oneof(fc.jsonValue(), fc.double(), fc.constant(undefined));
    const headers = fc.record(
      { alg: fc.constantFrom('HS256', 'HS512'), crit: values, b64: values, kid: values, twr: values },
      { requiredKeys: ['alg'] },
    );
    const claims = fc.record(
      { exp: values, nbf: values, iat: values, jti: values, aud: values, grants: values },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(headers, claims, async (header, more) => {
        const code = await verdict(made({ header, claims: more }));
        expect(code === null || [20101, 20104, 20105, 20106, 53201, 53202].includes(code)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('The room of a token', () => {
  const token = (room: string | null): AccessToken => ({ accountSid: ACCOUNT, identity: 'alice', room });
  const room = { sid: `RM${'1'.repeat(32)}`, name: 'standup' };

  it('is any, unless the token says one', () => {
    expect(codeOf(() => checkRoomGrant(token(null), 'standup', room))).toBeNull();
    expect(codeOf(() => checkRoomGrant(token(null), null))).toBeNull();
  });

  it('may be said and asked for by name or by SID', () => {
    for (const said of [room.name, room.sid])
      for (const asked of [room.name, room.sid])
        expect(codeOf(() => checkRoomGrant(token(said), asked, room))).toBeNull();
  });

  it('need not exist yet', () => {
    expect(codeOf(() => checkRoomGrant(token('standup'), 'standup'))).toBeNull();
  });

  it('is no other: 20106', () => {
    expect(codeOf(() => checkRoomGrant(token('standup'), 'retro'))).toBe(20106);
    expect(codeOf(() => checkRoomGrant(token('standup'), 'Standup'))).toBe(20106);
    expect(codeOf(() => checkRoomGrant(token('standup'), null))).toBe(20106);
    expect(codeOf(() => checkRoomGrant(token('retro'), 'standup', room))).toBe(20106);
    expect(codeOf(() => checkRoomGrant(token(`RM${'2'.repeat(32)}`), 'standup', room))).toBe(20106);
  });
});
