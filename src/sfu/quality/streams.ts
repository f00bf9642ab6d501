import type { types } from 'mediasoup';
import { parametersOf } from '../codecs.js';
import type { Counters } from './Counters.js';
import type { StreamMeasures } from './measures.js';
import type { ProducerStats } from './ProducerStats.js';

// Reads what mediasoup knows of the streams of one kind that a participant sends or receives. A stream of which
// nothing has come since the last look is left out: its numbers are old.

/** Consumers of each kind that are asked what their receiver reports: more would tell the same and cost more. */
const MOST_CONSUMERS_ASKED = 2;
/** mediasoup tells a loss as so many parts of this. */
const WHOLE = 256;

/** What a participant receives, and from which producer. */
export interface Received {
  readonly consumer: types.Consumer;
  readonly producer: types.Producer;
}

/** A stream that flows: its numbers, and how many packets of it came since the last look. */
interface Flowing {
  stat: types.ProducerStat | types.ConsumerStat;
  packets: number;
  clockRate: number;
}

/** What a participant sends to the server. */
export async function readSending(
  producers: readonly types.Producer[],
  producerStats: ProducerStats,
  counters: Counters,
): Promise<StreamMeasures> {
  const flowing: Flowing[] = [];
  for (const producer of producers) {
    if (producer.paused) continue;
    const stats = await producerStats.of(producer);
    flowing.push(...flowingOf(stats, parametersOf(producer), counters));
  }
  if (flowing.length === 0) return null;
  const actual = sum(flowing.map(({ stat }) => stat.bitrate));
  return combine(flowing, {
    actual,
    wanted: actual,
    layered: producers.some(({ type }) => type === 'simulcast'),
  });
}

/** What the server sends to a participant. */
export async function readReceiving(
  received: readonly Received[],
  producerStats: ProducerStats,
  counters: Counters,
): Promise<StreamMeasures> {
  const open = received.filter(
    ({ consumer }) => !consumer.closed && !consumer.paused && !consumer.producerPaused,
  );
  let actual = 0;
  let wanted = 0;
  for (const { consumer, producer } of open) {
    const layers = layerRates(producer, await producerStats.of(producer));
    wanted += rateUpTo(layers, consumer.preferredLayers?.spatialLayer);
    if (consumer.type === 'simple' || consumer.currentLayers)
      actual += rateUpTo(layers, consumer.currentLayers?.spatialLayer);
  }
  const flowing: Flowing[] = [];
  for (const { consumer } of open.slice(0, MOST_CONSUMERS_ASKED)) {
    // Closed meanwhile, it has nothing to tell.
    const stats = await consumer.getStats().catch(() => []);
    const own = (stats as types.ConsumerStat[]).filter(({ type }) => type === 'outbound-rtp');
    flowing.push(...flowingOf(own, parametersOf(consumer), counters));
  }
  if (wanted === 0) return null;
  return combine(flowing, {
    actual,
    wanted,
    layered: open.some(({ consumer }) => consumer.type === 'simulcast'),
  });
}

function flowingOf(
  stats: readonly Flowing['stat'][],
  { codecs }: types.RtpParameters,
  counters: Counters,
): Flowing[] {
  const clockRate = codecs[0]?.clockRate ?? 1;
  return stats
    .map((stat) => ({ stat, clockRate, packets: counters.growth(stat.ssrc, stat.packetCount) }))
    .filter(({ packets }) => packets > 0);
}

/** The bit rate of each layer of simulcast, the lowest first; one for what has no layers. */
function layerRates(producer: types.Producer, stats: readonly types.ProducerStat[]): number[] {
  const rates = new Map(stats.map(({ ssrc, bitrate }) => [ssrc, bitrate]));
  return (parametersOf(producer).encodings ?? []).map(({ ssrc }) => rates.get(ssrc ?? 0) ?? 0);
}

/** The bit rate of the highest layer that is sent, of those up to `most`. */
function rateUpTo(layers: readonly number[], most = Infinity): number {
  return layers.findLast((rate, index) => rate > 0 && index <= most) ?? 0;
}

/** One measure of all, each stream weighing as much as it has packets. */
function combine(
  flowing: readonly Flowing[],
  rates: { actual: number; wanted: number; layered: boolean },
): StreamMeasures {
  const packets = sum(flowing.map((stream) => stream.packets));
  const mean = (value: (stream: Flowing) => number): number | null =>
    packets === 0 ? null : sum(flowing.map((stream) => value(stream) * stream.packets)) / packets;
  const roundTrips = flowing.flatMap(({ stat }) => (stat.roundTripTime ? [stat.roundTripTime / 1000] : []));
  return {
    ...rates,
    fractionLost: mean(({ stat }) => stat.fractionLost / WHOLE),
    jitter: mean(({ stat, clockRate }) => stat.jitter / clockRate),
    rtt: roundTrips.length === 0 ? null : Math.max(...roundTrips),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
