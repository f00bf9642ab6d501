import { parse } from 'sdp-transform';
import type { types } from 'mediasoup';
import { twilioError } from '../../errors.js';

// A client's description (RFC 8866), reduced to what the server has use of.

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface RemoteCodec {
  kind: types.MediaKind;
  payloadType: number;
  name: string;
  clockRate: number;
  channels?: number;
  parameters: Record<string, string | number>;
  /** The payload type of its retransmissions (RFC 4588), where there is one. */
  rtxPayloadType?: number;
}

/** What a client sends in a media section. */
export interface RemoteSource {
  /** The id of the client's track: the second word of `a=msid`. */
  trackId: string;
  cname: string;
  /** One a simulcast layer, lowest first; one where there is no simulcast. */
  encodings: { ssrc: number; rtx?: { ssrc: number } }[];
}

export interface RemoteMediaSection {
  mid: string;
  kind: types.MediaKind;
  direction: Direction;
  /** In the client's order of preference. */
  codecs: RemoteCodec[];
  extensions: { uri: string; id: number }[];
  /** Null when the client sends nothing here. */
  source: RemoteSource | null;
}

export type RemoteSection = RemoteMediaSection | { mid: string; kind: 'application' };

export interface RemoteDescription {
  iceUfrag: string;
  fingerprint: types.DtlsFingerprint;
  sections: RemoteSection[];
}

/** More sections than any client has use of. */
const MOST_SECTIONS = 1000;
const STATIC_PAYLOAD_TYPES: Record<number, { codec: string; rate: number }> = {
  0: { codec: 'PCMU', rate: 8000 },
  8: { codec: 'PCMA', rate: 8000 },
};
const FINGERPRINT_ALGORITHMS = ['sha-256', 'sha-384', 'sha-512', 'sha-1', 'sha-224'] as const;
const NOT_MEDIA = /^(rtx|red|ulpfec|flexfec-03|telephone-event|CN)$/i;

type ParsedSession = ReturnType<typeof parse>;
type ParsedMedia = ParsedSession['media'][number];

const unusable = (detail: string): Error => twilioError(53403, detail);

/**
 * Reads a client's description.
 * @throws TwilioError 53403 for one that the server cannot use
 */
export function parseDescription(sdp: string): RemoteDescription {
  const session = parseText(sdp);
  const texts = sdp.split(/\r?\nm=/).slice(1);
  const first = session.media[0];
  if (!first || session.media.length > MOST_SECTIONS || texts.length !== session.media.length) {
    throw unusable('no media sections, or too many');
  }
  const iceUfrag = session.iceUfrag ?? first.iceUfrag;
  if (iceUfrag === undefined) throw unusable('no ICE user name fragment');
  const sections = session.media.map((media, index) => parseSection(media, texts[index]!));
  if (new Set(sections.map(({ mid }) => mid)).size !== sections.length) throw unusable('a mid stands twice');
  return { iceUfrag: String(iceUfrag), fingerprint: fingerprintOf(session), sections };
}

function parseText(sdp: string): ParsedSession {
  if (!sdp.startsWith('v=0')) throw unusable('not SDP');
  try {
    return parse(sdp);
  } catch {
    throw unusable('not SDP');
  }
}

function fingerprintOf(session: ParsedSession): types.DtlsFingerprint {
  const fingerprint = session.fingerprint ?? session.media[0]?.fingerprint;
  const algorithm = FINGERPRINT_ALGORITHMS.find((known) => known === fingerprint?.type.toLowerCase());
  if (!fingerprint || !algorithm || !/^([0-9A-F]{2}:)+[0-9A-F]{2}$/i.test(fingerprint.hash)) {
    throw unusable('no DTLS fingerprint');
  }
  return { algorithm, value: fingerprint.hash.toUpperCase() };
}

