// How good a participant's network is, from 0 to 5. The formula is told in docs/network-quality.md: whoever changes
// one changes the other.

/** 0 is no connection, 1 hardly any use, 5 as good as it gets. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5;

/** What is known of one direction of one medium; null for what is not. */
export interface PathMeasures {
  /** Part of the packets, 0 to 1. */
  fractionLost: number | null;
  /** Seconds. */
  jitter: number | null;
  /** Seconds, there and back. */
  rtt: number | null;
  /** Bits a second that flow. */
  actual: number | null;
  /** Bits a second that the network is taken to carry. */
  available: number | null;
  /** Bits a second that would flow if the network carried them. */
  wanted: number | null;
}

/** What is told of a path, each with its level: the shape of the SDK's NetworkQualitySendOrRecvStats. */
export interface PathStats {
  bandwidth: { actual: number | null; available: number | null; level: Level | null };
  fractionLost: { fractionLost: number | null; level: Level | null };
  latency: { jitter: number | null; rtt: number | null; level: Level | null };
}

/** The largest loss, jitter and round trip of levels 5, 4, 3 and 2; more is level 1. */
const MOST_LOST = [0.01, 0.03, 0.07, 0.15] as const;
const MOST_JITTER = [0.05, 0.1, 0.2, 0.4] as const;
const LONGEST_ROUND_TRIP = [0.2, 0.35, 0.6, 1] as const;
/** The least part of the bit rate that is wanted which must be available, of levels 5, 4, 3 and 2. */
const LEAST_SHARE = [0.8, 0.55, 0.35, 0.15] as const;

type Limits = readonly [number, number, number, number];

function levelWithin(limits: Limits, fits: (limit: number) => boolean): Level {
  const index = limits.findIndex(fits);
  return index === -1 ? 1 : ((5 - index) as Level);
}

const atMost = (limits: Limits, value: number | null): Level | null =>
  value === null ? null : levelWithin(limits, (limit) => value <= limit);

/** The lowest of the levels that are known. */
export function lowest(levels: readonly (Level | null)[]): Level | null {
  const known = levels.filter((level) => level !== null);
  return known.length === 0 ? null : (Math.min(...known) as Level);
}

function bandwidthLevel({ available, wanted }: PathMeasures): Level | null {
  if (available === null || wanted === null) return null;
  return levelWithin(LEAST_SHARE, (share) => available >= share * wanted);
}

/** Rates what was measured. */
export function pathStats(measures: PathMeasures): PathStats {
  const { actual, available, fractionLost, jitter, rtt } = measures;
  return {
    bandwidth: { actual, available, level: bandwidthLevel(measures) },
    fractionLost: { fractionLost, level: atMost(MOST_LOST, fractionLost) },
    latency: {
      jitter,
      rtt,
      level: lowest([atMost(MOST_JITTER, jitter), atMost(LONGEST_ROUND_TRIP, rtt)]),
    },
  };
}

/** The level of a path is that of what is worst about it; 5 where nothing is known. */
export function pathLevel({ bandwidth, fractionLost, latency }: PathStats): Level {
  return lowest([bandwidth.level, fractionLost.level, latency.level]) ?? 5;
}
