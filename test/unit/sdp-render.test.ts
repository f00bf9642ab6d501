import type { types } from 'mediasoup';
import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { parseDescription } from '../../src/sfu/sdp/parse.js';
import { DescriptionWriter, renderDescription } from '../../src/sfu/sdp/render.js';
import type { LocalDescription, LocalMediaSection, LocalSection } from '../../src/sfu/sdp/render.js';

const HASH = Array.from({ length: 32 }, (_, index) => (index + 160).toString(16).toUpperCase()).join(':');
const transport = {
  iceParameters: { usernameFragment: 'someufrag', password: 'somepassword', iceLite: true },
  iceCandidates: [
    {
      foundation: 'udpcandidate',
      priority: 1_076_302_079,
      ip: '192.0.2.1',
      address: '192.0.2.1',
      protocol: 'udp',
      port: 42_000,
      type: 'host',
    },
    {
      foundation: 'tcpcandidate',
      priority: 1_076_276_479,
      ip: '192.0.2.1',
      address: '192.0.2.1',
      protocol: 'tcp',
      port: 42_000,
      type: 'host',
      tcpType: 'passive',
    },
  ] satisfies types.IceCandidate[],
  fingerprint: { algorithm: 'sha-256', value: HASH } satisfies types.DtlsFingerprint,
};

const VP8: types.RtpCodecParameters = {
  mimeType: 'video/VP8',
  payloadType: 96,
  clockRate: 90_000,
  parameters: {},
  rtcpFeedback: [
    { type: 'nack', parameter: '' },
    { type: 'nack', parameter: 'pli' },
  ],
};
const RTX: types.RtpCodecParameters = {
  mimeType: 'video/rtx',
  payloadType: 97,
  clockRate: 90_000,
  parameters: { apt: 96 },
};
const OPUS: types.RtpCodecParameters = {
  mimeType: 'audio/opus',
  payloadType: 111,
  clockRate: 48_000,
  channels: 2,
  parameters: { minptime: 10, useinbandfec: 1 },
};

function video(changes: Partial<LocalMediaSection> = {}): LocalMediaSection {
  return {
    mid: 's0',
    kind: 'video',
    direction: 'sendonly',
    codecs: [VP8, RTX],
    extensions: [{ uri: 'urn:3gpp:video-orientation', id: 8 }],
    source: { streamId: 'PA1', trackId: 'MT1-7', cname: 'PA1', ssrc: 1001, rtxSsrc: 2001 },
    ...changes,
  };
}
const audio: LocalMediaSection = {
  mid: '0',
  kind: 'audio',
  direction: 'recvonly',
  codecs: [OPUS],
  extensions: [],
  source: null,
};
const data: LocalSection = { mid: 's1', kind: 'application' };

function render(sections: readonly LocalSection[], changes: Partial<LocalDescription> = {}): string {
  return renderDescription({ type: 'offer', version: 1, transport, sections, ...changes });
}

