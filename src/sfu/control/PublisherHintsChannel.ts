import { z } from 'zod';
import { ControlChannel } from './ControlChannel.js';

const messageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('publisher_hints'),
    id: z.number(),
    hints: z.array(z.object({ track: z.string(), result: z.string() })),
  }),
  z.object({ type: z.literal('client_reset'), track: z.string() }),
]);
type PublisherHintsMessage = z.infer<typeof messageSchema>;

/** Which layers of a track are to be sent: all up to one, or (-1) none. */
export interface LayerHint {
  trackSid: string;
  best: number;
  layerCount: number;
}

export interface PublisherHintsListener {
  /** The client takes hints from now on, and has had none so far. */
  onReady(): void;
  /** What became of the hint for a track; `OK` where it was followed. */
  onResult(id: number, trackSid: string, result: string): void;
  /** The client sends all layers of that track again: it has put another source under it. */
  onReset(trackSid: string): void;
}

/** `publisher_hints`: a publisher is told which layers of its videos are of use to anyone. */
export class PublisherHintsChannel extends ControlChannel<PublisherHintsMessage> {
  readonly #listener: PublisherHintsListener;
  #lastId = 0;

  constructor(listener: PublisherHintsListener) {
    super(messageSchema);
    this.#listener = listener;
  }

  /** Returns the number of the request, which its answer has too. */
  hint(hints: readonly LayerHint[]): number {
    const id = ++this.#lastId;
    this.send({
      type: 'publisher_hints',
      publisher: {
        id,
        hints: hints.map(({ trackSid, best, layerCount }) => ({
          track: trackSid,
          encodings: Array.from({ length: layerCount }, (_, layer) => ({
            enabled: layer <= best,
            layer_index: layer,
          })),
        })),
      },
    });
    return id;
  }

  protected onReady(): void {
    this.#listener.onReady();
  }

  protected onMessage(message: PublisherHintsMessage): void {
    if (message.type === 'client_reset') return this.#listener.onReset(message.track);
    for (const { track, result } of message.hints) this.#listener.onResult(message.id, track, result);
  }
}
