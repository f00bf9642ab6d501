import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate, effectivePriority, layerFor } from '../../src/rooms/allocation.js';
import type { Allocation, AllocationQuestion, OffReason, VideoDemand } from '../../src/rooms/allocation.js';
import type { BandwidthProfile } from '../../src/rooms/media.js';
import { TRACK_PRIORITIES } from '../../src/rooms/PublishedTrack.js';
import type { TrackPriority } from '../../src/rooms/PublishedTrack.js';

const SIMULCAST = [100_000, 400_000, 1_500_000];

function video(sid: string, changes: Partial<VideoDemand> = {}): VideoDemand {
  return {
    sid,
    publishPriority: 'standard',
    subscribePriority: null,
    speakerRank: null,
    hint: {},
    muted: false,
    layers: SIMULCAST,
    wasOn: true,
    ...changes,
  };
}

function ask(
  profile: BandwidthProfile | null,
  tracks: VideoDemand[],
  downlink: number | null = null,
): Allocation {
  return allocate({ profile, tracks, downlink });
}

/** `a on, b hidden`: what becomes of each, in one line. */
function summary({ tracks }: Allocation): string {
  return tracks.map(({ sid, off }) => `${sid} ${off ?? 'on'}`).join(', ');
}

const low = { publishPriority: 'low' } as const;
const high = { publishPriority: 'high' } as const;
const hidden = { hint: { enabled: false } } as const;

describe('what is switched on and off', () => {
  const cases: [string, BandwidthProfile | null, VideoDemand[], number | null, string][] = [
    ['without a profile: everything on', null, [video('a', hidden), video('b')], 1000, 'a on, b on'],
    ['with an empty profile: everything on', {}, [video('a'), video('b')], null, 'a on, b on'],
    ['what nobody sees', {}, [video('a', hidden), video('b')], null, 'a hidden, b on'],
    [
      'more than the places: the older stay',
      { maxTracks: 1 },
      [video('a'), video('b')],
      null,
      'a on, b max-tracks',
    ],
    ['no places: no limit', { maxTracks: 0 }, [video('a'), video('b')], null, 'a on, b on'],
    ['fewer than no places: no limit', { maxTracks: -1 }, [video('a'), video('b')], null, 'a on, b on'],
    [
      'a hidden track takes no place',
      { maxTracks: 1 },
      [video('a', hidden), video('b')],
      null,
      'a hidden, b on',
    ],
    [
      'a higher priority goes first',
      { maxTracks: 1 },
      [video('a'), video('b', high)],
      null,
      'a max-tracks, b on',
    ],
    [
      "the subscriber's priority counts, not the publisher's",
      { maxTracks: 1 },
      [video('a', { ...low, subscribePriority: 'high' }), video('b', { ...high, subscribePriority: 'low' })],
      null,
      'a on, b max-tracks',
    ],
    [
      'a muted track gives way among its equals',
      { maxTracks: 1 },
      [video('a', { muted: true }), video('b')],
      null,
      'a max-tracks, b on',
    ],
    [
      'but not to a lower priority',
      { maxTracks: 1 },
      [video('a', { muted: true }), video('b', low)],
      null,
      'a on, b max-tracks',
    ],
    [
      'whoever spoke later goes first',
      { maxTracks: 2 },
      [
        video('a'),
        video('b', { speakerRank: 2 }),
        video('c', { speakerRank: 0 }),
        video('d', { speakerRank: 1 }),
      ],
      null,
      'a max-tracks, b max-tracks, c on, d on',
    ],
    [
      'the dominant speaker is standard at least',
      { maxTracks: 1 },
      [video('a'), video('b', { ...low, speakerRank: 0 })],
      null,
      'a max-tracks, b on',
    ],
    [
      'or what the profile says',
      { maxTracks: 1, dominantSpeakerPriority: 'high' },
      [video('a', high), video('b', { ...low, speakerRank: 0 })],
      null,
      'a max-tracks, b on',
    ],
    [
      'but is not lowered by that',
      { maxTracks: 1, dominantSpeakerPriority: 'low' },
      [video('a'), video('b', { ...high, speakerRank: 0 })],
      null,
      'a max-tracks, b on',
    ],
    [
      'what the downlink carries',
      {},
      [video('a'), video('b'), video('c')],
      250_000,
      'a on, b on, c bandwidth',
    ],
    [
      'the least important first',
      {},
      [video('a', low), video('b'), video('c', high)],
      250_000,
      'a bandwidth, b on, c on',
    ],
    [
      'a limit of the bit rate, as the downlink',
      { maxSubscriptionBitrate: 250_000 },
      [video('a'), video('b'), video('c')],
      null,
      'a on, b on, c bandwidth',
    ],
    ['a limit of zero is none', { maxSubscriptionBitrate: 0 }, [video('a')], null, 'a on'],
    [
      'whichever is tighter',
      { maxSubscriptionBitrate: 350_000 },
      [video('a'), video('b'), video('c')],
      150_000,
      'a on, b bandwidth, c bandwidth',
    ],
    [
      'nothing for want of bandwidth where that is disabled',
      { trackSwitchOff: 'disabled', maxSubscriptionBitrate: 50_000 },
      [video('a'), video('b')],
      10_000,
      'a on, b on',
    ],
    [
      'a smaller one of the same priority fits where a larger does not',
      {},
      [video('a', { layers: [900_000] }), video('b', { layers: [100_000] })],
      500_000,
      'a bandwidth, b on',
    ],
    [
      'but none of a lower priority',
      {},
      [video('a', { ...high, layers: [900_000] }), video('b', { layers: [100_000] })],
      500_000,
      'a bandwidth, b bandwidth',
    ],
    ['a muted track costs nothing', {}, [video('a', { muted: true }), video('b')], 100_000, 'a on, b on'],
    [
      'what is off needs room to spare to come on',
      {},
      [video('a'), video('b', { wasOn: false })],
      220_000,
      'a on, b bandwidth',
    ],
    ['and comes on with it', {}, [video('a'), video('b', { wasOn: false })], 240_000, 'a on, b on'],
    [
      'a presentation keeps the high priority as good as it can be',
      { mode: 'presentation' },
      [video('a', high), video('b')],
      1_550_000,
      'a on, b bandwidth',
    ],
    [
      'a grid rather keeps everyone',
      { mode: 'grid' },
      [video('a', high), video('b')],
      1_550_000,
      'a on, b on',
    ],
    [
      'a presentation whose high priority wants a small picture has room for others',
      { mode: 'presentation' },
      [video('a', { ...high, hint: { dimensions: { width: 320, height: 180 } } }), video('b')],
      1_550_000,
      'a on, b on',
    ],
  ];

  test.each(cases)('%s', (_name, profile, tracks, downlink, expected) => {
    expect(summary(ask(profile, tracks, downlink))).toBe(expected);
  });
});

