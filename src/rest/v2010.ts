import type { FastifyRequest } from 'fastify';
import type { Account } from '../auth/accounts.js';
import { twilioError } from '../errors.js';
import { notFound } from './Directory.js';
import { pathOf } from './requests.js';
import type { RestContext } from './RestFace.js';

// What the resources of Twilio's first API (api.twilio.com/2010-04-01) have in common.

/** A segment of a path without the `.json` that says in which form the answer is to be. */
export function withoutJson(segment: string): string {
  return segment.replace(/\.json$/, '');
}

/** RFC 2822, as that API writes its dates. */
export function mailTime(milliseconds: number): string {
  return new Date(milliseconds).toUTCString().replace('GMT', '+0000');
}

/**
 * The account that a path names: the caller's own, or one of its sub-accounts. Of others nothing is told, but for
 * the parent account, whose SID a sub-account knows.
 * @throws TwilioError 20404, 20403
 */
export function accountOf(request: FastifyRequest, { accounts }: RestContext): Account {
  const sid = withoutJson((request.params as { account: string }).account);
  const own = request.account;
  if (sid === own.sid) return own;
  const named = accounts.get(sid);
  if (named?.ownerSid === own.sid) return named;
  if (sid === own.ownerSid) throw twilioError(20403);
  throw notFound(pathOf(request));
}
