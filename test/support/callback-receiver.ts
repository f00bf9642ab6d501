import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import twilio from 'twilio';
import { expect } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/config.js';
import { SELF_SIGNED } from './self-signed.js';
import { SOON } from './test-server.js';

/** A status callback as it came in. */
export interface ReceivedCallback {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Those of the body, or for a GET, of the query. */
  parameters: Record<string, string>;
  event: string;
  /** The name under which TLS asked for the server; false for none. */
  serverName: string | false | null;
}

/** What the receiver does with a callback; what it leaves open stays open. Nothing: an answer of 204. */
export type Behaviour = (response: ServerResponse, callback: ReceivedCallback) => void | Promise<void>;

export interface ReceiverOptions {
  behaviour?: Behaviour;
  secure?: boolean;
  authToken?: string;
}

/**
 * An application that gets status callbacks, on loopback. It lets the official library check every signature, as
 * the library's express middleware does; one that is wrong stands in `violations`.
 */
export class CallbackReceiver {
  readonly received: ReceivedCallback[] = [];
  readonly violations: string[] = [];
  readonly url: string;
  behaviour: Behaviour;
  /** Requests that are being served at the moment, and the most that there were at once. */
  concurrent = 0;
  mostConcurrent = 0;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: Set<Socket>;
  readonly #authToken: string;

  private constructor(
    server: ReturnType<typeof createServer>,
    { secure = false, behaviour = answer(204), authToken = DEV_CREDENTIALS.authToken }: ReceiverOptions,
    sockets: Set<Socket>,
  ) {
    this.#server = server;
    this.#sockets = sockets;
    this.#authToken = authToken;
    this.behaviour = behaviour;
    const { port } = server.address() as AddressInfo;
    this.url = secure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  static async start(options: ReceiverOptions = {}): Promise<CallbackReceiver> {
    const server = options.secure ? createSecureServer(SELF_SIGNED) : createServer();
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CallbackReceiver(server, options, sockets);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  get events(): string[] {
    return this.received.map(({ event }) => event);
  }

  /** The first callback of this event. */
  of(event: string): ReceivedCallback | undefined {
    return this.received.find((callback) => callback.event === event);
  }

  /** Waits until so many callbacks have come. */
  async count(number: number): Promise<ReceivedCallback[]> {
    await expect.poll(() => this.received.length, SOON).toBeGreaterThanOrEqual(number);
    return this.received;
  }

  /** Waits until a callback of this event has come. */
  async until(event: string): Promise<ReceivedCallback> {
    await expect.poll(() => this.events, SOON).toContain(event);
    return this.of(event)!;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    expect(this.violations).toEqual([]);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.mostConcurrent = Math.max(this.mostConcurrent, ++this.concurrent);
    response.on('close', () => this.concurrent--);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const url = request.url ?? '';
    const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
    const parameters = Object.fromEntries(new URLSearchParams(request.method === 'GET' ? query : body));
    const callback: ReceivedCallback = {
      method: request.method ?? '',
      url,
      headers: request.headers,
      body,
      parameters,
      event: parameters['StatusCallbackEvent'] ?? '',
      serverName: (request.socket as Partial<TLSSocket>).servername ?? null,
    };
    if (!this.#isGenuine(request, request.method === 'GET' ? {} : parameters))
      this.violations.push(`the signature of ${callback.event} at ${url} is wrong`);
    this.received.push(callback);
    await this.behaviour(response, callback);
  }

  /** What `twilio.webhook()` asks of a request of express. */
  #isGenuine(request: IncomingMessage, body: Record<string, string>): boolean {
    const asExpress = {
      protocol: this.url.split(':', 1)[0]!,
      headers: request.headers,
      header: (name: string) => request.headers[name.toLowerCase()],
      originalUrl: request.url,
      body,
    };
    return twilio.validateExpressRequest(asExpress as never, this.#authToken);
  }
}

/** Answers with this status at once. */
export function answer(status: number, headers: Record<string, string> = {}): Behaviour {
  return (response) => void response.writeHead(status, headers).end();
}
