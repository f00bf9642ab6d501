import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Lab } from '../support/browser.js';
import { Cable } from '../support/Cable.js';
import { roomNamed, useShapedLab } from '../support/lab-suite.js';

const suite = useShapedLab({ sessionTimeout: 12 });
let cable: Cable;

beforeAll(async () => {
  cable = await Cable.to(Number(new URL(suite.atrium.url).port));
});
beforeEach(() => cable.mend());
afterAll(() => cable?.close());

/** Joins through the cable that the test can cut. */
async function joinByCable(identity: string, room: string, tracks: Parameters<Lab['join']>[2] = []) {
  return suite.lab.join(identity, room, tracks, { wsServer: `ws://127.0.0.1:${cable.port}/signaling` });
}

describe('a lost signalling connection', () => {
  test('is regained, and the tracks published meanwhile arrive on both sides', async () => {
    const alice = await joinByCable('alice', 'lost', [{ kind: 'audio', name: 'voice' }]);
    const bob = await suite.lab.join('bob', 'lost', [{ kind: 'video', name: 'face' }]);
    await alice.flows('bob/face');
    cable.cut();
    await alice.logged('reconnecting', 53001);
    await bob.logged('participantReconnecting', 'alice');
    // The media go on, and both sides publish.
    await bob.flows('alice/voice');
    await bob.publish({ kind: 'video', name: 'second' });
    const published = alice.publish({ kind: 'video', name: 'face' });
    cable.mend();
    await alice.logged('reconnected');
    await bob.logged('participantReconnected', 'alice');
    expect(await published).toMatchObject({ sid: expect.stringMatching(/^MT/) });
    await bob.flows('alice/face');
    await alice.flows('bob/second');
    await alice.flows('bob/face');
  });

  test('survives being cut again and again while tracks come and go', async () => {
    const alice = await joinByCable('alice', 'flaky', [{ kind: 'audio', name: 'voice' }]);
    const bob = await suite.lab.join('bob', 'flaky');
    for (let round = 0; round < 4; round++) {
      const publishing = [
        alice.publish({ kind: 'video', name: `a${round}` }),
        bob.publish({ kind: 'video', name: `b${round}` }),
      ];
      cable.cut();
      cable.mend();
      await Promise.all(publishing);
      await bob.flows(`alice/a${round}`);
      await alice.flows(`bob/b${round}`);
      await alice.unpublish(`a${round}`);
      await bob.untilGone(`alice/a${round}`);
    }
  });

  test('that is not regained in time ends the session, for both sides', async () => {
    const alice = await joinByCable('alice', 'gone', [{ kind: 'audio', name: 'voice' }]);
    const bob = await suite.lab.join('bob', 'gone');
    await bob.flows('alice/voice');
    cable.cut();
    await alice.logged('reconnecting');
    await bob.until(
      async () => (await bob.log()).some(([event]) => event === 'participantDisconnected'),
      async () => 'alice to be gone',
      20_000,
    );
    await alice.until(
      async () => (await alice.log()).some(([event]) => event === 'disconnected'),
      async () => 'alice to give up',
      20_000,
    );
    expect(roomNamed(suite.atrium, 'gone').present.map(({ identity }) => identity)).toEqual(['bob']);
  });

  test('learns at the return that the room was completed meanwhile', async () => {
    const alice = await joinByCable('alice', 'ended meanwhile');
    cable.cut();
    await alice.logged('reconnecting');
    roomNamed(suite.atrium, 'ended meanwhile').complete('completed-by-api');
    cable.mend();
    await alice.logged('disconnected', 53118);
  });
});

describe('lost media', () => {
  test('come back by an ICE restart', async () => {
    const alice = await suite.lab.join('alice', 'ice', [{ kind: 'video', name: 'face' }]);
    const bob = await suite.lab.join('bob', 'ice', [{ kind: 'data', name: 'chat' }]);
    await bob.flows('alice/face');
    const ufragBefore = await alice.call('remoteUfrag');
    await suite.link.shapeAll({ up: { blocked: true }, down: { blocked: true } });
    await alice.logged('reconnecting', 53405);
    await suite.link.shapeAll({ up: {}, down: {} });
    await alice.logged('reconnected');
    await bob.flows('alice/face', { within: 30_000 });
    expect(await alice.call('remoteUfrag')).not.toBe(ufragBefore);
    await bob.call('send', 'chat', 'still here');
    await alice.untilMessages(1);
  });

  test('move to another worker when theirs dies', async () => {
    const alice = await suite.lab.join('alice', 'worker', [
      { kind: 'video', name: 'face' },
      { kind: 'data', name: 'chat' },
    ]);
    const bob = await suite.lab.join('bob', 'worker', [{ kind: 'audio', name: 'voice' }]);
    await bob.flows('alice/face');
    await suite.link.reset();
    for (const pid of suite.atrium.workers.pids) process.kill(pid, 'SIGKILL');
    await bob.logged('trackUnsubscribed', 'alice', 'face');
    await bob.flows('alice/face');
    await alice.flows('bob/voice');
    await alice.call('send', 'chat', 'moved');
    await bob.untilMessages(1);
    expect(await alice.log()).not.toContainEqual(expect.arrayContaining(['disconnected']));
  });
});
