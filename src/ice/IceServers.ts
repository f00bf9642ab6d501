import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../clock.js';

/** `stun:host` or `stun:host:port` (RFC 7064). */
export const stunUrlSchema = z
  .string()
  .regex(/^stuns?:(\[[0-9a-f:.]+\]|[^\s:?,[\]]+)(:\d{1,5})?$/i, 'must be as stun:host:port');
/** `turn:host:port?transport=udp` or `=tcp`, or `turns:` (RFC 7065). */
export const turnUrlSchema = z
  .string()
  .regex(
    /^turns?:(\[[0-9a-f:.]+\]|[^\s:?,[\]]+)(:\d{1,5})?(\?transport=(udp|tcp))?$/i,
    'must be as turn:host:port?transport=udp',
  );

const iceUrlSchema = z.union([stunUrlSchema, turnUrlSchema]);
/** An ICE server as a client's RTCPeerConnection takes it. */
export const iceServerSchema = z.strictObject({
  urls: z.union([iceUrlSchema, z.array(iceUrlSchema).min(1)]),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof iceServerSchema>;

/** Seconds that TURN credentials live at most, and where nothing else is said. Twilio: 24 hours. */
export const LONGEST_TURN_TTL = 86_400;

/** Which servers there are. */
export interface IceServersSetup {
  /** Servers that every client is told as they stand. */
  fixed: readonly IceServer[];
  stunUrls: readonly string[];
  /** TURN servers that share the secret. */
  turnUrls: readonly string[];
  /** What coturn has as `static-auth-secret`; null where there is no TURN server. */
  turnSecret: string | null;
  /** Seconds that credentials are valid for. */
  turnTtl: number;
}

/** A server as Twilio's Tokens resource lists it: with the name of the member before the standard, too. */
export interface TokenIceServer {
  url: string;
  urls: string;
  username?: string;
  credential?: string;
}

/** Credentials for TURN, and the servers that take them: what Twilio's Tokens resource gives. */
export interface TurnToken {
  username: string;
  password: string;
  /** Seconds. */
  ttl: number;
  iceServers: TokenIceServer[];
}

interface Credentials {
  username: string;
  password: string;
}

/**
 * Decides which STUN and TURN servers a client is told, and makes its credentials: a name that begins with the
 * time of its end, in seconds since the epoch, and the HMAC-SHA1 of that name under the secret that is shared
 * with coturn (`use-auth-secret`). coturn needs to hear of no client.
 */
export class IceServers {
  readonly #setup: IceServersSetup;
  readonly #secret: string;
  readonly #turnAllowed: (accountSid: string) => boolean;
  readonly #clock: Clock;

  /** @param turnAllowed whether an account's clients are told of the TURN servers; asked anew every time */
  constructor(setup: IceServersSetup, turnAllowed: (accountSid: string) => boolean, clock: Clock) {
    this.#setup = setup;
    // Without TURN servers, Twilio's Tokens resource still has a name and a password: such that open nothing.
    this.#secret = setup.turnSecret ?? randomBytes(32).toString('hex');
    this.#turnAllowed = turnAllowed;
    this.#clock = clock;
  }

  /**
   * What a client is told before it connects.
   * @param ttl seconds that the credentials are valid for
   */
  forClient(accountSid: string, _identity: string, ttl: number = this.#setup.turnTtl): readonly IceServer[] {
    const { fixed, stunUrls } = this.#setup;
    const turnUrls = this.#turnUrls(accountSid);
    const servers: IceServer[] = [...fixed, ...stunUrls.map((urls) => ({ urls }))];
    if (turnUrls.length === 0) return servers;
    const { username, password } = this.#credentials(accountSid, ttl);
    return [...servers, ...turnUrls.map((urls) => ({ urls, username, credential: password }))];
  }

  /**
   * What the Tokens resource answers. An account without TURN gets the other servers, and credentials that open
   * nothing.
   * @param ttlSeconds from 1 to {@link LONGEST_TURN_TTL}
   */
  token(accountSid: string, ttlSeconds: number = this.#setup.turnTtl): TurnToken {
    const { fixed, stunUrls } = this.#setup;
    const { username, password } = this.#credentials(accountSid, ttlSeconds);
    return {
      username,
      password,
      ttl: ttlSeconds,
      iceServers: [
        ...fixed.flatMap(({ urls, ...rest }) => [urls].flat().map((url) => ({ url, urls: url, ...rest }))),
        ...stunUrls.map((url) => ({ url, urls: url })),
        ...this.#turnUrls(accountSid).map((url) => ({ url, urls: url, username, credential: password })),
      ],
    };
  }

  #turnUrls(accountSid: string): readonly string[] {
    return this.#turnAllowed(accountSid) ? this.#setup.turnUrls : [];
  }

  /** Unique each time: coturn counts allocations by name. The account stands in it for coturn's log. */
  #credentials(accountSid: string, ttl: number): Credentials {
    const expiry = Math.floor(this.#clock.now() / 1000) + ttl;
    const username = `${expiry}:${accountSid}-${randomBytes(12).toString('hex')}`;
    return { username, password: turnPassword(this.#secret, username) };
  }
}

/** The password of a time-limited name, as coturn computes it. */
export function turnPassword(secret: string, username: string): string {
  return createHmac('sha1', secret).update(username).digest('base64');
}
