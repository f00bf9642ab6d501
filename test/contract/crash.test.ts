import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
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
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What the server has answered for: it must be true for ever after. */
interface Acknowledged {
  /** SIDs of rooms, and when their creation was answered. */
  created: Map<string, number>;
  /** SIDs of rooms, and the end that was answered. */
  completed: Map<string, Date>;
  /** SIDs of participants, and those of their rooms. */
  joined: Map<string, string>;
}

const acknowledged: Acknowledged = { created: new Map(), completed: new Map(), joined: new Map() };

/** Makes rooms, joins them and ends some, until the server dies. */
async function write({ url, wsServer }: ServerProcess, clients: SignalingClient[]): Promise<void> {
  const { rooms } = twilioClient(url).video.v1;
  const token = await accessToken({ identity: 'alice', ttl: 24 * 60 * 60 });
  for (let count = 0; ; count++) {
    const { sid } = await rooms.create();
    acknowledged.created.set(sid, Date.now());
    if (count % 3 === 0) {
      const client = await SignalingClient.open(wsServer);
      clients.push(client);
      const { participant } = await client.join({ token, name: sid });
      acknowledged.joined.set((participant as { sid: string }).sid, sid);
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
    expect(acknowledged.created.size).toBeGreaterThan(KILLS);
    expect(acknowledged.completed.size).toBeGreaterThan(0);
    expect(acknowledged.joined.size).toBeGreaterThan(0);
  } finally {
    await server.stop();
  }
}, 300_000);
