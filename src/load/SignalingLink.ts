import { WebSocket } from 'ws';
import { z } from 'zod';

// The client's side of TCMP v2 and of those messages of RSP v2 that a light client acts on.

const trackSchema = z.object({ sid: z.string(), kind: z.enum(['audio', 'video', 'data']) });
const serverMessageSchema = z.object({
  type: z.string(),
  code: z.number().optional(),
  message: z.string().optional(),
  session: z.string().optional(),
  participant: z.object({ sid: z.string() }).optional(),
  participants: z
    .array(z.object({ sid: z.string(), state: z.string(), tracks: z.array(trackSchema) }))
    .default([]),
  published: z
    .object({ tracks: z.array(z.object({ id: z.string(), sid: z.string().optional() })) })
    .optional(),
  subscribed: z
    .object({ tracks: z.array(z.object({ sid: z.string(), id: z.string().optional() })) })
    .optional(),
  media_signaling: z.record(z.string(), z.object({ transport: z.object({ label: z.string() }) })).optional(),
  peer_connections: z
    .array(
      z.object({
        id: z.string(),
        description: z
          .object({ type: z.string(), revision: z.number().optional(), sdp: z.string().optional() })
          .optional(),
      }),
    )
    .default([]),
});
export type ServerMessage = z.output<typeof serverMessageSchema>;

const frameSchema = z.object({
  type: z.string(),
  negotiatedTimeout: z.number().positive().optional(),
  body: z.unknown().optional(),
});

/** Milliseconds of silence after which a heartbeat is due, as the SDK asks for. */
const TIMEOUT = 5_000;

export interface SignalingLinkListener {
  onMessage(message: ServerMessage): void;
  /** Called once, unless it was closed from this side. */
  onLost(reason: string): void;
}

/** A client's connection to the signalling. */
export class SignalingLink {
  readonly #socket: WebSocket;
  readonly #listener: SignalingLinkListener;
  #heartbeat: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param hello the first message, sent with the greeting */
  constructor(url: string, hello: object, listener: SignalingLinkListener) {
    this.#listener = listener;
    this.#socket = new WebSocket(url);
    this.#socket.on('open', () =>
      this.#transmit({ type: 'hello', id: 'load', timeout: TIMEOUT, version: 2, body: hello }),
    );
    this.#socket.on('message', (data) => this.#onFrame(String(data)));
    this.#socket.on('error', (error) => this.#lost(error.message));
    this.#socket.on('close', (code, reason) => this.#lost(`the server closed: ${code} ${String(reason)}`));
  }

  send(body: object): void {
    this.#transmit({ type: 'msg', body });
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: 'bye' }));
    this.#socket.close();
  }

  #transmit(frame: object): void {
    if (!this.#ended && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #onFrame(text: string): void {
    if (this.#ended) return;
    try {
      const { type, negotiatedTimeout, body } = frameSchema.parse(JSON.parse(text));
      if (type === 'msg') this.#listener.onMessage(serverMessageSchema.parse(body));
      if (type !== 'welcome') return;
      const interval = (negotiatedTimeout ?? TIMEOUT) / 2;
      this.#heartbeat = setInterval(() => this.#transmit({ type: 'heartbeat' }), interval);
    } catch (error) {
      this.#lost(`cannot make out what the server says: ${(error as Error).message}`);
    }
  }

  #lost(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#socket.terminate();
    this.#listener.onLost(reason);
  }
}
