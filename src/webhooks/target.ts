import { parseOverrides } from './overrides.js';
import type { ConnectionOptions } from './overrides.js';

/** Where a status callback goes, read from the URL that was set for it. */
export interface Target {
  /** Scheme, host, and the port where it is not the scheme's own. */
  origin: string;
  /** Path and query, as they were set. */
  path: string;
  /** The value of `Authorization`, where the URL names a user. */
  authorization: string | null;
  connection: ConnectionOptions;
}

/** Scheme, authority, and then path and query as they may go out on the wire. */
const PLAIN_URL = /^https?:\/\/[^/?#\\\s]+([/?][\x21\x22\x24-\x7e]*)?(?:#.*)?$/i;

/** Null for what is no URL of http or https. */
export function parseTarget(text: string): Target | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) return null;
  // Kept character by character where that can be sent: the receiver checks the signature of what it was set to.
  const given = PLAIN_URL.exec(text)?.[1] ?? url.pathname + url.search;
  return {
    origin: url.origin,
    path: given.startsWith('/') ? given : `/${given}`,
    authorization: url.username || url.password ? basic(url) : null,
    connection: parseOverrides(url.hash.slice(1)),
  };
}

/** The URL without its user and fragment; what is no URL, without anything. */
export function withoutUser(text: string): string {
  const target = parseTarget(text);
  return target ? target.origin + target.path : '';
}

/** The URL without whatever may be secret: for the log. */
export function withoutSecrets(text: string): string {
  return withoutUser(text).split('?', 1)[0]!;
}

function basic({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64')}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