describe('the layer of simulcast', () => {
  test.each([
    [{ width: 160, height: 90 }, 0],
    [{ width: 320, height: 180 }, 0],
    [{ width: 480, height: 270 }, 1],
    [{ width: 640, height: 360 }, 1],
    [{ width: 960, height: 540 }, 2],
    [{ width: 1280, height: 720 }, 2],
    [{ width: 3840, height: 2160 }, 2],
    [{ width: 0, height: 0 }, 0],
    [{ width: -1, height: -1 }, 0],
    [undefined, 2],
  ])('for a tile of %j is %i', (dimensions, layer) => {
    expect(layerFor(dimensions, 3)).toBe(layer);
  });

  test('is the only one where there is one', () => {
    expect(layerFor({ width: 1280, height: 720 }, 1)).toBe(0);
  });

  test("follows the page's hint, else the profile's dimensions for the priority", () => {
    const profile = { renderDimensions: { low: { width: 176, height: 144 } } };
    const { tracks } = ask(profile, [
      video('a', low),
      video('b', { ...low, hint: { dimensions: { width: 640, height: 360 } } }),
      video('c'),
    ]);
    expect(tracks.map(({ layer }) => layer)).toEqual([0, 1, 2]);
  });

  test('is the best without a profile', () => {
    const small = { hint: { dimensions: { width: 160, height: 90 } } };
    expect(ask(null, [video('a', small)]).tracks[0]).toMatchObject({ layer: 2, weight: 1 });
  });
});

describe('the share of the bandwidth', () => {
  test.each([
    ['grid', [1, 1, 1]],
    ['collaboration', [1, 2, 4]],
    ['presentation', [1, 16, 255]],
  ] as const)('of low, standard and high in a %s', (mode, weights) => {
    const { tracks } = ask({ mode }, [video('a', low), video('b'), video('c', high)]);
    expect(tracks.map(({ weight }) => weight)).toEqual(weights);
  });

  test('is limited as the profile says', () => {
    expect(ask({ maxSubscriptionBitrate: 1_000_000 }, []).maxBitrate).toBe(1_000_000);
    expect(ask({}, []).maxBitrate).toBeNull();
  });

  test('says with how much more another track would be on', () => {
    const tracks = [video('a'), video('b'), video('c', low)];
    const { missing } = ask({}, tracks, 100_000);
    expect(missing).toBe(240_000);
    expect(summary(ask({}, tracks, missing))).toBe('a on, b on, c bandwidth');
    expect(ask({}, tracks, 1_000_000).missing).toBeNull();
  });
});

// --- whatever the question

