import type { types } from 'mediasoup';
import { capabilitiesOf } from './codecs.js';

// RTP header extensions (RFC 8285). mediasoup numbers those that it sends by itself, and a bundled peer
// connection must not know one number under two meanings. So the numbers of a client's first offer are not taken
// over, but for the audio level's: the first offer of the server gives mediasoup's own numbers for everything,
// and the client uses those from then on. Left out on purpose:
// - MID: the SSRCs stand in the descriptions, and its number would clash between the two directions;
// - abs-capture-time: with it, mediasoup 3.27.1 never switches a simulcast consumer down to the lowest layer.

export interface HeaderExtension {
  uri: types.RtpHeaderExtensionUri;
  id: number;
}

const AUDIO_LEVEL: types.RtpHeaderExtensionUri = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const ABS_SEND_TIME: HeaderExtension = {
  uri: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  id: 4,
};
const TRANSPORT_CC: HeaderExtension = {
  uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  id: 5,
};
const VIDEO_ORIENTATION: HeaderExtension = { uri: 'urn:3gpp:video-orientation', id: 8 };

const FIXED: Record<types.MediaKind, readonly HeaderExtension[]> = {
  audio: [ABS_SEND_TIME, TRANSPORT_CC],
  video: [ABS_SEND_TIME, TRANSPORT_CC, VIDEO_ORIENTATION],
};
const FIXED_IDS = new Set([ABS_SEND_TIME.id, TRANSPORT_CC.id, VIDEO_ORIENTATION.id]);
/** mediasoup's own number of the audio level, for a client whose number for it is taken. */
const AUDIO_LEVEL_ID = 6;

/** The header extensions of one peer connection. A number, once it has a meaning, keeps it. */
export class HeaderExtensions {
  #audioLevelId: number | null = null;

  /** Learns the client's number for the audio level from an offer. */
  learn(kind: types.MediaKind, offered: readonly { uri: string; id: number }[]): void {
    if (kind !== 'audio' || this.#audioLevelId !== null) return;
    const audioLevel = offered.find(({ uri }) => uri === AUDIO_LEVEL);
    if (audioLevel) this.#audioLevelId = FIXED_IDS.has(audioLevel.id) ? AUDIO_LEVEL_ID : audioLevel.id;
  }

  /** What every media section of this kind uses, in both directions. */
  of(kind: types.MediaKind): HeaderExtension[] {
    const extensions = [...FIXED[kind]];
    if (kind === 'audio' && this.#audioLevelId !== null)
      extensions.push({ uri: AUDIO_LEVEL, id: this.#audioLevelId });
    return extensions;
  }
}

/** What a subscriber can be sent: mediasoup's numbers are the fixed ones. */
export function consumerHeaderExtensions(
  router: types.Router,
  kind: types.MediaKind,
): types.RtpHeaderExtension[] {
  const fixed = new Set<string>(FIXED[kind].map(({ uri }) => uri));
  return (capabilitiesOf(router).headerExtensions ?? []).filter(
    (extension) => extension.kind === kind && fixed.has(extension.uri),
  );
}
