import type { BandwidthProfile, Dimensions } from './media.js';
import type { TrackPriority } from './PublishedTrack.js';

// How one subscriber's downlink is shared out among the videos that it receives. Pure: the same question gets the
// same answer. The rules, as a table, are in docs/media-control.md.

/** What a subscriber's page says of a track: whether it is seen, and how large. */
export interface RenderHint {
  readonly enabled?: boolean;
  readonly dimensions?: Dimensions;
}

/** A video track that a subscriber receives, or could. */
export interface VideoDemand {
  readonly sid: string;
  readonly publishPriority: TrackPriority;
  /** Null: the publisher's counts. */
  readonly subscribePriority: TrackPriority | null;
  /** How lately its publisher was the dominant speaker: 0 is now, 1 the one before, … null is never. */
  readonly speakerRank: number | null;
  readonly hint: RenderHint;
  readonly muted: boolean;
  /** Bits a second of each layer of simulcast, the lowest first; at least one. Each can be sent for itself. */
  readonly layers: readonly number[];
  /** Whether it is switched on now. What is off comes back only where there is room to spare. */
  readonly wasOn: boolean;
}

export interface AllocationQuestion {
  /** Null: the client asked for none. */
  readonly profile: BandwidthProfile | null;
  /** In the order of publication, the oldest first. */
  readonly tracks: readonly VideoDemand[];
  /** Bits a second for video; null while there is no sign of shortage. */
  readonly downlink: number | null;
}

/** Why a track is switched off: nobody looks, too many others are more important, or the downlink is too slow. */
export type OffReason = 'hidden' | 'max-tracks' | 'bandwidth';

export interface VideoAllocation {
  readonly sid: string;
  /** Null: it is on. */
  readonly off: OffReason | null;
  readonly priority: TrackPriority;
  /** The best layer of simulcast that is of use, counted from 0. */
  readonly layer: number;
  /** The weight with which it takes part in what bandwidth there is, 1 to 255. */
  readonly weight: number;
  /** Bits a second that are set aside for it. */
  readonly reserved: number;
}

export interface Allocation {
  /** In the order of the question. */
  readonly tracks: readonly VideoAllocation[];
  /** Bits a second; null is without limit. */
  readonly maxBitrate: number | null;
  /** The sum of what is set aside. */
  readonly reserved: number;
  /** The downlink with which one more track would be on; null where none is off for want of bandwidth. */
  readonly missing: number | null;
}

/** What comes on must leave that part of the bandwidth more than it needs: what is on does not flap. */
export const HEADROOM = 1.2;
/** A layer serves a tile of up to that many times its own pixels. */
const LARGEST_STRETCH = 1.5;
/** The pixels of the layers of simulcast, as the SDK sends them of a 720p camera. */
const LAYER_PIXELS = [320 * 180, 640 * 360, 1280 * 720];

const RANK: Record<TrackPriority, number> = { low: 0, standard: 1, high: 2 };

/**
 * Shares by mode. The worker gives each video its lowest layer, then goes round and raises each by as many steps
 * as its weight has.
 */
const WEIGHTS: Record<NonNullable<BandwidthProfile['mode']>, Record<TrackPriority, number>> = {
  grid: { low: 1, standard: 1, high: 1 },
  collaboration: { low: 1, standard: 2, high: 4 },
  presentation: { low: 1, standard: 16, high: 255 },
};

/** The subscriber's priority stands over the publisher's; that of the dominant speaker can only be raised. */
export function effectivePriority(
  { publishPriority, subscribePriority, speakerRank }: VideoDemand,
  profile: BandwidthProfile | null,
): TrackPriority {
  const own = subscribePriority ?? publishPriority;
  if (speakerRank !== 0) return own;
  const least = profile?.dominantSpeakerPriority ?? 'standard';
  return RANK[own] >= RANK[least] ? own : least;
}

/** The lowest layer that serves these dimensions. */
export function layerFor(dimensions: Dimensions | undefined, layerCount: number): number {
  const best = layerCount - 1;
  if (!dimensions) return best;
  const pixels = Math.max(0, dimensions.width) * Math.max(0, dimensions.height);
  const layer = LAYER_PIXELS.findIndex((layerPixels) => layerPixels * LARGEST_STRETCH >= pixels);
  return layer === -1 ? best : Math.min(layer, best);
}

