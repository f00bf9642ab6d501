import { describe, expect, test } from 'vitest';
import { useLab } from '../support/lab-suite.js';

const suite = useLab();

describe('a track', () => {
  test('that is published later reaches those who are there', async () => {
    const alice = await suite.lab.join('alice', 'later');
    const bob = await suite.lab.join('bob', 'later');
    await alice.publish({ kind: 'video', name: 'face' });
    await bob.flows('alice/face');
    await alice.publish({ kind: 'audio', name: 'voice' });
    await bob.flows('alice/voice');
  });

  test('ends for the others when it is unpublished, and comes back when it is published again', async () => {
    const alice = await suite.lab.join('alice', 'republish', [{ kind: 'video', name: 'face' }]);
    const bob = await suite.lab.join('bob', 'republish');
    await bob.flows('alice/face');
    await alice.unpublish('face');
    await bob.logged('trackUnsubscribed', 'alice', 'face');
    await bob.logged('trackUnpublished', 'alice', 'face');
    expect(await bob.received()).toEqual({});
    await alice.publish({ kind: 'video', name: 'face' });
    await bob.flows('alice/face');
  });

  test('sends no bytes while it is disabled', async () => {
    const alice = await suite.lab.join('alice', 'mute', [
      { kind: 'video', name: 'face' },
      { kind: 'audio', name: 'voice' },
    ]);
    const bob = await suite.lab.join('bob', 'mute');
    await bob.flows('alice/face');
    await bob.flows('alice/voice');
    await alice.call('enable', 'face', false);
    await alice.call('enable', 'voice', false);
    await bob.logged('trackDisabled', 'alice', 'face');
    await bob.logged('trackDisabled', 'alice', 'voice');
    await bob.silent('alice/face');
    await bob.silent('alice/voice');
    await alice.call('enable', 'face', true);
    await alice.call('enable', 'voice', true);
    await bob.logged('trackEnabled', 'alice', 'face');
    await bob.flows('alice/face');
    await bob.flows('alice/voice');
  });

  test('that was disabled when its publisher joined flows once it is enabled', async () => {
    const alice = await suite.lab.page('alice');
    await alice.connect('muted-from-the-start', [{ kind: 'video', name: 'face', disabled: true }]);
    const bob = await suite.lab.join('bob', 'muted-from-the-start');
    await bob.logged('trackSubscribed', 'alice', 'face');
    await bob.silent('alice/face');
    await alice.call('enable', 'face', true);
    await bob.flows('alice/face');
  });

  test('may be a second video, like a shared screen, in another size', async () => {
    const alice = await suite.lab.join('alice', 'screen', [{ kind: 'video', name: 'face' }]);
    const bob = await suite.lab.join('bob', 'screen');
    await bob.flows('alice/face');
    await alice.publish(
      { kind: 'video', name: 'screen', width: 1280, height: 720, fps: 5 },
      { priority: 'high' },
    );
    await bob.untilWidth('alice/screen', 1280);
    expect(await bob.flows('alice/face')).toMatchObject({ width: 320, height: 180 });
    await alice.unpublish('screen');
    await bob.logged('trackUnsubscribed', 'alice', 'screen');
    await bob.flows('alice/face');
  });

  test('may be a shared screen of the browser', async () => {
    const alice = await suite.lab.join('alice', 'display', [{ kind: 'audio', name: 'voice' }]);
    const bob = await suite.lab.join('bob', 'display', [{ kind: 'video', name: 'face' }]);
    await alice.publish({ kind: 'video', name: 'display', source: 'screen' });
    await bob.flows('alice/display', { frames: 1 });
    await alice.flows('bob/face');
  });

  test('can be published by two participants at the same moment, again and again', async () => {
    const alice = await suite.lab.join('alice', 'glare');
    const bob = await suite.lab.join('bob', 'glare');
    for (let round = 0; round < 5; round++) {
      const name = `video-${round}`;
      await Promise.all([alice, bob].map((page) => page.publish({ kind: 'video', name, hue: round * 50 })));
      await Promise.all([alice.flows(`bob/${name}`), bob.flows(`alice/${name}`)]);
    }
    await Promise.all([alice.unpublish('video-0'), bob.unpublish('video-0')]);
    await alice.logged('trackUnsubscribed', 'bob', 'video-0');
    await bob.logged('trackUnsubscribed', 'alice', 'video-0');
    for (let round = 1; round < 5; round++) await alice.flows(`bob/video-${round}`);
  });

  test('published and unpublished twenty times does not make the description grow', async () => {
    const alice = await suite.lab.join('alice', 'rounds', [{ kind: 'audio', name: 'voice' }]);
    const bob = await suite.lab.join('bob', 'rounds', [{ kind: 'audio', name: 'voice' }]);
    const round = async (): Promise<void> => {
      await alice.publish({ kind: 'video', name: 'face' });
      await bob.publish({ kind: 'video', name: 'face' });
      await bob.flows('alice/face', { frames: 1 });
      await alice.flows('bob/face', { frames: 1 });
      await Promise.all([alice.unpublish('face'), bob.unpublish('face')]);
      await bob.untilGone('alice/face');
      await alice.untilGone('bob/face');
    };
    for (let n = 0; n < 3; n++) await round();
    const sectionsBefore = await Promise.all([alice.sectionCount(), bob.sectionCount()]);
    const heldBefore = await suite.held();
    for (let n = 0; n < 20; n++) await round();
    expect(await Promise.all([alice.sectionCount(), bob.sectionCount()])).toEqual(sectionsBefore);
    await suite.untilHeld(heldBefore);
  });
});

