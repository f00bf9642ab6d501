import { describe, expect, it } from 'vitest';
import { isSameCodec, routerCodecs } from '../../src/sfu/codecs.js';
import type { RemoteCodec } from '../../src/sfu/sdp/parse.js';

const own = routerCodecs(['VP8', 'VP9', 'H264']);
/** The router's codec that an offered one is. */
const sameAs = (codec: Omit<RemoteCodec, 'payloadType'>): string | undefined =>
  own.find((capability) => isSameCodec({ payloadType: 100, ...codec }, capability))?.mimeType;
const video = (name: string, parameters: RemoteCodec['parameters'] = {}) =>
  sameAs({ kind: 'video', name, clockRate: 90_000, parameters });

describe('The codecs of a room', () => {
  it('are those of sound and, of picture, those that the room was given, in their order', () => {
    const names = (codecs: ReturnType<typeof routerCodecs>): string[] =>
      codecs.map(({ mimeType }) => mimeType);
    const sound = ['audio/opus', 'audio/PCMU', 'audio/PCMA'];
    expect(names(routerCodecs(['H264', 'VP8']))).toEqual([...sound, 'video/H264', 'video/VP8']);
    expect(names(routerCodecs([]))).toEqual(sound);
  });

  it('have payload types of their own', () => {
    const numbers = own.map(({ preferredPayloadType }) => preferredPayloadType);
    expect(new Set(numbers).size).toBe(own.length);
  });
});

describe('A codec that a client offers', () => {
  it('is known by its kind, name and clock rate, the letters of the name in either case', () => {
    expect(video('vp8')).toBe('video/VP8');
    expect(sameAs({ kind: 'audio', name: 'OPUS', clockRate: 48_000, channels: 2, parameters: {} })).toBe(
      'audio/opus',
    );
    expect(sameAs({ kind: 'audio', name: 'PCMU', clockRate: 8000, parameters: {} })).toBe('audio/PCMU');
    expect(sameAs({ kind: 'audio', name: 'opus', clockRate: 16_000, parameters: {} })).toBeUndefined();
    expect(sameAs({ kind: 'audio', name: 'VP8', clockRate: 90_000, parameters: {} })).toBeUndefined();
    expect(video('AV1')).toBeUndefined();
  });

  it('is H.264 of the constrained baseline, of any level, in packets of mode 1', () => {
    const h264 = (profile: string, mode?: number) =>
      video('H264', {
        'profile-level-id': profile,
        ...(mode !== undefined && { 'packetization-mode': mode }),
      });
    expect(h264('42e01f', 1)).toBe('video/H264');
    expect(h264('42E034', 1)).toBe('video/H264');
    expect(h264('42e01f', 0)).toBeUndefined();
    expect(h264('42e01f')).toBeUndefined();
    expect(h264('640c1f', 1)).toBeUndefined();
    expect(h264('42001f', 1)).toBeUndefined();
    expect(video('H264', { 'packetization-mode': 1 })).toBeUndefined();
  });

  it('is VP9 of profile 0', () => {
    expect(video('VP9')).toBe('video/VP9');
    expect(video('VP9', { 'profile-id': 0 })).toBe('video/VP9');
    expect(video('VP9', { 'profile-id': 2 })).toBeUndefined();
  });
});
