import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { track } from '../support/rsp.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
beforeEach(async () => {
  await server.twilio.video.v1.rooms.create({ uniqueName: 'large', maxParticipants: 51 });
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

describe('in a large room', () => {
  test('only those who publish are announced to a newcomer', async () => {
    await server.join('listener', 'large');
    await server.join('speaker', 'large', { tracks: [track('mic')] });
    const newcomer = await server.join('newcomer', 'large');
    expect(newcomer.view.others).toEqual(['speaker']);
  });

  test('a participant appears with its first track, goes with its last, and comes again', async () => {
    const watcher = await server.join('watcher', 'large');
    const alice = await server.join('alice', 'large');
    await server.settled(alice, watcher);
    expect(watcher.view.others).toEqual([]);
    for (let round = 0; round < 2; round++) {
      alice.announce([track('mic')]);
      await watcher.until('alice', (view) => view.others.join() === 'alice');
      expect(watcher.view.participant('alice')).toMatchObject({
        state: 'connected',
        tracks: [{ name: 'mic' }],
      });
      alice.announce([]);
      await watcher.until('nobody', (view) => view.others.length === 0);
      expect(watcher.view.participant('alice')).toMatchObject({ state: 'disconnected', tracks: [] });
    }
    // She is still in the room, and sees those who publish.
    expect(alice.view.others).toEqual([]);
    watcher.announce([track('mic')]);
    await alice.until('the watcher', (view) => view.others.join() === 'watcher');
  });

  test('a participant that leaves is told with the tracks that it had; one without tracks, not at all', async () => {
    const watcher = await server.join('watcher', 'large');
    const speaker = await server.join('speaker', 'large', { tracks: [track('mic')] });
    const listener = await server.join('listener', 'large');
    await watcher.until('the speaker', (view) => view.others.join() === 'speaker');
    listener.disconnect();
    speaker.disconnect();
    await watcher.until('nobody', (view) => view.others.length === 0);
    expect(watcher.view.participant('speaker')).toMatchObject({
      state: 'disconnected',
      tracks: [{ name: 'mic' }],
    });
    expect(watcher.view.participant('listener')).toBeUndefined();
  });

  test('a client that comes back is told of those who publish then', async () => {
    const speaker = await server.join('speaker', 'large', { tracks: [track('mic')] });
    const watcher = await server.join('watcher', 'large');
    expect(watcher.view.others).toEqual(['speaker']);
    await watcher.drop();
    speaker.announce([]);
    await server.settled(speaker);
    const back = await server.open({ after: watcher });
    await back.sync(await server.token('watcher'));
    expect(back.view.others).toEqual([]);
    speaker.announce([track('mic')]);
    await back.until('the speaker', (view) => view.others.join() === 'speaker');
  });

  test('REST lists everyone', async () => {
    await server.join('listener', 'large');
    const { sid } = await server.twilio.video.v1.rooms('large').fetch();
    const listed = await server.twilio.video.v1.rooms(sid).participants.list();
    expect(listed.map(({ identity }) => identity)).toEqual(['listener']);
  });
});

describe('in a room of usual size', () => {
  test('everyone is announced', async () => {
    await server.join('listener', 'usual');
    const newcomer = await server.join('newcomer', 'usual');
    expect(newcomer.view.others).toEqual(['listener']);
  });
});
