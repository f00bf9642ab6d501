import { beforeEach, describe, expect, test } from 'vitest';
import type { Participant } from '../../src/rooms/Participant.js';
import { PublishedTrack } from '../../src/rooms/PublishedTrack.js';
import type { TrackPriority } from '../../src/rooms/PublishedTrack.js';
import type { Hold, Outgoing } from '../../src/sfu/Outgoing.js';
import { VideoAllocator } from '../../src/sfu/VideoAllocator.js';

/** What is sent of one video, as the allocator has set it. */
class FakeVideo {
  readonly track: PublishedTrack;
  readonly holds = new Set<Hold>();
  layer: number | null = null;
  weight = 1;
  changes = 0;

  constructor(sid: string, publisherSid: string, priority: TrackPriority, createdAt: number) {
    const announcement = { clientId: sid, kind: 'video', name: sid, enabled: true, priority } as const;
    this.track = new PublishedTrack(sid, publisherSid, announcement, createdAt);
  }

  hold(reason: Hold): void {
    if (!this.holds.has(reason)) this.changes++;
    this.holds.add(reason);
  }

  release(reason: Hold): void {
    if (this.holds.delete(reason)) this.changes++;
  }

  prefer(layer: number): void {
    if (layer !== this.layer) this.changes++;
    this.layer = layer;
  }

  weigh(weight: number): void {
    if (weight !== this.weight) this.changes++;
    this.weight = weight;
  }
}

const RATES = [100_000, 400_000, 1_500_000];
const participant = (sid: string) => ({ sid }) as Participant;

let videos: FakeVideo[];
let switched: string[];
let limits: (number | null)[];
let needs: string[];
let allocator: VideoAllocator;

beforeEach(() => {
  videos = [];
  switched = [];
  limits = [];
  needs = [];
  allocator = new VideoAllocator({
    videos: () => videos as unknown as Outgoing[],
    layerRates: () => RATES,
    limitBitrate: (bitrate) => limits.push(bitrate),
    onSwitched: (off, on) => switched.push(`off ${off.join() || '-'} on ${on.join() || '-'}`),
    onNeedChanged: ({ sid }) => needs.push(sid),
  });
});

function publish(sid: string, publisherSid = `PA${sid}`, priority: TrackPriority = 'standard'): FakeVideo {
  const video = new FakeVideo(sid, publisherSid, priority, videos.length);
  videos.push(video);
  allocator.update();
  return video;
}

const flowing = () => videos.filter(({ holds }) => holds.size === 0).map(({ track }) => track.sid);

