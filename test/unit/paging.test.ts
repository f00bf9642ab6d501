import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../src/store/paging.js';
import type { Cursor, ListOrder, PageRequest } from '../../src/store/paging.js';

const item = (createdAt: number, sid: string): Cursor => ({ createdAt, sid });
const page = (all: readonly Cursor[], order: ListOrder, request: PageRequest) =>
  pageOf(all, order, (one) => one, request);
const sids = (items: readonly Cursor[]): string => items.map(({ sid }) => sid).join('');

// Given in no order; b and c were made at the same time.
const five = [item(30, 'd'), item(10, 'a'), item(20, 'c'), item(40, 'e'), item(20, 'b')];

describe('A page of a list', () => {
  it('is in the order of the list, equal times by SID', () => {
    expect(sids(page(five, 'oldest-first', { limit: 10 }).items)).toBe('abcde');
    expect(sids(page(five, 'newest-first', { limit: 10 }).items)).toBe('edcba');
  });

  it('tells whether there is more on either side', () => {
    const of = (offset: number, limit: number) => {
      const { items, hasPrevious, hasNext } = page(five, 'oldest-first', { offset, limit });
      return [sids(items), hasPrevious, hasNext];
    };
    expect(of(0, 2)).toEqual(['ab', false, true]);
    expect(of(2, 2)).toEqual(['cd', true, true]);
    expect(of(4, 2)).toEqual(['e', true, false]);
    expect(of(3, 2)).toEqual(['de', true, false]);
    expect(of(6, 2)).toEqual(['', true, false]);
  });

  it('of an empty list is empty', () => {
    expect(page([], 'newest-first', { limit: 5 })).toEqual({ items: [], hasPrevious: false, hasNext: false });
    expect(page([], 'newest-first', { limit: 5, after: item(1, 'a') }).items).toEqual([]);
    expect(page([], 'newest-first', { limit: 5, before: item(1, 'a') }).items).toEqual([]);
  });

  it('goes on after an item, also when that item is gone', () => {
    expect(sids(page(five, 'oldest-first', { limit: 2, after: item(20, 'b') }).items)).toBe('cd');
    expect(sids(page(five, 'newest-first', { limit: 2, after: item(20, 'c') }).items)).toBe('ba');
    const without = five.filter(({ sid }) => sid !== 'b');
    expect(sids(page(without, 'oldest-first', { limit: 2, after: item(20, 'b') }).items)).toBe('cd');
  });

  it('after the last item is empty', () => {
    expect(page(five, 'oldest-first', { limit: 2, after: item(40, 'e') })).toMatchObject({
      items: [],
      hasNext: false,
    });
  });

  it('goes back to just before an item, also when that item is gone', () => {
    expect(sids(page(five, 'oldest-first', { limit: 2, before: item(30, 'd') }).items)).toBe('bc');
    expect(sids(page(five, 'newest-first', { limit: 2, before: item(20, 'b') }).items)).toBe('dc');
    const without = five.filter(({ sid }) => sid !== 'd');
    expect(sids(page(without, 'oldest-first', { limit: 2, before: item(30, 'd') }).items)).toBe('bc');
  });

  it('leaves the list as it was', () => {
    const before = sids(five);
    page(five, 'oldest-first', { limit: 2 });
    expect(sids(five)).toBe(before);
  });

  const items = fc.uniqueArray(
    fc.record({ createdAt: fc.nat(5), sid: fc.string({ minLength: 1, maxLength: 3 }) }),
    {
      selector: ({ sid }) => sid,
      maxLength: 25,
    },
  );
  const orders = fc.constantFrom<ListOrder>('newest-first', 'oldest-first');
  const limits = fc.integer({ min: 1, max: 7 });

  it('after page, shows every item once and in order; page before page leads the same way back', () => {
    fc.assert(
      fc.property(items, orders, limits, (all, order, limit) => {
        const whole = page(all, order, { limit: 1000 }).items;
        const pages = [page(all, order, { limit })];
        for (let last = pages[0]!; last.hasNext; last = pages.at(-1)!)
          pages.push(page(all, order, { limit, after: last.items.at(-1)! }));
        expect(whole).toHaveLength(all.length);
        expect(pages.flatMap(({ items }) => items)).toEqual(whole);
        expect(pages.map(({ hasPrevious }) => hasPrevious)).toEqual(pages.map((_, index) => index > 0));

        for (let index = pages.length - 1; index > 0; index--) {
          const back = page(all, order, { limit, before: pages[index]!.items[0]! });
          expect(back.items).toEqual(pages[index - 1]!.items);
          expect(back.hasNext).toBe(true);
        }
      }),
    );
  });

  it('after page, loses and repeats none of the items that stay while others come and go', () => {
    fc.assert(
      fc.property(items, orders, limits, fc.func(fc.boolean()), (all, order, limit, stays) => {
        const staying = all.filter((one) => stays(one.sid));
        const seen: Cursor[] = [];
        let current = page(all, order, { limit });
        seen.push(...current.items);
        for (let turn = 0; current.items.length > 0; turn++) {
          // Only half of the time those that go are there.
          const list = turn % 2 === 0 ? staying : all;
          current = page(list, order, { limit, after: current.items.at(-1)! });
          seen.push(...current.items);
        }
        expect(new Set(seen).size).toBe(seen.length);
        for (const one of staying) expect(seen).toContain(one);
      }),
    );
  });
});
