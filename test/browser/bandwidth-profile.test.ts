import { describe, expect, test } from 'vitest';
import type { LabPage } from '../support/browser.js';
import { roomNamed, useLab } from '../support/lab-suite.js';

const suite = useLab();

const FACE = { kind: 'video', name: 'face' } as const;
const SCREEN = { kind: 'video', name: 'screen', hue: 200 } as const;

const profile = (video: object) => ({ bandwidthProfile: { video } });
/** The one option that keeps the page from giving hints of what it shows, so that only the profile counts. */
const manual = (video: object) =>
  profile({ clientTrackSwitchOffControl: 'manual', contentPreferencesMode: 'manual', ...video });

async function untilSwitched(page: LabPage, key: string, off: boolean): Promise<void> {
  await page.until(
    async () => (await page.call('isSwitchedOff', key)) === off,
    async () => `${key} to be switched ${off ? 'off' : 'on'} at ${page.identity}`,
  );
}

const isOff = (page: LabPage, key: string) => untilSwitched(page, key, true);
const isOn = (page: LabPage, key: string) => untilSwitched(page, key, false);

describe('a bandwidth profile of one track', () => {
  const one = profile({ maxTracks: 1, renderDimensions: {} });

  test('has the older of two equal tracks on, and the other in its place when it goes', async () => {
    const alice = await suite.lab.join('alice', 'one', [FACE]);
    const bob = await suite.lab.join('bob', 'one', [FACE]);
    const carol = await suite.lab.join('carol', 'one', [], one);
    await carol.flows('alice/face');
    await isOff(carol, 'bob/face');
    await carol.silent('bob/face');
    // The others have no profile, so nothing is switched off for them.
    await alice.flows('bob/face');
    await bob.flows('alice/face');

    await alice.unpublish('face');
    await isOn(carol, 'bob/face');
    await carol.flows('bob/face');
  });

  test('follows the priorities of the publishers, as they change', async () => {
    const alice = await suite.lab.join('alice', 'published', [FACE]);
    const bob = await suite.lab.join('bob', 'published', []);
    await bob.publish(FACE, { priority: 'high' });
    const carol = await suite.lab.join('carol', 'published', [], one);
    await carol.flows('bob/face');
    await isOff(carol, 'alice/face');
    await bob.call('setPublishPriority', 'face', 'low');
    await isOn(carol, 'alice/face');
    await isOff(carol, 'bob/face');
    await carol.flows('alice/face');
    await carol.silent('bob/face');
    await alice.call('setPublishPriority', 'face', 'low');
    await bob.call('setPublishPriority', 'face', 'standard');
    await carol.flows('bob/face');
    await carol.silent('alice/face');
  });

  test("puts the subscriber's priority over the publisher's, until it is taken back", async () => {
    await suite.lab
      .join('alice', 'subscribed', [])
      .then((alice) => alice.publish(FACE, { priority: 'high' }));
    await suite.lab.join('bob', 'subscribed', [FACE]);
    const carol = await suite.lab.join('carol', 'subscribed', [], one);
    await carol.flows('alice/face');
    await isOff(carol, 'bob/face');
    await carol.call('setPriority', 'alice/face', 'low');
    await isOff(carol, 'alice/face');
    await carol.flows('bob/face');
    await carol.silent('alice/face');
    await carol.call('setPriority', 'alice/face', null);
    await isOn(carol, 'alice/face');
    await isOff(carol, 'bob/face');
    await carol.flows('alice/face');
  });

  test('gives the place of a muted track to another, and takes it back', async () => {
    const alice = await suite.lab.join('alice', 'muted', [FACE]);
    await suite.lab.join('bob', 'muted', [FACE]);
    const carol = await suite.lab.join('carol', 'muted', [], one);
    await isOff(carol, 'bob/face');
    await alice.call('enable', 'face', false);
    await carol.flows('bob/face');
    await isOff(carol, 'alice/face');
    await alice.call('enable', 'face', true);
    await isOn(carol, 'alice/face');
    await carol.flows('alice/face');
    await isOff(carol, 'bob/face');
  });

  test('is announced on the track, its publication, the participant and the room', async () => {
    await suite.lab.join('alice', 'events', [FACE, SCREEN]);
    const bob = await suite.lab.join('bob', 'events', [], profile({ maxTracks: 2, renderDimensions: {} }));
    await bob.flows('alice/face');
    await bob.flows('alice/screen');
    await bob.call('watchSwitching', 'alice/screen');
    await bob.call('setBandwidthProfile', { video: { maxTracks: 1 } });
    await bob.logged('trackSwitchedOff', 'alice', 'screen');
    for (const source of ['track', 'publication', 'room'])
      await bob.logged('switching', 'alice/screen', `${source} Off`);
    await bob.silent('alice/screen');

    await bob.call('setBandwidthProfile', { video: { maxTracks: 2 } });
    await bob.logged('trackSwitchedOn', 'alice', 'screen');
    for (const source of ['track', 'publication', 'room'])
      await bob.logged('switching', 'alice/screen', `${source} On`);
    await bob.flows('alice/screen');
  });
});

