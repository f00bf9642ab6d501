import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CallbackReceiver } from '../support/callback-receiver.js';
import { SignalingClient } from '../support/signaling-client.js';
import { startServerProcess } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';
import { accessToken } from '../support/tokens.js';
import { twilioClient } from '../support/twilio-client.js';

const KILLS = 20;
const LONGEST_LIFE = 400;
/** Requests under way at a time. */
const WRITERS = 4;

const directory = mkdtempSync(join(tmpdir(), 'atrium-crash-'));
let receiver: CallbackReceiver;
beforeAll(async () => {
  receiver = await CallbackReceiver.start();
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await receiver.stop();
});

/** What the server has answered for: it must be true for ever after. */
interface Acknowledged {
  /** SIDs of rooms, and when their creation was answered. */
  created: Map<string, number>;
  /** SIDs of rooms, and the end that was answered. */
  completed: Map<string, Date>;
  /** SIDs of participants, and those of their rooms. */
  joined: Map<string, string>;
  /** API keys by SID, with their secrets; null for those whose deletion was answered. */
  keys: Map<string, string | null>;
}

const acknowledged: Acknowledged = {
  created: new Map(),
  completed: new Map(),
  joined: new Map(),
  keys: new Map(),
};

/** Makes rooms, joins them and ends some, until the server dies. */
async function write({ url, wsServer }: ServerProcess, clients: SignalingClient[]): Promise<void> {
  const client = twilioClient(url);
  const { rooms } = client.video.v1;
  const token = await accessToken({ identity: 'alice', ttl: 24 * 60 * 60 });
  for (let count = 0; ; count++) {
    const { sid } = await rooms.create({ statusCallback: `${receiver.url}/callbacks` });
    acknowledged.created.set(sid, Date.now());
    if (count % 3 === 0) {
      const alice = await SignalingClient.open(wsServer);
      clients.push(alice);
      const { participant } = await alice.join({ token, name: sid });
      acknowledged.joined.set((participant as { sid: string }).sid, sid);
    }
    if (count % 5 === 0) {
      const key = await client.newKeys.create();
      acknowledged.keys.set(key.sid, key.secret);
      if (count % 2 === 0) {
        await client.keys(key.sid).remove();
        acknowledged.keys.set(key.sid, null);
      }
    }
    if (count % 2 === 0) {
      const { endTime } = await rooms(sid).update({ status: 'completed' });
      acknowledged.completed.set(sid, endTime);
    }
  }
}

/** Lets the server be killed in the middle of what it does. */
async function liveAndDie(server: ServerProcess): Promise<void> {
  const clients: SignalingClient[] = [];
  const writers = Array.from({ length: WRITERS }, () => write(server, clients));
  const ends = Promise.allSettled(writers);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_LIFE));
  const workers = server.children();
  await server.kill();
  await ends;
  for (const client of clients) await client.drop();
  await vi.waitFor(() => expect(workers.filter(isAlive)).toEqual([]), { timeout: 10_000 });
}

function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

async function checkAll({ url }: ServerProcess, since: number): Promise<void> {
  const { rooms } = twilioClient(url).video.v1;
  expect(await rooms.list({ limit: 1 })).toEqual([]);
  const listed = await rooms.list({ status: 'completed', pageSize: 1000 });
  const bySid = new Map(listed.map((room) => [room.sid, room]));
  for (const [sid, answeredAt] of acknowledged.created) {
    const room = bySid.get(sid);
    expect(room).toMatchObject({ sid, status: 'completed' });
    const end = acknowledged.completed.get(sid);
    if (end) expect(room!.endTime).toEqual(end);
    // Whole seconds: the end is told as the beginning of its second.
    else expect(room!.endTime.getTime()).toBeGreaterThan(answeredAt - 2000);
    expect(room!.endTime.getTime()).toBeLessThanOrEqual(since);
    expect(room!.duration).toBe(Math.floor(room!.duration));
  }
}

