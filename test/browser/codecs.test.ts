import { describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/config.js';
import { useLab } from '../support/lab-suite.js';

const suite = useLab();

describe('a room', () => {
  test.each([
    ['VP8', ['VP8', 'H264']],
    ['H264', ['VP8', 'H264']],
    ['VP9', ['VP8', 'VP9']],
  ] as const)(
    'carries %s when the publisher prefers it and the room allows it',
    async (codec, videoCodecs) => {
      suite.atrium.rooms.create(DEV_CREDENTIALS.accountSid, {
        uniqueName: codec,
        videoCodecs: [...videoCodecs],
      });
      const options = { preferredVideoCodecs: [codec] };
      await suite.lab.join('alice', codec, [{ kind: 'video', name: 'face' }], options);
      const bob = await suite.lab.join('bob', codec, [{ kind: 'video', name: 'face', hue: 99 }]);
      expect((await bob.flows('alice/face')).codec).toBe(codec);
    },
  );

  test('falls back to a codec that it allows', async () => {
    suite.atrium.rooms.create(DEV_CREDENTIALS.accountSid, { uniqueName: 'h264 only', videoCodecs: ['H264'] });
    await suite.lab.join('alice', 'h264 only', [{ kind: 'video', name: 'face' }], {
      preferredVideoCodecs: ['VP8'],
    });
    const bob = await suite.lab.join('bob', 'h264 only', [], {
      preferredVideoCodecs: [{ codec: 'VP8', simulcast: true }],
    });
    expect((await bob.flows('alice/face')).codec).toBe('H264');
    await bob.publish({ kind: 'video', name: 'face' });
    const carol = await suite.lab.join('carol', 'h264 only');
    expect((await carol.flows('bob/face')).codec).toBe('H264');
  });

  test('carries VP8 and H264 of two publishers side by side, and their successors on the same sections', async () => {
    const alice = await suite.lab.join('alice', 'two codecs', [{ kind: 'video', name: 'face' }], {
      preferredVideoCodecs: ['VP8'],
    });
    const bob = await suite.lab.join('bob', 'two codecs', [{ kind: 'video', name: 'face' }], {
      preferredVideoCodecs: ['H264'],
    });
    const carol = await suite.lab.join('carol', 'two codecs');
    expect((await carol.flows('alice/face')).codec).toBe('VP8');
    expect((await carol.flows('bob/face')).codec).toBe('H264');
    await alice.flows('bob/face');
    await bob.flows('alice/face');
    // A new local track may be put on a section on which the server sends another codec.
    await carol.publish({ kind: 'video', name: 'face' });
    await alice.flows('carol/face');
    await bob.flows('carol/face');
    await carol.flows('alice/face');
    await carol.flows('bob/face');
    await carol.publish({ kind: 'video', name: 'second' });
    await carol.publish({ kind: 'video', name: 'third' });
    await alice.flows('carol/third');
    await bob.flows('carol/second');
  });

  test.each(['opus', 'PCMU', 'PCMA'])('carries %s', async (codec) => {
    await suite.lab.join('alice', codec, [{ kind: 'audio', name: 'voice' }], {
      preferredAudioCodecs: [codec],
    });
    const bob = await suite.lab.join('bob', codec);
    const before = await bob.flows('alice/voice');
    expect(before.codec?.toLowerCase()).toBe(codec.toLowerCase());
    await bob.until(
      async () => (await bob.received())['alice/voice']!.audioEnergy > before.audioEnergy,
      async () => 'sound',
    );
  });
});