describe('without a bandwidth profile', () => {
  test('nothing is switched off, whatever the priorities', async () => {
    const alice = await suite.lab.join('alice', 'none', []);
    await alice.publish(FACE, { priority: 'low' });
    await alice.publish(SCREEN, { priority: 'high' });
    const bob = await suite.lab.join('bob', 'none', []);
    await bob.flows('alice/face');
    await bob.flows('alice/screen');
    expect(await bob.call('channels')).toEqual([]);
    expect((await bob.log()).filter(([event]) => event === 'trackSwitchedOff')).toEqual([]);
  });
});

describe('a limit of the bit rate', () => {
  test('switches off what does not fit, the least important first, and back on when it is lifted', async () => {
    const alice = await suite.lab.join('alice', 'limit', [
      { ...FACE, source: 'camera', width: 640, height: 360 },
    ]);
    await alice.publish({ ...SCREEN, width: 64, height: 36, fps: 5 }, { priority: 'high' });
    const bob = await suite.lab.join('bob', 'limit', [], manual({}));
    await bob.flows('alice/screen');
    await bob.bitrate('alice/screen', (bitrate) => bitrate < 60_000);
    await bob.bitrate('alice/face', (bitrate) => bitrate > 130_000);
    await bob.call('setBandwidthProfile', { video: { maxSubscriptionBitrate: 100_000 } });
    await isOff(bob, 'alice/face');
    await isOn(bob, 'alice/screen');
    await bob.flows('alice/screen');
    await bob.silent('alice/face');
    await bob.call('setBandwidthProfile', { video: { maxSubscriptionBitrate: 0 } });
    await isOn(bob, 'alice/face');
    await bob.flows('alice/face');
  });
});

describe('subscribe rules', () => {
  test('take a track away altogether, and its place is free for the one that was off', async () => {
    await suite.lab.join('alice', 'rules', [FACE]);
    await suite.lab.join('bob', 'rules', [FACE]);
    const carol = await suite.lab.join('carol', 'rules', [], profile({ maxTracks: 1, renderDimensions: {} }));
    await carol.flows('alice/face');
    await isOff(carol, 'bob/face');
    const subscriber = roomNamed(suite.atrium, 'rules').participant('carol')!;
    subscriber.setSubscribeRules([
      { type: 'include', all: true },
      { type: 'exclude', publisher: 'alice' },
    ]);
    await carol.untilGone('alice/face');
    await isOn(carol, 'bob/face');
    await carol.flows('bob/face');
    subscriber.setSubscribeRules([{ type: 'include', all: true }]);
    await carol.flows('alice/face');
    await isOff(carol, 'bob/face');
    await carol.silent('bob/face');
  });
});
