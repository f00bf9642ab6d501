import type {
  LayerHint,
  PublisherHintsChannel,
  PublisherHintsListener,
} from './control/PublisherHintsChannel.js';

/** A simulcast video of a publisher. */
export interface LayeredTrack {
  readonly sid: string;
  readonly layerCount: number;
}

export interface PublisherHintsHost {
  /** The channel, while the client takes hints. */
  hintsChannel(): PublisherHintsChannel | undefined;
  layeredTracks(): readonly LayeredTrack[];
  /** The best layer that anyone is to be sent; null where nobody is. */
  neededLayer(trackSid: string): number | null;
}

/** Milliseconds that fewer layers must be enough before the publisher is told. More are asked for at once. */
const CALM = 1_000;
/** How often, and at which distance in milliseconds, a hint is repeated that the client could not follow. */
const MOST_REPEATS = 5;
const REPEAT_AFTER = 1_000;
const NO_LAYER = -1;

/** The last hint for a track. */
interface Told {
  best: number;
  id: number;
  /** The client could not follow it. */
  failed: boolean;
  failures: number;
}

/**
 * Adaptive simulcast: keeps a publisher sending the layers of its videos that someone is to be sent, and no
 * others. A client that has had no hint sends all.
 */
export class PublisherHints implements PublisherHintsListener {
  readonly #host: PublisherHintsHost;
  readonly #told = new Map<string, Told>();
  #calmTimer: NodeJS.Timeout | null = null;
  #repeatTimer: NodeJS.Timeout | null = null;

  constructor(host: PublisherHintsHost) {
    this.#host = host;
  }

  /** Needs may have changed, or tracks: hints where more is needed now, and soon where less is. */
  changed(): void {
    if (!this.#host.hintsChannel()?.isReady) return;
    let lessIsEnough = false;
    this.#hint((best, told) => {
      lessIsEnough ||= best < told;
      return best > told;
    });
    if (!lessIsEnough) return this.#stopCalm();
    this.#calmTimer ??= setTimeout(() => {
      this.#calmTimer = null;
      this.#hint((best, told) => best !== told);
    }, CALM);
  }

  #stopCalm(): void {
    if (this.#calmTimer) clearTimeout(this.#calmTimer);
    this.#calmTimer = null;
  }

  /** Hints the tracks of which it is due, all at once. */
  #hint(isDue: (best: number, told: number, failed: boolean) => boolean): void {
    const channel = this.#host.hintsChannel();
    if (!channel?.isReady) return;
    const hints: LayerHint[] = [];
    for (const { sid, layerCount } of this.#host.layeredTracks()) {
      const best = this.#host.neededLayer(sid) ?? NO_LAYER;
      const told = this.#told.get(sid);
      if (isDue(best, told?.best ?? layerCount - 1, told?.failed ?? false))
        hints.push({ trackSid: sid, best, layerCount });
    }
    if (hints.length === 0) return;
    const id = channel.hint(hints);
    for (const { trackSid, best } of hints)
      this.#told.set(trackSid, {
        best,
        id,
        failed: false,
        failures: this.#told.get(trackSid)?.failures ?? 0,
      });
  }

  onReady(): void {
    this.#told.clear();
    this.changed();
  }

  onResult(id: number, trackSid: string, result: string): void {
    const told = this.#told.get(trackSid);
    // One that a later hint has overtaken needs no care.
    if (told?.id !== id) return;
    if (result === 'OK') {
      told.failures = 0;
      return;
    }
    // It may not have known the track yet, or was negotiating.
    if (told.failures++ >= MOST_REPEATS) return;
    told.failed = true;
    this.#repeatTimer ??= setTimeout(() => {
      this.#repeatTimer = null;
      this.#hint((best, hinted, failed) => failed || best > hinted);
    }, REPEAT_AFTER);
  }

  onReset(trackSid: string): void {
    this.#told.delete(trackSid);
    this.changed();
  }

  unpublished(trackSid: string): void {
    this.#told.delete(trackSid);
  }

  close(): void {
    this.#stopCalm();
    if (this.#repeatTimer) clearTimeout(this.#repeatTimer);
    this.#told.clear();
  }
}
