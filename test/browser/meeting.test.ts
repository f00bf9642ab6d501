import { describe, expect, test } from 'vitest';
import { everything, expectFullExchange } from '../support/full-exchange.js';
import { useLab } from '../support/lab-suite.js';

const suite = useLab();

describe('a group room', () => {
  test('lets two participants hear, see and message each other', async () => {
    const alice = await suite.lab.join('alice', 'meeting', everything(0));
    const bob = await suite.lab.join('bob', 'meeting', everything(120));
    await expectFullExchange([alice, bob]);
  });

  test('lets five participants, who join at the same time, hear, see and message each other', async () => {
    const identities = ['ann', 'ben', 'cem', 'dan', 'eve'];
    const pages = await Promise.all(
      identities.map((identity, index) => suite.lab.join(identity, 'five', everything(index * 70))),
    );
    await expectFullExchange(pages);
  });

  test('carries binary messages as binary', async () => {
    const alice = await suite.lab.join('alice', 'bytes', [{ kind: 'data', name: 'chat' }]);
    const bob = await suite.lab.join('bob', 'bytes');
    await bob.logged('trackSubscribed', 'alice', 'chat');
    await alice.call('sendBytes', 'chat', [0, 1, 2, 255]);
    await bob.untilMessages(1);
    expect(await bob.messages()).toEqual([{ from: 'alice', track: 'chat', data: 'bytes:0,1,2,255' }]);
  });

  test('asks for a key frame for a late joiner, who sees a picture at once', async () => {
    const alice = await suite.lab.join('alice', 'late', [
      { kind: 'video', name: 'face', width: 640, height: 360 },
    ]);
    const sent = async (what: 'frames' | 'keyFrameRequests'): Promise<number> =>
      (await alice.call<Record<string, number>[]>('sent')).reduce((sum, layer) => sum + layer[what]!, 0);
    // The key frame of the beginning is gone: by itself, the browser makes another one after minutes only.
    await expect.poll(() => sent('frames'), { timeout: 30_000 }).toBeGreaterThan(60);
    expect(await sent('keyFrameRequests')).toBe(0);
    const late = await suite.lab.page('bob');
    await late.call<number>('firstFrameAfterConnect', await late.token(), {
      ...late.connectOptions,
      name: 'late',
    });
    expect(await sent('keyFrameRequests')).toBeGreaterThan(0);
  });

  test('subscribes to nothing for a participant that wants no automatic subscription', async () => {
    await suite.lab.join('alice', 'choosy', everything(0));
    const bob = await suite.lab.join('bob', 'choosy', [], { automaticSubscription: false });
    const carol = await suite.lab.join('carol', 'choosy');
    await carol.flows('alice/face');
    expect(await bob.received()).toEqual({});
    expect(await bob.log()).not.toContainEqual(expect.arrayContaining(['trackSubscribed']));
    expect(await bob.call('publications')).toEqual(['alice/chat', 'alice/face', 'alice/voice']);
  });

  test('tells who joins and who leaves, and keeps the tracks of the one who left', async () => {
    const alice = await suite.lab.join('alice', 'coming-and-going');
    const bob = await suite.lab.join('bob', 'coming-and-going', everything(0));
    await alice.logged('participantConnected', 'bob');
    await alice.logged('trackSubscribed', 'bob', 'face');
    await bob.call('disconnect');
    await alice.logged('participantDisconnected', 'bob', 3);
    await alice.logged('trackUnsubscribed', 'bob', 'face');
    await bob.logged('disconnected', null);
  });

  test('gives a room without a name its SID as name', async () => {
    const page = await suite.lab.page('alice');
    const connected = await page.connect(null);
    expect(connected).toMatchObject({ sid: expect.stringMatching(/^RM[0-9a-f]{32}$/), mediaRegion: 'us1' });
    expect(connected.name).toBe(connected.sid);
  });

  test('can be joined by its SID', async () => {
    const alice = await suite.lab.join('alice', 'by-sid');
    const bob = await suite.lab.join('bob', alice.connected!.sid!);
    expect(bob.connected).toMatchObject({ sid: alice.connected!.sid, name: 'by-sid' });
  });

  test('is a new room when its name is used again after its end', async () => {
    const alice = await suite.lab.join('alice', 'again', everything(0));
    const bob = await suite.lab.join('bob', 'again', everything(90));
    await bob.flows('alice/face');
    suite.atrium.rooms.completeAll('completed-by-api');
    await alice.logged('disconnected', 53118);
    await bob.logged('disconnected', 53118);
    const aliceAgain = await suite.lab.join('alice', 'again', everything(0));
    const bobAgain = await suite.lab.join('bob', 'again', everything(90));
    expect(aliceAgain.connected!.sid).not.toBe(alice.connected!.sid);
    await expectFullExchange([aliceAgain, bobAgain]);
  });
});
