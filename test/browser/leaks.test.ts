import { describe, expect, test, vi } from 'vitest';
import type { TrackSpec } from '../support/browser.js';
import { useLab } from '../support/lab-suite.js';

const suite = useLab({ workers: 2 });

const NOTHING = { routers: 0, transports: 0, producers: 0, consumers: 0, dataProducers: 0, dataConsumers: 0 };

/** Timers and TCP sockets of this process. */
function resources(): { timers: number; sockets: number } {
  const active = process.getActiveResourcesInfo();
  const count = (name: string): number => active.filter((resource) => resource === name).length;
  return { timers: count('Timeout'), sockets: count('TCPSocketWrap') };
}

const everything: TrackSpec[] = [
  { kind: 'audio', name: 'voice' },
  { kind: 'video', name: 'face' },
  { kind: 'data', name: 'chat' },
];

/** What has the server open all channels of media signalling. */
const everyChannel = {
  bandwidthProfile: { video: {} },
  preferredVideoCodecs: 'auto',
  dominantSpeaker: true,
  networkQuality: { local: 3, remote: 3 },
};

describe('when every room has ended', () => {
  test('the workers hold nothing, and the process no timer and no socket of theirs', async () => {
    const idle = resources();
    const rooms = ['one', 'two', 'three'];
    for (const room of rooms) {
      const alice = await suite.lab.join('alice', room, everything, everyChannel);
      const bob = await suite.lab.join('bob', room, everything, everyChannel);
      await alice.flows('bob/face');
      await bob.flows('alice/face');
      await alice.unpublish('face');
      await alice.unpublish('chat');
      await bob.untilGone('alice/face');
    }
    expect(await suite.held()).toMatchObject({ routers: 3, transports: 6 });
    const spread = await suite.atrium.workers.dump();
    expect(spread.map(({ routers }) => routers.length).sort()).toEqual([1, 2]);

    suite.atrium.rooms.completeAll('completed-by-api');
    await suite.untilHeld(NOTHING);
    await suite.lab.closePages();
    const { signaling, sfu } = suite.atrium;
    const end = Date.now() + 20_000;
    for (;;) {
      // Not while another timer waits: it would be counted too.
      await new Promise((resolve) => setTimeout(resolve, 200));
      const held = {
        ...resources(),
        connections: signaling.connectionCount,
        sessions: signaling.sessionCount,
        rooms: sfu.roomCount,
      };
      const clean = held.timers <= idle.timers && held.sockets <= idle.sockets;
      if (clean && held.connections + held.sessions + held.rooms === 0) break;
      if (Date.now() > end)
        expect.fail(`still held: ${JSON.stringify(held)}; when idle: ${JSON.stringify(idle)}`);
    }
  });

  test('the same holds for participants whose pages vanished', async () => {
    for (const identity of ['alice', 'bob', 'carol'])
      await suite.lab.join(identity, 'vanishing', everything, everyChannel);
    await suite.lab.closePages();
    await vi.waitFor(() => expect(suite.atrium.signaling.connectionCount).toBe(0), { timeout: 10_000 });
    suite.atrium.rooms.completeAll('completed-by-api');
    await suite.untilHeld(NOTHING);
    expect(suite.atrium.signaling.sessionCount).toBe(0);
  });
});