const priority = fc.constantFrom<TrackPriority>(...TRACK_PRIORITIES);
const dimensions = fc.record({
  width: fc.integer({ min: 0, max: 2000 }),
  height: fc.integer({ min: 0, max: 2000 }),
});
const demand = fc.record({
  publishPriority: priority,
  subscribePriority: fc.option(priority),
  speakerRank: fc.option(fc.nat(5)),
  hint: fc.record({ enabled: fc.boolean(), dimensions }, { requiredKeys: [] }),
  muted: fc.boolean(),
  layers: fc.oneof(
    fc.tuple(fc.integer({ min: 10_000, max: 3_000_000 })),
    fc.constant(SIMULCAST),
    fc.constant([50_000, 200_000, 900_000]),
  ),
  wasOn: fc.boolean(),
});
const profile = fc.record(
  {
    mode: fc.constantFrom('grid', 'collaboration', 'presentation'),
    maxTracks: fc.integer({ min: -1, max: 8 }),
    maxSubscriptionBitrate: fc.integer({ min: 0, max: 5_000_000 }),
    dominantSpeakerPriority: priority,
    trackSwitchOff: fc.constantFrom('disabled', 'detected', 'predicted'),
    renderDimensions: fc.record(
      { low: dimensions, standard: dimensions, high: dimensions },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<BandwidthProfile>;
const question: fc.Arbitrary<AllocationQuestion> = fc.record({
  profile: fc.option(profile, { freq: 10 }),
  tracks: fc
    .array(demand, { maxLength: 12 })
    .map((demands) => demands.map((one, index): VideoDemand => ({ ...one, sid: `t${index}` }))),
  downlink: fc.option(fc.integer({ min: 0, max: 8_000_000 })),
});

const check = (property: (question: AllocationQuestion, answer: Allocation) => void): void =>
  fc.assert(
    fc.property(question, (asked) => property(asked, allocate(asked))),
    { numRuns: 2000 },
  );

describe('whatever is asked', () => {
  test('never more videos are on than there are places', () => {
    check(({ profile: asked }, { tracks }) => {
      const places = asked?.maxTracks ?? 0;
      if (places > 0) expect(tracks.filter(({ off }) => off === null).length).toBeLessThanOrEqual(places);
    });
  });

  test('none is on while one of a higher priority is off for want of a place or of bandwidth', () => {
    const rank = (one: TrackPriority): number => TRACK_PRIORITIES.indexOf(one);
    check((_asked, { tracks }) => {
      for (const reason of ['max-tracks', 'bandwidth'] satisfies OffReason[]) {
        const denied = tracks.filter(({ off }) => off === reason).map((track) => rank(track.priority));
        const highest = Math.max(-1, ...denied);
        for (const track of tracks)
          if (track.off === null) expect(rank(track.priority)).toBeGreaterThanOrEqual(highest);
      }
    });
  });

  test('what is set aside stays within the downlink and the limit, unless switching off is disabled', () => {
    check(({ profile: asked, downlink }, { reserved, tracks }) => {
      expect(reserved).toBeCloseTo(tracks.reduce((sum, track) => sum + track.reserved, 0));
      if (!asked || asked.trackSwitchOff === 'disabled') return;
      if (downlink !== null) expect(reserved).toBeLessThanOrEqual(downlink);
      if (asked.maxSubscriptionBitrate) expect(reserved).toBeLessThanOrEqual(asked.maxSubscriptionBitrate);
    });
  });

  test('the answer, once it is in force, gives itself again', () => {
    check((asked, answer) => {
      const tracks = asked.tracks.map((track, index) => ({
        ...track,
        wasOn: answer.tracks[index]!.off === null,
      }));
      expect(allocate({ ...asked, tracks })).toEqual(answer);
    });
  });

  test('without a profile all is on at its best, with the same weight', () => {
    check(({ profile: asked, tracks: demands }, { tracks }) => {
      if (asked) return;
      for (const [index, track] of tracks.entries())
        expect(track).toMatchObject({ off: null, layer: demands[index]!.layers.length - 1, weight: 1 });
    });
  });

  test('what is hidden is off, and only that is for that reason', () => {
    check(({ profile: asked, tracks: demands }, { tracks }) => {
      for (const [index, { off }] of tracks.entries())
        expect(off === 'hidden').toBe(asked !== null && demands[index]!.hint.enabled === false);
    });
  });

  test('the order of the question is that of the answer, and layers exist', () => {
    check(({ tracks: demands }, { tracks }) => {
      expect(tracks.map(({ sid }) => sid)).toEqual(demands.map(({ sid }) => sid));
      for (const [index, { layer }] of tracks.entries()) {
        expect(layer).toBeGreaterThanOrEqual(0);
        expect(layer).toBeLessThan(demands[index]!.layers.length);
      }
    });
  });

  test('the dominant speaker is never lowered', () => {
    fc.assert(
      fc.property(demand, profile, (one, asked) => {
        const silent = effectivePriority({ ...one, sid: 't', speakerRank: null }, asked);
        const speaking = effectivePriority({ ...one, sid: 't', speakerRank: 0 }, asked);
        expect(TRACK_PRIORITIES.indexOf(speaking)).toBeGreaterThanOrEqual(TRACK_PRIORITIES.indexOf(silent));
      }),
    );
  });
});
