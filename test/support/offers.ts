import type { PeerConnectionState } from './rsp.js';

// Descriptions that a server can answer, without a browser behind them: nothing ever arrives over them.

export interface OfferedSection {
  mid: string;
  kind: 'audio' | 'video' | 'application';
  /** The id of the track that is sent; without one, nothing is. */
  trackId?: string;
  ssrc?: number;
}

const FINGERPRINT = Array.from({ length: 32 }, (_, index) => (index + 16).toString(16).toUpperCase()).join(
  ':',
);
const CODECS = {
  audio: { payloadType: 111, rtpmap: 'opus/48000/2' },
  video: { payloadType: 96, rtpmap: 'VP8/90000' },
};

function section({ mid, kind, trackId, ssrc = 1000 }: OfferedSection): string[] {
  const transport = [
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    'a=ice-ufrag:abcd',
    'a=ice-pwd:abcdefghijklmnopqrstuvwx',
    `a=fingerprint:sha-256 ${FINGERPRINT}`,
    'a=setup:actpass',
  ];
  if (kind === 'application')
    return ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', ...transport, 'a=sctp-port:5000'];
  const { payloadType, rtpmap } = CODECS[kind];
  const source = [
    `a=msid:stream ${trackId}`,
    `a=ssrc:${ssrc} cname:someone`,
    `a=ssrc:${ssrc} msid:stream ${trackId}`,
  ];
  return [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
    ...transport,
    'a=rtcp-mux',
    `a=rtpmap:${payloadType} ${rtpmap}`,
    `a=${trackId === undefined ? 'recvonly' : 'sendrecv'}`,
    ...(trackId === undefined ? [] : source),
  ];
}

export function offerSdp(sections: readonly OfferedSection[]): string {
  const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', ...sections.flatMap(section)];
  return `${lines.join('\r\n')}\r\n`;
}

/** The answer to an offer of the server's: takes whatever is sent. */
export function answered({ id, description }: PeerConnectionState): object {
  const sections = (description?.sdp ?? '').split(/\r?\nm=/).slice(1);
  const sdp = offerSdp(
    sections.map((text) => ({
      kind: /^\w+/.exec(text)![0] as OfferedSection['kind'],
      mid: /^a=mid:(\S+)/m.exec(text)![1]!,
    })),
  );
  return { id, description: { type: 'answer', revision: description?.revision, sdp } };
}

/** A peer connection's first offer. */
export function offered(
  id: string,
  sections: readonly OfferedSection[] | string,
  revision = 1,
): { id: string; description: { type: string; revision: number; sdp: string } } {
  const sdp = typeof sections === 'string' ? sections : offerSdp(sections);
  return { id, description: { type: 'offer', revision, sdp } };
}
