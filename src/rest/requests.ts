import type { FastifyRequest } from 'fastify';
import type { Account, ApiKey } from '../auth/accounts.js';
import { Form } from './Form.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose credentials came with the request. Set before any handler of the REST face runs. */
    account: Account;
    /** The key by which it came; null for the account's auth token. */
    apiKey: ApiKey | null;
  }
}

/** The path of a request as the client sent it, without its query. */
export function pathOf(request: FastifyRequest): string {
  return request.originalUrl.split('?', 1)[0]!;
}

/** The parameters of a POST. A body of another kind than a form counts as empty, as on Twilio. */
export function formOf(request: FastifyRequest): Form {
  return request.body instanceof Form ? request.body : new Form(new URLSearchParams());
}

/**
 * A URL that any router can take. Escapes that are none stand for themselves: the helper libraries put names into
 * paths as they are, so `a%b` is a room's name and no mistake of the client's. A slash at an API path's end does
 * not count: the libraries follow no redirects.
 */
export function repairUrl(url: string): string {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  const repaired = path
    .split('/')
    .map((segment) => (isDecodable(segment) ? segment : segment.replaceAll('%', '%25')))
    .join('/');
  return (isApiPath(repaired) ? withoutTrailingSlashes(repaired) : repaired) + url.slice(path.length);
}

function isDecodable(segment: string): boolean {
  try {
    decodeURIComponent(segment);
    return true;
  } catch {
    return false;
  }
}

function isApiPath(path: string): boolean {
  return /^\/(v1|2010-04-01|atrium\/v1)(\/|$)/.test(path);
}

function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end);
}
