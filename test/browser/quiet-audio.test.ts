import { afterEach, describe, expect, test } from 'vitest';
import { useLab } from '../support/lab-suite.js';
import { SignalingClient } from '../support/signaling-client.js';
import { accessToken } from '../support/tokens.js';
import { QUIET_ROOM_SIZE } from '../../src/sfu/QuietAudio.js';

const suite = useLab();
const crowd: SignalingClient[] = [];

afterEach(async () => {
  await Promise.all(crowd.splice(0).map((client) => client.drop()));
});

/** Participants without media, who make the room large. */
async function joinCrowd(room: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const client = await SignalingClient.open(suite.atrium.wsServer);
    crowd.push(client);
    await client.join({ token: await accessToken({ identity: `crowd ${index}` }), name: room });
  }
}

const VOICE = { kind: 'audio', name: 'voice' } as const;

describe('in a room of many', () => {
  test('a silent track is not sent, until something is to be heard', async () => {
    await joinCrowd('many', QUIET_ROOM_SIZE - 2);
    const alice = await suite.lab.join('alice', 'many', [VOICE, { ...VOICE, name: 'whisper', gain: 0 }]);
    const bob = await suite.lab.join('bob', 'many');
    await bob.flows('alice/voice');
    await bob.flows('alice/whisper');
    await bob.until(
      async () => suite.atrium.sfu.streams.audio.held === 1,
      async () => `one of the tracks to be held: ${JSON.stringify(suite.atrium.sfu.streams)}`,
      30_000,
    );
    await bob.silent('alice/whisper');
    await bob.flows('alice/voice');

    await alice.call('setGain', 'whisper', 0.5);
    await bob.flows('alice/whisper');
    expect(suite.atrium.sfu.streams.audio).toEqual({ flowing: 2, held: 0 });
  }, 90_000);

  test('who comes later is not sent what is silent, and hears it with the others', async () => {
    await joinCrowd('later', QUIET_ROOM_SIZE - 2);
    const alice = await suite.lab.join('alice', 'later', [{ ...VOICE, gain: 0 }]);
    const bob = await suite.lab.join('bob', 'later');
    const held = (count: number) =>
      bob.until(
        async () => suite.atrium.sfu.streams.audio.held === count,
        async () => `${count} streams to be held: ${JSON.stringify(suite.atrium.sfu.streams)}`,
        30_000,
      );
    await bob.flows('alice/voice');
    await held(1);
    const carol = await suite.lab.join('carol', 'later');
    await carol.logged('trackSubscribed', 'alice', 'voice');
    await carol.silent('alice/voice');
    await held(2);
    await alice.call('setGain', 'voice', 0.5);
    await bob.flows('alice/voice');
    await carol.flows('alice/voice');
  }, 90_000);

  test('everything is sent again when the room has become small', async () => {
    await joinCrowd('shrinking', QUIET_ROOM_SIZE - 2);
    await suite.lab.join('alice', 'shrinking', [{ ...VOICE, gain: 0 }]);
    const bob = await suite.lab.join('bob', 'shrinking');
    await bob.flows('alice/voice');
    await bob.until(
      async () => suite.atrium.sfu.streams.audio.held === 1,
      async () => `the track to be held: ${JSON.stringify(suite.atrium.sfu.streams)}`,
      30_000,
    );
    for (const client of crowd) client.disconnect();
    await bob.flows('alice/voice');
  }, 90_000);
});

describe('in a room of few', () => {
  test('silence is sent as well', async () => {
    await suite.lab.join('alice', 'few', [{ ...VOICE, gain: 0 }]);
    const bob = await suite.lab.join('bob', 'few');
    await bob.flows('alice/voice');
    expect(suite.atrium.sfu.streams.audio).toEqual({ flowing: 1, held: 0 });
  });
});
