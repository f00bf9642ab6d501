/** Milliseconds that a shortage, or its end, must last before it counts. */
const PATIENCE = 4_000;
/** Milliseconds between two trials whether the downlink carries one more track: each that fails doubles it. */
const FIRST_TRIAL = 6_000;
const LONGEST_TRIAL = 30_000;
/** Part of the packets whose loss shows a congestion. */
const LOSS = 0.05;

/** What was measured of the way to a subscriber, and what its videos need of it. */
export interface DownlinkSample {
  /** Milliseconds. */
  now: number;
  /** Bits a second, as the worker estimates it. It rises as far as it is made use of, so it is a lower bound. */
  available: number;
  /** Part of the packets that are lost, 0 to 1. */
  loss: number;
  /** Bits a second that are set aside for what is on. */
  reserved: number;
  /** Bits a second with which one more track would be on; null where none is off for want of bandwidth. */
  missing: number | null;
}

/**
 * Judges from samples whether a subscriber's downlink is short, and what may be counted on. A dip in the estimate
 * is no shortage yet, as the estimate follows what is sent; and since it does not rise by itself, one more track is
 * tried now and then while some are off.
 */
export class Downlink {
  /** Bits a second to be counted on; null while there is no shortage. */
  limit: number | null = null;
  #shortSince: number | null = null;
  #easySince: number | null = null;
  #trialDelay = FIRST_TRIAL;
  #nextTrial = 0;
  #trying = false;

  /** @param mode whether the estimate alone counts, or losses must show that it is right */
  update(mode: 'predicted' | 'detected', { now, available, loss, reserved, missing }: DownlinkSample): void {
    const short = available < reserved && (mode === 'predicted' || loss >= LOSS);
    this.#shortSince = short ? (this.#shortSince ?? now) : null;
    this.#easySince = short ? null : (this.#easySince ?? now);
    if (this.#shortSince !== null && now - this.#shortSince >= PATIENCE) return this.#limitTo(available, now);
    if (this.limit === null || this.#easySince === null || now - this.#easySince < PATIENCE) return;
    this.#easySince = now;
    if (this.#trying) this.#trialDelay = FIRST_TRIAL;
    this.#trying = false;
    if (missing === null) this.limit = null;
    else if (available > this.limit) this.limit = available;
    else if (now >= this.#nextTrial) this.#try(missing, now);
  }

  #limitTo(available: number, now: number): void {
    if (this.#trying) this.#trialDelay = Math.min(this.#trialDelay * 2, LONGEST_TRIAL);
    this.#trying = false;
    this.#shortSince = null;
    this.#nextTrial = now + this.#trialDelay;
    this.limit = available;
  }

  #try(missing: number, now: number): void {
    this.limit = Math.max(this.limit ?? 0, missing);
    this.#nextTrial = now + this.#trialDelay;
    this.#trying = true;
  }

  /** Bandwidth is not to be looked at any more. */
  reset(): void {
    this.limit = null;
    this.#shortSince = this.#easySince = null;
    this.#trying = false;
    this.#trialDelay = FIRST_TRIAL;
  }
}
