// The descriptions of a light client: its one offer, and its answers to the server's offers, which repeat what was
// offered. Written by hand, line by line: a room of 50 makes hundreds of sections, of which little matters here.

export type Kind = 'audio' | 'video' | 'application';

/** The client's end of the transport. */
export interface LocalTransport {
  iceUfrag: string;
  icePwd: string;
  /** SHA-256, upper case. */
  fingerprint: string;
}

/** The server's end. */
export interface ServerTransport {
  iceUfrag: string;
  icePwd: string;
  fingerprint: string;
  address: string;
  port: number;
}

/** A track that the client sends. */
export interface LocalTrack {
  id: string;
  kind: 'audio' | 'video';
  /** One a layer, lowest first. */
  sources: { ssrc: number; rtxSsrc?: number }[];
}

/** What the server sends in a section. */
export interface ServerSource {
  kind: 'audio' | 'video';
  trackId: string;
  ssrc: number;
}

export interface ServerDescription {
  transport: ServerTransport;
  sources: ServerSource[];
  /** The number of the header extension with the transport-wide sequence number; 0 without. */
  transportCcId: number;
}

/** The numbers that the client gives to header extensions; the second is the one that mediasoup has. */
export const AUDIO_LEVEL_ID = 1;
export const TRANSPORT_CC_ID = 5;
export const PAYLOAD_TYPES = { audio: 111, video: 96 } as const;
const RTX_PAYLOAD_TYPE = 97;

const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const TRANSPORT_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

const CODEC_LINES = {
  audio: [
    `m=audio 9 UDP/TLS/RTP/SAVPF ${PAYLOAD_TYPES.audio}`,
    `a=rtpmap:${PAYLOAD_TYPES.audio} opus/48000/2`,
    `a=rtcp-fb:${PAYLOAD_TYPES.audio} transport-cc`,
    `a=fmtp:${PAYLOAD_TYPES.audio} minptime=10;useinbandfec=1;usedtx=1`,
    `a=extmap:${AUDIO_LEVEL_ID} ${AUDIO_LEVEL}`,
    `a=extmap:${TRANSPORT_CC_ID} ${TRANSPORT_CC}`,
  ],
  video: [
    `m=video 9 UDP/TLS/RTP/SAVPF ${PAYLOAD_TYPES.video} ${RTX_PAYLOAD_TYPE}`,
    `a=rtpmap:${PAYLOAD_TYPES.video} VP8/90000`,
    ...['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'].map(
      (feedback) => `a=rtcp-fb:${PAYLOAD_TYPES.video} ${feedback}`,
    ),
    `a=rtpmap:${RTX_PAYLOAD_TYPE} rtx/90000`,
    `a=fmtp:${RTX_PAYLOAD_TYPE} apt=${PAYLOAD_TYPES.video}`,
    `a=extmap:${TRANSPORT_CC_ID} ${TRANSPORT_CC}`,
  ],
} as const;

const join = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;

function sessionLines(version: number, mids: readonly string[]): string[] {
  return [
    'v=0',
    `o=- 1 ${version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mids.join(' ')}`,
    'a=msid-semantic: WMS *',
  ];
}

function transportLines({ iceUfrag, icePwd, fingerprint }: LocalTransport, setup: string): string[] {
  return [
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${iceUfrag}`,
    `a=ice-pwd:${icePwd}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${setup}`,
  ];
}

function sourceLines({ id, sources }: LocalTrack): string[] {
  const ssrcs = sources.flatMap(({ ssrc, rtxSsrc }) => (rtxSsrc === undefined ? [ssrc] : [ssrc, rtxSsrc]));
  return [
    `a=msid:- ${id}`,
    ...(sources.length > 1 ? [`a=ssrc-group:SIM ${sources.map(({ ssrc }) => ssrc).join(' ')}`] : []),
    ...sources.flatMap(({ ssrc, rtxSsrc }) =>
      rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`],
    ),
    ...ssrcs.map((ssrc) => `a=ssrc:${ssrc} cname:load`),
  ];
}