describe('an allocator', () => {
  test('holds nothing without a profile, whatever the page hints', () => {
    publish('a');
    publish('b');
    allocator.setHints([{ trackSid: 'a', hint: { enabled: false } }]);
    allocator.sampleDownlink({ now: 0, available: 1, loss: 1 });
    expect(flowing()).toEqual(['a', 'b']);
    expect(switched).toEqual([]);
  });

  test('switches off and on again, and tells of each change once', () => {
    publish('a');
    publish('b');
    allocator.setProfile({ maxTracks: 1 });
    allocator.update();
    allocator.setProfile({ maxTracks: 2 });
    allocator.update();
    expect(switched).toEqual(['off b on -', 'off - on b']);
    expect(flowing()).toEqual(['a', 'b']);
  });

  test('changes nothing where nothing has changed', () => {
    allocator.setProfile({ maxTracks: 1, mode: 'presentation', maxSubscriptionBitrate: 1_000_000 });
    publish('a');
    publish('b');
    const before = videos.map(({ changes }) => changes);
    for (let round = 0; round < 5; round++) allocator.update();
    expect(videos.map(({ changes }) => changes)).toEqual(before);
    expect(limits).toEqual([1_000_000]);
  });

  test('keeps what was hinted of a track when another thing is', () => {
    allocator.setProfile({});
    const video = publish('a');
    allocator.setHints([{ trackSid: 'a', hint: { dimensions: { width: 320, height: 180 } } }]);
    allocator.setHints([{ trackSid: 'a', hint: { enabled: false } }]);
    expect(flowing()).toEqual([]);
    allocator.setHints([{ trackSid: 'a', hint: { enabled: true } }]);
    expect(flowing()).toEqual(['a']);
    expect(video.layer).toBe(0);
  });

  test('forgets what was wished of a track that is no longer subscribed to', () => {
    allocator.setProfile({});
    const [video] = [publish('a')];
    allocator.setHints([{ trackSid: 'a', hint: { enabled: false } }]);
    videos = [];
    allocator.unsubscribed('a');
    allocator.update();
    videos = [video];
    video.holds.clear();
    allocator.update();
    expect(flowing()).toEqual(['a']);
    // The client still takes it for switched off.
    expect(switched).toEqual(['off a on -', 'off - on a']);
  });

  test('has the dominant speaker on, and after it those who spoke last', () => {
    allocator.setProfile({ maxTracks: 2 });
    for (const sid of ['a', 'b', 'c', 'd']) publish(sid);
    expect(flowing()).toEqual(['a', 'b']);
    allocator.setDominantSpeaker(participant('PAc'));
    expect(flowing()).toEqual(['a', 'c']);
    allocator.setDominantSpeaker(participant('PAd'));
    expect(flowing()).toEqual(['c', 'd']);
    allocator.setDominantSpeaker(null);
    expect(flowing()).toEqual(['c', 'd']);
    allocator.setDominantSpeaker(participant('PAc'));
    expect(flowing()).toEqual(['c', 'd']);
    allocator.left(participant('PAd'));
    allocator.update();
    expect(flowing()).toEqual(['a', 'c']);
  });

  test('raises the dominant speaker only while it speaks', () => {
    allocator.setProfile({ maxTracks: 1, dominantSpeakerPriority: 'high' });
    publish('a', 'PAa', 'standard');
    publish('b', 'PAb', 'low');
    allocator.setDominantSpeaker(participant('PAb'));
    expect(flowing()).toEqual(['b']);
    allocator.setDominantSpeaker(null);
    expect(flowing()).toEqual(['a']);
  });

  test('says which layer it needs, and when that changes', () => {
    allocator.setProfile({});
    publish('a');
    expect(allocator.neededLayer('a')).toBe(2);
    needs = [];
    allocator.setHints([{ trackSid: 'a', hint: { dimensions: { width: 320, height: 180 } } }]);
    expect(allocator.neededLayer('a')).toBe(0);
    allocator.setHints([{ trackSid: 'a', hint: { enabled: false } }]);
    expect(allocator.neededLayer('a')).toBeNull();
    videos = [];
    allocator.unsubscribed('a');
    allocator.update();
    expect(needs).toEqual(['a', 'a']);
  });

  test('says that it needs nothing of what is no longer subscribed to', () => {
    publish('a');
    needs = [];
    videos = [];
    allocator.update();
    expect(needs).toEqual(['a']);
    expect(allocator.neededLayer('a')).toBeNull();
  });

  test('tells a new listener all that is off and on', () => {
    allocator.setProfile({ maxTracks: 1 });
    publish('a');
    publish('b');
    expect(allocator.switched).toEqual({ off: ['b'], on: ['a'] });
  });

  test('switches off under a shortage that lasts, and on again after it', () => {
    allocator.setProfile({});
    publish('a');
    publish('b', 'PAb', 'low');
    let now = 0;
    const sample = (available: number, seconds: number) => {
      for (let second = 0; second < seconds; second++)
        allocator.sampleDownlink({ now: (now += 1000), available, loss: 0 });
    };
    sample(150_000, 3);
    expect(flowing()).toEqual(['a', 'b']);
    sample(150_000, 3);
    expect(flowing()).toEqual(['a']);
    sample(1_000_000, 10);
    expect(flowing()).toEqual(['a', 'b']);
  });
});
