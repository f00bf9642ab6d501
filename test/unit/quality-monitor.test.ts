import type { types } from 'mediasoup';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProducerStats } from '../../src/sfu/quality/ProducerStats.js';
import { QualityMonitor } from '../../src/sfu/quality/QualityMonitor.js';
import type { QualitySource } from '../../src/sfu/quality/QualityMonitor.js';
import type { ClientMeasures } from '../../src/sfu/quality/report.js';

const CLIENT: ClientMeasures = {
  rtt: 0.01,
  availableSend: 3_000_000,
  audio: { fractionLost: null, jitter: null },
  video: { fractionLost: null, jitter: null },
};
const SECOND = 1000;

/** A transport, a producer or a consumer that tells what a test says, and counts how often it is asked. */
class Fake {
  asked = 0;
  fails = false;
  readonly values: Record<string, unknown>;
  stats: object[];

  constructor(values: Record<string, unknown>, ...stats: object[]) {
    this.values = values;
    this.stats = stats;
  }

  as<T>(): T {
    return {
      ...this.values,
      getStats: async () => {
        this.asked++;
        if (this.fails) throw new Error('closed');
        return this.stats;
      },
    } as T;
  }
}

const stream = (type: string, ssrc: number, values: object = {}): object => ({
  type,
  ssrc,
  packetCount: 100,
  bitrate: 500_000,
  fractionLost: 0,
  jitter: 0,
  ...values,
});

let transport: Fake;
let camera: Fake;
let consumers: Fake[];
let source: QualitySource;
let monitor: QualityMonitor;

const producer = (ssrcs: number[], ...stats: object[]): Fake =>
  new Fake(
    {
      id: `producer-${ssrcs[0]}`,
      kind: 'video',
      type: ssrcs.length > 1 ? 'simulcast' : 'simple',
      paused: false,
      rtpParameters: { codecs: [{ clockRate: 90_000 }], encodings: ssrcs.map((ssrc) => ({ ssrc })) },
    },
    ...stats,
  );

function transportStats(values: object = {}): object {
  return {
    iceState: 'completed',
    dtlsState: 'connected',
    bytesReceived: 1000,
    rtpBytesReceived: 500,
    rtpBytesSent: 500,
    availableOutgoingBitrate: 2_000_000,
    rtpPacketLossReceived: 0,
    rtpPacketLossSent: 0,
    ...values,
  };
}

