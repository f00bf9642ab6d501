import { randomBytes } from 'node:crypto';

/**
 * The kinds of SID that Atrium knows: account, API key, room, participant, track, request; recording, composition,
 * composition hook, and credential.
 * A SID is the two letters and 32 lower-case hexadecimal digits.
 */
export type SidPrefix = 'AC' | 'SK' | 'RM' | 'PA' | 'MT' | 'RQ' | 'RT' | 'CJ' | 'HK' | 'CR';

/** Makes a new SID. Handed to what creates things, so that a test can foretell them. */
export type SidSource = (prefix: SidPrefix) => string;

export const randomSid: SidSource = (prefix) => prefix + randomBytes(16).toString('hex');

/** Whether a text has the form of a SID of this kind (hexadecimal digits of either case, as Twilio takes them). */
export function isSid(prefix: SidPrefix, text: string): boolean {
  return text.length === 34 && text.startsWith(prefix) && /^[0-9a-fA-F]{32}$/.test(text.slice(2));
}
