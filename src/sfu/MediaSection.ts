import type { types } from 'mediasoup';
import { parametersOf } from './codecs.js';
import type { HeaderExtension } from './header-extensions.js';
import type { Outgoing } from './Outgoing.js';
import type { Direction } from './sdp/parse.js';
import type { LocalMediaSection } from './sdp/render.js';

/** What a client sends in a media section, and the producer that takes it. */
export interface Incoming {
  readonly producer: types.Producer;
  readonly trackId: string;
  /** Tells whether the client still sends the same. */
  readonly key: string;
}

/** Kilobits a second at which a client begins to send video, rather than its own 300. */
const START_BITRATE = 1500;

/** libwebrtc takes the start of its estimate from a parameter of the codec, in the description of the receiver. */
function withStartBitrate(codec: types.RtpCodecParameters): types.RtpCodecParameters {
  if (!codec.mimeType.startsWith('video/') || codec.mimeType === 'video/rtx') return codec;
  return { ...codec, parameters: { ...codec.parameters, 'x-google-start-bitrate': START_BITRATE } };
}

/**
 * One `m=audio` or `m=video` of a peer connection. Its place in the description is for ever; what is sent in it,
 * in either direction, comes and goes.
 */
export class MediaSection {
  readonly mid: string;
  readonly kind: types.MediaKind;
  /** Who brought it into the description. Only the server's own carry what the server sends. */
  readonly origin: 'client' | 'server';
  /** The client knows it: its place is fixed. */
  agreed: boolean;
  incoming: Incoming | null = null;
  outgoing: Outgoing | null = null;
  /** The codecs last spoken of; a section that is idle keeps them. */
  codecs: readonly types.RtpCodecParameters[] = [];
  /** In the last completed negotiation the server sent here: a receiver on the client's side is bound to it. */
  sendingAgreed = false;
  /** In the description that is out for an answer, the server sends here. */
  sendingOffered = false;

  constructor(mid: string, kind: types.MediaKind, origin: 'client' | 'server') {
    this.mid = mid;
    this.kind = kind;
    this.origin = origin;
    this.agreed = origin === 'client';
  }

  /** The MIME type of the codec that it carries. */
  get mimeType(): string | undefined {
    return this.codecs[0]?.mimeType;
  }

  /**
   * Whether something new may be sent here. Only after an answered negotiation in which nothing was: the client
   * announces a track to its application when a section that was idle starts to carry one.
   */
  isFreeFor(consumer: types.Consumer): boolean {
    return (
      this.origin === 'server' &&
      this.agreed &&
      this.kind === consumer.kind &&
      this.outgoing === null &&
      !this.sendingAgreed &&
      this.mimeType === parametersOf(consumer).codecs[0]?.mimeType
    );
  }

  /**
   * The section as the server describes it.
   * @param remote the direction that the client offered; null in an offer of the server's own
   */
  describe(extensions: readonly HeaderExtension[], remote: Direction | null): LocalMediaSection {
    const clientReceives = remote === null || remote === 'sendrecv' || remote === 'recvonly';
    const clientSends = remote === null || remote === 'sendrecv' || remote === 'sendonly';
    const outgoing = clientReceives ? this.outgoing : null;
    const sends = outgoing !== null;
    const receives = this.incoming !== null && clientSends;
    this.sendingOffered = sends;
    const parameters = outgoing && parametersOf(outgoing.consumer);
    const encoding = parameters?.encodings?.[0];
    return {
      mid: this.mid,
      kind: this.kind,
      direction: sends ? (receives ? 'sendrecv' : 'sendonly') : receives ? 'recvonly' : 'inactive',
      codecs: receives ? this.codecs.map(withStartBitrate) : this.codecs,
      extensions,
      source: outgoing &&
        encoding?.ssrc && {
          streamId: outgoing.track.publisherSid,
          trackId: outgoing.receiverId,
          cname: parameters?.rtcp?.cname ?? outgoing.track.publisherSid,
          ssrc: encoding.ssrc,
          ...(encoding.rtx && { rtxSsrc: encoding.rtx.ssrc }),
        },
    } as LocalMediaSection;
  }

  /** A negotiation is complete: what was described holds, and what the server sends may flow. */
  settle(): void {
    this.agreed = true;
    this.sendingAgreed = this.sendingOffered;
    if (this.sendingAgreed) this.outgoing?.release('negotiation');
  }
}
