import { describe, expect, test } from 'vitest';
import { useShapedLab } from '../support/lab-suite.js';

const suite = useShapedLab();

const SIMULCAST = { preferredVideoCodecs: [{ codec: 'VP8', simulcast: true }] };

describe('a simulcast publisher', () => {
  test('reaches two receivers, and each gets what its own link can carry', async () => {
    const alice = await suite.lab.join(
      'alice',
      'simulcast',
      [{ kind: 'video', name: 'face', source: 'camera', width: 1280, height: 720 }],
      SIMULCAST,
    );
    const bob = await suite.lab.join('bob', 'simulcast');
    const carol = await suite.lab.join('carol', 'simulcast');
    await bob.flows('alice/face');
    await carol.flows('alice/face');
    expect((await alice.sent()).filter(({ kind }) => kind === 'video')).toHaveLength(3);

    // The publisher's own estimate has to grow first, and all of this takes a busy machine its time.
    const patience = 90_000;
    for (const page of [bob, carol])
      await page.bitrate('alice/face', (bitrate) => bitrate > 600_000, patience);
    await suite.link.shape(2, { down: { rate: 500_000 } });
    await carol.bitrate('alice/face', (bitrate) => bitrate < 500_000, patience);
    await carol.flows('alice/face', { frames: 20, within: 30_000 });
    // The other one still gets what its own link carries.
    await bob.bitrate('alice/face', (bitrate) => bitrate > 500_000, patience);

    await suite.link.shape(2, { down: {} });
    await carol.bitrate('alice/face', (bitrate) => bitrate > 600_000, patience);
    await carol.flows('alice/face', { frames: 20 });
  }, 500_000);
});
