import { describe, expect, it } from 'vitest';
import { TaskQueue } from '../../src/sfu/TaskQueue.js';

/** A task that ends when it is told to. */
function held(): { task: () => Promise<void>; end: () => void; fail: (error: Error) => void } {
  let end = (): void => {};
  let fail = (_error: Error): void => {};
  const promise = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { task: () => promise, end, fail };
}

describe('A queue of tasks', () => {
  it('runs them one after the other, in their order', async () => {
    const queue = new TaskQueue(() => {});
    const steps: string[] = [];
    const first = held();
    const running = queue.run(async () => {
      steps.push('first begins');
      await first.task();
      steps.push('first ends');
    });
    const last = queue.run(() => void steps.push('second'));
    await Promise.resolve();
    first.end();
    await Promise.all([running, last]);
    expect(steps).toEqual(['first begins', 'first ends', 'second']);
  });

  it('goes on after a task that fails, and tells of it', async () => {
    const errors: unknown[] = [];
    const queue = new TaskQueue((error) => errors.push(error));
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')];
    const steps: string[] = [];
    await queue.run(() => {
      throw thrown;
    });
    await queue.run(async () => Promise.reject(rejected));
    await queue.run(() => void steps.push('the next'));
    expect(errors).toEqual([thrown, rejected]);
    expect(steps).toEqual(['the next']);
  });

  it('drops what waits when it is closed, and says that it is done', async () => {
    const queue = new TaskQueue(() => {});
    const steps: string[] = [];
    const first = held();
    const running = queue.run(first.task);
    const waiting = queue.run(() => void steps.push('dropped'));
    queue.close();
    first.end();
    await Promise.all([running, waiting, queue.run(() => void steps.push('dropped too'))]);
    expect(queue.closed).toBe(true);
    expect(steps).toEqual([]);
  });

  it('tells of no error after it was closed', async () => {
    const errors: unknown[] = [];
    const queue = new TaskQueue((error) => errors.push(error));
    const first = held();
    const running = queue.run(first.task);
    await Promise.resolve();
    queue.close();
    first.fail(new Error('too late'));
    await running;
    expect(errors).toEqual([]);
  });
});
