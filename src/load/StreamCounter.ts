/** The largest step of a sequence number that still counts as forward. */
const HALF = 0x8000;

/** Counts one incoming RTP stream by its sequence numbers (RFC 3550, appendix A.3). */
export class StreamCounter {
  readonly kind: 'audio' | 'video';
  packets = 0;
  bytes = 0;
  /** Milliseconds of the last packet's arrival; 0 before the first. */
  lastAt = 0;
  #first = -1;
  #highest = -1;
  // What the last report said.
  #reportedExpected = 0;
  #reportedPackets = 0;

  constructor(kind: 'audio' | 'video') {
    this.kind = kind;
  }

  take(sequence: number, size: number, now: number): void {
    if (this.#highest < 0) {
      // Far enough from zero for a packet that comes late.
      this.#first = this.#highest = sequence + 0x10000;
    } else {
      const step = (sequence - this.#highest) & 0xffff;
      if (step < HALF) this.#highest += step;
      // From before what is counted.
      else if (this.#highest + step - 0x10000 < this.#first) return;
    }
    this.packets++;
    this.bytes += size;
    this.lastAt = now;
  }

  /** The highest sequence number, with the turns of its 16 bits above; -1 before the first packet. */
  get highest(): number {
    return this.#highest;
  }

  get lost(): number {
    return this.#highest < 0 ? 0 : Math.max(0, this.#highest - this.#first + 1 - this.packets);
  }

  /** Counts anew from the next packet on. */
  reset(): void {
    this.packets = this.bytes = 0;
    this.#reportedExpected = this.#reportedPackets = 0;
    if (this.#highest >= 0) this.#first = this.#highest + 1;
  }

  /** The part of the packets since the last call that was lost, in 1/256. */
  takeFractionLost(): number {
    const expected = this.packets + this.lost - this.#reportedExpected;
    const received = this.packets - this.#reportedPackets;
    this.#reportedExpected += expected;
    this.#reportedPackets += received;
    return expected <= 0 ? 0 : Math.min(255, Math.floor((Math.max(0, expected - received) * 256) / expected));
  }
}
