import { write } from 'sdp-transform';
import type { SessionDescription } from 'sdp-transform';
import type { types } from 'mediasoup';
import type { HeaderExtension } from '../header-extensions.js';
import type { Direction } from './parse.js';

// The server's descriptions. Sections are bundled on one transport, and the server is ICE-lite (RFC 8445): its
// candidates all stand in the description.

export interface LocalTransport {
  iceParameters: types.IceParameters;
  iceCandidates: readonly types.IceCandidate[];
  fingerprint: types.DtlsFingerprint;
}

/** What the server sends in a media section. */
export interface LocalSource {
  streamId: string;
  trackId: string;
  cname: string;
  ssrc: number;
  rtxSsrc?: number;
}

export interface LocalMediaSection {
  mid: string;
  kind: types.MediaKind;
  direction: Direction;
  codecs: readonly types.RtpCodecParameters[];
  extensions: readonly HeaderExtension[];
  source: LocalSource | null;
}

export type LocalSection = LocalMediaSection | { mid: string; kind: 'application' };

export interface LocalDescription {
  type: 'offer' | 'answer';
  /** Grows with every description of a peer connection. */
  version: number;
  transport: LocalTransport;
  sections: readonly LocalSection[];
}

const SCTP_PORT = 5000;
/** Bytes; what mediasoup receives at most. */
const MAX_MESSAGE_SIZE = 262_144;

type WrittenMedia = SessionDescription['media'][number];

/**
 * Writes the descriptions of one peer connection, one after the other. In a large room they have a hundred sections
 * and go out with every track, and nearly all sections are as they were: those are not written again.
 */
export class DescriptionWriter {
  /** By mid: what it was written of, and the text. */
  readonly #written = new Map<string, { of: string; text: string }>();

  write({ type, version, transport, sections }: LocalDescription): string {
    const session = write({
      version: 0,
      origin: {
        username: '-',
        sessionId: 1,
        sessionVersion: version,
        netType: 'IN',
        ipVer: 4,
        address: '0.0.0.0',
      },
      name: '-',
      timing: { start: 0, stop: 0 },
      icelite: 'ice-lite',
      msidSemantic: { semantic: 'WMS', token: '*' },
      groups: [{ type: 'BUNDLE', mids: sections.map(({ mid }) => mid).join(' ') }],
      media: [],
    });
    const transports = [true, false].map((first) => renderTransport(type, transport, first));
    const keys = transports.map((rendered) => JSON.stringify(rendered));
    const texts = sections.map((section, index) => {
      const place = index === 0 ? 0 : 1;
      const of = keys[place]! + JSON.stringify(section);
      const known = this.#written.get(section.mid);
      if (known?.of === of) return known.text;
      const text = renderSection({ ...transports[place]!, ...describeSection(section) });
      this.#written.set(section.mid, { of, text });
      return text;
    });
    return session + texts.join('');
  }
}

export function renderDescription(description: LocalDescription): string {
  return new DescriptionWriter().write(description);
}

const describeSection = (section: LocalSection): WrittenMedia =>
  section.kind === 'application' ? renderApplication(section.mid) : renderMedia(section);

/** The library writes no section without a session, of which it makes up two lines. */
function renderSection(media: WrittenMedia): string {
  const text = write({ media: [media] } as SessionDescription);
  return text.slice(text.indexOf('m='));
}

/** @param withCandidates the first section's are those of the bundle */
function renderTransport(
  type: 'offer' | 'answer',
  transport: LocalTransport,
  withCandidates: boolean,
): Partial<WrittenMedia> {
  const { iceParameters, iceCandidates, fingerprint } = transport;
  return {
    connection: { version: 4, ip: '0.0.0.0' },
    port: 9,
    iceUfrag: iceParameters.usernameFragment,
    icePwd: iceParameters.password,
    fingerprint: { type: fingerprint.algorithm, hash: fingerprint.value },
    // The client opens the DTLS connection: it keeps that role for the connection's life.
    setup: type === 'answer' ? 'passive' : 'actpass',
    ...(withCandidates && {
      candidates: iceCandidates.map((candidate) => ({
        foundation: candidate.foundation,
        component: 1,
        transport: candidate.protocol,
        priority: candidate.priority,
        ip: candidate.address,
        port: candidate.port,
        type: candidate.type,
        ...(candidate.tcpType && { tcptype: candidate.tcpType }),
      })),
      endOfCandidates: 'end-of-candidates',
    }),
  };
}

function renderApplication(mid: string): WrittenMedia {
  return {
    type: 'application',
    port: 9,
    protocol: 'UDP/DTLS/SCTP',
    payloads: 'webrtc-datachannel',
    mid,
    sctpPort: SCTP_PORT,
    maxMessageSize: MAX_MESSAGE_SIZE,
    rtp: [],
    fmtp: [],
  };
}

function renderMedia({ mid, kind, direction, codecs, extensions, source }: LocalMediaSection): WrittenMedia {
  return {
    type: kind,
    port: 9,
    protocol: 'UDP/TLS/RTP/SAVPF',
    payloads: codecs.map(({ payloadType }) => payloadType).join(' '),
    mid,
    direction,
    rtcpMux: 'rtcp-mux',
    rtcpRsize: 'rtcp-rsize',
    rtp: codecs.map(({ payloadType, mimeType, clockRate, channels }) => ({
      payload: payloadType,
      codec: mimeType.slice(mimeType.indexOf('/') + 1),
      rate: clockRate,
      ...(channels !== undefined && channels > 1 && { encoding: channels }),
    })),
    fmtp: codecs.flatMap(({ payloadType, parameters }) => {
      const config = Object.entries(parameters ?? {}).map(([name, value]) => `${name}=${String(value)}`);
      return config.length > 0 ? [{ payload: payloadType, config: config.join(';') }] : [];
    }),
    rtcpFb: codecs.flatMap(({ payloadType, rtcpFeedback }) =>
      (rtcpFeedback ?? []).map(({ type, parameter }) => ({
        payload: payloadType,
        type,
        ...(parameter && { subtype: parameter }),
      })),
    ),
    ext: extensions.map(({ id, uri }) => ({ value: id, uri })),
    ...(source && renderSource(source)),
  };
}

function renderSource({ streamId, trackId, cname, ssrc, rtxSsrc }: LocalSource): Partial<WrittenMedia> {
  const ssrcs = rtxSsrc === undefined ? [ssrc] : [ssrc, rtxSsrc];
  return {
    msid: [{ id: streamId, appdata: trackId }],
    ssrcs: ssrcs.map((id) => ({ id, attribute: 'cname', value: cname })),
    ...(rtxSsrc !== undefined && { ssrcGroups: [{ semantics: 'FID', ssrcs: `${ssrc} ${rtxSsrc}` }] }),
  };
}