describe("The server's description", () => {
  it('bundles all sections, in their order', () => {
    const session = parse(render([audio, video(), data]));
    expect(session.groups).toEqual([{ type: 'BUNDLE', mids: '0 s0 s1' }]);
    expect(session.media.map(({ mid, type }) => [String(mid), type])).toEqual([
      ['0', 'audio'],
      ['s0', 'video'],
      ['s1', 'application'],
    ]);
  });

  it('says that the server is ICE-lite, and gives all candidates once', () => {
    const session = parse(render([audio, video()]));
    expect(session.icelite).toBe('ice-lite');
    expect(session.media[0]!.candidates).toMatchObject([
      { ip: '192.0.2.1', port: 42_000, transport: 'udp', type: 'host', component: 1 },
      { ip: '192.0.2.1', port: 42_000, transport: 'tcp', type: 'host', tcptype: 'passive' },
    ]);
    expect(session.media[0]!.endOfCandidates).toBe('end-of-candidates');
    expect(session.media[1]!.candidates).toBeUndefined();
  });

  it('names the same transport in every section', () => {
    for (const media of parse(render([audio, video(), data])).media)
      expect(media).toMatchObject({
        iceUfrag: 'someufrag',
        icePwd: 'somepassword',
        fingerprint: { type: 'sha-256', hash: HASH },
      });
  });

  it.each([
    ['offer', 'actpass'],
    ['answer', 'passive'],
  ] as const)('leaves it to the client to open the DTLS connection: an %s is %s', (type, setup) => {
    for (const media of parse(render([audio, data], { type })).media) expect(media.setup).toBe(setup);
  });

  it('has the number that it was given', () => {
    expect(parse(render([audio], { version: 7 })).origin).toMatchObject({ sessionVersion: 7 });
  });

  it('has codecs in their order, with what they need', () => {
    const [sound, picture] = parse(render([audio, video()])).media;
    expect(sound).toMatchObject({
      payloads: 111,
      rtp: [{ payload: 111, codec: 'opus', rate: 48_000, encoding: 2 }],
      fmtp: [{ payload: 111, config: 'minptime=10;useinbandfec=1' }],
    });
    expect(picture).toMatchObject({
      payloads: '96 97',
      rtp: [
        { payload: 96, codec: 'VP8', rate: 90_000 },
        { payload: 97, codec: 'rtx', rate: 90_000 },
      ],
      fmtp: [{ payload: 97, config: 'apt=96' }],
      rtcpFb: [
        { payload: 96, type: 'nack' },
        { payload: 96, type: 'nack', subtype: 'pli' },
      ],
      ext: [{ value: 8, uri: 'urn:3gpp:video-orientation' }],
      rtcpMux: 'rtcp-mux',
    });
  });

  it('names what it sends, and the retransmissions of it', () => {
    const [media] = parse(render([video()])).media;
    expect(media).toMatchObject({
      direction: 'sendonly',
      ssrcs: [
        { id: 1001, attribute: 'cname', value: 'PA1' },
        { id: 2001, attribute: 'cname', value: 'PA1' },
      ],
      ssrcGroups: [{ semantics: 'FID', ssrcs: '1001 2001' }],
    });
    expect(render([video()])).toMatch(/^a=msid:PA1 MT1-7\r$/m);
  });

  it('names no retransmissions where there are none', () => {
    const [media] = parse(
      render([video({ source: { streamId: 'PA1', trackId: 'MT1-7', cname: 'PA1', ssrc: 1001 } })]),
    ).media;
    expect(media!.ssrcs).toHaveLength(1);
    expect(media!.ssrcGroups).toBeUndefined();
  });

  it('names nothing where it sends nothing, and rejects no section', () => {
    const sdp = render([video({ direction: 'inactive', source: null })]);
    expect(sdp).not.toMatch(/^a=(msid:|ssrc)/m);
    expect(parse(sdp).media[0]).toMatchObject({ direction: 'inactive', port: 9 });
  });

  it('has data channels over SCTP', () => {
    const [media] = parse(render([data])).media;
    expect(media).toMatchObject({
      type: 'application',
      protocol: 'UDP/DTLS/SCTP',
      payloads: 'webrtc-datachannel',
      sctpPort: 5000,
      maxMessageSize: 262_144,
    });
    expect(media!.direction).toBeUndefined();
  });

  it("reads as the server reads a client's", () => {
    expect(parseDescription(render([audio, video(), data]))).toEqual({
      iceUfrag: 'someufrag',
      fingerprint: { algorithm: 'sha-256', value: HASH },
      sections: [
        {
          mid: '0',
          kind: 'audio',
          direction: 'recvonly',
          codecs: [
            {
              kind: 'audio',
              payloadType: 111,
              name: 'opus',
              clockRate: 48_000,
              channels: 2,
              parameters: { minptime: 10, useinbandfec: 1 },
            },
          ],
          extensions: [],
          source: null,
        },
        {
          mid: 's0',
          kind: 'video',
          direction: 'sendonly',
          codecs: [
            {
              kind: 'video',
              payloadType: 96,
              name: 'VP8',
              clockRate: 90_000,
              parameters: {},
              rtxPayloadType: 97,
            },
          ],
          extensions: [{ uri: 'urn:3gpp:video-orientation', id: 8 }],
          source: { trackId: 'MT1-7', cname: 'PA1', encodings: [{ ssrc: 1001, rtx: { ssrc: 2001 } }] },
        },
        { mid: 's1', kind: 'application' },
      ],
    });
  });
});

describe("The server's descriptions, one after the other", () => {
  it('are written as if each were the first, whatever of them is new', () => {
    const writer = new DescriptionWriter();
    const idle = video({ direction: 'inactive', source: null });
    const restarted = {
      ...transport,
      iceParameters: { ...transport.iceParameters, usernameFragment: 'another' },
    };
    const turns: Partial<LocalDescription>[] = [
      { type: 'answer', sections: [audio] },
      { sections: [audio, video(), data] },
      { sections: [audio, video(), data] },
      { sections: [audio, idle, data, video({ mid: 's2' })] },
      { sections: [audio, video(), data, video({ mid: 's2', codecs: [VP8] })], transport: restarted },
      { sections: [video(), audio] },
    ];
    for (const [index, turn] of turns.entries()) {
      const description = { type: 'offer', version: index + 1, transport, sections: [], ...turn } as const;
      expect(writer.write(description)).toBe(renderDescription(description));
    }
  });
});
