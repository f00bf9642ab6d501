import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemClock, VirtualClock } from '../../src/clock.js';

describe('VirtualClock', () => {
  it('stands still until it is told to move', () => {
    const clock = new VirtualClock(1000);
    expect(clock.now()).toBe(1000);
    clock.advance(250);
    expect(clock.now()).toBe(1250);
  });

  it('fires a timer when it falls due and not before', () => {
    const clock = new VirtualClock();
    const action = vi.fn();
    clock.after(100, action);
    clock.advance(99);
    expect(action).not.toHaveBeenCalled();
    clock.advance(1);
    expect(action).toHaveBeenCalledOnce();
    clock.advance(1000);
    expect(action).toHaveBeenCalledOnce();
  });

  it('shows a timer its own time as now', () => {
    const clock = new VirtualClock(0);
    const times: number[] = [];
    clock.after(30, () => times.push(clock.now()));
    clock.after(10, () => times.push(clock.now()));
    clock.advance(100);
    expect(times).toEqual([10, 30]);
    expect(clock.now()).toBe(100);
  });

  it('fires timers of the same time in the order in which they were set', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    for (const name of ['first', 'second', 'third']) clock.after(5, () => fired.push(name));
    clock.advance(5);
    expect(fired).toEqual(['first', 'second', 'third']);
  });

  it('fires on the same way a timer that another one sets', () => {
    const clock = new VirtualClock(0);
    const times: number[] = [];
    clock.after(10, () => clock.after(10, () => times.push(clock.now())));
    clock.advance(20);
    expect(times).toEqual([20]);
  });

  it('fires a timer of the past at the next move, without going back', () => {
    const clock = new VirtualClock(500);
    const times: number[] = [];
    clock.after(-100, () => times.push(clock.now()));
    expect(times).toEqual([]);
    clock.advance(0);
    expect(times).toEqual([500]);
  });

  it('does not fire a cancelled timer, and takes a second cancel', () => {
    const clock = new VirtualClock();
    const action = vi.fn();
    const timer = clock.after(10, action);
    timer.cancel();
    timer.cancel();
    clock.advance(10);
    expect(action).not.toHaveBeenCalled();
  });

  it('lets a timer cancel one that falls due at the same time', () => {
    const clock = new VirtualClock();
    const action = vi.fn();
    clock.after(10, () => later.cancel());
    const later = clock.after(10, action);
    clock.advance(10);
    expect(action).not.toHaveBeenCalled();
  });

  it('counts the timers that wait', () => {
    const clock = new VirtualClock();
    const cancelled = clock.after(10, () => {});
    clock.after(20, () => {});
    clock.after(30, () => {});
    expect(clock.pending).toBe(3);
    cancelled.cancel();
    expect(clock.pending).toBe(2);
    clock.advance(20);
    expect(clock.pending).toBe(1);
  });

  it('fires the same timers in the same order, in however many steps time moves', () => {
    const delays = fc.array(fc.nat(50), { maxLength: 20 });
    fc.assert(
      fc.property(delays, fc.array(fc.nat(20), { maxLength: 20 }), (delaysOfTimers, steps) => {
        const fireIn = (moves: readonly number[]): [number, number][] => {
          const clock = new VirtualClock(0);
          const fired: [number, number][] = [];
          for (const [index, delay] of delaysOfTimers.entries())
            clock.after(delay, () => fired.push([index, clock.now()]));
          for (const move of moves) clock.advance(move);
          return fired;
        };
        const way = steps.reduce((sum, step) => sum + step, 0);
        const expected = [...delaysOfTimers.entries()]
          .filter(([, delay]) => delay <= way)
          .sort(([a, delayOfA], [b, delayOfB]) => delayOfA - delayOfB || a - b);
        expect(fireIn(steps.length > 0 ? steps : [0])).toEqual(expected);
        expect(fireIn([way])).toEqual(expected);
      }),
    );
  });
});

describe('SystemClock', () => {
  const DAY = 24 * 60 * 60 * 1000;

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells the time of the machine', () => {
    expect(new SystemClock().now()).toBe(1_700_000_000_000);
  });

  it('fires a timer once, when it falls due', () => {
    const action = vi.fn();
    new SystemClock().after(1000, action);
    vi.advanceTimersByTime(999);
    expect(action).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(action).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(DAY);
    expect(action).toHaveBeenCalledOnce();
  });

  it('does not fire a cancelled timer', () => {
    const action = vi.fn();
    new SystemClock().after(1000, action).cancel();
    vi.advanceTimersByTime(DAY);
    expect(action).not.toHaveBeenCalled();
  });

  it('waits longer than a timer of Node can', () => {
    const action = vi.fn();
    new SystemClock().after(60 * DAY, action);
    vi.advanceTimersByTime(60 * DAY - 1);
    expect(action).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(action).toHaveBeenCalledOnce();
  });

  it('lets a wait be cancelled after its first part', () => {
    const action = vi.fn();
    const timer = new SystemClock().after(60 * DAY, action);
    vi.advanceTimersByTime(30 * DAY);
    timer.cancel();
    vi.advanceTimersByTime(60 * DAY);
    expect(action).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
