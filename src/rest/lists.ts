import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TwilioError, twilioError } from '../errors.js';
import type { Cursor, Page, PageRequest } from '../store/paging.js';
import { Form } from './Form.js';
import { pathOf } from './requests.js';

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;

/** A page token is opaque to clients: here, the item from which the page goes on, or back. */
const tokenSchema = z.tuple([z.enum(['after', 'before']), z.number(), z.string()]);
const TOKEN_PREFIX = 'PT';

function encodeToken(direction: 'after' | 'before', { createdAt, sid }: Cursor): string {
  return TOKEN_PREFIX + Buffer.from(JSON.stringify([direction, createdAt, sid])).toString('base64url');
}

function decodeToken(token: string): Partial<PageRequest> {
  try {
    const json: unknown = JSON.parse(Buffer.from(token.slice(TOKEN_PREFIX.length), 'base64url').toString());
    const [direction, createdAt, sid] = tokenSchema.parse(json);
    return { [direction]: { createdAt, sid } };
  } catch {
    throw twilioError(21481);
  }
}

/** The paging of a list request, taken from its query. */
export interface ListRequest {
  page: number;
  pageSize: number;
  position: PageRequest;
  filters: Form;
}

/**
 * Reads `PageSize`, `Page` and `PageToken`. A page size above the maximum is brought down to it, as some helper
 * libraries ask for more than a list gives.
 * @throws TwilioError 20007 for a page size below 1, 20001 for a bad page, 21481 for a bad token
 */
export function parseListRequest(request: FastifyRequest, maxPageSize = MAX_PAGE_SIZE): ListRequest {
  const filters = new Form(queryOf(request));
  const asked = filters.integer('PageSize', 20007) ?? DEFAULT_PAGE_SIZE;
  if (asked < 1) throw new TwilioError(20007, 'Page size must be at least 1');
  const pageSize = Math.min(asked, maxPageSize);
  const page = filters.integer('Page') ?? 0;
  if (page < 0) throw twilioError(20001, 'Page');
  const token = filters.text('PageToken');
  const position = token === undefined ? { offset: page * pageSize } : decodeToken(token);
  return { page, pageSize, position: { limit: pageSize, ...position }, filters };
}

function queryOf(request: FastifyRequest): URLSearchParams {
  const start = request.url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : request.url.slice(start + 1));
}

/** Where the pages around one of a list are: `null` for those that there are not. */
interface PageLinks {
  first: string;
  previous: string | null;
  own: string;
  next: string | null;
}

/** @param start what a link begins with, before the path of the request */
function pageLinks<T>(
  request: FastifyRequest,
  { page, pageSize }: ListRequest,
  { items, hasNext, hasPrevious }: Page<T>,
  start: string,
  cursorOf: (item: T) => Cursor,
): PageLinks {
  const url = (number: number, token?: string): string => {
    const query = queryOf(request);
    for (const name of ['PageSize', 'Page', 'PageToken']) query.delete(name);
    query.append('PageSize', String(pageSize));
    query.append('Page', String(number));
    if (token !== undefined) query.append('PageToken', token);
    return `${start}${pathOf(request)}?${query}`;
  };
  const first = items[0];
  const last = items.at(-1);
  return {
    first: url(0),
    previous: hasPrevious && first && page > 0 ? url(page - 1, encodeToken('before', cursorOf(first))) : null,
    own: url(page),
    next: hasNext && last ? url(page + 1, encodeToken('after', cursorOf(last))) : null,
  };
}

/** A list as video.twilio.com sends it: the items under their own key, and `meta` with absolute URLs. */
export function renderList<T>(
  request: FastifyRequest,
  list: ListRequest,
  key: string,
  page: Page<T>,
  baseUrl: string,
  cursorOf: (item: T) => Cursor,
  render: (item: T) => object,
): object {
  const links = pageLinks(request, list, page, baseUrl, cursorOf);
  return {
    [key]: page.items.map(render),
    meta: {
      page: list.page,
      page_size: list.pageSize,
      first_page_url: links.first,
      previous_page_url: links.previous,
      url: links.own,
      next_page_url: links.next,
      key,
    },
  };
}

/** A list as api.twilio.com sends it: the paging beside the items, with paths in place of URLs. */
export function renderListWithUris<T>(
  request: FastifyRequest,
  list: ListRequest,
  key: string,
  page: Page<T>,
  cursorOf: (item: T) => Cursor,
  render: (item: T) => object,
): object {
  const links = pageLinks(request, list, page, '', cursorOf);
  const start = list.page * list.pageSize;
  return {
    [key]: page.items.map(render),
    page: list.page,
    page_size: list.pageSize,
    start,
    end: start + Math.max(0, page.items.length - 1),
    uri: links.own,
    first_page_uri: links.first,
    previous_page_uri: links.previous,
    next_page_uri: links.next,
  };
}

/** A list in which nothing can be yet. */
export function emptyPage<T>(): Page<T> {
  return { items: [], hasPrevious: false, hasNext: false };
}
