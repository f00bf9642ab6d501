import type { Participant } from './Participant.js';
import type { TrackPriority } from './PublishedTrack.js';
import type { Room } from './Room.js';

// What the house asks of a media plane: the SFU for group rooms, the mesh for peer-to-peer ones.
// The faces know this file and no plane; a plane knows no face.

/** A description of a peer connection, numbered. `create-offer` asks the other side to offer. */
export type Description =
  | { type: 'offer' | 'answer' | 'pranswer'; revision: number; sdp: string }
  | { type: 'create-offer'; revision: number }
  | { type: 'close'; revision?: number };

/** All candidates of one ICE generation so far. */
export interface IceState {
  ufrag: string;
  revision: number;
  candidates: unknown[];
  complete?: boolean;
}

/** What one side says of one peer connection; either part may be missing. */
export interface PeerConnectionState {
  id: string;
  description?: Description;
  ice?: IceState;
}

/** The channels of media signalling: small protocols over data channels that the server opens. */
export const MEDIA_CHANNELS = [
  'active_speaker',
  'network_quality',
  'track_priority',
  'track_switch_off',
  'render_hints',
  'publisher_hints',
  'extension_transcriptions',
] as const;
export type MediaChannel = (typeof MEDIA_CHANNELS)[number];

/** Pixels. */
export interface Dimensions {
  width: number;
  height: number;
}

/**
 * How a client wants its downlink shared out (`bandwidthProfile.video` of the SDK's connect options, where the
 * defaults stand).
 */
export interface BandwidthProfile {
  /** Default `grid`. */
  mode?: 'grid' | 'collaboration' | 'presentation';
  /** Videos that are on at once; 0 and less are without limit, which is the default. */
  maxTracks?: number;
  /** Bits a second; 0 is without limit, which is the default. */
  maxSubscriptionBitrate?: number;
  /** What the dominant speaker's videos have at least. Default `standard`. */
  dominantSpeakerPriority?: TrackPriority;
  /** What the bandwidth may have switched off. Default `predicted`. */
  trackSwitchOff?: 'disabled' | 'detected' | 'predicted';
  /** How large videos of each priority are shown, where the page gives no hint of a track's own. */
  renderDimensions?: Partial<Record<TrackPriority, Dimensions>>;
}

/** What a client brings along for its media when it joins. */
export interface MediaRequest {
  peerConnections: readonly PeerConnectionState[];
  channels: readonly MediaChannel[];
  bandwidthProfile: BandwidthProfile | null;
}

/** The media of one participant. Its parts change over time; `onChange` of the join tells when. */
export interface ParticipantMedia {
  /**
   * Every peer connection that lives or was closed, with what this side has said of it and the client may still
   * have to hear. One that has two things to say comes twice, in their order.
   */
  readonly peerConnections: readonly PeerConnectionState[];
  /** The channels that are served, each with the label of its data channel. */
  readonly channels: ReadonlyMap<MediaChannel, string>;
  /**
   * Takes what the client says of its peer connections. Never throws: see {@link Participant.disconnect}.
   * @param whole whether these are all that the client has: it says so when it comes back
   */
  update(states: readonly PeerConnectionState[], whole?: boolean): void;
  setBandwidthProfile(profile: BandwidthProfile | null): void;
}

export interface MediaPlane {
  /**
   * Checks what can be checked before the join.
   * @throws TwilioError 53403 for a description that cannot be used
   */
  check(request: MediaRequest): void;
  /**
   * Sets up a participant's media. It ends by itself when the participant or the room does.
   * @param onChange something that {@link ParticipantMedia} shows is new
   * @throws TwilioError 534xx when it cannot
   */
  join(participant: Participant, request: MediaRequest, onChange: () => void): Promise<ParticipantMedia>;
  /** Ends all media and the processes behind it. */
  close(): Promise<void>;
}

/** The media plane of a room. */
export type MediaPlaneOf = (room: Room) => MediaPlane;
