import type { PathMeasures } from './levels.js';
import type { ClientMeasures } from './report.js';

// What both ends measured, put together. Rates are bits a second, times seconds, losses parts from 0 to 1; null is
// for what is not known.

/** The transport as a whole. Losses are null where no packet went that way since the last look. */
export interface TransportMeasures {
  /** The server's estimate of the client's downlink. */
  availableDown: number | null;
  /** The server's estimate of the client's uplink. */
  availableUp: number | null;
  /** What the client is allowed at most; Infinity without a limit. */
  mostDown: number;
  lostUp: number | null;
  lostDown: number | null;
}

/** What the streams of one kind in one direction tell; null where nothing is to flow. */
export type StreamMeasures = {
  actual: number;
  wanted: number;
  /** Whether some have layers, which come and go with the sender's estimate. */
  layered: boolean;
  fractionLost: number | null;
  jitter: number | null;
  rtt: number | null;
} | null;

export interface BothKinds<T> {
  audio: T;
  video: T;
}

const NOTHING: PathMeasures = {
  fractionLost: null,
  jitter: null,
  rtt: null,
  actual: null,
  available: null,
  wanted: null,
};

/** Bits a second with which a medium is well off: of more, nothing is taken to be missing. */
const COMFORT_UP: BothKinds<number> = { audio: 64_000, video: 1_000_000 };
const COMFORT_DOWN: BothKinds<number> = { audio: 64_000, video: 1_500_000 };
/**
 * A sender that uses more than this part of its own estimate is held back by it. Once it was low, the estimate of one
 * that has little to send stays at one and a half of that, which must not count. Of one with layers it does not, and a
 * layer that does not fit leaves room.
 */
const HELD_BACK = 0.85;
const HELD_BACK_IN_LAYERS = 0.5;

/** The first that is known. */
const firstKnown = (...values: readonly (number | null)[]): number | null =>
  values.find((value) => value !== null) ?? null;

/** The largest that is known. */
function largest(...values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** What is left of an estimate for the picture after speech has taken its part. */
const without = (estimate: number | null, audio: StreamMeasures): number | null =>
  estimate === null ? null : Math.max(0, estimate - (audio?.actual ?? 0));

/** The path from the participant to the server, for each kind of media. */
export function measuresUp(
  transport: TransportMeasures,
  { audio, video }: BothKinds<StreamMeasures>,
  client: ClientMeasures | null,
): BothKinds<PathMeasures> {
  const rtt = firstKnown(client?.rtt ?? null, video?.rtt ?? null, audio?.rtt ?? null);
  const available = firstKnown(client?.availableSend ?? null, transport.availableUp);
  const total = (audio?.actual ?? 0) + (video?.actual ?? 0);
  const usable = video?.layered ? HELD_BACK_IN_LAYERS : HELD_BACK;
  const heldBack = available !== null && total > usable * available;
  const path = (kind: 'audio' | 'video', streams: StreamMeasures, left: number | null): PathMeasures => {
    if (!streams) return { ...NOTHING, rtt };
    return {
      fractionLost: firstKnown(transport.lostUp, streams.fractionLost),
      jitter: streams.jitter,
      rtt,
      actual: streams.actual,
      available: left,
      // What it would send otherwise only the sender knows.
      wanted: heldBack ? COMFORT_UP[kind] : Math.min(streams.actual, COMFORT_UP[kind]),
    };
  };
  return {
    audio: path('audio', audio, available),
    video: path('video', video, without(available, audio)),
  };
}

/** The path from the server to the participant, for each kind of media. */
export function measuresDown(
  transport: TransportMeasures,
  { audio, video }: BothKinds<StreamMeasures>,
  client: ClientMeasures | null,
): BothKinds<PathMeasures> {
  const rtt = firstKnown(client?.rtt ?? null, video?.rtt ?? null, audio?.rtt ?? null);
  const { mostDown, lostDown } = transport;
  // The estimate recovers slowly from a jam; that what is sent arrives is a better proof of what the path carries.
  const total = (audio?.actual ?? 0) + (video?.actual ?? 0);
  const arrives = total * (1 - (lostDown ?? 0));
  const available = transport.availableDown === null ? null : Math.max(transport.availableDown, arrives);
  const path = (
    kind: 'audio' | 'video',
    streams: StreamMeasures,
    left: number | null,
    most: number,
  ): PathMeasures => {
    if (!streams) return { ...NOTHING, rtt };
    const told = client?.[kind];
    return {
      fractionLost: largest(told?.fractionLost ?? null, firstKnown(lostDown, streams.fractionLost)),
      jitter: firstKnown(told?.jitter ?? null, streams.jitter),
      rtt,
      actual: streams.actual,
      available: left,
      wanted: Math.min(streams.wanted, most, COMFORT_DOWN[kind]),
    };
  };
  return {
    audio: path('audio', audio, available, mostDown),
    video: path('video', video, without(available, audio), Math.max(0, mostDown - (audio?.actual ?? 0))),
  };
}
