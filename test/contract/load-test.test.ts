import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setLogEventListeners } from 'mediasoup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPrebuilt, workerPath } from '../../native/worker.mjs';
import { DEV_CREDENTIALS, startAtrium } from '../../src/index.js';
import type { AtriumServer } from '../../src/index.js';
import type { LoadSummary } from '../../src/load/summary.js';

const command = fileURLToPath(new URL('../../bin/atrium.js', import.meta.url));
/** Light enough for a machine that is busy with other things. */
const LIGHT = ['--layers', '50,100', '--frame-rate', '10', '--join-timeout', '60', '--duration', '3'];
const DEADLINE = 120_000;

let atrium: AtriumServer;
beforeAll(async () => {
  atrium = await startAtrium({ logLevel: 'error' });
});
afterAll(() => atrium.close());

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function loadTest(args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [command, 'load-test', '--url', atrium.wsServer, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

async function summaryOf(args: string[]): Promise<LoadSummary> {
  const { code, stdout, stderr } = await loadTest([...LIGHT, '--json', ...args]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as LoadSummary;
}

describe('the load test', () => {
  test(
    'fills rooms with participants who send and receive, and tells how it went',
    async () => {
      const summary = await summaryOf(['--rooms', '2', '--publishers', '2', '--subscribers', '1']);
      expect(summary).toMatchObject({ rooms: 2, participants: 6, publishers: 4, joined: 6, failures: {} });
      expect(summary.sent.audioPackets).toBeGreaterThan(0);
      expect(summary.sent.videoPackets).toBeGreaterThan(0);
      expect(summary.received.audioPackets).toBeGreaterThan(0);
      expect(summary.received.videoPackets).toBeGreaterThan(0);
      // Nobody is alone at the end: the first to join sees no one at first, all others have somebody's video.
      expect(summary.joins).toHaveLength(6);
      expect(summary.joins.filter(({ firstVideo }) => firstVideo !== null).length).toBeGreaterThanOrEqual(4);
      for (const { rank, connected, transport } of summary.joins) {
        expect([0, 1, 2]).toContain(rank);
        expect(transport).toBeGreaterThan(connected);
      }
    },
    DEADLINE,
  );

  test(
    'counts what it receives and what is lost, which on loopback is next to nothing',
    async () => {
      const summary = await summaryOf(['--publishers', '3', '--layers', '50']);
      expect(summary.received.packets).toBeGreaterThan(100);
      expect(summary.received.lost).toBeLessThan(summary.received.packets / 50);
      expect(summary.videosReceived).toBeGreaterThan(1);
    },
    DEADLINE,
  );

  test(
    'shows how far it is, and the result as a table',
    async () => {
      const { code, stdout, stderr } = await loadTest([...LIGHT, '--publishers', '2']);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain('joining: 2 of 2');
      expect(stderr).toMatch(/measuring: \d+ s, \d+ packets\/s received/);
      expect(stdout).toMatch(/participants +2 of 2 joined, 2 publish/);
      expect(stdout).toMatch(/lost +\d+ packets/);
    },
    DEADLINE,
  );

  test(
    'leaves nobody behind in the server',
    async () => {
      await summaryOf(['--publishers', '2', '--duration', '1']);
      await expect.poll(() => atrium.signaling.sessionCount, { timeout: 30_000 }).toBe(0);
    },
    DEADLINE,
  );

  test(
    'tells why a participant could not join, and ends with 1',
    async () => {
      const { accountSid, apiKeySid } = DEV_CREDENTIALS;
      const { code, stdout } = await loadTest([
        ...LIGHT,
        ...['--json', '--publishers', '1'],
        ...['--account-sid', accountSid, '--auth-token', 'another-auth-token'],
        ...['--api-key-sid', apiKeySid, '--api-key-secret', 'another-api-key-secret'],
      ]);
      expect(code).toBe(1);
      const summary = JSON.parse(stdout) as LoadSummary;
      expect(summary.joined).toBe(0);
      expect(Object.keys(summary.failures)).toEqual([expect.stringContaining('20107')]);
    },
    DEADLINE,
  );

  test.each([
    [['--publishers', '0'], '--publishers'],
    [['--layers', '100,200,300,400'], '--layers'],
    [['--layout', 'wall'], '--layout'],
    [['--duration', '0'], '--duration'],
    [['--url', 'http://localhost'], '--url'],
  ])('refuses %j in words', async (args, flag) => {
    const { code, stdout, stderr } = await loadTest(args);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(flag);
    expect(stderr).not.toContain('    at ');
  });
});

describe('a media worker that was compiled here', () => {
  // Upstream's own has the fault that is mended where it is compiled (native/mends.mjs).
  test.skipIf(isPrebuilt(workerPath()!))(
    'goes on probing the bandwidth of those who are there when others join',
    async () => {
      const refused: string[] = [];
      setLogEventListeners({
        onwarn: (_namespace, text) => {
          if (text.includes('srtp_protect() failed')) refused.push(text);
        },
      });
      await summaryOf(['--publishers', '10', '--layers', '50', '--duration', '8']);
      expect(refused).toEqual([]);
    },
    DEADLINE,
  );
});
