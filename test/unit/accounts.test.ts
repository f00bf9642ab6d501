import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Accounts } from '../../src/auth/accounts.js';
import { sameSecret } from '../../src/auth/secrets.js';
import { ROOM_DEFAULTS } from '../../src/rooms/options.js';
import { ACCOUNT, OTHER_ACCOUNT } from '../support/model.js';

const KEY = `SK${'a'.repeat(32)}`;
const SECOND_KEY = `SK${'b'.repeat(32)}`;
const accounts = new Accounts([
  {
    sid: ACCOUNT,
    authToken: 'auth token of the first',
    keys: [
      { sid: KEY, secret: 'secret of the first key' },
      { sid: SECOND_KEY, secret: 'secret of the second key' },
    ],
    roomDefaults: { maxParticipants: 4 },
  },
  { sid: OTHER_ACCOUNT, authToken: 'auth token of the second', keys: [] },
]);

describe('An account', () => {
  it('is opened by its SID and auth token, and by each of its keys', () => {
    for (const [user, password] of [
      [ACCOUNT, 'auth token of the first'],
      [KEY, 'secret of the first key'],
      [SECOND_KEY, 'secret of the second key'],
    ] as const)
      expect(accounts.authenticate(user, password)?.sid).toBe(ACCOUNT);
    expect(accounts.authenticate(OTHER_ACCOUNT, 'auth token of the second')?.sid).toBe(OTHER_ACCOUNT);
  });

  it.each([
    ['a wrong auth token', ACCOUNT, 'auth token of the second'],
    ['a wrong secret', KEY, 'secret of the second key'],
    ['the secret of one of its keys', ACCOUNT, 'secret of the first key'],
    ['the auth token for a key', KEY, 'auth token of the first'],
    ['the beginning of the auth token', ACCOUNT, 'auth token of the'],
    ['an empty password', ACCOUNT, ''],
    ['an unknown account', `AC${'9'.repeat(32)}`, 'auth token of the first'],
    ['an unknown key', `SK${'9'.repeat(32)}`, 'secret of the first key'],
    ['nothing', '', ''],
    ['a name that every object has', '__proto__', ''],
  ])('is not opened by %s', (_what, user, password) => {
    expect(accounts.authenticate(user, password)).toBeNull();
  });

  it('is found by its SID, a key by its own with the account that it belongs to', () => {
    expect(accounts.get(ACCOUNT)?.authToken).toBe('auth token of the first');
    expect(accounts.get(KEY)).toBeUndefined();
    expect(accounts.key(SECOND_KEY)).toEqual({
      sid: SECOND_KEY,
      secret: 'secret of the second key',
      accountSid: ACCOUNT,
    });
    expect(accounts.key(ACCOUNT)).toBeUndefined();
  });

  it('has the usual settings of rooms where it sets none', () => {
    expect(accounts.get(ACCOUNT)?.roomDefaults).toEqual({ ...ROOM_DEFAULTS, maxParticipants: 4 });
    expect(accounts.get(OTHER_ACCOUNT)?.roomDefaults).toEqual(ROOM_DEFAULTS);
  });
});

describe('Two secrets', () => {
  it('are the same when their texts are, whatever their lengths and characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(sameSecret(a, a)).toBe(true);
        expect(sameSecret(a, b)).toBe(a === b);
      }),
    );
  });
});
