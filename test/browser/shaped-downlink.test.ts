import { describe, test } from 'vitest';
import { useShapedLab } from '../support/lab-suite.js';

const suite = useShapedLab();

const manual = (video: object = {}) => ({
  bandwidthProfile: {
    video: { clientTrackSwitchOffControl: 'manual', contentPreferencesMode: 'manual', ...video },
  },
});
const CAMERA = { kind: 'video', source: 'camera', width: 640, height: 360 } as const;
const TINY = { kind: 'video', width: 64, height: 36, fps: 5 } as const;
const AWAITED = 120_000;

describe('a downlink that carries one of two videos', () => {
  test('has the less important one switched off, and back on when it carries both', async () => {
    const alice = await suite.lab.join('alice', 'narrow', [{ ...CAMERA, name: 'face' }]);
    await alice.publish({ ...TINY, name: 'screen' }, { priority: 'high' });
    const bob = await suite.lab.join('bob', 'narrow', [], manual());
    await bob.flows('alice/face');
    await bob.bitrate('alice/screen', (bitrate) => bitrate < 60_000);
    await bob.bitrate('alice/face', (bitrate) => bitrate > 130_000);
    const switched = (key: string, off: boolean) =>
      bob.until(
        async () => (await bob.call('isSwitchedOff', key)) === off,
        async () => `${key} to be ${off ? 'off' : 'on'}`,
        AWAITED,
      );
    await suite.link.shape(1, { down: { rate: 110_000 } });
    await switched('alice/face', true);
    await bob.silent('alice/face');
    await bob.flows('alice/screen', { within: AWAITED });

    await suite.link.shape(1, { down: {} });
    await switched('alice/face', false);
    await bob.flows('alice/face', { within: AWAITED });
  }, 300_000);

  test('has none switched off where that is disabled', async () => {
    await suite.lab.join('alice', 'disabled', [{ ...CAMERA, name: 'face' }]);
    const bob = await suite.lab.join('bob', 'disabled', [], manual({ trackSwitchOffMode: 'disabled' }));
    const carol = await suite.lab.join('carol', 'disabled', [], manual());
    await bob.flows('alice/face');
    await carol.flows('alice/face');
    const rate = await bob.bitrate('alice/face', (bitrate) => bitrate > 100_000);
    await suite.link.shape(1, { down: { rate: rate / 2 } });
    await suite.link.shape(2, { down: { rate: rate / 2 } });
    await carol.logged('trackSwitchedOff', 'alice', 'face');
    await bob.until(
      async () => !(await bob.call('isSwitchedOff', 'alice/face')),
      async () => 'the video to be on',
    );
  }, 300_000);
});
