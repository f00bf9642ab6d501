import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/sfu/quality/Counters.js';
import { lowest, pathLevel, pathStats } from '../../src/sfu/quality/levels.js';
import type { Level, PathMeasures } from '../../src/sfu/quality/levels.js';
import { measuresDown, measuresUp } from '../../src/sfu/quality/measures.js';
import type { StreamMeasures, TransportMeasures } from '../../src/sfu/quality/measures.js';
import { clientMeasures, qualityAnswer, qualityMessageSchema } from '../../src/sfu/quality/report.js';
import type { ClientMeasures, Quality } from '../../src/sfu/quality/report.js';
import { SteadyLevel } from '../../src/sfu/quality/SteadyLevel.js';

const PERFECT: PathMeasures = {
  fractionLost: 0,
  jitter: 0,
  rtt: 0,
  actual: 500_000,
  available: 2_000_000,
  wanted: 500_000,
};
const UNKNOWN: PathMeasures = {
  fractionLost: null,
  jitter: null,
  rtt: null,
  actual: null,
  available: null,
  wanted: null,
};

const levelOf = (measures: Partial<PathMeasures>): Level => pathLevel(pathStats({ ...PERFECT, ...measures }));

describe('the level of a path', () => {
  it.each([
    [{}, 5],
    [{ fractionLost: 0.01 }, 5],
    [{ fractionLost: 0.011 }, 4],
    [{ fractionLost: 0.03 }, 4],
    [{ fractionLost: 0.05 }, 3],
    [{ fractionLost: 0.1 }, 2],
    [{ fractionLost: 0.16 }, 1],
    [{ fractionLost: 1 }, 1],
    [{ jitter: 0.05 }, 5],
    [{ jitter: 0.1 }, 4],
    [{ jitter: 0.15 }, 3],
    [{ jitter: 0.4 }, 2],
    [{ jitter: 0.5 }, 1],
    [{ rtt: 0.2 }, 5],
    [{ rtt: 0.3 }, 4],
    [{ rtt: 0.5 }, 3],
    [{ rtt: 0.9 }, 2],
    [{ rtt: 1.5 }, 1],
    [{ available: 1_000_000, wanted: 1_250_000 }, 5],
    [{ available: 1_000_000, wanted: 1_500_000 }, 4],
    [{ available: 1_000_000, wanted: 2_500_000 }, 3],
    [{ available: 1_000_000, wanted: 5_000_000 }, 2],
    [{ available: 1_000_000, wanted: 9_000_000 }, 1],
    [{ available: 0, wanted: 1 }, 1],
    [{ available: 0, wanted: 0 }, 5],
    [{ fractionLost: 0.05, rtt: 0.9, jitter: 0.06 }, 2],
    [{ ...UNKNOWN }, 5],
    [{ ...UNKNOWN, rtt: 0.9 }, 2],
    [{ available: null }, 5],
    [{ wanted: null, available: 1 }, 5],
  ] as [Partial<PathMeasures>, Level][])('of %j is %i', (measures, level) => {
    expect(levelOf(measures)).toBe(level);
  });

  it('never rises when anything gets worse', () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const rate = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(
        part,
        part,
        part,
        part,
        part,
        part,
        rate,
        rate,
        (loss, more, jitter, later, rtt, longer, a, b) => {
          const better = { fractionLost: loss, jitter, rtt, available: Math.max(a, b), wanted: 1_000_000 };
          const worse = {
            fractionLost: loss + more,
            jitter: jitter + later,
            rtt: rtt + longer,
            available: Math.min(a, b),
            wanted: 1_000_000,
          };
          expect(levelOf(worse)).toBeLessThanOrEqual(levelOf(better));
          expect(levelOf(worse)).toBeGreaterThanOrEqual(1);
        },
      ),
    );
  });

  it('comes with the level of each of its parts, in the shape that the SDK reads', () => {
    expect(pathStats({ ...PERFECT, fractionLost: 0.05, rtt: 0.3, available: 300_000 })).toEqual({
      bandwidth: { actual: 500_000, available: 300_000, level: 4 },
      fractionLost: { fractionLost: 0.05, level: 3 },
      latency: { jitter: 0, rtt: 0.3, level: 4 },
    });
    expect(pathStats(UNKNOWN)).toEqual({
      bandwidth: { actual: null, available: null, level: null },
      fractionLost: { fractionLost: null, level: null },
      latency: { jitter: null, rtt: null, level: null },
    });
  });

  it('is the lowest that is known', () => {
    expect(lowest([5, null, 3])).toBe(3);
    expect(lowest([null])).toBeNull();
  });
});

