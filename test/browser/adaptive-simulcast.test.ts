import { describe, expect, test } from 'vitest';
import type { LabPage } from '../support/browser.js';
import { roomNamed, useLab } from '../support/lab-suite.js';
import { twilioClient } from '../support/twilio-client.js';

const suite = useLab();

const CAMERA = { kind: 'video', name: 'face', source: 'camera', width: 1280, height: 720 } as const;
const AUTO = { preferredVideoCodecs: 'auto' };
const MANUAL = {
  attaches: false,
  bandwidthProfile: {
    video: { clientTrackSwitchOffControl: 'manual', contentPreferencesMode: 'manual' },
  },
};

/** Waits until the layers that the page sends, by their widths, are these. */
async function untilSends(page: LabPage, ...expected: number[]): Promise<void> {
  let widths: number[] = [];
  await page.until(
    async () => {
      widths = await layersThatFlow(page);
      return widths.join() === expected.join();
    },
    async () => `${page.identity} to send [${expected.join()}]; it sends [${widths.join()}]`,
    60_000,
  );
}

/** The widths of the video layers of which frames are sent, the smallest first. */
async function layersThatFlow(page: LabPage): Promise<number[]> {
  const before = new Map((await page.sent()).map(({ ssrc, frames }) => [ssrc, frames]));
  await page.page.waitForTimeout(1000);
  return (await page.sent())
    .filter(({ kind, ssrc, frames }) => kind === 'video' && frames > (before.get(ssrc) ?? 0))
    .map(({ width }) => width)
    .sort((one, other) => one - other);
}

describe('a publisher with adaptive simulcast', () => {
  test('sends nothing while nobody is there, and what is asked for when somebody is', async () => {
    const alice = await suite.lab.join('alice', 'adaptive', [CAMERA], AUTO);
    await alice.untilChannels('publisher_hints');
    await untilSends(alice);
    const bob = await suite.lab.join('bob', 'adaptive', [], MANUAL);
    await bob.logged('trackSubscribed', 'alice', 'face');
    for (const [width, height, layers] of [
      [320, 180, [320]],
      [640, 360, [320, 640]],
      [1280, 720, [320, 640, 1280]],
    ] as const) {
      await bob.call('setContentPreferences', 'alice/face', { width, height });
      await untilSends(alice, ...layers);
      await bob.untilWidth('alice/face', width, 60_000);
    }
    await bob.call('switchOff', 'alice/face');
    await untilSends(alice);
    await bob.call('switchOn', 'alice/face');
    await bob.flows('alice/face', { within: 30_000 });
  }, 180_000);

  test('sends what the most demanding of its subscribers wants', async () => {
    const alice = await suite.lab.join('alice', 'demanding', [CAMERA], AUTO);
    const bob = await suite.lab.join('bob', 'demanding', [], MANUAL);
    const carol = await suite.lab.join('carol', 'demanding', [], MANUAL);
    await bob.logged('trackSubscribed', 'alice', 'face');
    await carol.logged('trackSubscribed', 'alice', 'face');
    await bob.call('setContentPreferences', 'alice/face', { width: 320, height: 180 });
    await carol.call('setContentPreferences', 'alice/face', { width: 640, height: 360 });
    await untilSends(alice, 320, 640);
    await carol.call('disconnect');
    await untilSends(alice, 320);
    roomNamed(suite.atrium, 'demanding')
      .participant('bob')!
      .setSubscribeRules([{ type: 'exclude', all: true }]);
    await untilSends(alice);
  }, 180_000);

  test('is hinted anew when it replaces the source of a track, and when it publishes again', async () => {
    const alice = await suite.lab.join('alice', 'replaced', [CAMERA], AUTO);
    const bob = await suite.lab.join('bob', 'replaced', [], MANUAL);
    await bob.logged('trackSubscribed', 'alice', 'face');
    await bob.call('setContentPreferences', 'alice/face', { width: 320, height: 180 });
    await untilSends(alice, 320);
    await alice.call('replaceVideo', 'face', 1280, 720);
    await untilSends(alice, 320);
    await bob.flows('alice/face');
    await bob.call('switchOff', 'alice/face');
    await untilSends(alice);

    await alice.unpublish('face');
    await bob.untilGone('alice/face');
    await alice.publish(CAMERA);
    await bob.flows('alice/face', { within: 30_000 });
    await bob.call('switchOff', 'alice/face');
    await untilSends(alice);
  }, 180_000);

  test('sends one layer in a room of H.264', async () => {
    const twilio = twilioClient(suite.atrium.url);
    await twilio.video.v1.rooms.create({ uniqueName: 'h264', type: 'group', videoCodecs: ['H264'] });
    const alice = await suite.lab.join('alice', 'h264', [CAMERA], AUTO);
    const bob = await suite.lab.join('bob', 'h264');
    await bob.flows('alice/face', { within: 30_000 });
    expect(await alice.call('channels')).toEqual([]);
    expect((await alice.sent()).filter(({ kind }) => kind === 'video')).toHaveLength(1);
  });

  test('is sent all layers to a subscriber that has no bandwidth profile', async () => {
    const alice = await suite.lab.join('alice', 'unbounded', [CAMERA], AUTO);
    const bob = await suite.lab.join('bob', 'unbounded');
    await untilSends(alice, 320, 640, 1280);
    await bob.untilWidth('alice/face', 1280, 60_000);
  }, 120_000);
});
