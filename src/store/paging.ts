/** Where a page of a list begins or ends: at an item, told by its time and SID, so that it holds while items come and go. */
export interface Cursor {
  createdAt: number;
  sid: string;
}

/** Which part of a list is asked for. Lists have their own order; at most one of the three positions is set. */
export interface PageRequest {
  limit: number;
  /** The items that follow this one. */
  after?: Cursor;
  /** The items just before this one. */
  before?: Cursor;
  /** So many items from the start. */
  offset?: number;
}

/** A part of a list, and whether there is more on either side. */
export interface Page<T> {
  items: T[];
  hasPrevious: boolean;
  hasNext: boolean;
}

export type ListOrder = 'newest-first' | 'oldest-first';

function compare(a: Cursor, b: Cursor): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return a.sid < b.sid ? -1 : a.sid > b.sid ? 1 : 0;
}

/** Cuts a page out of a list that is held in memory. */
export function pageOf<T>(
  all: readonly T[],
  order: ListOrder,
  cursorOf: (item: T) => Cursor,
  request: PageRequest,
): Page<T> {
  const sign = order === 'newest-first' ? -1 : 1;
  const items = all
    .map((item) => ({ item, cursor: cursorOf(item) }))
    .sort((a, b) => sign * compare(a.cursor, b.cursor));
  const { limit, after, before, offset } = request;
  let start = offset ?? 0;
  let end = start + limit;
  if (after) {
    const index = items.findIndex(({ cursor }) => sign * compare(cursor, after) > 0);
    start = index < 0 ? items.length : index;
    end = start + limit;
  } else if (before) {
    const index = items.findIndex(({ cursor }) => sign * compare(cursor, before) >= 0);
    end = index < 0 ? items.length : index;
    start = Math.max(0, end - limit);
  }
  return {
    items: items.slice(start, end).map(({ item }) => item),
    hasPrevious: start > 0 && items.length > 0,
    hasNext: end < items.length,
  };
}
