import { randomInt } from 'node:crypto';
import type { ServerDescription } from './descriptions.js';
import type { LightTransport } from './LightTransport.js';
import type { TrafficCounts } from './plan.js';
import { ArrivalLog, MOST_REPORT_BLOCKS, encodeReceiverReport } from './rtcp.js';
import type { Feedback, ReportBlock } from './rtcp.js';
import { StreamCounter } from './StreamCounter.js';

/** Milliseconds between two feedbacks on what arrived when, and between two receiver reports. */
const FEEDBACK_INTERVAL = 100;
const REPORT_INTERVAL = 1_000;
/** Milliseconds without a packet after which a video counts as not received. */
const STILL = 2_000;
const ONE_BYTE_EXTENSIONS = 0xbede;

/**
 * What a participant receives: counts it, and tells the server of it as a browser does. Lost packets are not asked
 * for again, so that all loss is seen.
 */
export class MediaReceiver {
  /** When the first packet of a video came: milliseconds of `performance.now()`. */
  firstVideoAt: number | null = null;
  readonly #ssrc = randomInt(1, 2 ** 32);
  readonly #streams = new Map<number, StreamCounter>();
  /** Streams that were taken out of the description, and what they counted. */
  readonly #ended: StreamCounter[] = [];
  readonly #lastReports = new Map<number, { time: number; at: number }>();
  readonly #arrivals = new ArrivalLog();
  #transportCcId = 0;
  #nextFeedback = 0;
  #nextReport = 0;

  /** Follows what the server will send. */
  expect({ sources, transportCcId }: ServerDescription): void {
    this.#transportCcId = transportCcId;
    const expected = new Set(sources.map(({ ssrc }) => ssrc));
    for (const [ssrc, counter] of this.#streams) {
      if (expected.has(ssrc)) continue;
      this.#streams.delete(ssrc);
      this.#lastReports.delete(ssrc);
      this.#ended.push(counter);
    }
    for (const { ssrc, kind } of sources) {
      if (!this.#streams.has(ssrc)) this.#streams.set(ssrc, new StreamCounter(kind));
    }
  }

  take(packet: Buffer): void {
    if (packet.length < 12) return;
    const now = Date.now();
    const sequence = this.#transportSequenceOf(packet);
    // Also of what is sent only to probe the way.
    if (sequence >= 0) this.#arrivals.take(sequence, Math.floor(performance.now() * 1000));
    const counter = this.#streams.get(packet.readUInt32BE(8));
    if (!counter) return;
    counter.take(packet.readUInt16BE(2), packet.length, now);
    if (counter.kind === 'video') this.firstVideoAt ??= performance.now();
  }

  #transportSequenceOf(packet: Buffer): number {
    const hasExtension = (packet[0]! & 0x10) !== 0;
    let at = 12 + 4 * (packet[0]! & 0x0f);
    if (!hasExtension || at + 4 > packet.length || packet.readUInt16BE(at) !== ONE_BYTE_EXTENSIONS) return -1;
    const end = Math.min(packet.length, at + 4 + 4 * packet.readUInt16BE(at + 2));
    at += 4;
    while (at < end) {
      const id = packet[at]! >> 4;
      // A single zero is padding.
      if (id === 0) at++;
      else if (id === this.#transportCcId) return at + 3 <= end ? packet.readUInt16BE(at + 1) : -1;
      else at += (packet[at]! & 0x0f) + 2;
    }
    return -1;
  }

  takeReports({ reports }: Feedback): void {
    const at = performance.now();
    for (const { ssrc, time } of reports) {
      if (this.#streams.has(ssrc)) this.#lastReports.set(ssrc, { time, at });
    }
  }

  /** Tells the server what arrived, where that is due. */
  report(transport: LightTransport, now: number): void {
    if (now >= this.#nextFeedback) {
      this.#nextFeedback = now + FEEDBACK_INTERVAL;
      const feedback = this.#arrivals.takeFeedback(this.#ssrc, this.#ssrc);
      if (feedback) transport.sendRtcp(feedback);
    }
    if (now >= this.#nextReport) {
      this.#nextReport = now + REPORT_INTERVAL;
      const blocks = [...this.#streams]
        .filter(([, { highest }]) => highest >= 0)
        .map(([ssrc, counter]) => this.#reportBlock(ssrc, counter));
      for (let at = 0; at < blocks.length; at += MOST_REPORT_BLOCKS) {
        transport.sendRtcp(encodeReceiverReport(this.#ssrc, blocks.slice(at, at + MOST_REPORT_BLOCKS)));
      }
    }
  }

  #reportBlock(ssrc: number, counter: StreamCounter): ReportBlock {
    const last = this.#lastReports.get(ssrc);
    return {
      ssrc,
      fractionLost: counter.takeFractionLost(),
      lost: counter.lost,
      highest: counter.highest,
      lastReport: last?.time ?? 0,
      sinceLastReport: last ? Math.round((performance.now() - last.at) * 65.536) : 0,
    };
  }

  get counts(): TrafficCounts & { lost: number } {
    const counts = { audioPackets: 0, videoPackets: 0, bytes: 0, lost: 0 };
    for (const counter of [...this.#streams.values(), ...this.#ended]) {
      counts[counter.kind === 'audio' ? 'audioPackets' : 'videoPackets'] += counter.packets;
      counts.bytes += counter.bytes;
      counts.lost += counter.lost;
    }
    return counts;
  }

  /** Videos of which packets come at the moment. */
  videosAt(now: number): number {
    return [...this.#streams.values()].filter(({ kind, lastAt }) => kind === 'video' && now - lastAt < STILL)
      .length;
  }

  /** Counts anew. */
  reset(): void {
    this.#ended.length = 0;
    for (const counter of this.#streams.values()) counter.reset();
  }
}