describe('a steady level', () => {
  const run = (first: Level, samples: Level[]): Level[] => {
    const steady = new SteadyLevel(first);
    return samples.map((sample) => steady.follow(sample));
  };

  it('falls by one with the second worse sample in a row, and with each one after', () => {
    expect(run(5, [2, 2, 2, 2, 2])).toEqual([5, 4, 3, 2, 2]);
  });

  it('rises by one with every third better sample in a row', () => {
    expect(run(3, [5, 5, 5, 5, 5, 5, 5])).toEqual([3, 3, 4, 4, 4, 5, 5]);
  });

  it('stays where samples go up and down around it', () => {
    expect(run(4, [3, 4, 3, 4, 5, 4, 5, 5, 3, 5])).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
  });

  it('is 0 at once when the connection is lost, and rises from there step by step', () => {
    expect(run(5, [0, 5, 5, 5, 5, 5, 5])).toEqual([0, 0, 0, 1, 1, 1, 2]);
  });

  it('moves by one step at most, unless to 0, and reaches whatever stays', () => {
    const levels = fc.integer({ min: 0, max: 5 }) as fc.Arbitrary<Level>;
    fc.assert(
      fc.property(levels, fc.array(levels), levels, (first, samples, last) => {
        const steady = new SteadyLevel(first);
        let before: Level = first;
        for (const sample of samples) {
          const level = steady.follow(sample);
          if (sample !== 0) expect(Math.abs(level - before)).toBeLessThanOrEqual(1);
          before = level;
        }
        for (let n = 0; n < 15; n++) steady.follow(last);
        expect(steady.level).toBe(last);
      }),
    );
  });
});

const TRANSPORT: TransportMeasures = {
  availableDown: 2_000_000,
  availableUp: null,
  mostDown: Infinity,
  lostUp: 0,
  lostDown: 0,
};
const AUDIO: StreamMeasures = {
  actual: 40_000,
  wanted: 40_000,
  layered: false,
  fractionLost: 0,
  jitter: 0.003,
  rtt: 0.02,
};
const VIDEO: StreamMeasures = { ...AUDIO, actual: 600_000, wanted: 600_000 };
const CLIENT: ClientMeasures = {
  rtt: 0.05,
  availableSend: 3_000_000,
  audio: { fractionLost: null, jitter: null },
  video: { fractionLost: null, jitter: null },
};

