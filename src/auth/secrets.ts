import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares two secrets in a time that tells nothing of them, their lengths included. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/** A secret of 32 letters and digits: some helper libraries refuse anything else. */
export function newSecret(): string {
  return randomBytes(16).toString('hex');
}
