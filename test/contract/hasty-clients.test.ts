import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Bystanders } from '../support/bystanders.js';
import { offered } from '../support/offers.js';
import { track } from '../support/rsp.js';
import type { SignalingClient } from '../support/signaling-client.js';
import { SOON, TestServer } from '../support/test-server.js';

let server: TestServer;
let bystanders: Bystanders;
let token: string;

beforeAll(async () => {
  server = await TestServer.start();
  token = await server.token('hasty');
  bystanders = await Bystanders.join(server);
});
afterEach(async () => {
  await bystanders.undisturbed();
  await server.tidy();
  await expect.poll(mediaRooms, SOON).toBe(1);
});
afterAll(() => server.stop());

/** The rooms that the media worker still carries. */
async function mediaRooms(): Promise<number> {
  const workers = await server.atrium.workers.dump();
  return workers.flatMap(({ routers }) => routers).length;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Clients that have asked to enter a room each, with media to be set up, and have not been answered. */
function connecting(count: number): Promise<SignalingClient[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const client = await server.open();
      const sections = [{ mid: '0', kind: 'audio', trackId: 'mic', ssrc: 5 }] as const;
      const peerConnections = [offered('pc', sections)];
      client.hello(
        client.connectMessage({ token, name: `room-${index}`, tracks: [track('mic')], peerConnections }),
      );
      return client;
    }),
  );
}

const inRooms = () => server.atrium.rooms.all.map(({ name }) => name);

test('a client that leaves in the same breath in which it connects leaves nobody behind', async () => {
  for (let round = 0; round < 60; round++) {
    const client = await server.open();
    client.hello(client.connectMessage({ token, name: `room-${round}` }));
    // Now before the token is read, now while it is checked, now after that.
    for (let turn = 0; turn < round % 12; turn++) await setImmediate();
    client.bye();
    await client.closed;
  }
  await server.join('witness', 'elsewhere');
  await expect.poll(inRooms, SOON).toEqual(['bystanders', 'elsewhere']);
  expect(server.atrium.signaling.sessionCount).toBe(3);
});

describe('clients that leave at any moment of their connect', () => {
  test.each<[string, (client: SignalingClient) => void]>([
    ['with bye', (client) => client.bye()],
    [
      'with disconnect and bye',
      (client) => {
        client.send({ type: 'disconnect', version: 2, session: null });
        client.bye();
      },
    ],
  ])('%s leave nobody behind', async (_how, leave) => {
    const clients = await connecting(60);
    await Promise.all(
      clients.map(async (client, index) => {
        await pause(index);
        leave(client);
        await client.closed;
      }),
    );
    await expect.poll(inRooms, SOON).toEqual(['bystanders']);
    expect(server.atrium.signaling.sessionCount).toBe(2);
    expect(server.atrium.sfu.roomCount).toBe(1);
  });

  test('by dying are gone when their time to come back is over, and before if they could not', async () => {
    const clients = await connecting(60);
    await Promise.all(
      clients.map(async (client, index) => {
        await pause(index);
        await client.drop();
      }),
    );
    const { rooms, signaling } = server.atrium;
    const others = () =>
      rooms.all.flatMap(({ present }) => present).filter(({ identity }) => identity === 'hasty');
    await expect.poll(() => others().every(({ status }) => status === 'reconnecting'), SOON).toBe(true);
    const mayComeBack = clients.filter(({ view }) => view.session !== null).length;
    expect(others().length).toBeGreaterThanOrEqual(mayComeBack);
    server.clock.advance(30_000);
    expect(inRooms()).toEqual(['bystanders']);
    expect(signaling.sessionCount).toBe(2);
  });
});

test('a room that is ended at any moment of a connect ends for the client, or is never entered', async () => {
  const clients = await connecting(40);
  for (let round = 0; round < 40; round++) {
    await pause(1);
    for (const room of server.atrium.rooms.all) {
      if (room.name !== 'bystanders') room.complete('completed-by-api');
    }
  }
  const toldOnes = clients.filter(({ messages }) => messages.length > 0);
  for (const client of toldOnes)
    expect(await client.next('disconnected')).toMatchObject({ status: 'completed' });
  expect(toldOnes.length).toBeGreaterThan(0);
});
