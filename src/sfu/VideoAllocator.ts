import { allocate } from '../rooms/allocation.js';
import type { Allocation, RenderHint, VideoAllocation } from '../rooms/allocation.js';
import type { BandwidthProfile } from '../rooms/media.js';
import type { Participant } from '../rooms/Participant.js';
import type { PublishedTrack, TrackPriority } from '../rooms/PublishedTrack.js';
import { Downlink } from './Downlink.js';
import type { DownlinkSample } from './Downlink.js';
import type { Outgoing } from './Outgoing.js';

/** What an allocator needs of its subscriber. */
export interface VideoAllocatorHost {
  /** The videos that it receives, switched off or not. */
  videos(): readonly Outgoing[];
  /** Bits a second of each layer of a video, the lowest first. */
  layerRates(video: Outgoing): readonly number[];
  /** @param bitrate bits a second; null is without limit */
  limitBitrate(bitrate: number | null): void;
  /** These videos were switched off and on again, by their SIDs. */
  onSwitched(off: readonly string[], on: readonly string[]): void;
  /** Another layer of a track is wanted now, or none. */
  onNeedChanged(track: PublishedTrack): void;
}

interface Allocated extends VideoAllocation {
  readonly track: PublishedTrack;
}

const NOTHING: Allocation = { tracks: [], maxBitrate: null, reserved: 0, missing: null };

/**
 * Decides what of the videos that a participant subscribes to is sent. It keeps all that the decision rests on;
 * whenever something of that changes it decides anew (`rooms/allocation.ts`), and brings the streams in line.
 */
export class VideoAllocator {
  readonly #host: VideoAllocatorHost;
  readonly #downlink = new Downlink();
  #profile: BandwidthProfile | null = null;
  readonly #priorities = new Map<string, TrackPriority>();
  readonly #hints = new Map<string, RenderHint>();
  /** The SIDs of those who were the dominant speaker, the latest first; of all who are still in the room. */
  #speakers: string[] = [];
  #someoneSpeaks = false;
  #allocation = NOTHING;
  #bySid = new Map<string, Allocated>();
  /** The tracks that the client was told are off. */
  readonly #toldOff = new Set<string>();

  constructor(host: VideoAllocatorHost) {
    this.#host = host;
  }

  /** Whether the downlink's state is of consequence. */
  get followsBandwidth(): boolean {
    return this.#profile !== null && this.#profile.trackSwitchOff !== 'disabled';
  }

  setProfile(profile: BandwidthProfile | null): void {
    this.#profile = profile;
    if (!this.followsBandwidth) this.#downlink.reset();
    this.update();
  }

  /** @param priority null: the publisher's counts again */
  setPriority(trackSid: string, priority: TrackPriority | null): void {
    if (priority === null) this.#priorities.delete(trackSid);
    else this.#priorities.set(trackSid, priority);
    this.update();
  }

  /** Takes what the page says; what it does not say of a track stays. */
  setHints(hints: readonly { trackSid: string; hint: RenderHint }[]): void {
    for (const { trackSid, hint } of hints)
      this.#hints.set(trackSid, { ...this.#hints.get(trackSid), ...hint });
    this.update();
  }

  setDominantSpeaker(speaker: Participant | null): void {
    this.#someoneSpeaks = speaker !== null;
    if (speaker) this.#speakers = [speaker.sid, ...this.#speakers.filter((sid) => sid !== speaker.sid)];
    this.update();
  }

  /** What the subscriber wished of a track goes with the subscription, as it does in the SDK. */
  unsubscribed(trackSid: string): void {
    this.#hints.delete(trackSid);
    this.#priorities.delete(trackSid);
  }

  /** The track is no more. */
  unpublished(trackSid: string): void {
    this.unsubscribed(trackSid);
    this.#toldOff.delete(trackSid);
  }

  left(participant: Participant): void {
    this.#speakers = this.#speakers.filter((sid) => sid !== participant.sid);
  }

  /** The best layer that is sent of a track, or would be as soon as it can be; null while it is not sent. */
  neededLayer(trackSid: string): number | null {
    return layerOf(this.#bySid.get(trackSid));
  }

  /** Bits a second that may be sent in all; null is without limit. */
  get maxBitrate(): number | null {
    return this.#allocation.maxBitrate;
  }

  /** The tracks that are off, and those that are on, of those that are subscribed to. */
  get switched(): { off: string[]; on: string[] } {
    const off = this.#allocation.tracks.filter((track) => track.off !== null).map(({ sid }) => sid);
    const on = this.#allocation.tracks.filter((track) => track.off === null).map(({ sid }) => sid);
    return { off, on };
  }

  sampleDownlink({ now, available, loss }: Pick<DownlinkSample, 'now' | 'available' | 'loss'>): void {
    if (!this.followsBandwidth) return;
    const mode = this.#profile?.trackSwitchOff === 'detected' ? 'detected' : 'predicted';
    const { reserved, missing } = this.#allocation;
    this.#downlink.update(mode, { now, available, loss, reserved, missing });
    this.update();
  }

  /** Decides anew, and brings what is sent in line. */
  update(): void {
    const videos = [...this.#host.videos()].sort((one, other) => one.track.createdAt - other.track.createdAt);
    const before = this.#allocation;
    const previous = this.#bySid;
    this.#allocation = allocate({
      profile: this.#profile,
      downlink: this.#downlink.limit,
      tracks: videos.map((video) => ({
        sid: video.track.sid,
        publishPriority: video.track.priority,
        subscribePriority: this.#priorities.get(video.track.sid) ?? null,
        speakerRank: this.#speakerRank(video.track.publisherSid),
        hint: this.#hints.get(video.track.sid) ?? {},
        muted: !video.track.enabled,
        layers: this.#host.layerRates(video),
        wasOn: (previous.get(video.track.sid)?.off ?? null) === null,
      })),
    });
    this.#bySid = new Map(
      this.#allocation.tracks.map((allocation, index) => [
        allocation.sid,
        { ...allocation, track: videos[index]!.track },
      ]),
    );
    if (this.#allocation.maxBitrate !== before.maxBitrate)
      this.#host.limitBitrate(this.#allocation.maxBitrate);
    for (const video of videos) this.#apply(video, this.#bySid.get(video.track.sid)!);
    this.#tellSwitched();
    this.#tellNeeds(previous);
  }

  #speakerRank(publisherSid: string): number | null {
    const index = this.#speakers.indexOf(publisherSid);
    if (index === -1) return null;
    return this.#someoneSpeaks ? index : index + 1;
  }

  #apply(video: Outgoing, { off, layer, weight }: VideoAllocation): void {
    video.prefer(layer);
    video.weigh(weight);
    if (off === null) video.release('switched-off');
    else video.hold('switched-off');
  }

  #tellSwitched(): void {
    const off: string[] = [];
    const on: string[] = [];
    for (const track of this.#allocation.tracks) {
      const isOff = track.off !== null;
      if (isOff === this.#toldOff.has(track.sid)) continue;
      if (isOff) this.#toldOff.add(track.sid);
      else this.#toldOff.delete(track.sid);
      (isOff ? off : on).push(track.sid);
    }
    if (off.length + on.length > 0) this.#host.onSwitched(off, on);
  }

  #tellNeeds(previous: ReadonlyMap<string, Allocated>): void {
    for (const { sid, track } of new Map([...previous, ...this.#bySid]).values()) {
      if (layerOf(previous.get(sid)) !== this.neededLayer(sid)) this.#host.onNeedChanged(track);
    }
  }
}

function layerOf(allocation: VideoAllocation | undefined): number | null {
  return allocation && allocation.off === null ? allocation.layer : null;
}
