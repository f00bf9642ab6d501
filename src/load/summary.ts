import type { LoadTestOptions, Measured } from './LoadTest.js';
import type { JoinTimes } from './plan.js';

/** Milliseconds, over some joins. */
export interface Spread {
  min: number;
  median: number;
  /** What 95 of 100 do not exceed. */
  p95: number;
  max: number;
}

/** The result of a load test. */
export interface LoadSummary {
  rooms: number;
  participants: number;
  publishers: number;
  layout: string;
  /** Seconds that were measured, and their beginning and end in milliseconds since 1970. */
  seconds: number;
  from: number;
  to: number;
  joined: number;
  /** Those who could not join or were thrown out, by the reason. */
  failures: Record<string, number>;
  /** Milliseconds from the start of a join until what the name says; null when nobody got so far. */
  joinMs: Record<keyof JoinTimes, Spread | null>;
  /** Every join: how many were in its room before it began, and its times. */
  joins: ({ rank: number } & JoinTimes)[];
  /** By all participants together. */
  received: Traffic & { lost: number; lossPercent: number };
  sent: Traffic & { keyFrames: number };
  /** On average at a time and a participant. */
  videosReceived: number;
  switchedOff: number;
  /** Of the load test itself: where it is too busy, it measures itself rather than the server. */
  generator: { threads: number; cpuPercent: number; framesSkipped: number };
}

export interface Traffic {
  packets: number;
  audioPackets: number;
  videoPackets: number;
  packetsPerSecond: number;
  megabitsPerSecond: number;
}

const JOIN_TIMES = ['connected', 'transport', 'subscribed', 'firstVideo'] as const;

export function summarize({ plan, seats, threads }: LoadTestOptions, measured: Measured): LoadSummary {
  const { joins, failures, from, to, counts, videosReceived, switchedOff, ownCpu } = measured;
  const seconds = (to - from) / 1000;
  const traffic = ({ audioPackets, videoPackets, bytes }: (typeof counts)['sent']): Traffic => ({
    packets: audioPackets + videoPackets,
    audioPackets,
    videoPackets,
    packetsPerSecond: round((audioPackets + videoPackets) / seconds),
    megabitsPerSecond: round((bytes * 8) / 1_000_000 / seconds),
  });
  const received = traffic(counts.received);
  const { lost } = counts.received;
  const expected = received.packets + lost;
  const present = Math.max(1, joins.length);
  return {
    rooms: new Set(seats.map(({ room }) => room)).size,
    participants: seats.length,
    publishers: seats.filter(({ publishes }) => publishes).length,
    layout: plan.layout,
    seconds: round(seconds),
    from,
    to,
    joined: joins.length,
    failures: countReasons(failures.map(({ reason }) => reason)),
    joinMs: Object.fromEntries(
      JOIN_TIMES.map((name) => [name, spread(joins.flatMap(({ times }) => times[name] ?? []))]),
    ) as Record<keyof JoinTimes, Spread | null>,
    joins: joins.map(({ seat, times }) => ({ rank: seat.rank, ...times })),
    received: { ...received, lost, lossPercent: expected === 0 ? 0 : round((lost / expected) * 100, 3) },
    sent: { ...traffic(counts.sent), keyFrames: counts.keyFrames },
    videosReceived: round(videosReceived / present),
    switchedOff: round(switchedOff / present),
    generator: { threads, cpuPercent: round(ownCpu * 100), framesSkipped: counts.framesSkipped },
  };
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

/** Null for no values. */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number => round(sorted[Math.ceil(sorted.length * part) - 1]!);
  return { min: round(sorted[0]!), median: at(0.5), p95: at(0.95), max: round(sorted.at(-1)!) };
}

function countReasons(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
