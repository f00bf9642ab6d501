import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Accounts } from '../../src/auth/accounts.js';
import type { AccountSetup } from '../../src/auth/accounts.js';
import { newSecret, sameSecret } from '../../src/auth/secrets.js';
import { VirtualClock } from '../../src/clock.js';
import { ROOM_DEFAULTS } from '../../src/rooms/options.js';
import { randomSid } from '../../src/sid.js';
import { MemoryStore } from '../../src/store/MemoryStore.js';
import type { Change } from '../../src/store/Store.js';
import { ACCOUNT, OTHER_ACCOUNT } from '../support/model.js';

const KEY = `SK${'a'.repeat(32)}`;
const SECOND_KEY = `SK${'b'.repeat(32)}`;
const clock = new VirtualClock();
const SETUPS: AccountSetup[] = [
  {
    sid: ACCOUNT,
    authToken: 'auth token of the first',
    keys: [
      { sid: KEY, secret: 'secret of the first key' },
      { sid: SECOND_KEY, secret: 'secret of the second key' },
    ],
    roomDefaults: { maxParticipants: 4 },
  },
  { sid: OTHER_ACCOUNT, authToken: 'auth token of the second', keys: [], ownerSid: ACCOUNT },
];

/** Accounts, and the store in which what they tell of themselves is kept. */
async function openAccounts(setups: AccountSetup[] = SETUPS, store = new MemoryStore(0)) {
  const changes: Change[] = [];
  const accounts = new Accounts(setups, {
    clock,
    newSid: randomSid,
    onChange: (change) => changes.push(change),
  });
  await accounts.restore(store);
  return { accounts, changes, keep: () => store.write(changes.splice(0)), store };
}

const { accounts } = await openAccounts();

describe('An account', () => {
  it('is opened by its SID and auth token, and by each of its keys', () => {
    for (const [user, password] of [
      [ACCOUNT, 'auth token of the first'],
      [KEY, 'secret of the first key'],
      [SECOND_KEY, 'secret of the second key'],
    ] as const)
      expect(accounts.authenticate(user, password)?.account.sid).toBe(ACCOUNT);
    expect(accounts.authenticate(OTHER_ACCOUNT, 'auth token of the second')?.account.sid).toBe(OTHER_ACCOUNT);
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
      friendlyName: '',
      createdAt: clock.now(),
      updatedAt: clock.now(),
    });
    expect(accounts.key(ACCOUNT)).toBeUndefined();
  });

  it('has the usual settings of rooms where it sets none', () => {
    expect(accounts.get(ACCOUNT)?.roomDefaults).toEqual({ ...ROOM_DEFAULTS, maxParticipants: 4 });
    expect(accounts.get(OTHER_ACCOUNT)?.roomDefaults).toEqual(ROOM_DEFAULTS);
  });
});

describe('The family of an account', () => {
  it('is the account and its sub-accounts; that of a sub-account is itself', () => {
    expect(accounts.family(ACCOUNT).map(({ sid }) => sid)).toEqual([ACCOUNT, OTHER_ACCOUNT]);
    expect(accounts.family(OTHER_ACCOUNT).map(({ sid }) => sid)).toEqual([OTHER_ACCOUNT]);
    expect(accounts.get(ACCOUNT)?.ownerSid).toBe(ACCOUNT);
  });
});

