import type { Clock } from '../clock.js';
import { SystemClock } from '../clock.js';
import { ROOM_DEFAULTS } from '../rooms/options.js';
import type { RoomDefaults } from '../rooms/options.js';
import { randomSid } from '../sid.js';
import type { SidSource } from '../sid.js';
import type { AccountSettingsRecord, Change, KeyRecord, Store } from '../store/Store.js';
import { newSecret, sameSecret } from './secrets.js';

export interface ApiKey {
  readonly sid: string;
  readonly secret: string;
  readonly accountSid: string;
  /** At most 64 characters; empty where it has none. */
  readonly friendlyName: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const ACCOUNT_STATUSES = ['active', 'suspended', 'closed'] as const;
/** Only an active account's credentials and tokens open anything. */
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

/** An account at one moment. */
export interface Account {
  readonly sid: string;
  readonly authToken: string;
  readonly friendlyName: string;
  readonly status: AccountStatus;
  /** The account of which this is a sub-account; its own SID where it is none. */
  readonly ownerSid: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** What is configured, and over it what was set by REST. */
  readonly roomDefaults: RoomDefaults;
}

/** An account as it is configured. */
export interface AccountSetup {
  sid: string;
  authToken: string;
  keys: readonly { sid: string; secret: string; friendlyName?: string }[];
  friendlyName?: string;
  status?: AccountStatus;
  ownerSid?: string;
  roomDefaults?: Partial<RoomDefaults>;
}

/** Who is behind a request: an account, through its auth token or through one of its keys. */
export interface Caller {
  readonly account: Account;
  /** Null for the auth token. */
  readonly key: ApiKey | null;
}

/** What the accounts need of the house around them. */
export interface AccountsSurroundings {
  clock: Clock;
  newSid: SidSource;
  /** Told of what is to outlive the process. */
  onChange: (change: Change) => void;
}

const ALONE: AccountsSurroundings = { clock: new SystemClock(), newSid: randomSid, onChange: () => {} };

/**
 * The accounts of this server, their settings and their API keys. Accounts are configured; keys and settings are
 * changed at run time too, and a change counts at once.
 */
export class Accounts {
  readonly #surroundings: AccountsSurroundings;
  readonly #accounts = new Map<string, Account>();
  readonly #configuredDefaults = new Map<string, RoomDefaults>();
  readonly #settings = new Map<string, AccountSettingsRecord>();
  readonly #keys = new Map<string, ApiKey>();

  constructor(setups: readonly AccountSetup[], surroundings: AccountsSurroundings = ALONE) {
    this.#surroundings = surroundings;
    const now = surroundings.clock.now();
    const dates = { createdAt: now, updatedAt: now };
    for (const { sid, authToken, keys, friendlyName, status, ownerSid, roomDefaults } of setups) {
      const configured = over(ROOM_DEFAULTS, roomDefaults);
      this.#configuredDefaults.set(sid, configured);
      this.#accounts.set(sid, {
        sid,
        authToken,
        friendlyName: friendlyName ?? sid,
        status: status ?? 'active',
        ownerSid: ownerSid ?? sid,
        ...dates,
        roomDefaults: configured,
      });
      for (const key of keys) {
        this.#keys.set(key.sid, { friendlyName: '', ...key, accountSid: sid, ...dates });
      }
    }
  }

  /** Takes up what an earlier process kept: keys and settings that were made or changed at run time. */
  async restore(store: Pick<Store, 'keys' | 'accountSettings'>): Promise<void> {
    for (const record of await store.keys()) this.#restoreKey(record);
    for (const [sid, settings] of await store.accountSettings()) {
      if (this.#accounts.has(sid)) this.#applySettings(sid, settings);
    }
  }

  #restoreKey({ secret, ...record }: KeyRecord): void {
    const configured = this.#keys.get(record.sid);
    if (!this.#accounts.has(record.accountSid)) return;
    // A key that has come into the configuration at another account is that account's.
    if (configured && configured.accountSid !== record.accountSid) return;
    if (secret === null) this.#keys.delete(record.sid);
    else this.#keys.set(record.sid, { ...record, secret: configured?.secret ?? secret });
  }

  get(sid: string): Account | undefined {
    return this.#accounts.get(sid);
  }

  /** An account and its sub-accounts, in the order of the configuration. */
  family(sid: string): readonly Account[] {
    return [...this.#accounts.values()].filter(
      (account) => account.sid === sid || (account.ownerSid === sid && account.ownerSid !== account.sid),
    );
  }

  key(sid: string): ApiKey | undefined {
    return this.#keys.get(sid);
  }

  keysOf(accountSid: string): readonly ApiKey[] {
    return [...this.#keys.values()].filter((key) => key.accountSid === accountSid);
  }

  /** Whom these Basic credentials stand for: account SID and auth token, or key SID and secret. */
  authenticate(user: string, password: string): Caller | null {
    const account = this.#accounts.get(user);
    if (account) return sameSecret(password, account.authToken) ? { account, key: null } : null;
    const key = this.#keys.get(user);
    const owner = key && this.#accounts.get(key.accountSid);
    return owner && sameSecret(password, key.secret) ? { account: owner, key } : null;
  }

  createKey(accountSid: string, friendlyName: string): ApiKey {
    const now = this.#surroundings.clock.now();
    const key = {
      sid: this.#surroundings.newSid('SK'),
      secret: newSecret(),
      accountSid,
      friendlyName,
      createdAt: now,
      updatedAt: now,
    };
    this.#keys.set(key.sid, key);
    this.#surroundings.onChange({ type: 'key', key });
    return key;
  }

  renameKey(key: ApiKey, friendlyName: string): ApiKey {
    const renamed = { ...key, friendlyName, updatedAt: this.#surroundings.clock.now() };
    this.#keys.set(key.sid, renamed);
    this.#surroundings.onChange({ type: 'key', key: renamed });
    return renamed;
  }

  /** From now on the key opens nothing, also when it stands in the configuration. */
  deleteKey(key: ApiKey): void {
    this.#keys.delete(key.sid);
    const updatedAt = this.#surroundings.clock.now();
    this.#surroundings.onChange({ type: 'key', key: { ...key, secret: null, updatedAt } });
  }

  /** Sets what is named; the rest stays as it is. */
  changeSettings(accountSid: string, changes: AccountSettingsRecord): Account {
    return this.#setSettings(accountSid, over({ ...this.#settings.get(accountSid) }, changes));
  }

  /** Forgets what was set: the configuration counts again. */
  resetSettings(accountSid: string): Account {
    return this.#setSettings(accountSid, {});
  }

  #setSettings(accountSid: string, settings: AccountSettingsRecord): Account {
    const account = this.#applySettings(accountSid, settings);
    this.#surroundings.onChange({ type: 'account-settings', accountSid, settings });
    return account;
  }

  #applySettings(accountSid: string, settings: AccountSettingsRecord): Account {
    const account = {
      ...this.#accounts.get(accountSid)!,
      updatedAt: this.#surroundings.clock.now(),
      roomDefaults: over(this.#configuredDefaults.get(accountSid)!, settings),
    };
    this.#settings.set(accountSid, settings);
    this.#accounts.set(accountSid, account);
    return account;
  }
}

/** What is set to nothing is not set. */
function over<T extends object>(under: T, settings: Partial<T> = {}): T {
  const set = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { ...under, ...(Object.fromEntries(set) as Partial<T>) };
}
