import type { types } from 'mediasoup';
import { parametersOf } from './codecs.js';
import type { Downlink } from './Downlink.js';
import type { ProducerStats } from './quality/ProducerStats.js';

/** Milliseconds between two looks at the media. */
const INTERVAL = 1_000;
/** How much of a rate is made up of its last sample. */
const WEIGHT_OF_LATEST = 0.4;
/**
 * Bits a second of layers that were not measured yet: of a track without simulcast, and of those of simulcast, as
 * the SDK sends them of a 720p camera.
 */
const TYPICAL_RATE = 500_000;
const TYPICAL_LAYER_RATES = [150_000, 500_000, 1_500_000];

/** Whose downlink is of consequence. */
export interface MeteredSubscriber {
  readonly followsBandwidth: boolean;
  readonly transport: types.WebRtcTransport | undefined;
  sampleDownlink(sample: Pick<Parameters<Downlink['update']>[1], 'now' | 'available' | 'loss'>): void;
}

export interface MeteredRoom {
  subscribers(): readonly MeteredSubscriber[];
  /** What is sent to the room. */
  videos(): readonly types.Producer[];
}

/**
 * Measures what the allocators of a room rest on: the bit rates of the layers that publishers send, and the
 * downlinks of those whose bandwidth may have tracks switched off. Where there are none it rests.
 */
export class RoomMeter {
  readonly #room: MeteredRoom;
  readonly #producerStats: ProducerStats;
  readonly #rates = new WeakMap<types.Producer, (number | null)[]>();
  readonly #timer: NodeJS.Timeout;
  #measuring = false;

  constructor(room: MeteredRoom, producerStats: ProducerStats) {
    this.#room = room;
    this.#producerStats = producerStats;
    this.#timer = setInterval(() => void this.#measure(), INTERVAL);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Bits a second of each of a video's layers, the lowest first: as measured, or what is typical. */
  layerRates(video: types.Producer): readonly number[] {
    const count = parametersOf(video).encodings?.length ?? 1;
    const measured = this.#rates.get(video);
    return Array.from({ length: count }, (_, layer) => measured?.[layer] ?? typicalRate(layer, count));
  }

  async #measure(): Promise<void> {
    if (this.#measuring) return;
    const subscribers = this.#room.subscribers().filter(({ followsBandwidth }) => followsBandwidth);
    if (subscribers.length === 0) return;
    this.#measuring = true;
    // What closes meanwhile cannot be measured, and need not be.
    await Promise.allSettled(this.#room.videos().map((video) => this.#measureVideo(video)));
    await Promise.allSettled(subscribers.map((subscriber) => this.#measureDownlink(subscriber)));
    this.#measuring = false;
  }

  async #measureVideo(video: types.Producer): Promise<void> {
    if (video.paused || video.closed) return;
    const stats = await this.#producerStats.of(video);
    const before = this.#rates.get(video);
    const rates = (parametersOf(video).encodings ?? []).map(({ ssrc }, layer) => {
      const rate = stats.find((stat) => stat.ssrc === ssrc)?.bitrate ?? 0;
      const last = before?.[layer] ?? null;
      // A layer that is not sent now would cost again what it did.
      if (rate === 0) return last;
      return last === null ? rate : last + (rate - last) * WEIGHT_OF_LATEST;
    });
    this.#rates.set(video, rates);
  }

  async #measureDownlink(subscriber: MeteredSubscriber): Promise<void> {
    const { transport } = subscriber;
    if (!transport || transport.closed) return;
    const [stats] = await transport.getStats();
    // Without an estimate there is nothing to follow: as before anything is sent.
    if (stats?.availableOutgoingBitrate === undefined) return;
    subscriber.sampleDownlink({
      now: performance.now(),
      available: stats.availableOutgoingBitrate,
      loss: stats.rtpPacketLossSent ?? 0,
    });
  }
}

function typicalRate(layer: number, count: number): number {
  return count === 1 ? TYPICAL_RATE : (TYPICAL_LAYER_RATES[layer] ?? TYPICAL_LAYER_RATES.at(-1)!);
}