describe('what is measured of the uplink', () => {
  const up = (
    availableSend: number | null,
    video: Partial<StreamMeasures & object> | null,
    transport: Partial<TransportMeasures> = {},
  ) =>
    measuresUp(
      { ...TRANSPORT, ...transport },
      { audio: AUDIO, video: video && { ...VIDEO, ...video } },
      { ...CLIENT, availableSend },
    );

  it('is the round trip and the estimate of the client, and what the server sees of the streams', () => {
    expect(up(3_000_000, {}, { lostUp: 0.02 })).toEqual({
      audio: {
        fractionLost: 0.02,
        jitter: 0.003,
        rtt: 0.05,
        actual: 40_000,
        available: 3_000_000,
        wanted: 40_000,
      },
      video: {
        fractionLost: 0.02,
        jitter: 0.003,
        rtt: 0.05,
        actual: 600_000,
        available: 2_960_000,
        wanted: 600_000,
      },
    });
  });

  it('is no more than the round trip where nothing flows', () => {
    expect(up(3_000_000, null).video).toEqual({ ...UNKNOWN, rtt: 0.05 });
  });

  it.each([
    ['little of a low estimate', 300_000, { actual: 100_000 }, 5],
    ['most of a low estimate', 300_000, { actual: 230_000 }, 2],
    ['two thirds of a low estimate, as it stays after a loss', 110_000, { actual: 36_000 }, 5],
    ['most of a very low estimate', 120_000, { actual: 70_000 }, 1],
    ['most of a fair estimate', 700_000, { actual: 600_000 }, 4],
    ['most of a high estimate', 1_500_000, { actual: 1_400_000 }, 5],
    ['more than comfort, of a higher estimate', 4_000_000, { actual: 3_500_000 }, 5],
    ['the one layer that fits, of a low estimate', 200_000, { actual: 80_000, layered: true }, 2],
    ['the one layer that is wanted', 400_000, { actual: 140_000, layered: true }, 5],
  ])('rates a sender that uses %s', (_name, availableSend, video, level) => {
    const measures = up(availableSend, video);
    expect(pathLevel(pathStats(measures.video))).toBe(level);
  });

  it("falls back on the server's own measures where the client tells nothing", () => {
    const measures = measuresUp(
      { ...TRANSPORT, availableUp: 800_000, lostUp: null },
      { audio: { ...AUDIO, fractionLost: 0.1 }, video: null },
      null,
    );
    expect(measures.audio).toMatchObject({ rtt: 0.02, available: 800_000, fractionLost: 0.1 });
  });
});

describe('what is measured of the downlink', () => {
  const down = (
    transport: Partial<TransportMeasures>,
    video: Partial<StreamMeasures & object> | null = {},
    client: ClientMeasures | null = CLIENT,
  ) =>
    measuresDown(
      { ...TRANSPORT, ...transport },
      { audio: AUDIO, video: video && { ...VIDEO, ...video } },
      client,
    );
  const level = (measures: PathMeasures): Level => pathLevel(pathStats(measures));

  it("is the server's estimate and what the streams are and would be", () => {
    const { video } = down({}, { actual: 150_000, wanted: 1_200_000 });
    expect(video).toMatchObject({ available: 1_960_000, actual: 150_000, wanted: 1_200_000 });
    expect(level(video)).toBe(5);
  });

  it.each([
    [
      'an estimate for half of what is published',
      { availableDown: 640_000 },
      { actual: 150_000, wanted: 1_200_000 },
      3,
    ],
    [
      'an estimate in which not even the lowest layer fits',
      { availableDown: 60_000 },
      { actual: 0, wanted: 1_200_000 },
      1,
    ],
    ['a low estimate, though everything arrives', { availableDown: 60_000 }, {}, 5],
    ['a low estimate, and little arrives', { availableDown: 60_000, lostDown: 0.6 }, {}, 1],
    [
      'more published than anyone needs',
      { availableDown: 1_300_000 },
      { actual: 900_000, wanted: 9_000_000 },
      5,
    ],
    [
      'a limit that the client set itself',
      { availableDown: 300_000, mostDown: 300_000 },
      { actual: 200_000, wanted: 1_200_000 },
      5,
    ],
  ])('rates %s', (_name, transport, video, expected) => {
    expect(level(down(transport, video).video)).toBe(expected);
  });

  it('is no more than the round trip where nothing is to flow', () => {
    expect(down({}, null).video).toEqual({ ...UNKNOWN, rtt: 0.05 });
  });

  it("takes the client's word for jitter, and the worse of two losses", () => {
    const client = { ...CLIENT, video: { fractionLost: 0.08, jitter: 0.2 } };
    expect(down({ lostDown: 0.02 }, {}, client).video).toMatchObject({ fractionLost: 0.08, jitter: 0.2 });
    expect(down({ lostDown: 0.1 }, {}, client).video).toMatchObject({ fractionLost: 0.1, jitter: 0.2 });
    expect(down({ lostDown: 0.1 }, {}, client).audio).toMatchObject({ fractionLost: 0.1, jitter: 0.003 });
  });
});

