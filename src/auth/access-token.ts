import { SignJWT, compactVerify, decodeJwt, decodeProtectedHeader, errors as joseErrors } from 'jose';
import type { JWTPayload, ProtectedHeaderParameters } from 'jose';
import { z } from 'zod';
import type { Clock } from '../clock.js';
import { TwilioError, twilioError } from '../errors.js';
import { checkIdentity } from '../rooms/options.js';
import type { Accounts, ApiKey } from './accounts.js';

const ALGORITHMS = ['HS256', 'HS384', 'HS512'];
const CONTENT_TYPE = 'twilio-fpa;v=1';
/** Seconds. https://www.twilio.com/docs/iam/access-tokens#time-to-live */
const LONGEST_LIFE = 24 * 60 * 60;
/** Seconds by which the clocks of server and token maker may differ. */
const SKEW = 10;

/** What a valid access token says. */
export interface AccessToken {
  accountSid: string;
  identity: string;
  /** The name or SID of the only room that it opens; null for any. */
  room: string | null;
}

const grantsSchema = z.object({
  identity: z.string().min(1),
  video: z.object({ room: z.string().nullish() }),
});

/**
 * Checks a Video access token in the order in which Twilio does, so that the first fault names the code.
 * The token's structure: https://www.twilio.com/docs/iam/access-tokens
 * @throws TwilioError 20101 … 20107, 53201, 53202
 */
export async function verifyAccessToken(
  token: string,
  accounts: Accounts,
  clock: Clock,
): Promise<AccessToken> {
  const { header, claims } = decode(token);
  if (header.typ !== 'JWT' || !ALGORITHMS.includes(header.alg ?? '') || header.cty !== CONTENT_TYPE) {
    throw twilioError(20102);
  }
  const key = typeof claims.iss === 'string' ? accounts.key(claims.iss) : undefined;
  if (!key || claims.sub !== key.accountSid) throw twilioError(20103);
  if (accounts.get(key.accountSid)?.status !== 'active') throw twilioError(20103);
  await verifySignature(token, key);
  checkTimes(claims, clock.now() / 1000);

  const grants = grantsSchema.safeParse(claims['grants']);
  if (!grants.success) throw twilioError(20106);
  checkIdentity(grants.data.identity);
  return { accountSid: key.accountSid, identity: grants.data.identity, room: grants.data.video.room || null };
}

function decode(token: string): { header: ProtectedHeaderParameters; claims: JWTPayload } {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    throw twilioError(20101);
  }
}

async function verifySignature(token: string, key: ApiKey): Promise<void> {
  try {
    await compactVerify(token, new TextEncoder().encode(key.secret), { algorithms: ALGORITHMS });
  } catch (error) {
    throw twilioError(error instanceof joseErrors.JWSSignatureVerificationFailed ? 20107 : 20101);
  }
}

/** @param now seconds */
function checkTimes({ exp, nbf, iat }: JWTPayload, now: number): void {
  // A token that says it was issued later than now does not live longer for it.
  const start = nbf ?? (typeof iat === 'number' ? Math.min(iat, now) : (iat ?? now));
  if (typeof exp !== 'number' || exp <= now - SKEW) throw twilioError(20104);
  if (typeof start !== 'number' || exp - start > LONGEST_LIFE + SKEW) throw twilioError(20104);
  if (nbf !== undefined && nbf > now + SKEW) throw twilioError(20105);
}

/**
 * Whether a token opens a room that is called by `requested`; `room` is the room that exists, if one does.
 * @throws TwilioError 20106
 */
export function checkRoomGrant(
  token: AccessToken,
  requested: string | null,
  room?: { sid: string; name: string },
): void {
  if (token.room === null || token.room === requested) return;
  if (room && (token.room === room.sid || token.room === room.name)) return;
  throw new TwilioError(20106);
}

export interface AccessTokenRequest {
  identity: string;
  room?: string;
  /** Seconds; at most 24 hours. */
  ttl: number;
}

/** Makes an access token as Twilio's helper libraries do. */
export async function signAccessToken(
  request: AccessTokenRequest,
  key: Pick<ApiKey, 'sid' | 'secret' | 'accountSid'>,
  clock: Clock,
): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  const video = request.room === undefined ? {} : { room: request.room };
  return new SignJWT({ jti: `${key.sid}-${now}`, grants: { identity: request.identity, video } })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', cty: CONTENT_TYPE })
    .setIssuer(key.sid)
    .setSubject(key.accountSid)
    .setIssuedAt(now)
    .setExpirationTime(now + request.ttl)
    .sign(new TextEncoder().encode(key.secret));
}
