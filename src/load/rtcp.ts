// The RTCP packets that a light client sends and looks for (RFC 3550, RFC 4585, and the draft of transport-wide
// congestion control).

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const PICTURE_LOSS = 1;
const FULL_INTRA_REQUEST = 4;
const TRANSPORT_WIDE = 15;

/** Report blocks in a packet: five bits. */
export const MOST_REPORT_BLOCKS = 31;
const SECONDS_1900_TO_1970 = 2_208_988_800;

function header(format: number, type: number, size: number): Buffer {
  const packet = Buffer.alloc(size);
  packet[0] = 0x80 | format;
  packet[1] = type;
  packet.writeUInt16BE(size / 4 - 1, 2);
  return packet;
}

export interface SenderReport {
  ssrc: number;
  rtpTimestamp: number;
  packets: number;
  bytes: number;
}

/** @param now milliseconds since 1970 */
export function encodeSenderReport(
  { ssrc, rtpTimestamp, packets, bytes }: SenderReport,
  now: number,
): Buffer {
  const packet = header(0, SENDER_REPORT, 28);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE((Math.floor(now / 1000) + SECONDS_1900_TO_1970) >>> 0, 8);
  packet.writeUInt32BE(Math.floor(((now % 1000) / 1000) * 2 ** 32) >>> 0, 12);
  packet.writeUInt32BE(rtpTimestamp >>> 0, 16);
  packet.writeUInt32BE(packets >>> 0, 20);
  packet.writeUInt32BE(bytes >>> 0, 24);
  return packet;
}

export interface ReportBlock {
  ssrc: number;
  /** In 1/256. */
  fractionLost: number;
  lost: number;
  highest: number;
  /** The middle of the last sender report's time, and how long ago that was in 1/65536 s; 0 without one. */
  lastReport: number;
  sinceLastReport: number;
}

/** Jitter is not measured: it is reported as 0. */
export function encodeReceiverReport(ssrc: number, blocks: readonly ReportBlock[]): Buffer {
  const packet = header(blocks.length, RECEIVER_REPORT, 8 + 24 * blocks.length);
  packet.writeUInt32BE(ssrc, 4);
  for (const [index, block] of blocks.entries()) {
    const at = 8 + 24 * index;
    packet.writeUInt32BE(block.ssrc, at);
    packet.writeUInt32BE(((block.fractionLost << 24) | Math.min(block.lost, 0x7fffff)) >>> 0, at + 4);
    packet.writeUInt32BE(block.highest >>> 0, at + 8);
    packet.writeUInt32BE(block.lastReport, at + 16);
    packet.writeUInt32BE(block.sinceLastReport, at + 20);
  }
  return packet;
}

/** What of a compound packet a light client acts on. */
export interface Feedback {
  /** Streams of which a key frame is wanted. */
  keyFrames: number[];
  /** The sender reports' streams, and the middle of their times. */
  reports: { ssrc: number; time: number }[];
}

export function readRtcp(compound: Buffer): Feedback {
  const feedback: Feedback = { keyFrames: [], reports: [] };
  for (let at = 0; at + 8 <= compound.length;) {
    const end = at + (compound.readUInt16BE(at + 2) + 1) * 4;
    if (end > compound.length) break;
    const format = compound[at]! & 0x1f;
    const type = compound[at + 1]!;
    if (type === SENDER_REPORT && end - at >= 28) {
      const time = ((compound.readUInt16BE(at + 10) << 16) | compound.readUInt16BE(at + 12)) >>> 0;
      feedback.reports.push({ ssrc: compound.readUInt32BE(at + 4), time });
    } else if (type === PAYLOAD_FEEDBACK && format === PICTURE_LOSS && end - at >= 12) {
      feedback.keyFrames.push(compound.readUInt32BE(at + 8));
    } else if (type === PAYLOAD_FEEDBACK && format === FULL_INTRA_REQUEST) {
      for (let entry = at + 12; entry + 8 <= end; entry += 8)
        feedback.keyFrames.push(compound.readUInt32BE(entry));
    }
    at = end;
  }
  return feedback;
}

