import twilio from 'twilio';
import { DEV_CREDENTIALS } from '../../src/config.js';

const { AccessToken } = twilio.jwt;

export interface TokenSpec {
  identity?: string;
  room?: string;
  ttl?: number;
  keySid?: string;
  secret?: string;
  accountSid?: string;
  withoutGrant?: boolean;
}

/** An access token as the official library makes it, with the development credentials. */
export async function accessToken({
  identity = 'alice',
  room,
  ttl = 3600,
  ...spec
}: TokenSpec = {}): Promise<string> {
  const token = new AccessToken(
    spec.accountSid ?? DEV_CREDENTIALS.accountSid,
    spec.keySid ?? DEV_CREDENTIALS.apiKeySid,
    spec.secret ?? DEV_CREDENTIALS.apiKeySecret,
    { identity, ttl },
  );
  if (!spec.withoutGrant) token.addGrant(new AccessToken.VideoGrant(room === undefined ? {} : { room }));
  return token.toJwt();
}
