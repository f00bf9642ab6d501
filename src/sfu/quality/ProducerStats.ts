import type { types } from 'mediasoup';

/** Milliseconds for which statistics are as good as new. */
export const FRESH = 900;

/**
 * The statistics of producers, asked for at most about once a second each: a publisher's own quality needs them,
 * and that of everyone who receives it.
 */
export class ProducerStats {
  readonly #asked = new WeakMap<types.Producer, { at: number; stats: Promise<types.ProducerStat[]> }>();

  /** Empty for a producer that is closed. */
  of(producer: types.Producer): Promise<types.ProducerStat[]> {
    const now = performance.now();
    const last = this.#asked.get(producer);
    if (last && now - last.at < FRESH) return last.stats;
    const stats = producer.getStats().catch(() => []);
    this.#asked.set(producer, { at: now, stats });
    return stats;
  }
}
