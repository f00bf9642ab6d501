import { isIP, connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client } from 'undici';
import type { buildConnector } from 'undici';
import { DeliveryFailure, failureToAnswer, failureToConnect } from './failures.js';

/** One HTTP request. Timeouts are milliseconds of real time. */
export interface OutgoingRequest {
  /** Scheme, host and port. */
  origin: string;
  /** Path and query, sent as they stand. */
  path: string;
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  /** Null for none. */
  body: string | null;
  connectTimeout: number;
  readTimeout: number;
  /** Whether TLS names the host it wants (SNI). */
  serverName: boolean;
}

/**
 * Makes a request and gives the answer's status; of the answer, nothing else counts.
 * @param signal ends it, whatever it is at
 * @throws DeliveryFailure
 */
export type Transport = (request: OutgoingRequest, signal: AbortSignal) => Promise<number>;

/** Bytes of an answer's body that are read, to let the receiver finish, before the connection is closed on it. */
const MOST_BODY_BYTES = 65_536;

/**
 * Requests over HTTP, each on a connection of its own: when a connection that was kept open ends under a request,
 * nobody knows whether the receiver has got it.
 * @param checkCertificates whether https asks for a certificate that this machine trusts
 */
export function httpTransport({ checkCertificates }: { checkCertificates: boolean }): Transport {
  return async (request, signal) => {
    const exchange = new Exchange(request, checkCertificates);
    const abort = (): void => exchange.end('the time for it was over');
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    try {
      return await exchange.status();
    } finally {
      signal.removeEventListener('abort', abort);
      exchange.close();
    }
  };
}

/** A request, its connection and its answer. */
class Exchange {
  readonly #request: OutgoingRequest;
  readonly #checkCertificates: boolean;
  readonly #client: Client;
  readonly #abort = new AbortController();
  #socket: Socket | null = null;
  #isConnected = false;
  #failure: DeliveryFailure | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(request: OutgoingRequest, checkCertificates: boolean) {
    this.#request = request;
    this.#checkCertificates = checkCertificates;
    this.#client = new Client(request.origin, {
      connect: (_options, done) => this.#connect(done),
      pipelining: 0,
      // The timers here are the only ones.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** @throws DeliveryFailure */
  async status(): Promise<number> {
    const { path, method, headers, body } = this.#request;
    try {
      const answer = await this.#client.request({ path, method, headers, body, signal: this.#abort.signal });
      await answer.body.dump({ limit: MOST_BODY_BYTES, signal: this.#abort.signal }).catch(() => {});
      return answer.statusCode;
    } catch (error) {
      throw this.#failure ?? (this.#isConnected ? failureToAnswer(error) : failureToConnect(error));
    }
  }

  /** Ends it, whatever it is at. */
  end(reason: string): void {
    this.#failure ??= this.#isConnected
      ? new DeliveryFailure(11200, 'rt', reason)
      : new DeliveryFailure(11205, 'ct', reason);
    this.#abort.abort();
    this.#socket?.destroy();
  }

  /** Leaves nothing open. */
  close(): void {
    clearTimeout(this.#timer);
    this.#client.destroy().catch(() => {});
  }

  #connect(done: buildConnector.Callback): void {
    const { connectTimeout, readTimeout } = this.#request;
    const socket = (this.#socket = this.#open());
    socket.setNoDelay(true);
    // After the connection came about, its errors are the client's; after the end, nobody's.
    socket.on('error', () => {});
    const onFailure = (error: unknown): void => {
      socket.off('error', onFailure).off('close', onFailure);
      done(error instanceof Error ? error : new Error('the connection was closed'), null);
    };
    socket.on('error', onFailure).on('close', onFailure);
    this.#limit(connectTimeout, `no connection within ${connectTimeout} ms`);
    socket.once(isSecure(this.#request) ? 'secureConnect' : 'connect', () => {
      socket.off('error', onFailure).off('close', onFailure);
      this.#isConnected = true;
      this.#limit(readTimeout, `no answer within ${readTimeout} ms`);
      done(null, socket);
    });
  }

  #limit(time: number, reason: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(reason), time);
  }

  #open(): Socket {
    const url = new URL(this.#request.origin);
    const secure = isSecure(this.#request);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = Number(url.port || (secure ? 443 : 80));
    if (!secure) return connectTcp({ host, port });
    const named = this.#request.serverName && isIP(host) === 0;
    return connectTls({
      host,
      port,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: this.#checkCertificates,
      ...(named && { servername: host }),
    });
  }
}

function isSecure({ origin }: OutgoingRequest): boolean {
  return origin.startsWith('https:');
}
