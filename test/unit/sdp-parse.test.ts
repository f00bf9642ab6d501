import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DescriptionReader, parseDescription } from '../../src/sfu/sdp/parse.js';
import type { RemoteMediaSection } from '../../src/sfu/sdp/parse.js';
import { codeOf } from '../support/model.js';

const HASH = Array.from({ length: 32 }, (_, index) => (index + 160).toString(16).toUpperCase()).join(':');
const TRACK = '7a3b1f5e-2c4d-4e6f-8a9b-0c1d2e3f4a5b';
const CAMERA = 'c1a2b3c4-d5e6-4f70-8192-a3b4c5d6e7f8';

const transport = (mid: string): string[] => [
  'c=IN IP4 0.0.0.0',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=ice-ufrag:4ZcD',
  'a=ice-pwd:2/1muCWoOi3uLifh0NuRHlZF',
  'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${HASH}`,
  'a=setup:actpass',
  `a=mid:${mid}`,
];

const SESSION = [
  'v=0',
  'o=- 4962303333179871722 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1 2',
  'a=extmap-allow-mixed',
  'a=msid-semantic: WMS stream',
];

/** As Chrome makes it and the SDK completes it, with the layers of simulcast in the old form. */
const CHROME = [
  ...SESSION,
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126',
  ...transport('0'),
  'a=extmap:14 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'a=sendrecv',
  `a=msid:stream ${TRACK}`,
  'a=rtcp-mux',
  'a=rtcp-rsize',
  'a=rtpmap:111 opus/48000/2',
  'a=rtcp-fb:111 transport-cc',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=rtpmap:63 red/48000/2',
  'a=fmtp:63 111/111',
  'a=rtpmap:9 G722/8000',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:13 CN/8000',
  'a=rtpmap:110 telephone-event/48000',
  'a=rtpmap:126 telephone-event/8000',
  'a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6',
  `a=ssrc:3570614608 msid:stream ${TRACK}`,
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97 108 109 98 99 35',
  ...transport('1'),
  'a=extmap:3 urn:3gpp:video-orientation',
  'a=sendrecv',
  `a=msid:stream ${CAMERA}`,
  'a=rtcp-mux',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 goog-remb',
  'a=rtcp-fb:96 nack pli',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=rtpmap:108 H264/90000',
  'a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
  'a=rtpmap:109 rtx/90000',
  'a=fmtp:109 apt=108',
  'a=rtpmap:98 VP9/90000',
  'a=fmtp:98 profile-id=0',
  'a=rtpmap:99 rtx/90000',
  'a=fmtp:99 apt=98',
  'a=rtpmap:35 ulpfec/90000',
  'a=ssrc-group:FID 1001 2001',
  'a=ssrc-group:SIM 1001 1002 1003',
  'a=ssrc-group:FID 1002 2002',
  'a=ssrc-group:FID 1003 2003',
  ...[1001, 2001, 1002, 2002, 1003, 2003].flatMap((ssrc) => [
    `a=ssrc:${ssrc} cname:4TOk42mSjXCkVIa6`,
    `a=ssrc:${ssrc} msid:stream ${CAMERA}`,
  ]),
  'a=x-google-flag:conference',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  ...transport('2'),
  'a=sctp-port:5000',
  'a=max-message-size:262144',
];

/** As Firefox makes it: ids in braces, the fingerprint for all, directions in extmap, no retransmissions. */
const FIREFOX = [
  'v=0',
  'o=mozilla...THIS_IS_SDPARTA-99.0 7478132943519832104 0 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  `a=fingerprint:sha-256 ${HASH}`,
  'a=group:BUNDLE 0 1',
  'a=ice-options:trickle',
  'a=msid-semantic:WMS *',
  'm=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101',
  'c=IN IP4 0.0.0.0',
  'a=sendrecv',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level',
  'a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1',
  'a=fmtp:101 0-15',
  'a=ice-pwd:a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3',
  'a=ice-ufrag:5e7a9c1b',
  'a=mid:0',
  'a=msid:{d3b0e9c6-1f2a-4b3c-8d4e-5f6a7b8c9d0e} {0a1b2c3d-4e5f-4a6b-9c7d-8e9f0a1b2c3d}',
  'a=rtcp-mux',
  'a=rtpmap:109 opus/48000/2',
  'a=rtpmap:9 G722/8000/1',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000/1',
  'a=setup:actpass',
  'a=ssrc:1234567890 cname:{9f8e7d6c-5b4a-4392-8170-f6e5d4c3b2a1}',
  'm=video 9 UDP/TLS/RTP/SAVPF 120 126',
  'c=IN IP4 0.0.0.0',
  'a=recvonly',
  'a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1',
  'a=fmtp:120 max-fs=12288;max-fr=60',
  'a=ice-pwd:a0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3',
  'a=ice-ufrag:5e7a9c1b',
  'a=mid:1',
  'a=rtcp-mux',
  'a=rtpmap:120 VP8/90000',
  'a=rtpmap:126 H264/90000',
  'a=setup:actpass',
];

