import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CallbackReceiver, answer } from '../support/callback-receiver.js';
import type { ReceivedCallback } from '../support/callback-receiver.js';
import { SignalingClient } from '../support/signaling-client.js';
import { startServerProcess } from '../support/server-process.js';
import { SOON, TestServer } from '../support/test-server.js';
import { accessToken } from '../support/tokens.js';
import { twilioClient } from '../support/twilio-client.js';

const KILLS = 5;

let directory: string;
let receiver: CallbackReceiver;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'atrium-callbacks-'));
  receiver = await CallbackReceiver.start();
});
afterEach(async () => {
  await receiver.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** What came of a room: each callback once, by its number. */
function toldOf(sid: string): ReceivedCallback[] {
  const own = receiver.received.filter(({ parameters }) => parameters['RoomSid'] === sid);
  const seen = new Set<unknown>();
  return own.filter(({ headers }) => {
    const id = headers['i-twilio-idempotency-token'];
    return !seen.has(id) && seen.add(id);
  });
}

const numbersOf = (callbacks: ReceivedCallback[]) =>
  callbacks.map(({ parameters }) => Number(parameters['SequenceNumber']));

test('what a server that stops cannot deliver is delivered after its next start, in order', async () => {
  receiver.behaviour = () => {};
  const first = await TestServer.start({ dataDir: directory, callbacks: { drainMs: 0 } });
  const { sid } = await first.twilio.video.v1.rooms.create({ statusCallback: receiver.url });
  await first.join('alice', sid);
  await receiver.count(1);
  await first.stop();
  expect(first.log).toEqual([]);
  expect(receiver.events).toEqual(['room-created']);

  receiver.behaviour = answer(200);
  const second = await TestServer.start({ dataDir: directory });
  await receiver.until('room-ended');
  await second.end();
  const all = ['room-created', 'participant-connected', 'participant-disconnected', 'room-ended'];
  expect(receiver.events).toEqual(['room-created', ...all]);
  expect(numbersOf(toldOf(sid))).toEqual([0, 1, 2, 3]);
  const [before, again] = receiver.received;
  expect(again!.parameters).toEqual(before!.parameters);
  expect(again!.headers['i-twilio-idempotency-token']).toBe(before!.headers['i-twilio-idempotency-token']);

  const third = await TestServer.start({ dataDir: directory });
  await third.end();
  expect(receiver.received).toHaveLength(5);
});

test(`of a server that is killed ${KILLS} times, every room is told of to its end, in order`, async () => {
  const sids: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const server = await startServerProcess(['--data-dir', directory]);
    const clients: SignalingClient[] = [];
    // Receivers that answer, that are slow, and that do not answer at all.
    receiver.behaviour = (response) => {
      const fate = receiver.received.length % 3;
      if (fate === 0) response.end();
      else if (fate === 1) setTimeout(() => response.end(), 20);
    };
    const token = await accessToken({ identity: 'alice', ttl: 24 * 60 * 60 });
    const { rooms } = twilioClient(server.url).video.v1;
    for (let count = 0; count < 4; count++) {
      const { sid } = await rooms.create({ statusCallback: receiver.url });
      sids.push(sid);
      const client = await SignalingClient.open(server.wsServer);
      clients.push(client);
      await client.join({ token, name: sid });
      if (count % 2 === 0) await rooms(sid).update({ status: 'completed' });
    }
    await server.kill();
    for (const client of clients) await client.drop();
  }
  receiver.behaviour = answer(200);
  const last = await startServerProcess(['--data-dir', directory]);
  try {
    for (const sid of sids) {
      await expect.poll(() => toldOf(sid).map(({ event }) => event), SOON).toContain('room-ended');
      const told = toldOf(sid);
      expect(told.map(({ event }) => event)).toEqual([
        'room-created',
        'participant-connected',
        'participant-disconnected',
        'room-ended',
      ]);
      expect(numbersOf(told)).toEqual([0, 1, 2, 3]);
      const times = told.map(({ parameters }) => parameters['Timestamp']!);
      expect(times).toEqual([...times].sort());
    }
  } finally {
    await last.stop();
  }
}, 120_000);
