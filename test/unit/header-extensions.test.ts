import type { types } from 'mediasoup';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderExtensions, consumerHeaderExtensions } from '../../src/sfu/header-extensions.js';

const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const ABS_SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';
const TRANSPORT_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const VIDEO_ORIENTATION = 'urn:3gpp:video-orientation';

const uris = (extensions: readonly { uri: string }[]): string[] => extensions.map(({ uri }) => uri).sort();

describe('The header extensions of a peer connection', () => {
  it('are those of congestion control, and for video the orientation', () => {
    const extensions = new HeaderExtensions();
    expect(uris(extensions.of('audio'))).toEqual([ABS_SEND_TIME, TRANSPORT_CC].sort());
    expect(uris(extensions.of('video'))).toEqual([ABS_SEND_TIME, TRANSPORT_CC, VIDEO_ORIENTATION].sort());
  });

  it("include the audio level once a client offers it, under the client's number", () => {
    const extensions = new HeaderExtensions();
    extensions.learn('audio', [{ uri: AUDIO_LEVEL, id: 1 }]);
    expect(extensions.of('audio')).toContainEqual({ uri: AUDIO_LEVEL, id: 1 });
    expect(uris(extensions.of('video'))).not.toContain(AUDIO_LEVEL);
  });

  it('keep the number that the audio level had first', () => {
    const extensions = new HeaderExtensions();
    extensions.learn('audio', [{ uri: AUDIO_LEVEL, id: 1 }]);
    extensions.learn('audio', [{ uri: AUDIO_LEVEL, id: 2 }]);
    expect(extensions.of('audio')).toContainEqual({ uri: AUDIO_LEVEL, id: 1 });
  });

  it('take the audio level of sound only', () => {
    const extensions = new HeaderExtensions();
    extensions.learn('video', [{ uri: AUDIO_LEVEL, id: 1 }]);
    expect(uris(extensions.of('audio'))).not.toContain(AUDIO_LEVEL);
  });

  it('never have one number under two meanings, or one meaning twice, whatever a client offers', () => {
    const offers = fc.array(
      fc.record({
        kind: fc.constantFrom<types.MediaKind>('audio', 'video'),
        offered: fc.array(
          fc.record({
            uri: fc.constantFrom(
              AUDIO_LEVEL,
              ABS_SEND_TIME,
              TRANSPORT_CC,
              'urn:ietf:params:rtp-hdrext:sdes:mid',
            ),
            id: fc.integer({ min: 1, max: 14 }),
          }),
        ),
      }),
    );
    fc.assert(
      fc.property(offers, (list) => {
        const extensions = new HeaderExtensions();
        for (const { kind, offered } of list) extensions.learn(kind, offered);
        const meanings = new Map<number, string>();
        for (const kind of ['audio', 'video'] as const) {
          const own = extensions.of(kind);
          expect(new Set(uris(own)).size).toBe(own.length);
          for (const { uri, id } of own) {
            expect(meanings.get(id) ?? uri).toBe(uri);
            meanings.set(id, uri);
          }
        }
      }),
    );
  });
});

describe('What a subscriber is sent', () => {
  const router = {
    rtpCapabilities: {
      headerExtensions: [
        { kind: 'audio', uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', preferredId: 1 },
        { kind: 'audio', uri: ABS_SEND_TIME, preferredId: 4 },
        {
          kind: 'audio',
          uri: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
          preferredId: 13,
        },
        { kind: 'video', uri: ABS_SEND_TIME, preferredId: 4 },
        { kind: 'video', uri: VIDEO_ORIENTATION, preferredId: 8 },
      ],
    },
  } as types.Router;

  it("has those of the router's extensions that are used here, of its own kind", () => {
    expect(consumerHeaderExtensions(router, 'audio')).toEqual([
      { kind: 'audio', uri: ABS_SEND_TIME, preferredId: 4 },
    ]);
    expect(uris(consumerHeaderExtensions(router, 'video'))).toEqual(
      [ABS_SEND_TIME, VIDEO_ORIENTATION].sort(),
    );
  });
});