/** Packets of one feedback: more would let it outgrow a datagram. */
const MOST_STATUSES = 700;
const SYMBOLS_PER_CHUNK = 7;
const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;
/** Microseconds. */
const DELTA_UNIT = 250;
const REFERENCE_UNIT = 64_000;

/**
 * The arrival of packets by their transport-wide sequence numbers: what the server estimates the bandwidth from.
 * draft-holmer-rmcat-transport-wide-cc-extensions-01
 */
export class ArrivalLog {
  readonly #arrivals = new Map<number, number>();
  #next = -1;
  #highest = -1;
  #count = 0;

  /** @param now microseconds */
  take(sequence: number, now: number): void {
    if (this.#highest < 0) this.#next = this.#highest = sequence + 0x10000;
    else {
      const step = (sequence - this.#highest) & 0xffff;
      if (step < 0x8000) this.#highest += step;
      else {
        const late = this.#highest + step - 0x10000;
        if (late >= this.#next) this.#arrivals.set(late, now);
        return;
      }
    }
    this.#arrivals.set(this.#highest, now);
  }

  /** The feedback on what came since the last call; null when nothing did. */
  takeFeedback(senderSsrc: number, mediaSsrc: number): Buffer | null {
    if (this.#arrivals.size === 0) return null;
    const base = Math.max(this.#next, this.#highest - MOST_STATUSES + 1);
    const count = this.#highest - base + 1;
    const { symbols, deltas, reference } = this.#statuses(base, count);
    this.#arrivals.clear();
    this.#next = this.#highest + 1;
    const chunks = Math.ceil(count / SYMBOLS_PER_CHUNK);
    const size = Math.ceil((20 + 2 * chunks + deltas.length) / 4) * 4;
    const packet = header(TRANSPORT_WIDE, TRANSPORT_FEEDBACK, size);
    packet.writeUInt32BE(senderSsrc, 4);
    packet.writeUInt32BE(mediaSsrc, 8);
    packet.writeUInt16BE(base & 0xffff, 12);
    packet.writeUInt16BE(count, 14);
    packet.writeUIntBE(reference & 0xffffff, 16, 3);
    packet[19] = this.#count++ & 0xff;
    for (let chunk = 0; chunk < chunks; chunk++) {
      // A vector of seven two-bit symbols.
      let word = 0xc000;
      for (let n = 0; n < SYMBOLS_PER_CHUNK; n++) {
        word |= (symbols[chunk * SYMBOLS_PER_CHUNK + n] ?? NOT_RECEIVED) << (12 - 2 * n);
      }
      packet.writeUInt16BE(word, 20 + 2 * chunk);
    }
    packet.set(deltas, 20 + 2 * chunks);
    return packet;
  }

  #statuses(base: number, count: number): { symbols: number[]; deltas: number[]; reference: number } {
    const symbols: number[] = [];
    const deltas: number[] = [];
    let reference = -1;
    let last = 0;
    for (let n = 0; n < count; n++) {
      const arrival = this.#arrivals.get(base + n);
      if (arrival === undefined) {
        symbols.push(NOT_RECEIVED);
        continue;
      }
      if (reference < 0) {
        reference = Math.floor(arrival / REFERENCE_UNIT);
        last = reference * REFERENCE_UNIT;
      }
      const delta = Math.max(-0x8000, Math.min(0x7fff, Math.round((arrival - last) / DELTA_UNIT)));
      last += delta * DELTA_UNIT;
      const small = delta >= 0 && delta <= 0xff;
      symbols.push(small ? SMALL_DELTA : LARGE_DELTA);
      if (small) deltas.push(delta);
      else deltas.push((delta >> 8) & 0xff, delta & 0xff);
    }
    return { symbols, deltas, reference: Math.max(0, reference) };
  }
}
