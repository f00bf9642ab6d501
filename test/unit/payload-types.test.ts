import type { types } from 'mediasoup';
import { describe, expect, it } from 'vitest';
import { PayloadTypes } from '../../src/sfu/PayloadTypes.js';

const router = {
  rtpCapabilities: {
    codecs: [
      { kind: 'audio', mimeType: 'audio/opus', preferredPayloadType: 111, clockRate: 48_000, channels: 2 },
      { kind: 'video', mimeType: 'video/VP8', preferredPayloadType: 96, clockRate: 90_000 },
      {
        kind: 'video',
        mimeType: 'video/rtx',
        preferredPayloadType: 97,
        clockRate: 90_000,
        parameters: { apt: 96 },
      },
    ],
  },
} as types.Router;

describe('A payload type', () => {
  it("of the router's means what it means to the router", () => {
    const payloadTypes = new PayloadTypes(router);
    expect(payloadTypes.claim(96, 'video/VP8')).toBe(true);
    expect(payloadTypes.claim(96, 'video/H264')).toBe(false);
    expect(payloadTypes.claim(111, 'audio/PCMU')).toBe(false);
  });

  it('keeps the first meaning that the client gives it', () => {
    const payloadTypes = new PayloadTypes(router);
    expect(payloadTypes.claim(120, 'video/VP8')).toBe(true);
    expect(payloadTypes.claim(120, 'video/VP8')).toBe(true);
    expect(payloadTypes.claim(120, 'audio/opus')).toBe(false);
    expect(payloadTypes.claim(120, 'video/VP8')).toBe(true);
  });

  it('may be one of several for the same codec', () => {
    const payloadTypes = new PayloadTypes(router);
    expect(payloadTypes.claim(120, 'video/VP8')).toBe(true);
    expect(payloadTypes.claim(121, 'video/VP8')).toBe(true);
  });

  it('means a codec whatever the case of its name', () => {
    const payloadTypes = new PayloadTypes(router);
    expect(payloadTypes.claim(96, 'video/vp8')).toBe(true);
    expect(payloadTypes.claim(97, 'video/RTX', { apt: 96 })).toBe(true);
  });

  it('of retransmissions means those of one other payload type', () => {
    const payloadTypes = new PayloadTypes(router);
    expect(payloadTypes.claim(97, 'video/rtx', { apt: 98 })).toBe(false);
    expect(payloadTypes.claim(121, 'video/rtx', { apt: 120 })).toBe(true);
    expect(payloadTypes.claim(121, 'video/rtx', { apt: 96 })).toBe(false);
  });

  it('has its meaning in one peer connection only', () => {
    new PayloadTypes(router).claim(120, 'video/VP8');
    expect(new PayloadTypes(router).claim(120, 'audio/opus')).toBe(true);
  });
});
