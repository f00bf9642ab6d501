import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import twilio from 'twilio';
import { afterEach, describe, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { isRunning } from '../support/server-process.js';

const command = fileURLToPath(new URL('../../bin/atrium.js', import.meta.url));
const ready = {
  url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  wsServer: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/signaling$/),
  accountSid: `AC${'0'.repeat(32)}`,
  authToken: 'atriumdevauthtoken00000000000000',
  apiKeySid: `SK${'0'.repeat(32)}`,
  apiKeySecret: 'atriumdevapikeysecret00000000000',
};

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

interface Run {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  exit: Promise<number | null>;
}

function run(args: string[], env: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(process.execPath, [command, ...args], { env: { ...process.env, ...env } });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, stdout: () => stdout, stderr: () => stderr, exit };
}

/** Starts a server and waits for its first line. */
async function serve(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Run & { line: string }> {
  const server = run(['start', '--port', '0', '--rtc-port', '0', '--workers', '2', ...args], env);
  await Promise.race([
    new Promise((resolve) => server.child.stdout!.once('data', resolve)),
    server.exit.then((code) => {
      throw new Error(`the server ended with ${code}: ${server.stderr()}`);
    }),
  ]);
  return { ...server, line: server.stdout() };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The direct children of a process. */
async function childrenOf(pid: number): Promise<number[]> {
  const { stdout, exit } = (() => {
    const child = spawn('pgrep', ['-P', String(pid)]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += String(chunk)));
    return { stdout: () => text, exit: new Promise((resolve) => child.once('close', resolve)) };
  })();
  await exit;
  return stdout().split('\n').filter(Boolean).map(Number);
}

describe('atrium start --json', () => {
  test('prints one line of JSON once it serves', async () => {
    const server = await serve(['--json']);
    expect(server.line.trim().split('\n')).toHaveLength(1);
    const told = JSON.parse(server.line);
    expect(told).toEqual({ ...ready, pid: server.child.pid });
    expect((await fetch(`${told.url}/health`)).status).toBe(200);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'ends the rooms and leaves no process behind on %s',
    async (signal) => {
      const server = await serve(['--json']);
      const { wsServer } = JSON.parse(server.line);
      const workers = await childrenOf(server.child.pid!);
      expect(workers).toHaveLength(2);
      const socket = new WebSocket(wsServer);
      const messages: { type: string; body?: { type: string; status?: string } }[] = [];
      socket.on('message', (data) => messages.push(JSON.parse(String(data))));
      await new Promise((resolve) => socket.once('open', resolve));
      const token = run(['token', '--identity', 'alice']);
      await token.exit;
      const connect = {
        type: 'connect',
        version: 2,
        name: 'ending',
        token: token.stdout().trim(),
        participant: { revision: 1, tracks: [] },
        peer_connections: [],
      };
      socket.send(JSON.stringify({ type: 'hello', id: 'x', timeout: 5000, version: 2, body: connect }));
      await expect.poll(() => messages.some(({ body }) => body?.type === 'connected')).toBe(true);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      server.child.kill(signal);
      expect(await server.exit).toBe(0);
      await closed;
      expect(messages.at(-1)?.body).toMatchObject({ type: 'disconnected', status: 'completed' });
      expect(workers.filter(isAlive)).toEqual([]);
    },
  );
});

describe('atrium start', () => {
  test('prints a block for people, with the development credentials', async () => {
    const server = await serve([]);
    expect(server.line).toContain('Atrium is ready');
    expect(server.line).toContain(ready.authToken);
    expect(server.line).toContain('/signaling');
  });

  test('does not print credentials that are not those for development', async () => {
    const env = {
      ATRIUM_ACCOUNT_SID: `AC${'1'.repeat(32)}`,
      ATRIUM_AUTH_TOKEN: 'quite-a-secret-token',
      ATRIUM_API_KEY_SID: `SK${'1'.repeat(32)}`,
      ATRIUM_API_KEY_SECRET: 'quite-a-secret-secret',
    };
    const server = await serve(['--log-level', 'trace'], env);
    expect(server.line).toContain(env.ATRIUM_ACCOUNT_SID);
    for (const output of [server.stdout(), server.stderr()]) {
      expect(output).not.toContain(env.ATRIUM_AUTH_TOKEN);
      expect(output).not.toContain(env.ATRIUM_API_KEY_SECRET);
    }
  });

  test('refuses the development credentials on other addresses than loopback', async () => {
    const server = run(['start', '--host', '0.0.0.0', '--port', '0']);
    expect(await server.exit).toBe(1);
    expect(server.stderr()).toContain('--allow-dev-credentials');
    expect(server.stdout()).toBe('');
  });

  test('tells in one message what is wrong with its options', async () => {
    const server = run(['start', '--port', 'many', '--workers', '0']);
    expect(await server.exit).toBe(1);
    expect(server.stderr()).toMatch(/port: .*\n.*workers: /s);
    const unknown = run(['start', '--no-such-option']);
    expect(await unknown.exit).toBe(1);
    expect(unknown.stderr()).toContain('--no-such-option');
  });

  test('tells when its port is taken', async () => {
    const first = await serve(['--json']);
    const { port } = new URL(JSON.parse(first.line).url);
    const second = run(['start', '--port', port, '--rtc-port', '0']);
    expect(await second.exit).toBe(1);
    expect(second.stderr()).toContain('in use');
  });

  test('tells when a media port is taken, and leaves no process behind', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
    try {
      const rtcPort = String(other.address().port);
      const server = run(['start', '--port', '0', '--rtc-port', rtcPort, '--workers', '2']);
      expect(await server.exit).toBe(1);
      expect(server.stderr()).toMatch(new RegExp(`port ${rtcPort} .*--rtc-port`));
      expect(server.stderr()).not.toContain('    at ');
    } finally {
      other.close();
    }
  });

  test('lets a process that embeds a server end at a signal, as any other', async () => {
    const index = new URL('../../dist/index.js', import.meta.url).href;
    const script = `const { startAtrium } = await import('${index}'); await startAtrium(); console.log('ready');`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script]);
    children.push(child);
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const workers = await childrenOf(child.pid!);
    expect(workers).toHaveLength(1);
    child.kill('SIGTERM');
    expect(await ended).toBe('SIGTERM');
    await vi.waitFor(() => expect(workers.filter(isRunning)).toEqual([]), { timeout: 10_000 });
  });

  test('takes options from the environment and from a file, flags first', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'atrium-config-'));
    try {
      const file = join(folder, 'atrium.json');
      writeFileSync(file, JSON.stringify({ sessionTimeout: 7, workers: 1, logLevel: 'error' }));
      const server = await serve(['--json', '--config', file], { ATRIUM_LOG_LEVEL: 'silent' });
      expect(await childrenOf(server.child.pid!)).toHaveLength(2);
      writeFileSync(file, JSON.stringify({ nonsense: true }));
      const wrong = run(['start', '--config', file]);
      expect(await wrong.exit).toBe(1);
      expect(wrong.stderr()).toContain('nonsense');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('atrium token', () => {
  test('prints a token that the official library could have made', async () => {
    const printed = run(['token', '--identity', 'alice', '--room', 'demo', '--ttl', '600']);
    expect(await printed.exit).toBe(0);
    const [header, claims] = printed
      .stdout()
      .split('.')
      .map((part) => {
        try {
          return JSON.parse(Buffer.from(part, 'base64url').toString());
        } catch {
          return null;
        }
      });
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT', cty: 'twilio-fpa;v=1' });
    expect(claims).toMatchObject({
      iss: ready.apiKeySid,
      sub: ready.accountSid,
      grants: { identity: 'alice', video: { room: 'demo' } },
    });
    expect(claims.exp - claims.iat).toBe(600);
    expect(twilio.jwt.AccessToken.DEFAULT_ALGORITHM).toBe('HS256');
  });

  test('wants an identity', async () => {
    const printed = run(['token']);
    expect(await printed.exit).toBe(1);
    expect(printed.stderr()).toContain('--identity');
  });
});
