import { describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/config.js';
import type { RoomType } from '../../src/rooms/options.js';
import type { LabPage } from '../support/browser.js';
import { everything, expectFullExchange } from '../support/full-exchange.js';
import { roomNamed, useLab } from '../support/lab-suite.js';

const suite = useLab();

function room(uniqueName: string, type: RoomType = 'peer-to-peer'): string {
  return suite.atrium.rooms.create(DEV_CREDENTIALS.accountSid, { uniqueName, type }).name;
}

/** Everyone has a connection to everyone else, and nothing goes through the server. */
async function expectDirect(pages: LabPage[]): Promise<void> {
  for (const page of pages) {
    await page.until(
      async () => (await page.call<object[]>('routes')).length === pages.length - 1,
      async () =>
        `${page.identity} to be connected; its ways are ${JSON.stringify(await page.call('routes'))}`,
    );
  }
  expect(suite.atrium.mesh.roomCount).toBe(1);
  expect(suite.atrium.sfu.roomCount).toBe(0);
  expect(await suite.held()).toMatchObject({ routers: 0, transports: 0 });
}

describe('a peer-to-peer room', () => {
  test.each([2, 3, 5])(
    'lets %i participants hear, see and message each other, directly',
    async (count) => {
      const name = room(`mesh of ${count}`);
      const identities = ['ann', 'ben', 'cem', 'dan', 'eve'].slice(0, count);
      const pages: LabPage[] = [];
      for (const [index, identity] of identities.entries())
        pages.push(await suite.lab.join(identity, name, everything(index * 70)));
      await expectFullExchange(pages);
      await expectDirect(pages);
    },
    120_000,
  );

  test('brings together five participants who join at the same time', async () => {
    const name = room('mesh at once');
    const identities = ['ann', 'ben', 'cem', 'dan', 'eve'];
    const pages = await Promise.all(
      identities.map((identity, index) => suite.lab.join(identity, name, everything(index * 70))),
    );
    await expectFullExchange(pages);
    await expectDirect(pages);
  }, 120_000);

  test('has no media region', async () => {
    const alice = await suite.lab.join('alice', room('nowhere'));
    expect(alice.connected).toMatchObject({ mediaRegion: null });
  });

  test('carries tracks that are published, muted and taken away in a running call', async () => {
    const name = room('running');
    const alice = await suite.lab.join('alice', name);
    const bob = await suite.lab.join('bob', name);
    await alice.publish({ kind: 'video', name: 'face' });
    await bob.flows('alice/face');
    await bob.publish({ kind: 'audio', name: 'voice' });
    await alice.flows('bob/voice');
    await alice.publish({ kind: 'data', name: 'chat' });
    await bob.logged('trackSubscribed', 'alice', 'chat');
    await alice.call('send', 'chat', 'hello');
    await bob.untilMessages(1);

    await alice.call('enable', 'face', false);
    await bob.logged('trackDisabled', 'alice', 'face');
    await alice.call('enable', 'face', true);
    await bob.logged('trackEnabled', 'alice', 'face');
    await bob.flows('alice/face');

    await alice.unpublish('face');
    await bob.logged('trackUnsubscribed', 'alice', 'face');
    await bob.untilGone('alice/face');
    await alice.publish({ kind: 'video', name: 'face' });
    await bob.flows('alice/face');
    await alice.flows('bob/voice');
  });

  test('sends everything to a client that asked not to be subscribed: that has no effect here', async () => {
    const name = room('unasked');
    await suite.lab.join('alice', name, [{ kind: 'video', name: 'face' }]);
    const bob = await suite.lab.join('bob', name, [], { automaticSubscription: false });
    await bob.flows('alice/face');
  });

  test('sends one layer of a video where adaptive simulcast is asked for', async () => {
    const name = room('adaptive');
    const options = { preferredVideoCodecs: 'auto' };
    const alice = await suite.lab.join(
      'alice',
      name,
      [{ kind: 'video', name: 'face', width: 1280, height: 720 }],
      options,
    );
    const bob = await suite.lab.join('bob', name, [], options);
    await bob.flows('alice/face');
    expect((await alice.sent()).filter(({ kind }) => kind === 'video')).toHaveLength(1);
  });

  test('stands both sides publishing at the same time, again and again', async () => {
    const name = room('glare');
    const alice = await suite.lab.join('alice', name, [{ kind: 'audio', name: 'voice' }]);
    const bob = await suite.lab.join('bob', name, [{ kind: 'audio', name: 'voice' }]);
    await alice.flows('bob/voice');
    for (let round = 0; round < 20; round++) {
      const published = await Promise.all([
        alice.publish({ kind: 'video', name: `a${round}` }),
        bob.publish({ kind: 'video', name: `b${round}` }),
      ]);
      for (const { error } of published) expect(error).toBeUndefined();
      await Promise.all([alice.flows(`bob/b${round}`), bob.flows(`alice/a${round}`)]);
      await Promise.all([
        alice.call('unpublish', `a${round}`, true),
        bob.call('unpublish', `b${round}`, true),
      ]);
    }
    await alice.flows('bob/voice');
    await bob.flows('alice/voice');
  }, 180_000);

  test('stands participants leaving and coming back all the time', async () => {
    const name = room('storm');
    const stayer = await suite.lab.join('stayer', name, everything(0));
    const comers = await Promise.all(['ann', 'ben', 'cem'].map((identity) => suite.lab.page(identity)));
    const come = async (page: LabPage): Promise<void> => {
      const connected = await page.connect(name, everything(120));
      expect(connected.error).toBeUndefined();
    };
    await Promise.all(comers.map(come));
    for (let round = 0; round < 5; round++) {
      // The one goes while the other comes, in turn and at the same time.
      const [first, ...others] = [...comers.slice(round % 3), ...comers.slice(0, round % 3)];
      await Promise.all([
        first!.call('disconnect').then(() => come(first!)),
        ...others.map(async (page) => {
          await page.call('disconnect');
          await come(page);
        }),
      ]);
    }
    await Promise.all([stayer, ...comers].map((page) => page.page.evaluate('lab.messages.length = 0')));
    await expectFullExchange([stayer, ...comers]);
    await expectDirect([stayer, ...comers]);
  }, 120_000);

  test('takes back a participant who reloads the page', async () => {
    const name = room('reload');
    const alice = await suite.lab.join('alice', name, everything(0));
    const bob = await suite.lab.join('bob', name, everything(120));
    await expectFullExchange([alice, bob]);
    await bob.page.reload();
    expect((await bob.connect(name, everything(200))).error).toBeUndefined();
    await alice.logged('participantDisconnected', 'bob');
    await alice.page.evaluate('lab.messages.length = 0');
    await expectFullExchange([alice, bob]);
    await expectDirect([alice, bob]);
  });

  test('relays ICE restarts, from one side and from both at once', async () => {
    const name = room('restart');
    const alice = await suite.lab.join('alice', name, everything(0));
    const bob = await suite.lab.join('bob', name, everything(120));
    await expectFullExchange([alice, bob]);
    for (const restarting of [[alice], [bob], [alice, bob]]) {
      const before = await Promise.all([alice, bob].map((page) => page.call<string>('remoteUfrag')));
      await Promise.all(restarting.map((page) => page.call('restartIce')));
      for (const [index, page] of [alice, bob].entries()) {
        await page.until(
          async () => (await page.call<string>('remoteUfrag')) !== before[index],
          async () => `${page.identity} to be told another ufrag than ${before[index]}`,
        );
      }
      await alice.flows('bob/face');
      await bob.flows('alice/face');
    }
  });

  test('is forgotten when it ends', async () => {
    const { rooms, mesh } = suite.atrium;
    const name = room('ending');
    const alice = await suite.lab.join('alice', name);
    expect(mesh.roomCount).toBe(1);
    roomNamed(suite.atrium, name).complete('completed-by-api');
    await alice.logged('disconnected', 53118);
    expect([mesh.roomCount, rooms.all.length]).toEqual([0, 0]);
  });
});

describe('a Go room', () => {
  test('connects two, and refuses the third', async () => {
    const name = room('go', 'go');
    const alice = await suite.lab.join('alice', name, everything(0));
    const bob = await suite.lab.join('bob', name, everything(120));
    await expectFullExchange([alice, bob]);
    const carol = await suite.lab.page('carol');
    expect((await carol.connect(name)).error).toMatchObject({ code: 53105 });
  });
});
