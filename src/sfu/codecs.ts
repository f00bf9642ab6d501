import type { types } from 'mediasoup';
import type { VideoCodec } from '../rooms/options.js';
import type { RemoteCodec } from './sdp/parse.js';

const AUDIO_CODECS: types.RouterRtpCodecCapability[] = [
  {
    kind: 'audio',
    mimeType: 'audio/opus',
    clockRate: 48000,
    channels: 2,
    preferredPayloadType: 111,
    parameters: { minptime: 10, useinbandfec: 1 },
  },
  { kind: 'audio', mimeType: 'audio/PCMU', clockRate: 8000, preferredPayloadType: 0 },
  { kind: 'audio', mimeType: 'audio/PCMA', clockRate: 8000, preferredPayloadType: 8 },
];

/** Payload types as libwebrtc gives them, so that a client need not learn others. */
const VIDEO_CODECS: Record<VideoCodec, types.RouterRtpCodecCapability> = {
  VP8: { kind: 'video', mimeType: 'video/VP8', clockRate: 90000, preferredPayloadType: 96 },
  VP9: {
    kind: 'video',
    mimeType: 'video/VP9',
    clockRate: 90000,
    preferredPayloadType: 98,
    parameters: { 'profile-id': 0 },
  },
  // Constrained baseline, which every client has.
  H264: {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90000,
    preferredPayloadType: 108,
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
};

/** What the router of a room takes. */
export function routerCodecs(videoCodecs: readonly VideoCodec[]): types.RouterRtpCodecCapability[] {
  return [...AUDIO_CODECS, ...videoCodecs.map((codec) => VIDEO_CODECS[codec])];
}

// mediasoup hands out a deep copy at every look at these, which made half of the cost of a join in a large room.
// They never change, so one copy each serves.
const capabilities = new WeakMap<types.Router, types.RtpCapabilities>();
const parameters = new WeakMap<types.Consumer | types.Producer, types.RtpParameters>();

/** What a router takes; not to be changed. */
export function capabilitiesOf(router: types.Router): types.RtpCapabilities {
  let known = capabilities.get(router);
  if (!known) capabilities.set(router, (known = router.rtpCapabilities));
  return known;
}

/** How a consumer sends, or what a producer takes; not to be changed. */
export function parametersOf(source: types.Consumer | types.Producer): types.RtpParameters {
  let known = parameters.get(source);
  if (!known) parameters.set(source, (known = source.rtpParameters));
  return known;
}

/** The feedback that the server asks a publisher of video for, or offers a subscriber. */
export const VIDEO_FEEDBACK: types.RtcpFeedback[] = [
  { type: 'goog-remb', parameter: '' },
  { type: 'transport-cc', parameter: '' },
  { type: 'ccm', parameter: 'fir' },
  { type: 'nack', parameter: '' },
  { type: 'nack', parameter: 'pli' },
];
export const AUDIO_FEEDBACK: types.RtcpFeedback[] = [{ type: 'transport-cc', parameter: '' }];

const CONSTRAINED_BASELINE = /^42e0/i;

/** Whether a codec that a client offers is one of the router's. */
export function isSameCodec(offered: RemoteCodec, own: types.RouterRtpCodecCapability): boolean {
  if (`${offered.kind}/${offered.name}`.toLowerCase() !== own.mimeType.toLowerCase()) return false;
  if (offered.clockRate !== own.clockRate) return false;
  switch (offered.name.toLowerCase()) {
    case 'h264':
      return (
        Number(offered.parameters['packetization-mode'] ?? 0) === 1 &&
        CONSTRAINED_BASELINE.test(String(offered.parameters['profile-level-id']))
      );
    case 'vp9':
      return Number(offered.parameters['profile-id'] ?? 0) === 0;
    default:
      return true;
  }
}
