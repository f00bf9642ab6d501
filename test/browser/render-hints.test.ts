import { describe, expect, test } from 'vitest';
import type { LabPage } from '../support/browser.js';
import { roomNamed, useLab } from '../support/lab-suite.js';

const suite = useLab();

const FACE = { kind: 'video', name: 'face' } as const;
const profile = (video: object = {}) => ({ attaches: false, bandwidthProfile: { video } });
const manual = profile({ clientTrackSwitchOffControl: 'manual', contentPreferencesMode: 'manual' });

async function untilSwitched(page: LabPage, key: string, off: boolean): Promise<void> {
  await page.until(
    async () => (await page.call('isSwitchedOff', key)) === off,
    async () => `${key} to be switched ${off ? 'off' : 'on'} at ${page.identity}`,
  );
}

describe('a page that shows what it sees fit', () => {
  test('is sent a video while an element that shows it is in sight', async () => {
    await suite.lab.join('alice', 'shown', [FACE]);
    const bob = await suite.lab.join('bob', 'shown', [], profile());
    await bob.logged('trackSubscribed', 'alice', 'face');
    // Nobody looks.
    await bob.logged('trackSwitchedOff', 'alice', 'face');
    await bob.silent('alice/face');

    await bob.call('show', 'alice/face', 320, 180);
    await bob.logged('trackSwitchedOn', 'alice', 'face');
    await bob.flows('alice/face');

    await bob.call('scrollAway', 'alice/face');
    await untilSwitched(bob, 'alice/face', true);
    await bob.silent('alice/face');
    await bob.call('scrollBack', 'alice/face');
    await untilSwitched(bob, 'alice/face', false);
    await bob.flows('alice/face');

    await bob.call('detach', 'alice/face');
    await untilSwitched(bob, 'alice/face', true);
    await bob.silent('alice/face');
  });

  test('switches on and off by hand where it has asked for that', async () => {
    await suite.lab.join('alice', 'by hand', [FACE]);
    const bob = await suite.lab.join('bob', 'by hand', [], manual);
    await bob.flows('alice/face');
    await bob.call('switchOff', 'alice/face');
    await untilSwitched(bob, 'alice/face', true);
    await bob.silent('alice/face');
    await bob.call('switchOn', 'alice/face');
    await untilSwitched(bob, 'alice/face', false);
    await bob.flows('alice/face');
  });

  test('is sent a subscription that comes back, though it had switched it off', async () => {
    await suite.lab.join('alice', 'back', [FACE]);
    const bob = await suite.lab.join('bob', 'back', [], manual);
    await bob.flows('alice/face');
    await bob.call('switchOff', 'alice/face');
    await untilSwitched(bob, 'alice/face', true);
    const subscriber = roomNamed(suite.atrium, 'back').participant('bob')!;
    subscriber.setSubscribeRules([{ type: 'exclude', all: true }]);
    await bob.untilGone('alice/face');
    subscriber.setSubscribeRules([{ type: 'include', all: true }]);
    await bob.flows('alice/face');
    await untilSwitched(bob, 'alice/face', false);
  });

  test('sees nine of twelve videos, and costs nine streams', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `tile${index}`);
    const tracks = names.map((name, index) => ({ ...FACE, name, hue: index * 30, width: 160, height: 90 }));
    await suite.lab.join('alice', 'tiles', tracks);
    const bob = await suite.lab.join('bob', 'tiles', [], profile());
    for (const name of names) await bob.logged('trackSubscribed', 'alice', name);
    for (const name of names.slice(0, 9)) await bob.call('show', `alice/${name}`, 160, 90);
    for (const name of names.slice(9)) await untilSwitched(bob, `alice/${name}`, true);
    for (const name of names.slice(0, 9)) await bob.flows(`alice/${name}`);
    expect(suite.atrium.sfu.streams.video).toEqual({ flowing: 9, held: 3 });
  });
});

describe('the size at which a video is shown', () => {
  const simulcast = { preferredVideoCodecs: 'auto' };
  const camera = { ...FACE, source: 'camera', width: 1280, height: 720 } as const;

  test('decides how large it is sent', async () => {
    await suite.lab.join('alice', 'sizes', [camera], simulcast);
    const bob = await suite.lab.join('bob', 'sizes', [], profile());
    await bob.logged('trackSubscribed', 'alice', 'face');
    await bob.call('show', 'alice/face', 320, 180);
    await bob.untilWidth('alice/face', 320);
    await bob.call('resize', 'alice/face', 640, 360);
    await bob.untilWidth('alice/face', 640);
    await bob.call('resize', 'alice/face', 1280, 720);
    await bob.untilWidth('alice/face', 1280, 60_000);
    await bob.call('resize', 'alice/face', 160, 90);
    await bob.untilWidth('alice/face', 320);
  }, 120_000);

  test('can be told by hand, each subscriber for itself', async () => {
    await suite.lab.join('alice', 'preferences', [camera], simulcast);
    const bob = await suite.lab.join('bob', 'preferences', [], manual);
    const carol = await suite.lab.join('carol', 'preferences', [], manual);
    await bob.flows('alice/face');
    await carol.flows('alice/face');
    await bob.call('setContentPreferences', 'alice/face', { width: 320, height: 180 });
    await carol.call('setContentPreferences', 'alice/face', { width: 640, height: 360 });
    await bob.untilWidth('alice/face', 320);
    await carol.untilWidth('alice/face', 640, 60_000);
  }, 120_000);
});