const text = (lines: readonly string[], lineEnd = '\r\n'): string =>
  lines.map((line) => line + lineEnd).join('');
const parse = (lines: readonly string[]) => parseDescription(text(lines));
const media = (lines: readonly string[], index: number) => parse(lines).sections[index] as RemoteMediaSection;
/** Chrome's offer with other lines for those that match. */
const changed = (pattern: RegExp, replacement: string): string[] =>
  CHROME.map((line) => line.replace(pattern, replacement));
const without = (lines: readonly string[], pattern: RegExp): string[] =>
  lines.filter((line) => !pattern.test(line));

describe("Chrome's offer", () => {
  it('has its sections in their order, bundled on one transport', () => {
    const { iceUfrag, fingerprint, sections } = parse(CHROME);
    expect(iceUfrag).toBe('4ZcD');
    expect(fingerprint).toEqual({ algorithm: 'sha-256', value: HASH });
    expect(sections.map(({ mid, kind }) => [mid, kind])).toEqual([
      ['0', 'audio'],
      ['1', 'video'],
      ['2', 'application'],
    ]);
  });

  it('has codecs in the order of preference, without what is no codec', () => {
    expect(media(CHROME, 0).codecs).toEqual([
      {
        kind: 'audio',
        payloadType: 111,
        name: 'opus',
        clockRate: 48_000,
        channels: 2,
        parameters: { minptime: 10, useinbandfec: 1 },
      },
      { kind: 'audio', payloadType: 9, name: 'G722', clockRate: 8000, parameters: {} },
      { kind: 'audio', payloadType: 0, name: 'PCMU', clockRate: 8000, parameters: {} },
      { kind: 'audio', payloadType: 8, name: 'PCMA', clockRate: 8000, parameters: {} },
    ]);
  });

  it('has with each codec of video the payload type of its retransmissions', () => {
    expect(media(CHROME, 1).codecs).toMatchObject([
      { payloadType: 96, name: 'VP8', rtxPayloadType: 97 },
      { payloadType: 108, name: 'H264', rtxPayloadType: 109 },
      { payloadType: 98, name: 'VP9', rtxPayloadType: 99, parameters: { 'profile-id': 0 } },
    ]);
  });

  it('has profiles as texts, other whole numbers as numbers', () => {
    expect(media(CHROME, 1).codecs[1]!.parameters).toEqual({
      'level-asymmetry-allowed': 1,
      'packetization-mode': 1,
      'profile-level-id': '42001f',
    });
    const digits = changed(/profile-level-id=\w+/, 'profile-level-id=420010');
    expect(media(digits, 1).codecs[1]!.parameters['profile-level-id']).toBe('420010');
  });

  it('has header extensions under its own numbers', () => {
    expect(media(CHROME, 0).extensions).toEqual([
      { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 14 },
      { uri: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', id: 2 },
    ]);
  });

  it('says what it sends, by the id of the track', () => {
    expect(media(CHROME, 0).source).toEqual({
      trackId: TRACK,
      cname: '4TOk42mSjXCkVIa6',
      encodings: [{ ssrc: 3_570_614_608 }],
    });
  });

  it('has the layers of simulcast, lowest first, each with its retransmissions', () => {
    expect(media(CHROME, 1).source).toEqual({
      trackId: CAMERA,
      cname: '4TOk42mSjXCkVIa6',
      encodings: [
        { ssrc: 1001, rtx: { ssrc: 2001 } },
        { ssrc: 1002, rtx: { ssrc: 2002 } },
        { ssrc: 1003, rtx: { ssrc: 2003 } },
      ],
    });
  });

  it('has one encoding without simulcast, with retransmissions and without', () => {
    const single = without(CHROME, /SIM|1002|1003/);
    expect(media(single, 1).source?.encodings).toEqual([{ ssrc: 1001, rtx: { ssrc: 2001 } }]);
    expect(media(without(single, /FID/), 1).source?.encodings).toEqual([{ ssrc: 1001 }]);
  });

  it.each(['recvonly', 'inactive'])('sends nothing where it is %s', (direction) => {
    const section = media(changed(/^a=sendrecv$/, `a=${direction}`), 1);
    expect(section).toMatchObject({ direction, source: null });
    expect(section.codecs).not.toEqual([]);
  });

  it('sends where it is sendonly', () => {
    expect(media(changed(/^a=sendrecv$/, 'a=sendonly'), 1)).toMatchObject({
      direction: 'sendonly',
      source: { trackId: CAMERA },
    });
  });

  it('sends nothing where it names no track or no source', () => {
    expect(media(without(CHROME, /^a=msid:/), 1)).toMatchObject({ direction: 'sendrecv', source: null });
    expect(media(without(CHROME, /^a=ssrc/), 1)).toMatchObject({ direction: 'sendrecv', source: null });
  });

  it('neither sends nor receives in a section that it rejects', () => {
    expect(media(changed(/^m=video 9/, 'm=video 0'), 1)).toMatchObject({
      direction: 'inactive',
      source: null,
    });
  });
});

describe("Firefox's offer", () => {
  it('has one fingerprint for all its sections', () => {
    const { iceUfrag, fingerprint, sections } = parse(FIREFOX);
    expect(iceUfrag).toBe('5e7a9c1b');
    expect(fingerprint).toEqual({ algorithm: 'sha-256', value: HASH });
    expect(sections).toHaveLength(2);
  });

  it('has ids in braces', () => {
    expect(media(FIREFOX, 0).source).toEqual({
      trackId: '{0a1b2c3d-4e5f-4a6b-9c7d-8e9f0a1b2c3d}',
      cname: '{9f8e7d6c-5b4a-4392-8170-f6e5d4c3b2a1}',
      encodings: [{ ssrc: 1_234_567_890 }],
    });
  });

  it('has codecs without retransmissions', () => {
    expect(media(FIREFOX, 1)).toMatchObject({ direction: 'recvonly', source: null });
    expect(media(FIREFOX, 1).codecs).toEqual([
      {
        kind: 'video',
        payloadType: 120,
        name: 'VP8',
        clockRate: 90_000,
        parameters: { 'max-fs': 12_288, 'max-fr': 60 },
      },
      {
        kind: 'video',
        payloadType: 126,
        name: 'H264',
        clockRate: 90_000,
        parameters: { 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1, 'packetization-mode': 1 },
      },
    ]);
  });
});

describe('A description', () => {
  it('may have lines that end with a line feed alone', () => {
    expect(parseDescription(text(CHROME, '\n'))).toEqual(parse(CHROME));
  });

  it('may name the codecs of fixed payload types by these alone', () => {
    const fixed = without(CHROME, /^a=rtpmap:[08] /);
    expect(media(fixed, 0).codecs).toEqual(media(CHROME, 0).codecs);
  });

  it('has a ufrag and mids that are texts, though they may look like numbers', () => {
    const numbers = changed(/^a=ice-ufrag:.*/, 'a=ice-ufrag:1234').map((line) =>
      line.replace('a=mid:0', 'a=mid:007'),
    );
    expect(parse(numbers)).toMatchObject({
      iceUfrag: '1234',
      sections: [{ mid: '007' }, { mid: '1' }, { mid: '2' }],
    });
  });

  it('has a fingerprint whose letters do not matter', () => {
    const lower = changed(/^a=fingerprint:.*/, `a=fingerprint:SHA-256 ${HASH.toLowerCase()}`);
    expect(parse(lower).fingerprint).toEqual({ algorithm: 'sha-256', value: HASH });
  });

  const unusable: [string, string][] = [
    ['is empty', ''],
    ['is no SDP', 'hello'],
    ['does not begin with its version', text(CHROME.slice(1))],
    ['has lines that end with a carriage return alone', text(CHROME, '\r')],
    ['has no sections', text(SESSION)],
    ['has too many sections', text([...SESSION, ...Array(1001).fill(CHROME.slice(7)).flat()])],
    ['has no ICE user name fragment', text(without(CHROME, /^a=ice-ufrag/))],
    ['has no fingerprint', text(without(CHROME, /^a=fingerprint/))],
    ['has a fingerprint of an unknown algorithm', text(changed(/sha-256/, 'md5'))],
    ['has a fingerprint that is none', text(changed(/sha-256 .*/, 'sha-256 secret'))],
    ['has a section without a mid', text(without(CHROME, /^a=mid:1/))],
    ['has a mid of foreign characters', text(changed(/^a=mid:1/, 'a=mid:a/b'))],
    ['has a mid that is too long', text(changed(/^a=mid:1/, `a=mid:${'x'.repeat(33)}`))],
    ['has a mid twice', text(changed(/^a=mid:1/, 'a=mid:0'))],
    ['has a section of another kind', text(changed(/^m=video/, 'm=text'))],
  ];
  it.each(unusable)('that %s is refused with 53403', (_fault, sdp) => {
    expect(codeOf(() => parseDescription(sdp))).toBe(53403);
  });

  const lines = fc.constantFrom(CHROME, FIREFOX).chain((whole) => {
    const place = fc.nat(whole.length - 1);
    const foreign = fc.oneof(
      fc.string(),
      fc.constantFrom(...CHROME, ...FIREFOX),
      fc.constantFrom(
        'm=',
        'm=audio',
        'm=video 0 x',
        'a=',
        'a=mid:',
        'a=ssrc:',
        'a=rtpmap:',
        'a=msid: ',
        'v=0',
        '',
      ),
    );
    const changes = fc.oneof(
      place.map((at) => (list: string[]) => list.filter((_, index) => index !== at)),
      fc.tuple(place, foreign).map(
        ([at, line]) =>
          (list: string[]) =>
            list.toSpliced(at, 0, line),
      ),
      fc.tuple(place, foreign).map(
        ([at, line]) =>
          (list: string[]) =>
            list.map((old, index) => (index === at ? line : old)),
      ),
      fc.tuple(place, place).map(
        ([from, to]) =>
          (list: string[]) =>
            list.toSpliced(from, 0, ...list.slice(to, to + 1)),
      ),
      place.map((at) => (list: string[]) => list.slice(0, at)),
    );
    return fc
      .array(changes, { maxLength: 8 })
      .map((list) => list.reduce((some, change) => change(some), whole));
  });

  it('is read, or refused with 53403 and nothing else, whatever becomes of its lines', () => {
    fc.assert(
      fc.property(lines, fc.constantFrom('\r\n', '\n', '\r', '\n\n'), (list, lineEnd) => {
        fc.pre(list.length > 0);
        const code = codeOf(() => parseDescription(text(list, lineEnd)));
        expect(code === null || code === 53403).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused with 53403 and nothing else when it is any text', () => {
    const noise = fc.string({ unit: 'binary', maxLength: 200 });
    fc.assert(
      fc.property(noise, fc.constantFrom('', 'v=0\r\n', 'v=0\r\nm=audio 9 X 0\r\n'), (rest, start) => {
        expect(codeOf(() => parseDescription(start + rest))).toBe(53403);
      }),
    );
  });
});

describe('Descriptions of one client, one after the other', () => {
  const read = (reader: DescriptionReader, lines: readonly string[]) =>
    reader.read(`${lines.join('\r\n')}\r\n`);
  const fresh = (lines: readonly string[]) => read(new DescriptionReader(), lines);

  it('are read as if each were the first, whatever of them is new', () => {
    const reader = new DescriptionReader();
    const muted = CHROME.map((line) => (line === 'a=sendrecv' ? 'a=inactive' : line));
    const restarted = CHROME.map((line) => line.replace('a=ice-ufrag:4ZcD', 'a=ice-ufrag:new0'));
    const shorter = CHROME.slice(
      0,
      CHROME.findIndex((line) => line.startsWith('m=video')),
    );
    for (const lines of [CHROME, CHROME, muted, restarted, shorter, CHROME])
      expect(read(reader, lines)).toEqual(fresh(lines));
    expect(read(reader, restarted).iceUfrag).toBe('new0');
  });

  it('share the sections that stayed as they were', () => {
    const reader = new DescriptionReader();
    const first = read(reader, CHROME);
    const renamed = CHROME.map((line) => line.replace(CAMERA, 'another-camera'));
    const second = read(reader, renamed);
    const unchanged = second.sections.filter((section, index) => section === first.sections[index]);
    expect(unchanged).toHaveLength(first.sections.length - 1);
  });

  it('are not confused by one that was refused', () => {
    const reader = new DescriptionReader();
    read(reader, CHROME);
    const twice = CHROME.map((line) => line.replace(/^a=mid:1$/, 'a=mid:0'));
    expect(codeOf(() => read(reader, twice))).toBe(53403);
    expect(read(reader, CHROME)).toEqual(fresh(CHROME));
  });
});
