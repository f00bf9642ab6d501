import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/config.js';
import { Lab } from '../support/browser.js';
import type { LabPage } from '../support/browser.js';
import { everything, expectFullExchange } from '../support/full-exchange.js';
import { Networks } from '../support/Networks.js';
import { startServerProcess } from '../support/server-process.js';
import type { ServerProcess } from '../support/server-process.js';

// Networks of the kernel's namespaces. Where this process may not make them, these tests fail and say so.

const PORT = 4040;
const TURN_PORT = 3478;
const RTC_PORT = 42_000;
let networks: Networks | undefined;
let server: ServerProcess | undefined;
const labs: Lab[] = [];

beforeAll(async () => {
  networks = new Networks();
  const ports = { '--port': PORT, '--rtc-port': RTC_PORT, '--turn-port': TURN_PORT, '--workers': 1 };
  const options = Object.entries(ports).flatMap(([flag, value]) => [flag, String(value)]);
  server = await startServerProcess(
    ['--host', networks.server, '--allow-dev-credentials', '--turn', ...options],
    networks.router,
  );
  for (const { chromium } of [networks.alice, networks.bob])
    labs.push(await Lab.open(server.wsServer, [], chromium));
});
afterEach(async () => {
  await Promise.all(labs.map((lab) => lab.closePages()));
  networks?.open();
});
afterAll(async () => {
  await Promise.all(labs.map((lab) => lab.close()));
  await server?.stop();
  networks?.close();
});

/** Makes a room by REST, from one of the networks: this process does not reach the server. */
function createRoom(name: string, type: string): void {
  const { accountSid, authToken } = DEV_CREDENTIALS;
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  const script = `
    const body = new URLSearchParams({ UniqueName: '${name}', Type: '${type}' });
    const request = { method: 'POST', headers: { authorization: '${authorization}' }, body };
    fetch('${server!.url}/v1/Rooms', request).then(({ status }) => console.log(status));`;
  const [program, ...args] = [...networks!.alice.prefix, process.execPath, '-e', script];
  expect(execFileSync(program!, args).toString().trim()).toBe('201');
}

/** Both join a new room, each from a network of its own. */
async function meet(name: string, type: 'group' | 'peer-to-peer'): Promise<LabPage[]> {
  createRoom(name, type);
  const pages = [];
  for (const [index, identity] of ['alice', 'bob'].entries())
    pages.push(await labs[index]!.join(identity, name, everything(index * 120)));
  return pages;
}

const waysOf = (page: LabPage): Promise<object[]> => page.call('routes');

async function expectWays(pages: LabPage[], way: object): Promise<void> {
  for (const page of pages) {
    await expect.poll(() => waysOf(page), { timeout: 20_000 }).toEqual([expect.objectContaining(way)]);
  }
}

describe('Two peers', () => {
  test('that reach each other go the direct way', async () => {
    const { alice, bob } = networks!;
    expect(networks!.attempt(alice, bob)).toBe('ECONNREFUSED');
    const pages = await meet('direct', 'peer-to-peer');
    await expectFullExchange(pages);
    await expectWays(pages, { local: 'host', protocol: 'udp' });
  });

  test('that cannot reach each other meet through coturn', async () => {
    const { alice, bob } = networks!;
    networks!.separate();
    expect(networks!.attempt(alice, bob)).toBe('EHOSTUNREACH');
    const pages = await meet('separate', 'peer-to-peer');
    await expectFullExchange(pages);
    // Over UDP or TCP to coturn, whichever was there first.
    await expectWays(pages, { local: 'relay' });
  });

  test('whose direct way is closed in the running call go on through coturn', async () => {
    const [alice, bob] = (await meet('closing', 'peer-to-peer')) as [LabPage, LabPage];
    await expectFullExchange([alice, bob]);
    await expectWays([alice, bob], { local: 'host' });
    networks!.separate();
    await expectWays([alice, bob], { local: 'relay' });
    await alice.flows('bob/face', { within: 40_000 });
    await bob.flows('alice/face', { within: 40_000 });
  });

  test('that may use nothing but TCP to signalling and coturn meet all the same', async () => {
    networks!.onlyTcp(PORT, TURN_PORT);
    const pages = await meet('only tcp', 'peer-to-peer');
    await expectFullExchange(pages);
    await expectWays(pages, { local: 'relay', relay: 'tcp' });
  });
});

describe('A group room', () => {
  test('is reached over TCP where UDP is closed', async () => {
    networks!.onlyTcp(PORT, RTC_PORT);
    const pages = await meet('tcp media', 'group');
    await expectFullExchange(pages);
    await expectWays(pages, { protocol: 'tcp' });
  });

  test("is reached through coturn where the media server's port is closed", async () => {
    networks!.onlyTcp(PORT, TURN_PORT);
    const pages = await meet('relayed media', 'group');
    await expectFullExchange(pages);
    await expectWays(pages, { local: 'relay', relay: 'tcp' });
  });
});
