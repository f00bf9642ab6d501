import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { hostInUrl } from '../hosts.js';
import { errorForLog } from '../log.js';
import type { Logger } from '../log.js';
import { tryPort } from './ports.js';
import { TurnClient } from './TurnClient.js';
import { openWire } from './wires.js';

/** Where a TURN server of one's own listens and relays. */
export interface TurnServerOptions {
  /** Address to listen on; null for all. */
  listenIp: string | null;
  /** Address that clients are told, and at which they are relayed. */
  announcedAddress: string;
  /** UDP and TCP; 0 for any that is free. */
  port: number;
  relayPorts: { least: number; most: number };
}

const PROGRAM = 'turnserver';
/** Beside those of PATH, which may lack what is not for everyone. */
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin', '/usr/sbin', '/opt/homebrew/bin'];
/** What every coturn of Atrium's has, in a container too. */
const BASE = new URL('../../turn/turnserver.conf', import.meta.url);

/** Milliseconds. */
const START_TIMEOUT = 15_000;
const SHORTEST_PAUSE = 200;
const LONGEST_PAUSE = 10_000;
/** A server that lived this long begins with the shortest pause again. */
const SOUND_LIFE = 30_000;
const STOP_TIMEOUT = 3_000;

/** The path of coturn's server on this machine; null where it is not installed. */
export function findTurnServer(path: string = process.env['PATH'] ?? ''): string | null {
  const folders = [...path.split(delimiter).filter(Boolean), ...(path === '' ? [] : USUAL_FOLDERS)];
  return folders.map((folder) => join(folder, PROGRAM)).find(isExecutable) ?? null;
}

/**
 * What a program is started with so that it ends with this process, also when that is killed: nothing where the
 * system has nothing for it (Linux has: PR_SET_PDEATHSIG, prctl(2), by way of setpriv(1)).
 */
