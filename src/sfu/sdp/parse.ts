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
/** What an RTP packet's header can carry (RFC 3550; RFC 8285 with two-byte headers). */
const LARGEST_PAYLOAD_TYPE = 127;
const LARGEST_SSRC = 0xffff_ffff;
const LARGEST_EXTENSION_ID = 255;
const NOT_MEDIA = /^(rtx|red|ulpfec|flexfec-03|telephone-event|CN)$/i;

type ParsedSession = ReturnType<typeof parse>;
type ParsedMedia = ParsedSession['media'][number];

const unusable = (detail: string): Error => twilioError(53403, detail);

/**
 * Reads the descriptions of one client, one after the other. In a large room they have a hundred sections and come
 * with every track, and nearly all sections are as they were: those are not parsed again.
 */
export class DescriptionReader {
  #known: ReadonlyMap<string, RemoteSection> = new Map();

  /** @throws TwilioError 53403 for one that the server cannot use */
  read(sdp: string): RemoteDescription {
    if (!sdp.startsWith('v=0')) throw unusable('not SDP');
    const [head, ...texts] = sdp.split(/\r?\nm=/);
    if (texts.length === 0 || texts.length > MOST_SECTIONS) throw unusable('no media sections, or too many');
    const session = parseText(`${head}\r\nm=${texts[0]}`);
    const first = session.media[0];
    const iceUfrag = session.iceUfrag ?? first?.iceUfrag;
    if (iceUfrag === undefined) throw unusable('no ICE user name fragment');
    const fingerprint = fingerprintOf(session);
    const sections = texts.map((text) => this.#known.get(text) ?? parseSection(text));
    if (new Set(sections.map(({ mid }) => mid)).size !== sections.length)
      throw unusable('a mid stands twice');
    this.#known = new Map(texts.map((text, index) => [text, sections[index]!]));
    return { iceUfrag: String(iceUfrag), fingerprint, sections };
  }
}

/**
 * Reads a client's description.
 * @throws TwilioError 53403 for one that the server cannot use
 */
export function parseDescription(sdp: string): RemoteDescription {
  return new DescriptionReader().read(sdp);
}

function parseText(sdp: string): ParsedSession {
  try {
    return parse(sdp);
  } catch {
    throw unusable('not SDP');
  }
}

function fingerprintOf(session: ParsedSession): types.DtlsFingerprint {
  const { type, hash } = session.fingerprint ?? session.media[0]?.fingerprint ?? {};
  const algorithm = FINGERPRINT_ALGORITHMS.find((known) => known === text(type).toLowerCase());
  if (!algorithm || !/^([0-9A-F]{2}:)+[0-9A-F]{2}$/i.test(text(hash))) throw unusable('no DTLS fingerprint');
  return { algorithm, value: text(hash).toUpperCase() };
}

/** The library makes numbers of whatever looks like one. */
function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** A whole number from 0 (or another least) to some largest; null for anything else. */
function wholeNumber(value: unknown, largest: number, least = 0): number | null {
  const number = text(value) === '' ? Number.NaN : Number(value);
  return Number.isInteger(number) && number >= least && number <= largest ? number : null;
}

/** @param lines what follows its `m=` */
function parseSection(lines: string): RemoteSection {
  const [media, ...others] = parseText(`v=0\r\nm=${lines}`).media;
  if (!media || others.length > 0) throw unusable('a section that cannot be read');
  const mid = text(media.mid);
  if (!/^[\w.-]{1,32}$/.test(mid)) throw unusable('a section without mid');
  if (media.type === 'application') return { mid, kind: 'application' };
  if (media.type !== 'audio' && media.type !== 'video') throw unusable(`a section of type ${media.type}`);
  const direction = media.direction ?? 'sendrecv';
  const sends = media.port !== 0 && (direction === 'sendrecv' || direction === 'sendonly');
  return {
    mid,
    kind: media.type,
    direction: media.port === 0 ? 'inactive' : direction,
    codecs: parseCodecs(media, media.type),
    extensions: (media.ext ?? []).flatMap(({ uri, value }) => {
      const id = wholeNumber(value, LARGEST_EXTENSION_ID, 1);
      return id === null ? [] : [{ uri: text(uri), id }];
    }),
    source: sends ? parseSource(media, lines) : null,
  };
}

function parseCodecs(media: ParsedMedia, kind: types.MediaKind): RemoteCodec[] {
  const payloadTypes = text(media.payloads).split(' ');
  const parameters = new Map(
    (media.fmtp ?? []).map(({ payload, config }) => [payload, parseParameters(text(config))]),
  );
  const rtpmap = new Map((media.rtp ?? []).map((rtp) => [rtp.payload, rtp]));
  const rtxOf = new Map<number, number>();
  for (const [payloadType, { apt }] of parameters) {
    if (/^rtx$/i.test(text(rtpmap.get(payloadType)?.codec))) rtxOf.set(Number(apt), payloadType);
  }
  return payloadTypes.flatMap((word) => {
    const payloadType = wholeNumber(word, LARGEST_PAYLOAD_TYPE);
    if (payloadType === null) return [];
    const rtp = rtpmap.get(payloadType) ?? STATIC_PAYLOAD_TYPES[payloadType];
    const name = text(rtp?.codec);
    const clockRate = wholeNumber(rtp?.rate, Number.MAX_SAFE_INTEGER, 1);
    if (name === '' || clockRate === null || NOT_MEDIA.test(name)) return [];
    const channels = kind === 'audio' && rtp && 'encoding' in rtp ? wholeNumber(rtp.encoding, 255, 1) : null;
    const rtxPayloadType = wholeNumber(rtxOf.get(payloadType), LARGEST_PAYLOAD_TYPE);
    return {
      kind,
      payloadType,
      name,
      clockRate,
      parameters: parameters.get(payloadType) ?? {},
      ...(channels !== null && { channels }),
      ...(rtxPayloadType !== null && { rtxPayloadType }),
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
        name !== 'profile-level-id' && /^\d{1,9}$/.test(value!) ? Number(value) : value!,
      ]),
  );
}

function parseSource(media: ParsedMedia, lines: string): RemoteSource | null {
  // Taken from the text: the library knows no ids with braces, as Firefox makes them.
  const trackId = /^a=msid:\S+ (\S+)\s*$/m.exec(lines)?.[1];
  const ssrcs = media.ssrcs ?? [];
  if (trackId === undefined || ssrcs.length === 0) return null;
  const groups = (media.ssrcGroups ?? []).map((group) => ({
    semantics: group.semantics,
    ssrcs: text(group.ssrcs).split(' ').map(parseSsrc),
  }));
  const rtxOf = new Map(
    groups.flatMap(({ semantics, ssrcs: [ssrc, rtx] }) =>
      semantics === 'FID' && ssrc !== undefined && rtx !== undefined ? [[ssrc, rtx] as const] : [],
    ),
  );
  const layers = groups.find(({ semantics }) => semantics === 'SIM')?.ssrcs ?? [parseSsrc(ssrcs[0]!.id)];
  return {
    trackId,
    cname: text(ssrcs.find(({ attribute }) => attribute === 'cname')?.value),
    encodings: layers.map((ssrc) => {
      const rtx = rtxOf.get(ssrc);
      return rtx === undefined ? { ssrc } : { ssrc, rtx: { ssrc: rtx } };
    }),
  };
}

function parseSsrc(value: unknown): number {
  const ssrc = wholeNumber(value, LARGEST_SSRC, 1);
  if (ssrc === null) throw unusable(`${text(value)} is no SSRC`);
  return ssrc;
}