/** Lets a second pass in which packets come and go. */
function pass(values: object = {}): void {
  vi.advanceTimersByTime(SECOND);
  const before = transport.stats[0] as {
    bytesReceived: number;
    rtpBytesReceived: number;
    rtpBytesSent: number;
  };
  transport.stats = [
    {
      ...before,
      bytesReceived: before.bytesReceived + 100,
      rtpBytesReceived: before.rtpBytesReceived + 100,
      rtpBytesSent: before.rtpBytesSent + 100,
      ...values,
    },
  ];
  for (const fake of [camera, ...consumers]) {
    fake.stats = fake.stats.map((stat) => ({
      ...stat,
      packetCount: (stat as { packetCount: number }).packetCount + 100,
    }));
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  transport = new Fake({ dtlsState: 'connected' }, transportStats());
  camera = producer([1], stream('inbound-rtp', 1));
  consumers = [11, 12, 13].map(
    (ssrc) =>
      new Fake(
        {
          kind: 'video',
          type: 'simple',
          producerId: 'producer-2',
          closed: false,
          paused: false,
          producerPaused: false,
          rtpParameters: { codecs: [{ clockRate: 90_000 }] },
        },
        stream('outbound-rtp', ssrc),
      ),
  );
  const sent = camera.as<types.Producer>();
  const remote = producer([2], stream('inbound-rtp', 2)).as<types.Producer>();
  source = {
    transport: transport.as(),
    producers: (kind) => (kind === 'video' ? [sent] : []),
    received: (kind) =>
      kind === 'video' ? consumers.map((consumer) => ({ consumer: consumer.as(), producer: remote })) : [],
  };
  monitor = new QualityMonitor(source, new ProducerStats());
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the monitor of a network', () => {
  it('says nothing before there is a connection', async () => {
    const fresh = new QualityMonitor(
      {
        transport: new Fake({ dtlsState: 'new' }, transportStats()).as(),
        producers: () => [],
        received: () => [],
      },
      new ProducerStats(),
    );
    expect(await fresh.quality()).toBeNull();
    expect(
      await new QualityMonitor({ ...source, transport: undefined }, new ProducerStats()).quality(),
    ).toBeNull();
  });

  it('rates a clean network 5 in every part', async () => {
    monitor.report(CLIENT);
    expect(await monitor.quality()).toMatchObject({
      level: 5,
      audio: { send: 5, recv: 5 },
      video: {
        send: 5,
        recv: 5,
        sendStats: { bandwidth: { actual: 500_000, available: 3_000_000, level: 5 } },
        recvStats: { bandwidth: { actual: 1_500_000, available: 2_000_000, level: 5 } },
      },
    });
  });

  it('asks mediasoup about once a second, however often it is asked, and few of the consumers', async () => {
    for (let n = 0; n < 10; n++) await monitor.quality();
    const asked = (): number[] => [transport, camera, ...consumers].map((fake) => fake.asked);
    expect(asked()).toEqual([1, 1, 1, 1, 0]);
    pass();
    await Promise.all([monitor.quality(), monitor.quality()]);
    expect(asked()).toEqual([2, 2, 2, 2, 0]);
  });

  it('asks a producer once for all who receive it', async () => {
    const shared = new ProducerStats();
    const others = [new QualityMonitor(source, shared), new QualityMonitor(source, shared)];
    await Promise.all(others.map((other) => other.quality()));
    expect(camera.asked).toBe(1);
  });

  it('falls step by step while packets are lost, and rises again after', async () => {
    const levels: number[] = [];
    await monitor.quality();
    for (let n = 0; n < 4; n++) {
      pass({ rtpPacketLossReceived: 0.1 });
      levels.push((await monitor.quality())!.level);
    }
    for (let n = 0; n < 9; n++) {
      pass({ rtpPacketLossReceived: 0 });
      levels.push((await monitor.quality())!.level);
    }
    expect(levels).toEqual([5, 4, 3, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5]);
  });

  it('is 0 when nothing was heard of the client for five seconds, not even a keep-alive', async () => {
    await monitor.quality();
    for (let n = 0; n < 4; n++) {
      pass({ bytesReceived: 1000 });
      expect((await monitor.quality())!.level).toBe(5);
    }
    pass({ bytesReceived: 1000 });
    expect((await monitor.quality())!.level).toBe(0);
  });

  it.each([[{ iceState: 'disconnected' }], [{ dtlsState: 'failed' }]])('is 0 with %j', async (state) => {
    pass(state);
    expect((await monitor.quality())!.level).toBe(0);
  });

  it('leaves out what does not flow: its numbers are old', async () => {
    camera.stats = [stream('inbound-rtp', 1, { jitter: 90_000, packetCount: 0 })];
    expect((await monitor.quality())!.video).toMatchObject({
      send: 5,
      sendStats: {
        bandwidth: { actual: null },
        fractionLost: { fractionLost: null },
        latency: { jitter: null },
      },
    });
  });

  it('forgets what a client measured long ago', async () => {
    monitor.report({ ...CLIENT, rtt: 3 });
    expect((await monitor.quality())!.audio.sendStats.latency).toMatchObject({ rtt: 3, level: 1 });
    vi.advanceTimersByTime(6 * SECOND);
    pass();
    expect((await monitor.quality())!.audio.sendStats.latency).toMatchObject({ rtt: null, level: null });
  });

  it('takes jitter in seconds of the clock of each stream, and the client before the server', async () => {
    for (const consumer of consumers) consumer.stats = [stream('outbound-rtp', 20, { jitter: 9_000 })];
    expect((await monitor.quality())!.video.recvStats.latency.jitter).toBeCloseTo(0.1);
    pass();
    monitor.report({ ...CLIENT, video: { fractionLost: null, jitter: 0.03 } });
    expect((await monitor.quality())!.video.recvStats.latency.jitter).toBe(0.03);
  });

  it('counts of a layered track the layer that is received, and the highest that is wanted', async () => {
    const layers = producer(
      [31, 32, 33],
      stream('inbound-rtp', 33, { bitrate: 1_400_000 }),
      stream('inbound-rtp', 31, { bitrate: 150_000 }),
      stream('inbound-rtp', 32, { bitrate: 500_000 }),
    ).as<types.Producer>();
    const receive = async (values: object): Promise<unknown> => {
      const consumer = new Fake(
        { ...consumers[0]!.values, type: 'simulcast', ...values },
        stream('outbound-rtp', 40),
      );
      const received: QualitySource['received'] = (kind) =>
        kind === 'video' ? [{ consumer: consumer.as<types.Consumer>(), producer: layers }] : [];
      transport.stats = [transportStats({ availableOutgoingBitrate: 420_000 })];
      const quality = await new QualityMonitor({ ...source, received }, new ProducerStats()).quality();
      return quality!.video.recvStats.bandwidth;
    };
    expect(await receive({ currentLayers: { spatialLayer: 0 } })).toMatchObject({
      actual: 150_000,
      level: 2,
    });
    expect(
      await receive({ currentLayers: { spatialLayer: 0 }, preferredLayers: { spatialLayer: 1 } }),
    ).toMatchObject({ actual: 150_000, level: 5 });
    expect(await receive({ currentLayers: undefined })).toMatchObject({ actual: 0, level: 2 });
  });

  it('bears media that close while it reads them', async () => {
    for (const fake of [camera, ...consumers]) fake.fails = true;
    expect((await monitor.quality())!.level).toBe(5);
    pass();
    transport.fails = true;
    expect(await monitor.quality()).toBeNull();
  });
});