function dyingWithParent(): string[] {
  const command = ['setpriv', '--pdeathsig', 'TERM'];
  const [program, ...args] = [...command, 'true'];
  return spawnSync(program!, args, { stdio: 'ignore' }).status === 0 ? command : [];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** coturn's configuration: what is the same everywhere, and what this place needs. */
export function turnConfiguration(
  { listenIp, announcedAddress, port, relayPorts }: TurnServerOptions,
  secret: string,
  folder: string,
): string {
  const isLoopback = announcedAddress.startsWith('127.') || announcedAddress === '::1';
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => family === 'IPv4');
  // An outer address that is not this machine's own, behind NAT, is told to clients in place of the real one.
  const isOwn = isLoopback || own.some(({ address }) => address === announcedAddress);
  const outerIp = isIP(announcedAddress) !== 0 && !isOwn ? announcedAddress : null;
  // coturn turns the one into the other, in both directions, and asks whether the inner one is allowed.
  const relayIp = isOwn ? announcedAddress : (listenIp ?? own.find((it) => !it.internal)?.address ?? null);
  // The media server, and whoever is relayed here too.
  const allowed = isLoopback ? ['127.0.0.0-127.255.255.255', '::1'] : [outerIp, relayIp];
  const place: [name: string, value: string | number | null][] = [
    ['listening-port', port],
    ['listening-ip', listenIp],
    ['relay-ip', relayIp],
    ['external-ip', outerIp !== null && relayIp !== null ? `${outerIp}/${relayIp}` : outerIp],
    ['min-port', relayPorts.least],
    ['max-port', relayPorts.most],
    ...allowed.map((ip): [string, string | null] => ['allowed-peer-ip', ip]),
    ['static-auth-secret', secret],
    ['userdb', join(folder, 'turndb')],
    ['pidfile', join(folder, 'turnserver.pid')],
  ];
  return [
    readFileSync(BASE, 'utf8'),
    '# This place.',
    // Only where nobody else can come in.
    ...(isLoopback && listenIp !== null ? ['allow-loopback-peers'] : []),
    ...place.flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`])),
    '',
  ].join('\n');
}

/**
 * coturn as a child of this process, for a machine where no TURN server runs: with a secret of its own, a
 * configuration that only this user can read, and started again when it dies.
 */
export class TurnServer {
  /** What it shares with those who make credentials. */
  readonly secret = randomBytes(24).toString('hex');
  readonly stunUrls: readonly string[];
  readonly turnUrls: readonly string[];
  /** The program, with what it is started by. */
  readonly #command: readonly string[];
  readonly #options: TurnServerOptions;
  readonly #log: Logger;
  #folder: string | null = null;
  #child: ChildProcess | null = null;
  #pause = SHORTEST_PAUSE;
  #restart: NodeJS.Timeout | null = null;
  #closing = false;

  private constructor(program: string, options: TurnServerOptions, log: Logger) {
    this.#command = [...dyingWithParent(), program];
    this.#options = options;
    this.#log = log.child({ part: 'turn' });
    const host = hostInUrl(options.announcedAddress);
    this.stunUrls = [`stun:${host}:${options.port}`];
    this.turnUrls = ['udp', 'tcp'].map((protocol) => `turn:${host}:${options.port}?transport=${protocol}`);
  }

  /**
   * Finds a port; nothing runs yet.
   * @throws Error with code EADDRINUSE where someone else has it: coturn itself would wait for it
   */
  static async prepare(program: string, options: TurnServerOptions, log: Logger): Promise<TurnServer> {
    const port = await tryPort(options.listenIp ?? '0.0.0.0', options.port);
    return new TurnServer(program, { ...options, port }, log);
  }

  /** The process; null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /**
   * Resolves once it answers.
   * @throws Error when it does not
   */
  async start(): Promise<void> {
    // The folder is this user's alone.
    this.#folder = mkdtempSync(join(tmpdir(), 'atrium-turn-'));
    const file = this.#file;
    writeFileSync(file, turnConfiguration(this.#options, this.secret, this.#folder), { mode: 0o600 });
    try {
      await this.#launch();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get #file(): string {
    return join(this.#folder!, 'turnserver.conf');
  }

  async #launch(): Promise<void> {
    const [program, ...args] = [...this.#command, '-c', this.#file];
    const child = spawn(program!, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.#folder!,
      // What a terminal sends to all of its processes is for the server, which ends this one in its turn.
      detached: true,
    });
    this.#child = child;
    const born = Date.now();
    const last: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', (line) => {
        last.push(line);
        if (last.length > 10) last.shift();
        this.#log.debug(line);
      });
    const ended = new Promise<never>((_resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (this.#child === child) this.#child = null;
        reject(new Error(`${PROGRAM} ended with ${signal ?? code}: ${last.join(' | ')}`));
      });
    });
    await Promise.race([this.#answers(), ended]);
    ended.catch((error: unknown) => {
      if (this.#closing) return;
      this.#log.error({ err: errorForLog(error) }, 'the TURN server died; it is started again');
      if (Date.now() - born > SOUND_LIFE) this.#pause = SHORTEST_PAUSE;
      this.#relaunchLater();
    });
  }

  #relaunchLater(): void {
    this.#restart = setTimeout(() => {
      this.#launch().catch((error: unknown) => {
        if (this.#closing) return;
        this.#log.error({ err: errorForLog(error) }, 'the TURN server cannot be started again yet');
        this.#child?.kill('SIGKILL');
        this.#relaunchLater();
      });
    }, this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  /** Waits until a STUN request is answered. */
  async #answers(): Promise<void> {
    const { listenIp, announcedAddress, port } = this.#options;
    const end = Date.now() + START_TIMEOUT;
    while (Date.now() < end && !this.#closing) {
      try {
        const client = new TurnClient(await openWire('udp', { address: listenIp ?? announcedAddress, port }));
        try {
          await client.bind();
          return;
        } finally {
          await client.close();
        }
      } catch {
        // Not yet.
      }
    }
    throw new Error(`${PROGRAM} did not answer within ${START_TIMEOUT / 1000} seconds`);
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#restart) clearTimeout(this.#restart);
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT);
      await gone;
      clearTimeout(timer);
    }
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
  }
}
