import type { WebSocket, RawData } from 'ws';
import { z } from 'zod';
import { assertNever } from '../assert-never.js';
import type { SignalingLimits } from './limits.js';

// TCMP v2, the connection layer under the SDK's signalling: one JSON object a text frame, a greeting,
// heartbeats in both directions (specification: twilio-video's lib/twilioconnection.js).

const helloSchema = z.object({
  type: z.literal('hello'),
  version: z.literal(2),
  timeout: z.number().positive().optional(),
  cookie: z.unknown().optional(),
  body: z.unknown().optional(),
});
const frameSchema = z.discriminatedUnion('type', [
  helloSchema,
  z.object({ type: z.literal('heartbeat') }),
  z.object({ type: z.literal('msg'), body: z.unknown() }),
  z.object({ type: z.literal('bye') }),
]);
type Frame = z.infer<typeof frameSchema>;

/** Milliseconds of silence after which a heartbeat is due, where the client asks for none. */
const DEFAULT_TIMEOUT = 5_000;
const SHORTEST_TIMEOUT = 100;
const LONGEST_TIMEOUT = 30_000;
/** Heartbeats that may be missed before the connection counts as lost. */
const MISSED_HEARTBEATS = 3;

/** WebSocket close codes (RFC 6455, section 7.4.1). */
const CLOSE_NORMAL = 1000;
const CLOSE_POLICY = 1008;
const CLOSE_GOING_AWAY = 1001;

/** How a connection ended: the client said bye, or the socket was lost (closed, broken, silent, or cut off for abuse). */
export type ConnectionEnd = 'bye' | 'lost';

export interface TcmpListener {
  /** The body of a `msg`, or of a `hello`. */
  onMessage(body: unknown): void;
  /** Called once. */
  onEnd(end: ConnectionEnd): void;
}

/** A client's connection, greeted and kept alive. Time on the wire is real time. */
export class TcmpConnection {
  readonly #socket: WebSocket;
  readonly #listener: TcmpListener;
  readonly #limits: SignalingLimits;
  #state: 'awaiting-hello' | 'open' | 'ended' = 'awaiting-hello';
  #silenceTimer: NodeJS.Timeout;
  #heartbeatTimer: NodeJS.Timeout | null = null;
  #badFrames = 0;
  #windowStart = Date.now();
  #framesInWindow = 0;

  constructor(socket: WebSocket, limits: SignalingLimits, listener: TcmpListener) {
    this.#socket = socket;
    this.#limits = limits;
    this.#listener = listener;
    this.#silenceTimer = setTimeout(() => this.#cutOff('no hello'), limits.helloTimeoutMs);
    socket.on('message', (data, isBinary) => this.#onFrame(data, isBinary));
    socket.on('close', () => this.#end('lost'));
    // A frame that breaks the protocol, or is too large: the other side may not close by itself.
    socket.on('error', () => this.#cutOff('protocol error'));
    socket.on('ping', () => this.#withinRate());
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  send(body: object): void {
    this.#transmit({ type: 'msg', body });
  }

  /** Closes from this side; the listener hears nothing any more. */
  close(): void {
    if (this.#state === 'ended') return;
    this.#stop();
    this.#socket.close(CLOSE_NORMAL);
    this.#forceCloseLater();
  }

  /** Closes because the server stops. */
  goAway(): void {
    if (this.#state === 'ended') return;
    this.#stop();
    this.#socket.close(CLOSE_GOING_AWAY);
    this.#forceCloseLater();
  }

  #onFrame(data: RawData, isBinary: boolean): void {
    if (this.#state === 'ended' || !this.#withinRate()) return;
    const frame = isBinary ? null : parseFrame(data);
    if (!frame) return this.#bad();
    if (this.#state === 'awaiting-hello' && frame.type !== 'hello')
      return this.#cutOff('hello expected', true);
    if (this.#state === 'open') this.#silenceTimer.refresh();
    switch (frame.type) {
      case 'hello':
        return this.#onHello(frame);
      case 'heartbeat':
        return this.#transmit({ type: 'heartbeat' });
      case 'msg':
        return this.#listener.onMessage(frame.body);
      case 'bye':
        this.#end('bye');
        this.#socket.close(CLOSE_NORMAL);
        return this.#forceCloseLater();
      default:
        assertNever(frame);
    }
  }

  #onHello(hello: z.infer<typeof helloSchema>): void {
    const asked = hello.timeout ?? DEFAULT_TIMEOUT;
    const negotiatedTimeout = Math.round(Math.min(Math.max(asked, SHORTEST_TIMEOUT), LONGEST_TIMEOUT));
    const repeated = this.#state === 'open';
    this.#state = 'open';
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#cutOff('silent'), negotiatedTimeout * MISSED_HEARTBEATS);
    if (this.#heartbeatTimer) clearInterval(this.#heartbeatTimer);
    this.#heartbeatTimer = setInterval(() => this.#transmit({ type: 'heartbeat' }), negotiatedTimeout);
    this.#transmit({ type: 'welcome', negotiatedTimeout });
    // A client that did not get its welcome in time says hello again, with the same body: that was handled.
    if (!repeated && hello.body !== undefined) this.#listener.onMessage(hello.body);
  }

  #transmit(frame: object): void {
    if (this.#state === 'ended' || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#limits.maxBufferedBytes) return this.#cutOff('does not read');
    this.#socket.send(JSON.stringify(frame));
    this.#heartbeatTimer?.refresh();
  }

  #bad(): void {
    this.#badFrames++;
    if (this.#state === 'awaiting-hello' || this.#badFrames > this.#limits.maxBadFrames)
      return this.#cutOff('not a TCMP frame', true);
    this.#transmit({ type: 'bad', reason: 'not a TCMP frame' });
  }

  /** More frames a second than any client has need of end the connection. */
  #withinRate(): boolean {
    const now = Date.now();
    if (now - this.#windowStart >= 1000) {
      this.#windowStart = now;
      this.#framesInWindow = 0;
    }
    if (++this.#framesInWindow <= this.#limits.maxFramesPerSecond) return true;
    this.#cutOff('too many frames');
    return false;
  }

  #cutOff(reason: string, tell = false): void {
    if (tell && this.#socket.readyState === this.#socket.OPEN)
      this.#socket.send(JSON.stringify({ type: 'bad', reason }));
    this.#end('lost');
    this.#socket.close(CLOSE_POLICY, reason);
    this.#forceCloseLater();
  }

  #end(end: ConnectionEnd): void {
    if (this.#state === 'ended') return;
    this.#stop();
    this.#listener.onEnd(end);
  }

  #stop(): void {
    this.#state = 'ended';
    clearTimeout(this.#silenceTimer);
    if (this.#heartbeatTimer) clearInterval(this.#heartbeatTimer);
  }

  /** A peer that does not answer the close handshake keeps no socket. */
  #forceCloseLater(): void {
    const timer = setTimeout(() => this.#socket.terminate(), this.#limits.closeTimeoutMs);
    this.#socket.once('close', () => clearTimeout(timer));
    if (this.#socket.readyState === this.#socket.CLOSED) clearTimeout(timer);
  }
}

function parseFrame(data: RawData): Frame | null {
  try {
    const frame = frameSchema.safeParse(JSON.parse(String(data)));
    return frame.success ? frame.data : null;
  } catch {
    return null;
  }
}