describe('counters', () => {
  it('tell how much they have grown since the last look', () => {
    const counters = new Counters();
    counters.begin();
    expect(counters.growth('packets', 100)).toBe(1);
    expect(counters.growth(1234, 0)).toBe(0);
    counters.begin();
    expect(counters.growth('packets', 130)).toBe(30);
    counters.begin();
    expect(counters.growth('packets', 130)).toBe(0);
    counters.begin();
    // Begun anew, as after a lost media worker.
    expect(counters.growth('packets', 10)).toBe(0);
    counters.begin();
    counters.begin();
    expect(counters.growth('packets', 50)).toBe(1);
  });
});

describe("a client's message", () => {
  const parse = (message: object) => qualityMessageSchema.parse({ type: 'network_quality', ...message });

  it('is read as the SDK writes it', () => {
    // As JSON has it: what is undefined in the page is not there.
    const message = parse({
      ice: { availableSend: 1_500_000, recv: 12, rtt: 0.012, send: 34 },
      send: { bitrate: 0 },
      recv: { bitrate: 0 },
      audio: { send: { bitrate: 0 }, recv: { bitrate: 5, fractionLost: 0.1, jitter: 0.02 } },
      video: { send: { bitrate: 0 }, recv: { bitrate: 0 } },
      reportLevel: 3,
      remoteReportLevel: 2,
    });
    expect(message).toMatchObject({ reportLevel: 3, remoteReportLevel: 2 });
    expect(clientMeasures(message)).toEqual({
      rtt: 0.012,
      availableSend: 1_500_000,
      audio: { fractionLost: 0.1, jitter: 0.02 },
      video: { fractionLost: null, jitter: null },
    });
  });

  it.each([
    [{}],
    [{ ice: null, audio: 7, video: { recv: 'x' } }],
    [{ ice: { rtt: -1, availableSend: 'much' }, audio: { recv: { jitter: null } } }],
  ])('counts as not known what it does not tell, or not as a number: %j', (message) => {
    const unknown = { fractionLost: null, jitter: null };
    expect(clientMeasures(parse(message))).toEqual({
      rtt: null,
      availableSend: null,
      audio: unknown,
      video: unknown,
    });
  });

  it.each([
    [undefined, undefined, 1, 0],
    [0, -1, 1, 0],
    [7, 7, 1, 0],
    ['3', null, 1, 0],
    [2.5, 1, 1, 1],
  ])('that asks for detail %j and %j gets %i and %i', (reportLevel, remoteReportLevel, own, others) => {
    expect(parse({ reportLevel, remoteReportLevel })).toMatchObject({
      reportLevel: own,
      remoteReportLevel: others,
    });
  });
});

describe('the answer to a client', () => {
  const stats = pathStats(PERFECT);
  const medium = { send: 5, recv: 4, sendStats: stats, recvStats: stats } as const;
  const quality: Quality = { level: 4, audio: medium, video: medium };
  const others = new Map([['PA1', quality]]);
  const levels = { send: 5, recv: 4 };
  const answer = (reportLevel: number, remoteReportLevel: number, own: Quality | null = quality) =>
    qualityAnswer(
      qualityMessageSchema.parse({ type: 'network_quality', reportLevel, remoteReportLevel }),
      own,
      others,
    );

  it('has the detail that was asked for', () => {
    expect(answer(1, 0)).toEqual({ type: 'network_quality', local: 4 });
    expect(answer(2, 1)).toEqual({
      type: 'network_quality',
      local: { level: 4, audio: levels, video: levels },
      remotes: [{ sid: 'PA1', level: 4 }],
    });
    expect(answer(3, 2)).toEqual({
      type: 'network_quality',
      local: { level: 4, audio: medium, video: medium },
      remotes: [{ sid: 'PA1', level: 4, audio: levels, video: levels }],
    });
    expect(answer(1, 3)).toEqual({
      type: 'network_quality',
      local: 4,
      remotes: [{ sid: 'PA1', level: 4, audio: medium, video: medium }],
    });
  });

  it('comes even where nothing is known yet: it has the client go on', () => {
    expect(answer(3, 0, null)).toEqual({ type: 'network_quality' });
  });
});
