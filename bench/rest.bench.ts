import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../src/config.js';
import { startServerProcess } from '../test/support/server-process.js';
import type { ServerProcess } from '../test/support/server-process.js';
import { quantile, report, table } from './report.js';

// Requests a second, and how long the slowest hundredth takes, with 10,000 rooms stored in a data directory; each
// beside a bare fastify route that returns the same JSON, in the same run.

const STORED = 10_000;
const CONNECTIONS = 16;
const WARM_UP_MS = 1_000;
const MEASURED_MS = 4_000;

const AUTHORIZATION = `Basic ${Buffer.from(`${DEV_CREDENTIALS.accountSid}:${DEV_CREDENTIALS.authToken}`).toString('base64')}`;
const HEADERS = { authorization: AUTHORIZATION, 'content-type': 'application/x-www-form-urlencoded' };

interface Call {
  method: 'GET' | 'POST';
  path: string;
}

interface Rate {
  perSecond: number;
  /** Milliseconds. */
  p99: number;
}

const directory = mkdtempSync(join(tmpdir(), 'atrium-bench-'));
const bareRoutes: ChildProcess[] = [];
let atrium: ServerProcess;
let pool: Pool;
let ended: string;
let live: string;

async function call(through: Pool, { method, path }: Call): Promise<{ status: number; body: unknown }> {
  const { statusCode, body } = await through.request({ method, path, headers: HEADERS });
  return { status: statusCode, body: await body.json() };
}

/** Keeps so many requests under way at a time, until told that it is enough. */
async function hammer(one: () => Promise<unknown>, isEnough: () => boolean): Promise<void> {
  const loop = async (): Promise<void> => {
    while (!isEnough()) await one();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
}

async function measure(through: Pool, what: Call): Promise<Rate> {
  const warm = Date.now() + WARM_UP_MS;
  await hammer(
    () => call(through, what),
    () => Date.now() > warm,
  );
  const times: number[] = [];
  const start = performance.now();
  await hammer(
    async () => {
      const begin = performance.now();
      const { status } = await call(through, what);
      times.push(performance.now() - begin);
      if (status >= 300) throw new Error(`${what.method} ${what.path}: ${status}`);
    },
    () => performance.now() - start > MEASURED_MS,
  );
  return {
    perSecond: times.length / ((performance.now() - start) / 1000),
    p99: quantile(times, 0.99),
  };
}

async function bareRoute(answer: unknown): Promise<Pool> {
  const script = fileURLToPath(new URL('./bare-route.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  bareRoutes.push(child);
  child.stdin.end(JSON.stringify(answer));
  const url = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data) => resolve(String(data))),
  );
  return new Pool(url, { connections: CONNECTIONS });
}

beforeAll(async () => {
  atrium = await startServerProcess(['--workers', '1', '--data-dir', directory]);
  pool = new Pool(atrium.url, { connections: CONNECTIONS });
  let count = 0;
  await hammer(
    async () => {
      count++;
      const { body } = await call(pool, { method: 'POST', path: '/v1/Rooms' });
      const { sid } = body as { sid: string };
      // Every tenth stays in progress.
      if (count % 10 === 0) live = sid;
      else {
        await pool
          .request({ method: 'POST', path: `/v1/Rooms/${sid}`, headers: HEADERS, body: 'Status=completed' })
          .then(({ body: answer }) => answer.dump());
        ended = sid;
      }
    },
    () => count >= STORED,
  );
}, 300_000);
afterAll(async () => {
  await pool?.close();
  for (const child of bareRoutes) child.kill();
  await atrium?.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('REST: requests a second, and the slowest hundredth', async () => {
  const calls: [name: string, call: Call][] = [
    ['fetch a room in progress', { method: 'GET', path: `/v1/Rooms/${live}` }],
    ['fetch an ended room', { method: 'GET', path: `/v1/Rooms/${ended}` }],
    ['list 50 rooms in progress', { method: 'GET', path: '/v1/Rooms?PageSize=50' }],
    ['list 50 ended rooms', { method: 'GET', path: '/v1/Rooms?Status=completed&PageSize=50' }],
    ['create a room', { method: 'POST', path: '/v1/Rooms' }],
  ];
  const rows: (string | number)[][] = [];
  for (const [name, what] of calls) {
    const { body } = await call(pool, what);
    const bare = await bareRoute(body);
    const baseline = await measure(bare, { method: what.method, path: '/' });
    await bare.close();
    const own = await measure(pool, what);
    expect(own.perSecond).toBeGreaterThan(0);
    rows.push([
      name,
      own.perSecond,
      baseline.perSecond,
      own.perSecond / baseline.perSecond,
      own.p99,
      baseline.p99,
    ]);
  }
  report(
    `REST with ${STORED} stored rooms, ${CONNECTIONS} connections, beside a bare fastify route with the same JSON`,
    table([['', 'a second', 'bare', 'ratio', 'p99 ms', 'bare p99 ms'], ...rows]),
  );
});
