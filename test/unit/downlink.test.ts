import { beforeEach, describe, expect, test } from 'vitest';
import { Downlink } from '../../src/sfu/Downlink.js';

const MBIT = 1_000_000;
let downlink: Downlink;
let now: number;

beforeEach(() => {
  downlink = new Downlink();
  now = 0;
});

interface Situation {
  available: number;
  reserved?: number;
  missing?: number | null;
  loss?: number;
  mode?: 'predicted' | 'detected';
}

/** Lets that many seconds pass in this situation; returns the limits that there were on the way. */
function pass(seconds: number, { available, reserved = 0, missing = null, loss = 0, mode }: Situation) {
  const limits: (number | null)[] = [];
  for (let second = 0; second < seconds; second++) {
    now += 1000;
    downlink.update(mode ?? 'predicted', { now, available, loss, reserved, missing });
    limits.push(downlink.limit);
  }
  return limits;
}

describe('a downlink', () => {
  test('has no limit while it carries what is on', () => {
    expect(new Set(pass(60, { available: 2 * MBIT, reserved: MBIT }))).toEqual(new Set([null]));
  });

  test('bears a dip in the estimate, as when more was just switched on', () => {
    pass(3, { available: MBIT, reserved: 3 * MBIT });
    pass(1, { available: 3 * MBIT, reserved: 3 * MBIT });
    pass(3, { available: MBIT, reserved: 3 * MBIT });
    expect(downlink.limit).toBeNull();
  });

  test('is limited to the estimate when the shortage lasts', () => {
    pass(6, { available: MBIT, reserved: 3 * MBIT });
    expect(downlink.limit).toBe(MBIT);
  });

  test('is limited further when it gets worse', () => {
    pass(6, { available: MBIT, reserved: 3 * MBIT });
    pass(6, { available: MBIT / 2, reserved: 0.9 * MBIT, missing: 2 * MBIT });
    expect(downlink.limit).toBe(MBIT / 2);
  });

  test('follows an estimate that rises', () => {
    pass(6, { available: MBIT, reserved: 3 * MBIT });
    pass(6, { available: 2 * MBIT, reserved: 0.9 * MBIT, missing: 3 * MBIT });
    expect(downlink.limit).toBe(2 * MBIT);
  });

  test('has no limit any more once nothing is off for want of bandwidth', () => {
    pass(6, { available: MBIT, reserved: 3 * MBIT });
    pass(6, { available: 4 * MBIT, reserved: 3 * MBIT });
    expect(downlink.limit).toBeNull();
  });

  test('tries one more track now and then, as the estimate does not rise by itself', () => {
    pass(6, { available: MBIT, reserved: 3 * MBIT });
    const limits = pass(20, { available: MBIT, reserved: 0.9 * MBIT, missing: 1.5 * MBIT });
    expect(limits).toContain(1.5 * MBIT);
  });

  test('waits longer after each trial that failed', () => {
    pass(6, { available: MBIT, reserved: 3 * MBIT });
    const trialsAt: number[] = [];
    for (let trial = 0; trial < 5; trial++) {
      while (downlink.limit !== 1.5 * MBIT)
        pass(1, { available: MBIT, reserved: 0.9 * MBIT, missing: 1.5 * MBIT });
      trialsAt.push(now);
      while (downlink.limit !== MBIT) pass(1, { available: MBIT, reserved: 1.25 * MBIT });
    }
    const waits = trialsAt.slice(1).map((at, index) => at - trialsAt[index]!);
    expect(waits).toEqual([...waits].sort((one, other) => one - other));
    expect(waits[1]).toBeGreaterThan(waits[0]!);
    expect(Math.max(...waits)).toBeLessThan(45_000);
  });

  test('counts an estimate alone as no congestion, where congestion is to be detected', () => {
    pass(30, { mode: 'detected', available: MBIT, reserved: 3 * MBIT });
    expect(downlink.limit).toBeNull();
    pass(6, { mode: 'detected', available: MBIT, reserved: 3 * MBIT, loss: 0.2 });
    expect(downlink.limit).toBe(MBIT);
  });

  test('is forgotten when it is of no more consequence', () => {
    pass(6, { available: MBIT, reserved: 3 * MBIT });
    downlink.reset();
    expect(downlink.limit).toBeNull();
  });
});
