import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startAtrium } from '../../src/index.js';
import type { AtriumServer } from '../../src/index.js';
import { Lab } from '../support/browser.js';

let atrium: AtriumServer;
let lab: Lab;

beforeAll(async () => {
  atrium = await startAtrium();
  lab = await Lab.open(atrium.wsServer);
});
afterEach(async () => {
  await lab.closePages();
  atrium.rooms.completeAll('completed-by-api');
});
afterAll(async () => {
  await lab?.close();
  await atrium?.close();
});

describe('two participants', () => {
  test('hear, see and message each other', async () => {
    const tracks = (hue: number) => [
      { kind: 'audio', name: 'voice' } as const,
      { kind: 'video', name: 'face', hue } as const,
      { kind: 'data', name: 'chat' } as const,
    ];
    const alice = await lab.join('alice', 'meeting', tracks(0));
    const bob = await lab.join('bob', 'meeting', tracks(120));
    for (const [me, other] of [
      [alice, 'bob'],
      [bob, 'alice'],
    ] as const) {
      await me.flows(`${other}/voice`);
      const video = await me.flows(`${other}/face`);
      expect(video).toMatchObject({ width: 320, height: 180 });
      await me.logged('trackSubscribed', other, 'chat');
    }
    await alice.call('send', 'chat', 'hello');
    await bob.call('sendBytes', 'chat', [1, 2, 3]);
    await bob.until(
      async () => (await bob.messages()).length > 0,
      async () => 'a message',
    );
    await alice.until(
      async () => (await alice.messages()).length > 0,
      async () => 'a message',
    );
    expect(await bob.messages()).toEqual([{ from: 'alice', track: 'chat', data: 'hello' }]);
    expect(await alice.messages()).toEqual([{ from: 'bob', track: 'chat', data: 'bytes:1,2,3' }]);
  });
});