/** Those who joined are known, and have left with their rooms. */
async function checkParticipants({ url }: ServerProcess): Promise<void> {
  const { rooms } = twilioClient(url).video.v1;
  for (const [sid, roomSid] of acknowledged.joined) {
    const participant = await rooms(roomSid).participants(sid).fetch();
    expect(participant).toMatchObject({ sid, identity: 'alice', status: 'disconnected' });
    const { endTime } = await rooms(roomSid).fetch();
    expect(participant.endTime.getTime()).toBeLessThanOrEqual(endTime.getTime());
  }
}

/** Keys open the account, or do not, as was answered. */
async function checkKeys({ url }: ServerProcess): Promise<void> {
  const listed = new Set((await twilioClient(url).keys.list()).map(({ sid }) => sid));
  for (const [sid, secret] of acknowledged.keys) {
    expect(listed.has(sid)).toBe(secret !== null);
    if (secret === null) continue;
    const client = twilioClient(url, { username: sid, password: secret });
    await client.video.v1.rooms.list({ limit: 1 });
  }
}

/** The callbacks of a room tell its life from the creation to the end, none left out, none twice. */
async function checkCallbacks(): Promise<void> {
  const ended = (): Set<string> =>
    new Set(receiver.received.filter(({ event }) => event === 'room-ended').map(roomOf));
  await vi.waitFor(
    () => expect([...acknowledged.created.keys()].filter((sid) => !ended().has(sid))).toEqual([]),
    { timeout: 60_000 },
  );
  const byRoom = new Map<string, Map<string, CallbackParameters>>();
  for (const { headers, parameters } of receiver.received) {
    const ofRoom = byRoom.get(parameters['RoomSid']!) ?? new Map<string, CallbackParameters>();
    byRoom.set(parameters['RoomSid']!, ofRoom);
    // One that was under way when the server was killed comes again, under the same token.
    ofRoom.set(String(headers['i-twilio-idempotency-token']), parameters);
  }
  for (const sid of acknowledged.created.keys()) {
    const callbacks = [...byRoom.get(sid)!.values()];
    const numbers = callbacks.map((parameters) => Number(parameters['SequenceNumber']));
    expect(numbers).toEqual(numbers.map((_, index) => index));
    const events = callbacks.map((parameters) => parameters['StatusCallbackEvent']!);
    expect(events[0]).toBe('room-created');
    expect(events.at(-1)).toBe('room-ended');
    const count = (event: string): number => events.filter((each) => each === event).length;
    expect(count('participant-disconnected')).toBe(count('participant-connected'));
  }
  for (const roomSid of acknowledged.joined.values()) {
    const events = [...byRoom.get(roomSid)!.values()].map((parameters) => parameters['StatusCallbackEvent']);
    expect(events).toContain('participant-disconnected');
  }
}

type CallbackParameters = Record<string, string>;

const roomOf = ({ parameters }: { parameters: CallbackParameters }): string => parameters['RoomSid']!;

test(`a server that is killed ${KILLS} times in the middle of its writes forgets nothing that it answered for`, async () => {
  for (let kill = 0; kill < KILLS; kill++) {
    const startedAt = Date.now();
    const server = await startServerProcess(['--data-dir', directory]);
    try {
      await checkAll(server, startedAt);
    } finally {
      await liveAndDie(server);
    }
  }
  const startedAt = Date.now();
  const server = await startServerProcess(['--data-dir', directory]);
  try {
    await checkAll(server, startedAt);
    await checkParticipants(server);
    await checkKeys(server);
    await checkCallbacks();
    expect(acknowledged.created.size).toBeGreaterThan(KILLS);
    expect(acknowledged.completed.size).toBeGreaterThan(0);
    expect(acknowledged.joined.size).toBeGreaterThan(0);
    expect(acknowledged.keys.size).toBeGreaterThan(0);
  } finally {
    await server.stop();
  }
}, 300_000);
