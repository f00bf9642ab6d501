import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LayerHint, PublisherHintsChannel } from '../../src/sfu/control/PublisherHintsChannel.js';
import { PublisherHints } from '../../src/sfu/PublisherHints.js';
import type { LayeredTrack } from '../../src/sfu/PublisherHints.js';

let needs: Map<string, number>;
let tracks: LayeredTrack[];
let sent: LayerHint[][];
let ready: boolean;
let hints: PublisherHints;

beforeEach(() => {
  vi.useFakeTimers();
  needs = new Map();
  tracks = [{ sid: 'face', layerCount: 3 }];
  sent = [];
  ready = true;
  const channel = {
    get isReady() {
      return ready;
    },
    hint: (some: LayerHint[]) => sent.push(some),
  } as unknown as PublisherHintsChannel;
  hints = new PublisherHints({
    hintsChannel: () => channel,
    layeredTracks: () => tracks,
    neededLayer: (sid) => needs.get(sid) ?? null,
  });
});
afterEach(() => {
  hints.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** The best layers hinted so far, of one track. */
const bests = (sid = 'face') =>
  sent
    .flat()
    .filter(({ trackSid }) => trackSid === sid)
    .map(({ best }) => best);

function need(sid: string, layer: number | null): void {
  if (layer === null) needs.delete(sid);
  else needs.set(sid, layer);
  hints.changed();
}

describe('a publisher', () => {
  test('of what nobody receives is told to send nothing, in a moment', () => {
    hints.onReady();
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(2_000);
    expect(bests()).toEqual([-1]);
  });

  test('is asked for more at once, and for less when that has lasted', () => {
    needs.set('face', 0);
    hints.onReady();
    vi.advanceTimersByTime(2_000);
    need('face', 2);
    expect(bests()).toEqual([0, 2]);
    need('face', 1);
    expect(bests()).toEqual([0, 2]);
    vi.advanceTimersByTime(2_000);
    expect(bests()).toEqual([0, 2, 1]);
  });

  test('does not hear of what changes back and forth', () => {
    needs.set('face', 2);
    hints.onReady();
    for (let round = 0; round < 10; round++) {
      need('face', 0);
      vi.advanceTimersByTime(300);
      need('face', 2);
    }
    vi.advanceTimersByTime(5_000);
    expect(bests()).toEqual([]);
  });

  test('that sends all, which is all needed, is told nothing', () => {
    needs.set('face', 2);
    hints.onReady();
    vi.advanceTimersByTime(5_000);
    expect(sent).toEqual([]);
  });

  test('hears of several tracks in one message', () => {
    tracks.push({ sid: 'screen', layerCount: 2 });
    needs.set('screen', 0);
    hints.onReady();
    vi.advanceTimersByTime(2_000);
    expect(sent).toEqual([
      [
        { trackSid: 'face', best: -1, layerCount: 3 },
        { trackSid: 'screen', best: 0, layerCount: 2 },
      ],
    ]);
  });

  test('is told anew when the source of a track was replaced', () => {
    needs.set('face', 0);
    hints.onReady();
    vi.advanceTimersByTime(2_000);
    hints.onReset('face');
    vi.advanceTimersByTime(2_000);
    expect(bests()).toEqual([0, 0]);
  });

  test('is told anew on a new channel', () => {
    needs.set('face', 0);
    hints.onReady();
    vi.advanceTimersByTime(2_000);
    hints.onReady();
    vi.advanceTimersByTime(2_000);
    expect(bests()).toEqual([0, 0]);
  });

  test('that did not know the track yet is told again, but not for ever', () => {
    hints.onReady();
    vi.advanceTimersByTime(2_000);
    hints.onResult(1, 'face', 'UNKNOWN_TRACK');
    vi.advanceTimersByTime(2_000);
    expect(bests()).toEqual([-1, -1]);
    for (let id = 2; id < 50; id++) {
      hints.onResult(id, 'face', 'COULD_NOT_APPLY_HINT');
      vi.advanceTimersByTime(2_000);
    }
    expect(bests().length).toBeLessThan(10);
  });

  test('whose answer is to an older hint is not told again', () => {
    hints.onReady();
    vi.advanceTimersByTime(2_000);
    need('face', 2);
    hints.onResult(1, 'face', 'REQUEST_SKIPPED');
    vi.advanceTimersByTime(5_000);
    expect(bests()).toEqual([-1, 2]);
  });

  test('that does not listen yet is told nothing', () => {
    ready = false;
    hints.changed();
    vi.advanceTimersByTime(5_000);
    expect(sent).toEqual([]);
  });
});