function parseSection(media: ParsedMedia, text: string): RemoteSection {
  const mid = media.mid === undefined ? null : String(media.mid);
  if (mid === null || !/^[\w.-]{1,32}$/.test(mid)) throw unusable('a section without mid');
  if (media.type === 'application') return { mid, kind: 'application' };
  if (media.type !== 'audio' && media.type !== 'video') throw unusable(`a section of type ${media.type}`);
  const direction = media.direction ?? 'sendrecv';
  const sends = media.port !== 0 && (direction === 'sendrecv' || direction === 'sendonly');
  return {
    mid,
    kind: media.type,
    direction: media.port === 0 ? 'inactive' : direction,
    codecs: parseCodecs(media, media.type),
    extensions: (media.ext ?? []).map(({ uri, value }) => ({ uri, id: value })),
    source: sends ? parseSource(media, text) : null,
  };
}

function parseCodecs(media: ParsedMedia, kind: types.MediaKind): RemoteCodec[] {
  const payloadTypes = String(media.payloads ?? '')
    .split(' ')
    .map(Number);
  const parameters = new Map(
    (media.fmtp ?? []).map(({ payload, config }) => [payload, parseParameters(config)]),
  );
  const rtpmap = new Map((media.rtp ?? []).map((rtp) => [rtp.payload, rtp]));
  const rtxOf = new Map<number, number>();
  for (const [payloadType, { apt }] of parameters) {
    if (/^rtx$/i.test(rtpmap.get(payloadType)?.codec ?? '')) rtxOf.set(Number(apt), payloadType);
  }
  return payloadTypes.flatMap((payloadType) => {
    const rtp = rtpmap.get(payloadType) ?? STATIC_PAYLOAD_TYPES[payloadType];
    if (!rtp || rtp.rate === undefined || NOT_MEDIA.test(rtp.codec)) return [];
    const channels = kind === 'audio' && 'encoding' in rtp && rtp.encoding ? Number(rtp.encoding) : undefined;
    const rtxPayloadType = rtxOf.get(payloadType);
    return {
      kind,
      payloadType,
      name: rtp.codec,
      clockRate: rtp.rate,
      parameters: parameters.get(payloadType) ?? {},
      ...(channels !== undefined && { channels }),
      ...(rtxPayloadType !== undefined && { rtxPayloadType }),
    };
  });
}

/** `name=value` pairs of an `a=fmtp`; whole numbers become numbers, a profile does not. */
function parseParameters(config: string): Record<string, string | number> {
  const pairs = config.split(';').map((pair) => pair.trim().split('='));
  return Object.fromEntries(
    pairs
      .filter(([name, value]) => name && value !== undefined)
      .map(([name, value]) => [
        name!,
        name !== 'profile-level-id' && /^\d+$/.test(value!) ? Number(value) : value!,
      ]),
  );
}

function parseSource(media: ParsedMedia, text: string): RemoteSource | null {
  // Taken from the text: the library knows no ids with braces, as Firefox makes them.
  const trackId = /^a=msid:\S+ (\S+)\s*$/m.exec(text)?.[1];
  const ssrcs = media.ssrcs ?? [];
  const firstSsrc = ssrcs[0];
  if (trackId === undefined || !firstSsrc) return null;
  const groups = (media.ssrcGroups ?? []).map((group) => ({
    semantics: group.semantics,
    ssrcs: group.ssrcs.split(' ').map(Number),
  }));
  const rtxOf = new Map(
    groups.flatMap(({ semantics, ssrcs: [ssrc, rtx] }) =>
      semantics === 'FID' && ssrc !== undefined && rtx !== undefined ? [[ssrc, rtx] as const] : [],
    ),
  );
  const layers = groups.find(({ semantics }) => semantics === 'SIM')?.ssrcs ?? [Number(firstSsrc.id)];
  return {
    trackId,
    cname: ssrcs.find(({ attribute }) => attribute === 'cname')?.value ?? '',
    encodings: layers.map((ssrc) => {
      const rtx = rtxOf.get(ssrc);
      return rtx === undefined ? { ssrc } : { ssrc, rtx: { ssrc: rtx } };
    }),
  };
}
