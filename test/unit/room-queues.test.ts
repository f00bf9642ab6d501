import { describe, expect, it } from 'vitest';
import { RoomQueues } from '../../src/webhooks/RoomQueues.js';
import { Slots } from '../../src/webhooks/Slots.js';

/** Queues whose items end when they are told to. */
function heldQueues(limits: Partial<{ maxWaitingPerRoom: number; maxWaiting: number }> = {}) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const queues = new RoomQueues<string>(
    { maxWaitingPerRoom: 10, maxWaiting: 100, ...limits },
    (item) =>
      new Promise<void>((resolve) => {
        begun.push(item);
        ends.set(item, resolve);
      }),
  );
  const end = async (item: string): Promise<void> => {
    ends.get(item)!();
    await tick();
  };
  return { queues, begun, end };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('The queues of rooms', () => {
  it('work off a room in its order, one after the other, and rooms at the same time', async () => {
    const { queues, begun, end } = heldQueues();
    for (const item of ['a1', 'a2', 'b1', 'b2']) expect(queues.add(item[0]!, item)).toBeNull();
    expect(begun).toEqual(['a1', 'b1']);
    await end('b1');
    expect(begun).toEqual(['a1', 'b1', 'b2']);
    await end('a1');
    expect(begun).toEqual(['a1', 'b1', 'b2', 'a2']);
  });

  it('begin anew for a room that was done', async () => {
    const { queues, begun, end } = heldQueues();
    queues.add('a', 'a1');
    await end('a1');
    await queues.idle();
    queues.add('a', 'a2');
    expect(begun).toEqual(['a1', 'a2']);
  });

  it('hand back the oldest that waits when a room has too many, never the one at work', async () => {
    const { queues, begun, end } = heldQueues({ maxWaitingPerRoom: 2 });
    for (const item of ['a1', 'a2', 'a3']) expect(queues.add('a', item)).toBeNull();
    expect(queues.add('a', 'a4')).toBe('a2');
    expect(queues.add('b', 'b1')).toBeNull();
    for (const item of ['a1', 'a3', 'a4']) await end(item);
    expect(begun).toEqual(['a1', 'b1', 'a3', 'a4']);
  });

  it("hand back a room's oldest, or else the new one, when all rooms together have too many", async () => {
    const { queues, end } = heldQueues({ maxWaiting: 3 });
    for (const item of ['a1', 'a2', 'b1']) expect(queues.add(item[0]!, item)).toBeNull();
    expect(queues.add('a', 'a3')).toBe('a2');
    expect(queues.add('b', 'b2')).toBe('b2');
    expect(queues.add('c', 'c1')).toBe('c1');
    await end('b1');
    expect(queues.add('c', 'c1')).toBeNull();
  });

  it('are idle when nothing is left', async () => {
    const { queues, end } = heldQueues();
    let isIdle = false;
    queues.add('a', 'a1');
    queues.add('a', 'a2');
    const idle = queues.idle().then(() => (isIdle = true));
    await end('a1');
    expect(isIdle).toBe(false);
    await end('a2');
    await idle;
  });

  it('begin nothing more once they are stopped', async () => {
    const { queues, begun, end } = heldQueues();
    queues.add('a', 'a1');
    queues.add('a', 'a2');
    queues.stop();
    await end('a1');
    await queues.idle();
    expect(begun).toEqual(['a1']);
  });
});

describe('Slots', () => {
  it('are so many for each key, and go to whoever waits longest', async () => {
    const slots = new Slots(2);
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const use = (key: string, name: string): Promise<void> =>
      slots.use(key, () => {
        begun.push(name);
        return new Promise((resolve) => ends.set(name, resolve));
      });
    const uses = ['a1', 'a2', 'a3', 'a4', 'b1'].map((name) => use(name[0]!, name));
    await tick();
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    ends.get('a2')!();
    await tick();
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
    for (const name of ['a1', 'a3', 'b1']) ends.get(name)!();
    await tick();
    ends.get('a4')!();
    await Promise.all(uses);
  });

  it('are given back when what used them fails', async () => {
    const slots = new Slots(1);
    await expect(slots.use('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await slots.use('a', () => Promise.resolve(7))).toBe(7);
  });
});
