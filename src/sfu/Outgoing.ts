import type { types } from 'mediasoup';
import type { PublishedTrack } from '../rooms/PublishedTrack.js';

/** Why a track is not sent, though it is subscribed to. All of these can hold at once. */
export type Hold =
  /** The client has not agreed to its media section yet: what came early would be taken for something else. */
  | 'negotiation'
  /** It is switched off: see `VideoAllocator`. */
  | 'switched-off'
  /** Nothing is to be heard: see `QuietAudio`. */
  | 'silence';

/** A track that the server sends to a client, in one of its media sections. It flows while nothing holds it. */
export class Outgoing {
  readonly consumer: types.Consumer;
  readonly track: PublishedTrack;
  /** The id under which the client finds it: the second word of `a=msid`. */
  readonly receiverId: string;
  readonly #holds = new Set<Hold>(['negotiation']);
  #layer: number | null = null;
  #weight = 1;

  /** @param consumer a paused one */
  constructor(consumer: types.Consumer, track: PublishedTrack, receiverId: string) {
    this.consumer = consumer;
    this.track = track;
    this.receiverId = receiverId;
  }

  get flows(): boolean {
    return this.#holds.size === 0;
  }

  hold(reason: Hold): void {
    const flowed = this.flows;
    this.#holds.add(reason);
    if (flowed) this.#ask(() => this.consumer.pause());
  }

  /** Where nothing else holds it, it flows: resuming asks the publisher of a video for a key frame. */
  release(reason: Hold): void {
    if (this.#holds.delete(reason) && this.flows) this.#ask(() => this.consumer.resume());
  }

  /** @param layer the best one of simulcast that is of use, from 0 */
  prefer(layer: number): void {
    if (this.#layer === layer || this.consumer.type === 'simple') return;
    this.#layer = layer;
    this.#ask(() => this.consumer.setPreferredLayers({ spatialLayer: layer }));
  }

  /** @param weight 1 to 255: see `Allocation` */
  weigh(weight: number): void {
    if (this.#weight === weight) return;
    this.#weight = weight;
    this.#ask(() => this.consumer.setPriority(weight));
  }

  /** The worker gets requests in their order. One that meets a closed consumer has nothing left to do. */
  #ask(request: () => Promise<void>): void {
    if (!this.consumer.closed) request().catch(() => {});
  }
}
