import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/config.js';
import { examine } from '../../src/doctor/examine.js';
import type { Finding } from '../../src/doctor/examine.js';
import { startAtrium } from '../../src/index.js';
import type { AtriumServer, ConfigInput } from '../../src/index.js';

const { accountSid, authToken, apiKeySid, apiKeySecret } = DEV_CREDENTIALS;
const command = fileURLToPath(new URL('../../bin/atrium.js', import.meta.url));

let sound: AtriumServer;
beforeAll(async () => {
  sound = await startAtrium({ turn: true, turnPort: 0, workers: 2 });
});
afterAll(() => sound?.close());

const others: AtriumServer[] = [];
afterEach(async () => {
  await Promise.all(others.splice(0).map((atrium) => atrium.close()));
});

async function serverWith(options: ConfigInput): Promise<AtriumServer> {
  const atrium = await startAtrium(options);
  others.push(atrium);
  return atrium;
}

async function findingsOf(url: string, changes: { authToken?: string; secret?: string } = {}) {
  const findings: Finding[] = [];
  const subject = {
    url,
    account: { sid: accountSid, authToken: changes.authToken ?? authToken },
    key: { sid: apiKeySid, secret: changes.secret ?? apiKeySecret, accountSid },
    workers: 2,
  };
  for await (const finding of examine(subject)) findings.push(finding);
  return findings;
}

const failuresOf = (findings: Finding[]): Finding[] => findings.filter(({ outcome }) => outcome === 'failed');

/** Runs the command; needs the built code. */
function run(args: string[]): Promise<{ code: number | null; stdout: string }> {
  const child = spawn(process.execPath, [command, 'doctor', ...args]);
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout })));
}

describe('The doctor', () => {
  test('finds nothing wrong with a sound server, having tried everything', async () => {
    const findings = await findingsOf(sound.url);
    expect(failuresOf(findings)).toEqual([]);
    const [udp, tcp] = sound.turn!.turnUrls;
    const tried = findings.map(({ what }) => what);
    expect(tried).toEqual([
      'the server answers',
      'signalling answers',
      sound.turn!.stunUrls[0],
      udp,
      tcp,
      ...Array.from({ length: 2 }).flatMap(() => [
        expect.stringMatching(/^media at 127\.0\.0\.1:\d+ over udp$/),
        expect.stringMatching(/^media at 127\.0\.0\.1:\d+ over tcp$/),
      ]),
      `media through ${udp}`,
      `media through ${tcp}`,
    ]);
    // Each worker's port, once.
    expect(new Set(tried).size).toBe(tried.length);
  });

  test('leaves nothing behind', async () => {
    await findingsOf(sound.url);
    await expect.poll(() => [sound.rooms.all.length, sound.signaling.connectionCount]).toEqual([0, 0]);
  });

  test('says so when there are no STUN and TURN servers: that is no failure', async () => {
    const findings = await findingsOf((await serverWith({})).url);
    expect(findings).toContainEqual(expect.objectContaining({ outcome: 'note' }));
    expect(failuresOf(findings)).toEqual([]);
  });

  test('finds the wrong announced address', async () => {
    const atrium = await serverWith({ announcedIp: '127.0.0.9' });
    const failures = failuresOf(await findingsOf(atrium.url));
    expect(failures.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^media at 127\.0\.0\.9:\d+ over udp$/),
      expect.stringMatching(/^media at 127\.0\.0\.9:\d+ over tcp$/),
    ]);
    expect(failures[0]!.advice).toContain('--announced-ip');
  });

  test('finds another secret than coturn has, and a port on which no coturn listens', async () => {
    const [udp] = sound.turn!.turnUrls;
    const nobody = 'turn:127.0.0.1:1?transport=tcp';
    const atrium = await serverWith({ turnUrls: [udp!, nobody], turnSecret: 'not the secret of coturn' });
    const failures = failuresOf(await findingsOf(atrium.url));
    expect(failures.map(({ what }) => what)).toEqual([udp, nobody]);
    expect(failures[0]).toMatchObject({ detail: expect.stringContaining('401') });
    expect(failures[0]!.advice).toContain('secrets differ');
    expect(failures[1]!.advice).toContain('coturn running');
  });

  test('finds credentials that the server does not know', async () => {
    const [signalling] = failuresOf(await findingsOf(sound.url, { secret: 'x'.repeat(32) }));
    expect(signalling).toMatchObject({
      what: 'signalling answers',
      detail: expect.stringContaining('20107'),
    });
    const [room] = failuresOf(await findingsOf(sound.url, { authToken: 'x'.repeat(32) }));
    expect(room).toMatchObject({ detail: expect.stringContaining('401') });
  });

  test('as a command tells what it found, and ends with 1 when something failed', async () => {
    const good = await run(['--url', sound.url, '--workers', '2']);
    expect(good.stdout).toContain(`ok      ${sound.turn!.turnUrls[0]}: relays at 127.0.0.1`);
    expect([good.code, good.stdout.trimEnd().split('\n').at(-1)]).toEqual([0, 'All is well.']);
    const bad = await run(['--url', 'http://127.0.0.1:1']);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('FAILED  the server answers: ');
  });
});
