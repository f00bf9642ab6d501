import { readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { turnPassword } from '../../src/ice/IceServers.js';
import { startAtrium } from '../../src/index.js';
import type { AtriumServer } from '../../src/index.js';
import { TurnClient } from '../../src/turn/TurnClient.js';
import type { TurnServer } from '../../src/turn/TurnServer.js';
import { findTurnServer } from '../../src/turn/TurnServer.js';
import { openWire } from '../../src/turn/wires.js';
import type { Protocol } from '../../src/turn/wires.js';
import { logLines } from '../support/log-lines.js';
import { isRunning, startServerProcess } from '../support/server-process.js';
import { TestServer } from '../support/test-server.js';

const { log, lines } = logLines('trace');
let atrium: AtriumServer;
let turn: TurnServer;
beforeAll(async () => {
  atrium = await startAtrium({ turn: true, turnPort: 0 }, { log });
  turn = atrium.turn!;
});
afterAll(() => atrium?.close());

const clients: TurnClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function clientOf(server: TurnServer, protocol: Protocol = 'udp'): Promise<TurnClient> {
  const port = Number(/:(\d+)$/.exec(server.stunUrls[0]!)![1]);
  const client = new TurnClient(await openWire(protocol, { address: '127.0.0.1', port }));
  clients.push(client);
  return client;
}

function credentials(seconds: number, secret = turn.secret) {
  const username = `${Math.floor(Date.now() / 1000) + seconds}:someone`;
  return { username, credential: turnPassword(secret, username) };
}

const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('atrium-turn-'));

describe('atrium start --turn', () => {
  test.each<Protocol>(['udp', 'tcp'])('answers STUN and relays, over %s', async (protocol) => {
    const client = await clientOf(turn, protocol);
    expect(await client.bind()).toMatchObject({ address: '127.0.0.1' });
    const relayed = await client.allocate(credentials(60));
    expect(relayed.address).toBe('127.0.0.1');
    expect(relayed.port).toBeGreaterThanOrEqual(49_152);
  });

  test('takes the credentials that clients and the Tokens resource are given', async () => {
    const server = await TestServer.start({ turn: true, turnPort: 0 });
    try {
      const client = await server.open();
      client.hello({ type: 'ice', version: 1, edge: 'roaming', token: await server.token('alice') });
      const { ice_servers: servers = [] } = await client.next('iced');
      expect(servers).toEqual([
        { urls: server.atrium.turn!.stunUrls[0] },
        ...server.atrium.turn!.turnUrls.map((urls) => ({
          urls,
          username: expect.stringMatching(/^\d+:/),
          credential: expect.any(String),
        })),
      ]);
      const { username, credential } = servers[1] as { username: string; credential: string };
      const relayed = await clientOf(server.atrium.turn!);
      await relayed.allocate({ username, credential });
      await clients.pop()!.close();
    } finally {
      await server.end();
    }
  });

  test.each([
    ['that have expired', () => credentials(-1)],
    ['with another secret', () => credentials(60, 'another secret')],
    ['without a time', () => ({ username: 'someone', credential: turnPassword(turn.secret, 'someone') })],
  ])('refuses credentials %s', async (_what, made) => {
    await expect((await clientOf(turn)).allocate(made())).rejects.toMatchObject({ code: 401 });
  });

  test('relays to the media server and to public addresses, and to no private ones', async () => {
    const client = await clientOf(turn);
    await client.allocate(credentials(60));
    for (const address of ['127.0.0.1', '8.8.8.8', '193.99.144.80'])
      await client.permit({ address, port: 4040 });
    for (const address of [
      '10.1.2.3',
      '172.16.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.1',
    ])
      await expect(client.permit({ address, port: 80 })).rejects.toMatchObject({ code: 403 });
  });

  test('keeps its secret in a file that only this user can read, and out of the log', () => {
    const mine = folders()
      .map((name) => join(tmpdir(), name, 'turnserver.conf'))
      .find((file) => readFileSync(file, 'utf8').includes(turn.secret))!;
    expect(statSync(mine).mode & 0o777).toBe(0o600);
    expect(statSync(join(mine, '..')).mode & 0o777).toBe(0o700);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.includes(turn.secret))).toEqual([]);
    expect(readFileSync(`/proc/${turn.pid}/cmdline`, 'utf8')).not.toContain(turn.secret);
  });

  test('starts coturn again when it dies, with the same secret', async () => {
    const { pid } = turn;
    process.kill(pid!, 'SIGKILL');
    await vi.waitFor(() => expect(turn.pid).not.toBe(pid), { timeout: 10_000 });
    await vi.waitFor(
      async () => {
        await (await clientOf(turn)).allocate(credentials(60));
      },
      { timeout: 20_000 },
    );
    expect(lines).toContain('the TURN server died; it is started again');
  });

  test('leaves no process and no file behind', async () => {
    const before = folders();
    const server = await startAtrium({ turn: true, turnPort: 0 }, { log });
    const { pid } = server.turn!;
    expect(isRunning(pid!)).toBe(true);
    expect(folders()).toHaveLength(before.length + 1);
    await server.close();
    expect(isRunning(pid!)).toBe(false);
    expect(folders()).toEqual(before);
  });

  test('ends coturn with the server, also when that is killed', async () => {
    const server = await startServerProcess(['--turn', '--turn-port', '0']);
    const children = server.children();
    const coturn = children.filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'turnserver\n');
    expect(coturn).toHaveLength(1);
    await server.kill();
    await vi.waitFor(() => expect(children.filter(isRunning)).toEqual([]), { timeout: 10_000 });
  });

  test('fails where the port is taken, and leaves nothing behind', async () => {
    const before = folders();
    const port = Number(/:(\d+)$/.exec(turn.stunUrls[0]!)![1]);
    await expect(startAtrium({ turn: true, turnPort: port }, { log })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(folders()).toEqual(before);
  });
});

describe('The program', () => {
  test('is found on the path', () => {
    expect(findTurnServer()).toMatch(/\/turnserver$/);
    expect(findTurnServer('')).toBeNull();
  });
});
