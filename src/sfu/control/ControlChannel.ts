import { z } from 'zod';
import type { DataChannels, ServerChannel } from '../data/DataChannels.js';

// Media signalling: small protocols of JSON messages over data channels that the server opens. The client says
// `{type: 'ready'}` first, as soon as it listens (specification: twilio-video's lib/signaling/v2/mediasignaling.js
// and its siblings, one a channel).

/** Bytes of the longest message that is read: hints for far more tracks than a room may have. */
const LONGEST_MESSAGE = 65_536;
/**
 * Milliseconds after which a client that has the channel is taken to listen, though it has not said so: what
 * Chromium is given to send at the very moment at which a channel opens, it may lose, and that is `ready`.
 */
const LISTENS_AFTER = 1_000;
/** Messages that a client may send at once, as for every track when its channel comes up … */
const BURST = 400;
/** … and a second, in the long run. Those beyond are dropped. */
const MESSAGES_PER_SECOND = 50;

const readySchema = z.object({ type: z.literal('ready') });

/**
 * One channel of media signalling with one client, for as long as the peer connection lives that carries it. Each
 * kind of channel is a subclass, which says by a schema what it reads; everything else that comes is dropped.
 */
export abstract class ControlChannel<Message = unknown> {
  readonly #schema: z.ZodType<Message>;
  #data: ServerChannel | null = null;
  #closed = false;
  #ready = false;
  #acknowledged: NodeJS.Timeout | null = null;
  #allowance = BURST;
  #allowedAt = performance.now();

  /** @param schema what the client may say here, but for `ready` */
  constructor(schema: z.ZodType<Message>) {
    this.#schema = schema;
  }

  /** Whether the client listens, and can be heard. What is sent before is lost. */
  get isReady(): boolean {
    return this.#ready && this.#data !== null && !this.#closed;
  }

  /** Opens the data channel; the client finds it by its label. */
  async open(dataChannels: DataChannels, label: string): Promise<void> {
    const data = await dataChannels.open(label, {
      onAcknowledged: () => this.#onAcknowledged(),
      onMessage: (message) => this.receive(message),
    });
    if (this.#closed) return data.close();
    this.#data = data;
    // The client may have been faster than the word from the worker that the channel was opened.
    if (this.#ready) this.onReady();
  }

  /** Takes what came from the client, which may be anything. */
  receive(message: Buffer): void {
    if (this.#closed || message.length > LONGEST_MESSAGE || !this.#isAllowed()) return;
    const json = parseJson(message);
    if (readySchema.safeParse(json).success) return this.#onReady();
    const parsed = this.#schema.safeParse(json);
    if (!parsed.success) return;
    // Whoever speaks listens.
    if (!this.#ready) this.#onReady();
    this.onMessage(parsed.data);
  }

  #onAcknowledged(): void {
    if (this.#closed) return;
    this.#acknowledged ??= setTimeout(() => {
      if (!this.#ready) this.#onReady();
    }, LISTENS_AFTER);
  }

  #onReady(): void {
    this.#ready = true;
    if (this.#data) this.onReady();
  }

  #isAllowed(): boolean {
    const now = performance.now();
    const earned = ((now - this.#allowedAt) / 1000) * MESSAGES_PER_SECOND;
    this.#allowance = Math.min(BURST, this.#allowance + earned);
    this.#allowedAt = now;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }

  /** Sends a message, if the client listens. */
  protected send(message: object): void {
    if (this.isReady) this.#data?.send(JSON.stringify(message));
  }

  /** The client listens from now on: the time to tell the state. May come again. */
  protected abstract onReady(): void;

  protected abstract onMessage(message: Message): void;

  /** Called once, at the end. */
  protected onClosed(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#acknowledged) clearTimeout(this.#acknowledged);
    this.#data?.close();
    this.onClosed();
  }
}

function parseJson(message: Buffer): unknown {
  try {
    return JSON.parse(message.toString());
  } catch {
    return undefined;
  }
}
