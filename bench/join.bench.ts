import { afterAll, beforeAll, expect, test } from 'vitest';
import { Lab } from '../test/support/browser.js';
import type { LabPage } from '../test/support/browser.js';
import { startServerProcess } from '../test/support/server-process.js';
import type { ServerProcess } from '../test/support/server-process.js';
import { BareRelay } from './bare-relay.js';
import { median, report, table } from './report.js';

// How long a join takes, from `connect()` to the first frame of a remote video, and what a forwarded video costs
// the server; each beside a bare mediasoup relay of the same video in the same run.

const JOINS = 15;
const SUBSCRIBERS = 4;
const MEASURED_MS = 10_000;
const PICTURE = { width: 640, height: 360, fps: 15 };

let atrium: ServerProcess;
let relay: BareRelay;
let lab: Lab;

beforeAll(async () => {
  atrium = await startServerProcess(['--workers', '1']);
  relay = await BareRelay.start();
  lab = await Lab.open(atrium.wsServer);
});
afterAll(async () => {
  await lab?.close();
  relay?.stop();
  await atrium?.stop();
});

async function relayPage(identity: string): Promise<LabPage> {
  const page = await lab.page(identity);
  await relay.serve(page.page);
  return page;
}

const row = (name: string, values: number[]): (string | number)[] => [
  name,
  Math.min(...values),
  median(values),
  Math.max(...values),
];

test('join: from connect() to the first decoded remote frame', async () => {
  await lab.join('publisher', 'bench', [{ kind: 'video', name: 'face', ...PICTURE }]);
  await (await relayPage('relay publisher')).call('relayPublish', PICTURE);

  const joins: number[] = [];
  const bare: number[] = [];
  // One of each first that is not counted; then in turn, so that both see the same machine.
  for (let n = 0; n <= JOINS; n++) {
    const page = await lab.page(`subscriber-${n}`);
    const joined = await page.call<number>('firstFrameAfterConnect', await page.token(), {
      ...page.connectOptions,
      name: 'bench',
    });
    await page.page.close();
    const other = await relayPage(`relay subscriber-${n}`);
    const subscribed = await other.call<number>('relaySubscribe');
    await other.page.close();
    if (n > 0) {
      joins.push(joined);
      bare.push(subscribed);
    }
  }
  report(
    `join: milliseconds from connect() to the first decoded remote frame, ${JOINS} joins`,
    table([
      ['', 'min', 'median', 'max'],
      row('Atrium', joins),
      row('bare mediasoup relay', bare),
      ['ratio of the medians', '', median(joins) / median(bare), ''],
    ]),
  );
  expect(joins).toHaveLength(JOINS);
  await lab.closePages();
});

test('forwarding: processor time a stream', async () => {
  await lab.join('publisher', 'cpu', [{ kind: 'video', name: 'face', ...PICTURE }]);
  const pages = await Promise.all(
    Array.from({ length: SUBSCRIBERS }, (_, n) => lab.join(`subscriber-${n}`, 'cpu')),
  );
  for (const page of pages) await page.flows('publisher/face');
  const before = atrium.cpu();
  await pages[0]!.page.waitForTimeout(MEASURED_MS);
  const own = (atrium.cpu() - before) / SUBSCRIBERS;
  await lab.closePages();

  await (await relayPage('relay publisher')).call('relayPublish', PICTURE);
  for (let n = 0; n < SUBSCRIBERS; n++) await (await relayPage(`relay-${n}`)).call('relaySubscribe');
  const beforeRelay = await relay.cpu();
  await new Promise((resolve) => setTimeout(resolve, MEASURED_MS));
  const bare = ((await relay.cpu()) - beforeRelay) / SUBSCRIBERS;
  report(
    `forwarding: processor milliseconds a second and forwarded video, ${SUBSCRIBERS} subscribers`,
    table([
      ['Atrium (server and worker)', (own * 1000) / MEASURED_MS],
      ['bare mediasoup relay (worker)', (bare * 1000) / MEASURED_MS],
      ['ratio', own / bare],
    ]),
  );
  expect(own).toBeGreaterThan(0);
});
