import { pino } from 'pino';
import { Writable } from 'node:stream';
import { expect } from 'vitest';
import type { Twilio } from 'twilio';
import { VirtualClock, startAtrium } from '../../src/index.js';
import type { AtriumServer, ConfigInput } from '../../src/index.js';
import { SignalingClient } from './signaling-client.js';
import type { ConnectOptions, OpenOptions } from './signaling-client.js';
import { accessToken } from './tokens.js';
import { twilioClient } from './twilio-client.js';

export interface LogLine {
  level: number;
  msg: string;
  [name: string]: unknown;
}

/** pino's number of `error`. */
const ERROR = 50;
/** For what is to be so soon, where no event tells. */
export const SOON = { interval: 5, timeout: 10_000 };
const MAX_TTL = 24 * 60 * 60;

export interface Joining extends Partial<ConnectOptions>, OpenOptions {
  /** What the hello asks for, in milliseconds. */
  timeout?: number;
}

/** A server in this process whose clock stands still until it is moved, and the clients that talk to it. */
export class TestServer {
  readonly atrium: AtriumServer;
  readonly clock: VirtualClock;
  readonly log: LogLine[];
  /** The official helper library. */
  readonly twilio: Twilio;
  readonly #clients: SignalingClient[] = [];
  readonly #staying: SignalingClient[] = [];

  private constructor(atrium: AtriumServer, clock: VirtualClock, log: LogLine[]) {
    this.atrium = atrium;
    this.clock = clock;
    this.log = log;
    this.twilio = twilioClient(atrium.url);
  }

  static async start(options: ConfigInput = {}): Promise<TestServer> {
    // Whole seconds, so that dates can be foretold; about now, for the tokens that the library makes.
    const clock = new VirtualClock(Math.floor(Date.now() / 1000) * 1000);
    const lines: LogLine[] = [];
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(JSON.parse(String(chunk)) as LogLine);
        done();
      },
    });
    const atrium = await startAtrium(options, { clock, log: pino({ level: 'warn', base: null }, sink) });
    return new TestServer(atrium, clock, lines);
  }

  get url(): string {
    return this.atrium.url;
  }

  /** The present second, as REST writes it. */
  get now(): string {
    return new Date(this.clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
  }

  /** Opens a signalling connection; it is closed after the test. */
  async open(options: OpenOptions = {}, path = '/signaling'): Promise<SignalingClient> {
    const client = await SignalingClient.open(this.url.replace(/^http/, 'ws') + path, options);
    this.#clients.push(client);
    return client;
  }

  /** A client of this identity in this room. */
  async join(identity: string, name: string | null, options: Joining = {}): Promise<SignalingClient> {
    const { timeout, host, heartbeats, after, ...connect } = options;
    const token = connect.token ?? (await this.token(identity));
    const client = await this.open({ host, heartbeats, after });
    await client.join({ name, ...connect, token }, timeout === undefined ? {} : { timeout });
    return client;
  }

  /** A token that lasts as long as one may by the server's clock, which stands still while the library's goes on. */
  token(identity: string): Promise<string> {
    const behind = Math.max(0, Math.ceil((Date.now() - this.clock.now()) / 1000));
    return accessToken({ identity, ttl: MAX_TTL - behind });
  }

  /** Waits until the server has handled all that these clients said, and told them all of it. */
  async settled(...clients: SignalingClient[]): Promise<void> {
    const token = await this.token('settling');
    for (const client of clients) await client.settled(token);
    for (const client of clients) await client.settled(token);
  }

  /** Has these clients stay from test to test, and their rooms with them. */
  keep(...clients: SignalingClient[]): void {
    for (const client of clients) this.#clients.splice(this.#clients.indexOf(client), 1);
    this.#staying.push(...clients);
  }

  /** After each test: everyone leaves, and nothing may be left, nor have been logged as an error. */
  async tidy(): Promise<void> {
    const clients = this.#clients.splice(0);
    await Promise.all(clients.map((client) => client.drop()));
    const { signaling, rooms, sfu, mesh } = this.atrium;
    const staying = new Set(this.#staying.map(({ view }) => view.sid));
    for (const room of rooms.all) if (!staying.has(room.sid)) room.complete('completed-by-api');
    await expect
      .poll(
        () => ({
          connections: signaling.connectionCount,
          sessions: signaling.sessionCount,
          rooms: rooms.all.length,
          mediaRooms: sfu.roomCount + mesh.roomCount,
        }),
        SOON,
      )
      .toEqual({
        connections: this.#staying.length,
        sessions: this.#staying.length,
        rooms: staying.size,
        mediaRooms: staying.size,
      });
    const violations = [...clients, ...this.#staying].flatMap(({ view }) => view.violations);
    expect(violations).toEqual([]);
    const errors = this.log.splice(0).filter(({ level }) => level >= ERROR);
    expect(errors).toEqual([]);
  }

  stop(): Promise<void> {
    return this.atrium.close();
  }

  /** For a server that serves one test. */
  async end(): Promise<void> {
    try {
      await this.tidy();
    } finally {
      await this.stop();
    }
  }
}