interface Candidate {
  readonly demand: VideoDemand;
  readonly priority: TrackPriority;
  readonly layer: number;
  readonly age: number;
}

/** The more important comes first. */
function byImportance(one: Candidate, other: Candidate): number {
  const speaker = ({ demand }: Candidate): number => demand.speakerRank ?? Number.MAX_SAFE_INTEGER;
  return (
    RANK[other.priority] - RANK[one.priority] ||
    // A muted track shows nothing: its place is of more use to another one.
    Number(one.demand.muted) - Number(other.demand.muted) ||
    speaker(one) - speaker(other) ||
    one.age - other.age
  );
}

/** Decides which videos a subscriber is sent, and how well. */
export function allocate({ profile, tracks, downlink }: AllocationQuestion): Allocation {
  const candidates = tracks.map((demand, age): Candidate => {
    const priority = effectivePriority(demand, profile);
    const dimensions = demand.hint.dimensions ?? profile?.renderDimensions?.[priority];
    const layer = layerFor(profile ? dimensions : undefined, demand.layers.length);
    return { demand, priority, layer, age };
  });
  const maxBitrate = limitOf(profile?.maxSubscriptionBitrate);
  const switching = new Switching(profile, maxBitrate, downlink);
  const decided = new Map(
    [...candidates]
      .sort(byImportance)
      .map((candidate) => [candidate.demand.sid, switching.decide(candidate)]),
  );
  return {
    tracks: candidates.map(({ demand: { sid }, priority, layer }) => ({
      sid,
      ...decided.get(sid)!,
      priority,
      layer,
      weight: profile ? WEIGHTS[profile.mode ?? 'grid'][priority] : 1,
    })),
    maxBitrate,
    reserved: switching.reserved,
    missing: switching.missing,
  };
}

/** Zero and less are no limit. */
function limitOf(value: number | undefined): number | null {
  return value !== undefined && value > 0 ? value : null;
}

/** Goes through the tracks, the most important first, while there are places and bandwidth. */
class Switching {
  readonly #profile: BandwidthProfile | null;
  readonly #places: number;
  readonly #bandwidth: number;
  reserved = 0;
  missing: number | null = null;
  #taken = 0;
  /** Something of this rank did not fit: nothing of a lower one may come in its stead. */
  #lowestRank = 0;

  constructor(profile: BandwidthProfile | null, maxBitrate: number | null, downlink: number | null) {
    this.#profile = profile;
    this.#places = limitOf(profile?.maxTracks) ?? Infinity;
    const follows = profile !== null && profile.trackSwitchOff !== 'disabled';
    this.#bandwidth = follows ? Math.min(maxBitrate ?? Infinity, downlink ?? Infinity) : Infinity;
  }

  decide(candidate: Candidate): { off: OffReason | null; reserved: number } {
    if (!this.#profile) return this.#on(candidate);
    if (candidate.demand.hint.enabled === false) return { off: 'hidden', reserved: 0 };
    if (this.#taken >= this.#places) return { off: 'max-tracks', reserved: 0 };
    if (!this.#fits(candidate)) return { off: 'bandwidth', reserved: 0 };
    return this.#on(candidate);
  }

  #fits({ demand, priority }: Candidate): boolean {
    const needed = this.reserved + (demand.muted ? 0 : demand.layers[0]!);
    const comfortable = needed * (demand.wasOn ? 1 : HEADROOM);
    if (RANK[priority] >= this.#lowestRank && comfortable <= this.#bandwidth) return true;
    this.#lowestRank = Math.max(this.#lowestRank, RANK[priority]);
    this.missing ??= needed * HEADROOM;
    return false;
  }

  #on(candidate: Candidate): { off: null; reserved: number } {
    const reserved = this.#share(candidate);
    this.reserved += reserved;
    this.#taken++;
    return { off: null, reserved };
  }

  /** A presenter's quality goes before the others' presence; else everyone is there first. */
  #share({ demand: { muted, layers }, priority, layer }: Candidate): number {
    if (muted) return 0;
    const least = layers[0]!;
    if (this.#profile?.mode !== 'presentation' || priority !== 'high') return least;
    return Math.max(least, Math.min(layers[layer]!, this.#bandwidth - this.reserved));
  }
}
