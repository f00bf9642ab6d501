import { ROOM_DEFAULTS } from '../rooms/options.js';
import type { RoomDefaults } from '../rooms/options.js';
import { sameSecret } from './secrets.js';

export interface ApiKey {
  readonly sid: string;
  readonly secret: string;
  readonly accountSid: string;
}

export interface Account {
  readonly sid: string;
  readonly authToken: string;
  readonly roomDefaults: RoomDefaults;
}

/** An account as it is configured. */
export interface AccountSetup {
  sid: string;
  authToken: string;
  keys: readonly { sid: string; secret: string }[];
  roomDefaults?: Partial<RoomDefaults>;
}

/** The accounts of this server and their API keys. */
export class Accounts {
  readonly #accounts = new Map<string, Account>();
  readonly #keys = new Map<string, ApiKey>();

  constructor(setups: readonly AccountSetup[]) {
    for (const { sid, authToken, keys, roomDefaults } of setups) {
      this.#accounts.set(sid, { sid, authToken, roomDefaults: withDefaults(roomDefaults) });
      for (const key of keys) this.#keys.set(key.sid, { ...key, accountSid: sid });
    }
  }

  get(sid: string): Account | undefined {
    return this.#accounts.get(sid);
  }

  key(sid: string): ApiKey | undefined {
    return this.#keys.get(sid);
  }

  /** The account that these Basic credentials open: account SID and auth token, or key SID and secret. */
  authenticate(user: string, password: string): Account | null {
    const account = this.#accounts.get(user);
    if (account) return sameSecret(password, account.authToken) ? account : null;
    const key = this.#keys.get(user);
    if (key && sameSecret(password, key.secret)) return this.#accounts.get(key.accountSid) ?? null;
    return null;
  }
}

/** What is set to nothing is not set. */
function withDefaults(settings: Partial<RoomDefaults> = {}): RoomDefaults {
  const set = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { ...ROOM_DEFAULTS, ...Object.fromEntries(set) };
}
