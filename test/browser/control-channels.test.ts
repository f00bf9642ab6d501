import { describe, expect, test } from 'vitest';
import type { TrackSpec } from '../support/browser.js';
import { useLab } from '../support/lab-suite.js';

const suite = useLab();
/** What comes with a bandwidth profile. */
const CHANNELS = ['render_hints', 'track_priority', 'track_switch_off'];

describe('the channels of media signalling', () => {
  test('come up where they are asked for, though the client has no data track', async () => {
    const alice = await suite.lab.join('alice', 'channels', [], { bandwidthProfile: { video: {} } });
    await alice.untilChannels(...CHANNELS);
  });

  test('come up anew, under other labels, when the media move to another worker', async () => {
    const profile = { bandwidthProfile: { video: {} } };
    const alice = await suite.lab.join('alice', 'moving', [{ kind: 'video', name: 'face' }], profile);
    const bob = await suite.lab.join('bob', 'moving', [], profile);
    await bob.flows('alice/face');
    const before = await bob.untilChannels(...CHANNELS);
    for (const pid of suite.atrium.workers.pids) process.kill(pid, 'SIGKILL');
    await bob.logged('trackUnsubscribed', 'alice', 'face');
    await bob.flows('alice/face');
    const after = await bob.untilChannels(...CHANNELS);
    expect(Object.values(after)).not.toEqual(Object.values(before));
    await alice.untilChannels(...CHANNELS);
  });

  test('carry on after that: what was switched off is, and can be switched on', async () => {
    const profile = { bandwidthProfile: { video: { maxTracks: 1, renderDimensions: {} } } };
    const tracks: TrackSpec[] = [
      { kind: 'video', name: 'face' },
      { kind: 'video', name: 'screen' },
    ];
    await suite.lab.join('alice', 'moved', tracks);
    const bob = await suite.lab.join('bob', 'moved', [], profile);
    await bob.flows('alice/face');
    await bob.logged('trackSwitchedOff', 'alice', 'screen');
    for (const pid of suite.atrium.workers.pids) process.kill(pid, 'SIGKILL');
    await bob.logged('trackUnsubscribed', 'alice', 'face');
    await bob.flows('alice/face');
    await bob.silent('alice/screen');
    await bob.call('setPriority', 'alice/screen', 'high');
    await bob.logged('trackSwitchedOn', 'alice', 'screen');
    await bob.logged('trackSwitchedOff', 'alice', 'face');
    await bob.flows('alice/screen');
  });
});
