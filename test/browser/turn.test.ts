import { beforeEach, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/config.js';
import { turnPassword } from '../../src/ice/IceServers.js';
import type { RoomType } from '../../src/rooms/options.js';
import type { LabPage } from '../support/browser.js';
import { everything, expectFullExchange } from '../support/full-exchange.js';
import { useLab } from '../support/lab-suite.js';
import { logLines } from '../support/log-lines.js';

const { log, lines, logged } = logLines();
const suite = useLab({ turn: true, turnPort: 0 }, [], { log });
beforeEach(() => {
  lines.length = 0;
});

interface Route {
  local: string;
  remote: string;
  protocol: string;
  relay: string | null;
}
const routesOf = (page: LabPage): Promise<Route[]> => page.call('routes');

function room(uniqueName: string, type: RoomType): string {
  return suite.atrium.rooms.create(DEV_CREDENTIALS.accountSid, { uniqueName, type }).name;
}

/** ICE servers as a client may be told, valid for so many seconds, with another password if given. */
function turnServer(seconds: number, urls = suite.atrium.turn!.turnUrls, password?: string) {
  const username = `${Math.floor(Date.now() / 1000) + seconds}:tester`;
  const credential = password ?? turnPassword(suite.atrium.turn!.secret, username);
  return { urls, username, credential };
}

const ALLOCATED = new RegExp(
  `user <\\d+:${DEV_CREDENTIALS.accountSid}-\\w+>: incoming packet ALLOCATE processed, success`,
);

describe('a client that may only be relayed', () => {
  test('joins a group room through coturn', async () => {
    const name = room('relayed group', 'group');
    const alice = await suite.lab.join('alice', name, everything(0), { iceTransportPolicy: 'relay' });
    const bob = await suite.lab.join('bob', name, everything(120));
    await expectFullExchange([alice, bob]);
    expect((await routesOf(alice)).map(({ local }) => local)).toEqual(['relay']);
    expect((await routesOf(bob)).map(({ local }) => local)).not.toContain('relay');
    await logged(ALLOCATED);
  });

  test('meets another such client in a peer-to-peer room', async () => {
    const name = room('relayed mesh', 'peer-to-peer');
    const options = { iceTransportPolicy: 'relay' };
    const pages = [];
    for (const [index, identity] of ['alice', 'bob', 'carol'].entries())
      pages.push(await suite.lab.join(identity, name, everything(index * 100), options));
    await expectFullExchange(pages);
    for (const page of pages) {
      const routes = await routesOf(page);
      expect(routes).toHaveLength(2);
      for (const route of routes) expect(route).toMatchObject({ local: 'relay' });
    }
    await logged(ALLOCATED);
  });

  test.each<RoomType>(['group', 'peer-to-peer'])('does so over TCP too, in a %s room', async (type) => {
    const name = room(`over tcp ${type}`, type);
    const iceServers = [turnServer(60, [suite.atrium.turn!.turnUrls[1]!])];
    const options = { iceTransportPolicy: 'relay', iceServers };
    const alice = await suite.lab.join('alice', name, everything(0), options);
    const bob = await suite.lab.join('bob', name, everything(120), options);
    await expectFullExchange([alice, bob]);
    for (const page of [alice, bob])
      for (const route of await routesOf(page)) expect(route).toMatchObject({ local: 'relay', relay: 'tcp' });
  });
});

describe('coturn', () => {
  test('relays for credentials that Atrium gave, and not for wrong or expired ones', async () => {
    const page = await suite.lab.page('alice');
    const gather = (server: object) =>
      page.call<{ addresses: string[]; errors: number[] }>('gatherRelayed', [server]);
    expect((await gather(turnServer(60))).addresses).toContain('127.0.0.1');
    for (const server of [turnServer(-60), turnServer(60, undefined, 'wrong')]) {
      const { addresses, errors } = await gather(server);
      expect(addresses).toEqual([]);
      expect(errors).toContain(401);
    }
    await logged(/:tester>: incoming packet (message|ALLOCATE) processed, error 401/);
  });
});

describe("the SDK's preflight test", () => {
  test('completes', async () => {
    const page = await suite.lab.page('alice');
    const { wsServer } = suite.atrium;
    const outcome = await page.call<{ report?: Record<string, never>; error?: object }>(
      'preflight',
      await page.token(),
      { wsServer, duration: 2000 },
    );
    expect(outcome.error).toBeUndefined();
    expect(outcome.report).toMatchObject({
      progressEvents: expect.arrayContaining([
        expect.objectContaining({ name: 'mediaAcquired' }),
        expect.objectContaining({ name: 'connected' }),
        expect.objectContaining({ name: 'iceConnected' }),
        expect.objectContaining({ name: 'mediaSubscribed' }),
      ]),
      selectedIceCandidatePairStats: { localCandidate: { candidateType: 'relay' } },
    });
  });

  test('fails with the code of a bad token', async () => {
    const page = await suite.lab.page('alice');
    const { wsServer } = suite.atrium;
    const outcome = await page.call('preflight', 'nonsense', { wsServer, duration: 2000 });
    expect(outcome).toMatchObject({ error: { code: 20101 } });
  });
});