describe('A key that is made at run time', () => {
  it("opens its account at once, and is the account's own", async () => {
    const { accounts } = await openAccounts();
    const key = accounts.createKey(ACCOUNT, 'phone');
    expect(key).toMatchObject({ accountSid: ACCOUNT, friendlyName: 'phone', createdAt: clock.now() });
    expect(accounts.authenticate(key.sid, key.secret)).toEqual({ account: accounts.get(ACCOUNT), key });
    expect(accounts.keysOf(ACCOUNT)).toContainEqual(key);
    expect(accounts.keysOf(OTHER_ACCOUNT)).toEqual([]);
  });

  it('opens it still after a restart, by its new name, and not once it is deleted', async () => {
    const first = await openAccounts();
    const { sid, secret } = first.accounts.createKey(ACCOUNT, 'phone');
    clock.advance(1000);
    const renamed = first.accounts.renameKey(first.accounts.key(sid)!, 'tablet');
    await first.keep();

    const second = await openAccounts(SETUPS, first.store);
    expect(second.accounts.authenticate(sid, secret)?.key).toEqual(renamed);
    second.accounts.deleteKey(renamed);
    expect(second.accounts.authenticate(sid, secret)).toBeNull();
    expect(JSON.stringify(second.changes)).not.toContain(secret);
    await second.keep();

    const third = await openAccounts(SETUPS, first.store);
    expect(third.accounts.key(sid)).toBeUndefined();
  });
});

describe('A key of the configuration', () => {
  it('stays deleted after a restart', async () => {
    const first = await openAccounts();
    first.accounts.deleteKey(first.accounts.key(KEY)!);
    await first.keep();
    const second = await openAccounts(SETUPS, first.store);
    expect(second.accounts.authenticate(KEY, 'secret of the first key')).toBeNull();
    expect(second.accounts.authenticate(SECOND_KEY, 'secret of the second key')).not.toBeNull();
  });

  it('keeps a new name over a restart, and has the secret that is configured then', async () => {
    const first = await openAccounts();
    first.accounts.renameKey(first.accounts.key(KEY)!, 'the first');
    await first.keep();
    const changed = [{ ...SETUPS[0]!, keys: [{ sid: KEY, secret: 'a changed secret of the key' }] }];
    const second = await openAccounts(changed, first.store);
    expect(second.accounts.key(KEY)).toMatchObject({
      friendlyName: 'the first',
      secret: 'a changed secret of the key',
    });
  });

  it("is not taken for another account's key of former times", async () => {
    const first = await openAccounts();
    first.accounts.deleteKey(first.accounts.key(KEY)!);
    await first.keep();
    const moved = { sid: KEY, secret: 'secret at the other account' };
    const second = await openAccounts(
      [
        { ...SETUPS[1]!, keys: [moved] },
        { ...SETUPS[0]!, keys: [] },
      ],
      first.store,
    );
    expect(second.accounts.authenticate(KEY, moved.secret)?.account.sid).toBe(OTHER_ACCOUNT);
  });
});

describe("An account's settings", () => {
  it('go over those that are configured, and outlive a restart, until they are reset', async () => {
    const first = await openAccounts();
    first.accounts.changeSettings(ACCOUNT, { type: 'go', turn: false });
    first.accounts.changeSettings(ACCOUNT, { type: 'group-small', emptyRoomTimeout: undefined });
    await first.keep();
    const settings = { ...ROOM_DEFAULTS, maxParticipants: 4, type: 'group-small', turn: false };
    expect(first.accounts.get(ACCOUNT)?.roomDefaults).toEqual(settings);
    expect(first.accounts.get(OTHER_ACCOUNT)?.roomDefaults).toEqual(ROOM_DEFAULTS);

    const second = await openAccounts(SETUPS, first.store);
    expect(second.accounts.get(ACCOUNT)?.roomDefaults).toEqual(settings);
    second.accounts.resetSettings(ACCOUNT);
    await second.keep();
    const third = await openAccounts(SETUPS, first.store);
    expect(third.accounts.get(ACCOUNT)?.roomDefaults).toEqual({ ...ROOM_DEFAULTS, maxParticipants: 4 });
  });
});

describe('A new secret', () => {
  it('is 32 letters and digits, and never the same', () => {
    const secrets = Array.from({ length: 100 }, newSecret);
    expect(new Set(secrets).size).toBe(100);
    for (const secret of secrets) expect(secret).toMatch(/^[0-9A-Za-z]{32}$/);
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
