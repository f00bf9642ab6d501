import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Change, Store } from '../../src/store/Store.js';
import { WriteQueue } from '../../src/store/WriteQueue.js';
import { rejectionCodeOf } from '../support/model.js';

const settled = (id: string): Change => ({ type: 'callback-settled', id });
const silent = pino({ level: 'silent' });

/** A store that notes what it is given, and fails when told to. */
class NotingStore {
  readonly batches: string[][] = [];
  failing = false;
  /** While set, writes wait for it. */
  gate: Promise<void> | null = null;

  async write(changes: readonly Change[]): Promise<void> {
    await this.gate;
    if (this.failing) throw new Error('the disk is full');
    this.batches.push(changes.map((change) => ('id' in change ? change.id : change.type)));
  }
}

function queueOver(store: NotingStore): WriteQueue {
  return new WriteQueue(store as unknown as Store, silent);
}

describe('The queue of writes', () => {
  it('writes what one tick brings together, in its order', async () => {
    const store = new NotingStore();
    const queue = queueOver(store);
    queue.put(settled('1'), settled('2'));
    queue.put(settled('3'));
    await queue.settled();
    expect(store.batches).toEqual([['1', '2', '3']]);
  });

  it('writes only the last word of a thing', async () => {
    const store = new NotingStore();
    const queue = queueOver(store);
    queue.put(settled('1'), settled('2'), settled('1'));
    await queue.settled();
    expect(store.batches).toEqual([['2', '1']]);
  });

  it('is settled at once when there is nothing to write', async () => {
    await queueOver(new NotingStore()).settled();
  });

  it('writes one batch after the other', async () => {
    const store = new NotingStore();
    const queue = queueOver(store);
    let openGate = (): void => {};
    store.gate = new Promise((resolve) => (openGate = resolve));
    queue.put(settled('1'));
    await new Promise(setImmediate);
    queue.put(settled('2'));
    const done = queue.settled();
    openGate();
    await done;
    expect(store.batches).toEqual([['1'], ['2']]);
  });

  it('writes what is left when it is closed', async () => {
    const store = new NotingStore();
    const queue = queueOver(store);
    queue.put(settled('1'));
    await queue.close();
    expect(store.batches).toEqual([['1']]);
  });

  describe('while the store cannot be written', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it('says so to who waits, and tries again with all that came since', async () => {
      const store = new NotingStore();
      const queue = queueOver(store);
      store.failing = true;
      queue.put(settled('1'));
      expect(await rejectionCodeOf(queue.settled())).toBe(20503);
      queue.put(settled('2'));
      expect(await rejectionCodeOf(queue.settled())).toBe(20503);
      store.failing = false;
      vi.advanceTimersByTime(1000);
      await queue.settled();
      expect(store.batches).toEqual([['1', '2']]);
    });

    it('tries once more when it is closed, and leaves no timer', async () => {
      const store = new NotingStore();
      const queue = queueOver(store);
      store.failing = true;
      queue.put(settled('1'));
      await rejectionCodeOf(queue.settled());
      await queue.close();
      expect(vi.getTimerCount()).toBe(0);
      expect(store.batches).toEqual([]);
    });
  });
});