describe('a data track', () => {
  const reliabilities = [
    { name: 'ordered and reliable' },
    { name: 'unordered', ordered: false },
    { name: 'with limited retransmits', maxRetransmits: 2 },
    { name: 'unordered with limited retransmits', ordered: false, maxRetransmits: 0 },
    { name: 'with limited lifetime', maxPacketLifeTime: 500 },
    { name: 'unordered with limited lifetime', ordered: false, maxPacketLifeTime: 200 },
  ];
  test.each(reliabilities)(
    '$name arrives with what it promises, and its messages',
    async ({ name, ...reliability }) => {
      const alice = await suite.lab.join('alice', `data ${name}`, [
        { kind: 'data', name: 'chat', ...reliability },
      ]);
      const bob = await suite.lab.join('bob', `data ${name}`);
      await bob.logged('trackSubscribed', 'alice', 'chat');
      for (let n = 0; n < 10; n++) await alice.call('send', 'chat', `message ${n}`);
      await bob.untilMessages(10);
      expect((await bob.messages()).map(({ data }) => data).sort()).toEqual(
        Array.from({ length: 10 }, (_, n) => `message ${n}`),
      );
      expect(await bob.call('dataTrack', 'alice', 'chat')).toEqual({
        ordered: reliability.ordered ?? true,
        maxRetransmits: reliability.maxRetransmits ?? null,
        maxPacketLifeTime: reliability.maxPacketLifeTime ?? null,
      });
    },
  );

  test('carries thousands of messages in order, to everyone', async () => {
    const alice = await suite.lab.join('alice', 'many', [{ kind: 'data', name: 'chat' }]);
    const others = [await suite.lab.join('bob', 'many'), await suite.lab.join('carol', 'many')];
    for (const other of others) await other.logged('trackSubscribed', 'alice', 'chat');
    await alice.call('sendMany', 'chat', 3000);
    for (const other of others) {
      await other.untilMessages(3000);
      expect((await other.messages()).map(({ data }) => data)).toEqual(
        Array.from({ length: 3000 }, (_, n) => String(n)),
      );
    }
  });

  test('can be published and unpublished again and again', async () => {
    const alice = await suite.lab.join('alice', 'data rounds');
    const bob = await suite.lab.join('bob', 'data rounds');
    for (let round = 0; round < 25; round++) {
      const name = `chat-${round}`;
      await alice.publish({ kind: 'data', name });
      await bob.logged('trackSubscribed', 'alice', name);
      await alice.call('send', name, `round ${round}`);
      await bob.untilMessages(round + 1);
      await alice.unpublish(name);
      await bob.logged('trackUnsubscribed', 'alice', name);
    }
    expect((await bob.messages()).at(-1)).toEqual({ from: 'alice', track: 'chat-24', data: 'round 24' });
  });

  test('of a participant without media reaches one with media, and back', async () => {
    const alice = await suite.lab.join('alice', 'mixed', [{ kind: 'data', name: 'chat' }]);
    const bob = await suite.lab.join('bob', 'mixed', [
      { kind: 'video', name: 'face' },
      { kind: 'data', name: 'chat' },
    ]);
    await alice.flows('bob/face');
    await alice.logged('trackSubscribed', 'bob', 'chat');
    await bob.logged('trackSubscribed', 'alice', 'chat');
    await alice.call('send', 'chat', 'ping');
    await bob.untilMessages(1);
    await bob.call('send', 'chat', 'pong');
    await alice.untilMessages(1);
  });
});
