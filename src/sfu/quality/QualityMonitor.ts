import type { types } from 'mediasoup';
import { Counters } from './Counters.js';
import { lowest, pathLevel, pathStats } from './levels.js';
import type { Level, PathMeasures } from './levels.js';
import { measuresDown, measuresUp } from './measures.js';
import type { BothKinds, StreamMeasures, TransportMeasures } from './measures.js';
import { FRESH } from './ProducerStats.js';
import type { ProducerStats } from './ProducerStats.js';
import type { ClientMeasures, MediaQuality, Quality } from './report.js';
import { SteadyLevel } from './SteadyLevel.js';
import { readReceiving, readSending } from './streams.js';
import type { Received } from './streams.js';

/** Milliseconds without a single packet from the client, keep-alives included, after which it is lost. */
const LOST_AFTER = 5000;
/** Milliseconds for which what a client measured counts. */
const CLIENT_MEASURES_COUNT = 5000;

/** The media of the participant that is watched, as they are now. */
export interface QualitySource {
  readonly transport: types.WebRtcTransport | undefined;
  /** What the participant sends. */
  producers(kind: types.MediaKind): readonly types.Producer[];
  /** What it receives. */
  received(kind: types.MediaKind): readonly Received[];
}

interface Directions<T> {
  send: T;
  recv: T;
}

/**
 * Watches the network of one participant: reads mediasoup's statistics when it is asked to, at most about once a
 * second, adds what the client has measured itself, and rates it all.
 */
export class QualityMonitor {
  readonly #source: QualitySource;
  readonly #producerStats: ProducerStats;
  readonly #counters = new Counters();
  readonly #levels: BothKinds<Directions<SteadyLevel>> = {
    audio: { send: new SteadyLevel(5), recv: new SteadyLevel(5) },
    video: { send: new SteadyLevel(5), recv: new SteadyLevel(5) },
  };
  #client: { measures: ClientMeasures; at: number } | null = null;
  #last: { at: number; quality: Promise<Quality | null> } | null = null;
  #heard = { bytes: -1, at: 0 };

  constructor(source: QualitySource, producerStats: ProducerStats) {
    this.#source = source;
    this.#producerStats = producerStats;
  }

  /** Takes what the client measured. */
  report(measures: ClientMeasures): void {
    this.#client = { measures, at: performance.now() };
  }

  /** The quality now; null while the participant has no connection yet. */
  quality(): Promise<Quality | null> {
    const now = performance.now();
    if (!this.#last || now - this.#last.at >= FRESH) this.#last = { at: now, quality: this.#sample(now) };
    return this.#last.quality;
  }

  async #sample(now: number): Promise<Quality | null> {
    const { transport } = this.#source;
    if (!transport || transport.dtlsState === 'new' || transport.dtlsState === 'connecting') return null;
    const [stats] = await transport.getStats().catch(() => []);
    if (!stats) return null;
    this.#counters.begin();
    const measures = this.#transportMeasures(stats);
    const [sending, receiving] = await Promise.all([this.#sending(), this.#receiving()]);
    const client =
      this.#client && now - this.#client.at < CLIENT_MEASURES_COUNT ? this.#client.measures : null;
    const up = measuresUp(measures, sending, client);
    const down = measuresDown(measures, receiving, client);
    const isLost = this.#isLost(stats, now);
    const audio = this.#rate('audio', up.audio, down.audio, isLost);
    const video = this.#rate('video', up.video, down.video, isLost);
    return { level: lowest([audio.send, audio.recv, video.send, video.recv])!, audio, video };
  }

  async #sending(): Promise<BothKinds<StreamMeasures>> {
    const read = (kind: types.MediaKind): Promise<StreamMeasures> =>
      readSending(this.#source.producers(kind), this.#producerStats, this.#counters);
    const [audio, video] = await Promise.all([read('audio'), read('video')]);
    return { audio, video };
  }

  async #receiving(): Promise<BothKinds<StreamMeasures>> {
    const read = (kind: types.MediaKind): Promise<StreamMeasures> =>
      readReceiving(this.#source.received(kind), this.#producerStats, this.#counters);
    const [audio, video] = await Promise.all([read('audio'), read('video')]);
    return { audio, video };
  }

  #rate(kind: types.MediaKind, up: PathMeasures, down: PathMeasures, isLost: boolean): MediaQuality {
    const sendStats = pathStats(up);
    const recvStats = pathStats(down);
    const { send, recv } = this.#levels[kind];
    const sample = (level: Level): Level => (isLost ? 0 : level);
    return {
      send: send.follow(sample(pathLevel(sendStats))),
      recv: recv.follow(sample(pathLevel(recvStats))),
      sendStats,
      recvStats,
    };
  }

  #transportMeasures(stats: types.WebRtcTransportStat): TransportMeasures {
    const received = this.#counters.growth('received', stats.rtpBytesReceived) > 0;
    const sent = this.#counters.growth('sent', stats.rtpBytesSent) > 0;
    return {
      // mediasoup's 0 is no estimate, or no limit.
      availableDown: stats.availableOutgoingBitrate || null,
      availableUp: stats.availableIncomingBitrate || null,
      mostDown: stats.maxOutgoingBitrate || Infinity,
      lostUp: received ? (stats.rtpPacketLossReceived ?? null) : null,
      lostDown: sent ? (stats.rtpPacketLossSent ?? null) : null,
    };
  }

  #isLost({ iceState, dtlsState, bytesReceived }: types.WebRtcTransportStat, now: number): boolean {
    if (bytesReceived !== this.#heard.bytes) this.#heard = { bytes: bytesReceived, at: now };
    return iceState === 'disconnected' || dtlsState !== 'connected' || now - this.#heard.at >= LOST_AFTER;
  }
}
