// What a load test is to do. It is cloned into the threads that do it: plain values only.

/**
 * What every participant's page would show:
 * - `everyone`: all videos, without a bandwidth profile: nothing is switched off;
 * - `grid`: some equal tiles, the other videos hidden;
 * - `speaker`: one large video and some small ones, the others hidden.
 */
export const LAYOUTS = ['everyone', 'grid', 'speaker'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** What all participants have in common. */
export interface LoadPlan {
  /** The signalling's WebSocket address. */
  url: string;
  layout: Layout;
  /** Videos that are visible at once, for the layouts that hide some. */
  tiles: number;
  /** Kilobits a second of each simulcast layer, lowest first; one to three. */
  layers: readonly number[];
  /** Frames a second of each layer. */
  frameRate: number;
  /** Publishers of a room who speak at once; the others' audio is silent. */
  speakers: number;
}

/** One participant. */
export interface Seat {
  /** Unique within the test. */
  id: number;
  room: string;
  /** How many of its room begin to join before it. */
  rank: number;
  token: string;
  /** Whether it sends audio and video; it receives in any case. */
  publishes: boolean;
  /** Publishers of its room. */
  publishers: number;
  /** Milliseconds after the start of the test at which it joins. */
  joinAt: number;
}

/** How one join went. Milliseconds since it began to open its signalling connection. */
export interface JoinTimes {
  /** Until the room's state and the first answer were there. */
  connected: number;
  /** Until ICE and DTLS were done. */
  transport: number;
  /** Until it was negotiated to receive every track that was there when it connected. */
  subscribed: number;
  /** Until the first packet of somebody's video; null where nobody sent one when it connected. */
  firstVideo: number | null;
}

/** What one thread counted, since the measurement began. */
export interface Counts {
  received: TrafficCounts & { lost: number };
  sent: TrafficCounts;
  /** Videos that are received at the moment, of all participants. */
  videosReceived: number;
  /** Tracks that the server has switched off at the moment, of all participants. */
  switchedOff: number;
  keyFrames: number;
  /** Frames that were not sent because the thread was too busy. */
  framesSkipped: number;
}

export interface TrafficCounts {
  audioPackets: number;
  videoPackets: number;
  bytes: number;
}

export function noCounts(): Counts {
  const traffic = { audioPackets: 0, videoPackets: 0, bytes: 0 };
  return {
    received: { ...traffic, lost: 0 },
    sent: { ...traffic },
    videosReceived: 0,
    switchedOff: 0,
    keyFrames: 0,
    framesSkipped: 0,
  };
}

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    received: { ...addTraffic(a.received, b.received), lost: a.received.lost + b.received.lost },
    sent: addTraffic(a.sent, b.sent),
    videosReceived: a.videosReceived + b.videosReceived,
    switchedOff: a.switchedOff + b.switchedOff,
    keyFrames: a.keyFrames + b.keyFrames,
    framesSkipped: a.framesSkipped + b.framesSkipped,
  };
}

function addTraffic(a: TrafficCounts, b: TrafficCounts): TrafficCounts {
  return {
    audioPackets: a.audioPackets + b.audioPackets,
    videoPackets: a.videoPackets + b.videoPackets,
    bytes: a.bytes + b.bytes,
  };
}

/** What is said between the test and its threads. */
export type ToThread =
  { type: 'start'; at: number } | { type: 'measure' } | { type: 'count' } | { type: 'stop' };
export type FromThread =
  | { type: 'ready' }
  | { type: 'joined'; seat: number; times: JoinTimes }
  | { type: 'failed'; seat: number; reason: string }
  | { type: 'counts'; counts: Counts };
