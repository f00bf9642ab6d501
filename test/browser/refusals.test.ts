import { describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/config.js';
import { accessToken } from '../support/tokens.js';
import { roomNamed, useLab } from '../support/lab-suite.js';

const suite = useLab();

describe('connect', () => {
  test.each([
    ['a signature by another secret', { secret: 'x'.repeat(32) }, 20107],
    ['an unknown API key', { keySid: `SK${'f'.repeat(32)}` }, 20103],
    ['an API key that is no SID', { keySid: 'foo' }, 20103],
    ["another account than the key's", { accountSid: `AC${'f'.repeat(32)}` }, 20103],
    ['a token that has expired', { ttl: -60 }, 20104],
    ['a token that lives too long', { ttl: 90_000 }, 20104],
    ['a token without a video grant', { withoutGrant: true }, 20106],
    ['a token for another room', { room: 'elsewhere' }, 20106],
    ['an identity that is too long', { identity: 'x'.repeat(129) }, 53201],
  ])('is refused for %s', async (_what, spec, code) => {
    const page = await suite.lab.page('alice');
    const connected = await page.connect('refused', [], { token: await accessToken(spec) });
    expect(connected.error).toMatchObject({ code });
    expect(suite.atrium.rooms.all).toHaveLength(0);
  });

  test('is refused for what is no token at all', async () => {
    const page = await suite.lab.page('alice');
    expect((await page.connect('refused', [], { token: 'nonsense' })).error).toMatchObject({ code: 20101 });
  });

  test('is refused for a room name that is too long', async () => {
    const page = await suite.lab.page('alice');
    expect((await page.connect('x'.repeat(129))).error).toMatchObject({ code: 53101 });
  });

  test('is refused for the SID of a room that does not exist', async () => {
    const page = await suite.lab.page('alice');
    expect((await page.connect(`RM${'0'.repeat(32)}`)).error).toMatchObject({ code: 53106 });
  });

  test('is refused when the room is full', async () => {
    suite.atrium.rooms.create(DEV_CREDENTIALS.accountSid, { uniqueName: 'small', maxParticipants: 2 });
    await suite.lab.join('alice', 'small');
    await suite.lab.join('bob', 'small');
    const carol = await suite.lab.page('carol');
    expect((await carol.connect('small')).error).toMatchObject({ code: 53105 });
  });

  test('with a token for one room opens that room, by name and by SID', async () => {
    const room = suite.atrium.rooms.create(DEV_CREDENTIALS.accountSid, { uniqueName: 'only' });
    const alice = await suite.lab.page('alice');
    const bob = await suite.lab.page('bob');
    expect(
      await alice.connect('only', [], { token: await accessToken({ identity: 'alice', room: 'only' }) }),
    ).toMatchObject({ sid: room.sid });
    expect(
      await bob.connect('only', [], { token: await accessToken({ identity: 'bob', room: room.sid }) }),
    ).toMatchObject({ sid: room.sid });
  });
});

describe('a participant', () => {
  test('is disconnected with 53205 when the same identity joins again, and the newer one stays', async () => {
    const older = await suite.lab.join('alice', 'twice', [{ kind: 'video', name: 'face' }]);
    const bob = await suite.lab.join('bob', 'twice');
    await bob.flows('alice/face');
    const newer = await suite.lab.join('alice', 'twice', [{ kind: 'video', name: 'face2' }]);
    await older.logged('disconnected', 53205);
    await bob.flows('alice/face2');
    expect(await bob.received()).not.toHaveProperty('alice/face');
    expect(await newer.log()).not.toContainEqual(expect.arrayContaining(['disconnected']));
  });

  test('is disconnected with 53118 when the room is completed', async () => {
    const alice = await suite.lab.join('alice', 'completed');
    roomNamed(suite.atrium, 'completed').complete('completed-by-api');
    await alice.logged('disconnected', 53118);
  });

  test('is disconnected without an error when it is removed, and may join again', async () => {
    const alice = await suite.lab.join('alice', 'removed');
    const bob = await suite.lab.join('bob', 'removed');
    roomNamed(suite.atrium, 'removed').participant('alice')!.disconnect({ type: 'removed' });
    await alice.logged('disconnected', null);
    await bob.logged('participantDisconnected', 'alice');
    await suite.lab.join('alice', 'removed', [{ kind: 'audio', name: 'voice' }]);
    await bob.flows('alice/voice');
  });
});

describe('a publication', () => {
  test.each([
    ['a name that another track has', { name: 'face', hue: 9 }, 53304],
    ['a name that is too long', { name: 'x'.repeat(129) }, 53302],
  ])('fails for %s', async (_what, track, code) => {
    const alice = await suite.lab.join('alice', 'failing', [{ kind: 'video', name: 'face' }]);
    const bob = await suite.lab.join('bob', 'failing');
    const published = await alice.call<{ error?: { code: number } }>('publishNew', {
      kind: 'video',
      ...track,
    });
    expect(published.error).toMatchObject({ code });
    await bob.flows('alice/face');
    expect(await bob.call('publications')).toEqual(['alice/face']);
  });

  test('that fails at the connect is told once the room is there', async () => {
    const alice = await suite.lab.page('alice');
    await alice.connect('failing at once', [
      { kind: 'audio', name: 'same' },
      { kind: 'video', name: 'same' },
    ]);
    await alice.logged('trackPublicationFailed', 'same', 53304);
    const bob = await suite.lab.join('bob', 'failing at once');
    await bob.flows('alice/same');
    expect(await bob.call('publications')).toEqual(['alice/same']);
  });

  test('of video fails in an audio-only room', async () => {
    suite.atrium.rooms.create(DEV_CREDENTIALS.accountSid, { uniqueName: 'radio', audioOnly: true });
    const alice = await suite.lab.join('alice', 'radio', [{ kind: 'audio', name: 'voice' }]);
    const bob = await suite.lab.join('bob', 'radio');
    await bob.flows('alice/voice');
    expect((await alice.publish({ kind: 'video', name: 'face' })).error).toMatchObject({ code: 53125 });
    await bob.flows('alice/voice');
  });
});