/** The first offer: a section for audio and one for video, in which nothing is sent without a track. */
export function writeOffer(transport: LocalTransport, tracks: readonly LocalTrack[]): string {
  const sections = (['audio', 'video'] as const).flatMap((kind) => {
    const track = tracks.find((each) => each.kind === kind);
    return [
      ...CODEC_LINES[kind],
      ...transportLines(transport, 'actpass'),
      `a=mid:${kind}`,
      `a=${track ? 'sendrecv' : 'recvonly'}`,
      'a=rtcp-mux',
      ...(track ? sourceLines(track) : []),
    ];
  });
  return join([...sessionLines(1, ['audio', 'video']), ...sections]);
}

const OPPOSITE: Record<string, string> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** Lines of an offered section that the answer repeats. */
const REPEATED = /^a=(mid|rtpmap|fmtp|rtcp-fb|extmap|rtcp-mux|rtcp-rsize|sctp-port)/;

/** Takes all that is offered. */
export function writeAnswer(
  offer: string,
  version: number,
  transport: LocalTransport,
  tracks: readonly LocalTrack[],
): string {
  const mids: string[] = [];
  const sections = sectionsOf(offer).flatMap((lines) => {
    const mid = valueOf(lines, 'a=mid:') ?? '';
    const own = tracks.find(({ kind }) => kind === mid);
    const offered = lines.find((line) => line.slice(2) in OPPOSITE)?.slice(2);
    const direction = offered === undefined ? [] : [`a=${OPPOSITE[offered]}`];
    mids.push(mid);
    return [
      lines[0]!,
      ...transportLines(transport, 'active'),
      ...lines.filter((line) => REPEATED.test(line)),
      ...direction,
      ...(own && offered !== 'inactive' && offered !== 'sendonly' ? sourceLines(own) : []),
    ];
  });
  return join([...sessionLines(version, mids), ...sections]);
}

function sectionsOf(sdp: string): string[][] {
  return sdp
    .split(/\r?\nm=/)
    .slice(1)
    .map((text) => `m=${text}`.split(/\r?\n/).filter((line) => line !== ''));
}

function valueOf(lines: readonly string[], prefix: string): string | undefined {
  return lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
}

/**
 * Reads an offer or an answer of the server's.
 * @throws Error for one without a transport over UDP
 */
export function readDescription(sdp: string): ServerDescription {
  const sections = sectionsOf(sdp);
  const first = sections[0] ?? [];
  const candidate = first
    .map((line) => /^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/i.exec(line))
    .find(Boolean);
  const iceUfrag = valueOf(first, 'a=ice-ufrag:');
  const icePwd = valueOf(first, 'a=ice-pwd:');
  const fingerprint = valueOf(first, 'a=fingerprint:sha-256 ');
  if (!candidate || !iceUfrag || !icePwd || !fingerprint)
    throw new Error('the server offers no way over UDP');
  const extension = /a=extmap:(\d+) \S*transport-wide-cc-extensions-01/.exec(sdp);
  return {
    transport: { iceUfrag, icePwd, fingerprint, address: candidate[1]!, port: Number(candidate[2]) },
    sources: sections.flatMap(sourceOf),
    transportCcId: Number(extension?.[1] ?? 0),
  };
}

function sourceOf(lines: string[]): ServerSource[] {
  const kind = /^m=(audio|video)/.exec(lines[0]!)?.[1] as 'audio' | 'video' | undefined;
  const trackId = valueOf(lines, 'a=msid:')?.split(' ')[1];
  // The first is that of the media, a second one that of their retransmissions.
  const ssrc = Number.parseInt(valueOf(lines, 'a=ssrc:') ?? '', 10);
  return kind && trackId !== undefined && !Number.isNaN(ssrc) ? [{ kind, trackId, ssrc }] : [];
}
