import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { turnPassword } from '../../src/ice/IceServers.js';
import { tryPort } from '../../src/turn/ports.js';
import { TurnClient } from '../../src/turn/TurnClient.js';
import { openWire } from '../../src/turn/wires.js';

const entryPoint = fileURLToPath(new URL('../../turn/entrypoint.sh', import.meta.url));
const SECRET = 'a-secret-shared-with-coturn';

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null) continue;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
});

function run(env: Record<string, string>): ChildProcess {
  const child = spawn('sh', [entryPoint], { env: { PATH: process.env['PATH'], ...env } });
  children.push(child);
  return child;
}

/** A client that is relayed, once the server answers. */
async function relayed(port: number): Promise<TurnClient> {
  const username = `${Math.floor(Date.now() / 1000) + 60}:someone`;
  for (;;) {
    const client = new TurnClient(await openWire('udp', { address: '127.0.0.1', port }));
    try {
      await client.bind();
    } catch {
      await client.close();
      continue;
    }
    await client.allocate({ username, credential: turnPassword(SECRET, username) });
    return client;
  }
}

describe("The entry point of coturn's container", () => {
  test('runs a server that relays to the announced address, to public ones, and to those that are named', async () => {
    const port = await tryPort('0.0.0.0', 0);
    run({
      TURN_SECRET: SECRET,
      TURN_EXTERNAL_IP: '10.99.0.7',
      TURN_PORT: String(port),
      TURN_RELAY_PORTS: '56000-56099',
      TURN_ALLOWED_PEERS: '192.168.5.5,10.8.0.0-10.8.0.255',
    });
    const client = await relayed(port);
    for (const address of ['10.99.0.7', '192.168.5.5', '10.8.0.9', '8.8.8.8'])
      await client.permit({ address, port: 9 });
    for (const address of ['10.99.0.8', '192.168.5.6', '10.8.1.0', '127.0.0.1', '169.254.169.254'])
      await expect(client.permit({ address, port: 9 })).rejects.toMatchObject({ code: 403 });
    await client.close();
  });

  test('tells the outer address, and relays on the ports that are given', async () => {
    const port = await tryPort('0.0.0.0', 0);
    run({
      TURN_SECRET: SECRET,
      TURN_EXTERNAL_IP: '203.0.113.7',
      TURN_PORT: String(port),
      TURN_RELAY_PORTS: '56000-56099',
    });
    await (await relayed(port)).close();
    const client = new TurnClient(await openWire('tcp', { address: '127.0.0.1', port }));
    const username = `${Math.floor(Date.now() / 1000) + 60}:another`;
    const address = await client.allocate({ username, credential: turnPassword(SECRET, username) });
    expect(address.address).toBe('203.0.113.7');
    expect(address.port).toBeGreaterThanOrEqual(56_000);
    expect(address.port).toBeLessThanOrEqual(56_099);
    await client.close();
  });

  test.each(['TURN_SECRET', 'TURN_EXTERNAL_IP'])('does not run without %s, and says so', async (missing) => {
    const child = run({ TURN_SECRET: SECRET, TURN_EXTERNAL_IP: '203.0.113.7', [missing]: '' });
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => (stderr += String(chunk)));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).not.toBe(0);
    expect(stderr).toContain(missing);
    expect(stderr).not.toContain(SECRET);
  });
});
