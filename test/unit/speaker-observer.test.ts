import type { types } from 'mediasoup';
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { ActiveSpeakers } from '../../src/sfu/speakers/ActiveSpeakers.js';
import { SpeakerObserver } from '../../src/sfu/speakers/SpeakerObserver.js';

/** One of mediasoup's observers, and what it was asked to watch. */
class FakeObserver extends EventEmitter {
  readonly watched: string[] = [];

  async addProducer({ producerId }: { producerId: string }): Promise<void> {
    this.watched.push(producerId);
    if (producerId === 'gone') throw new Error('not found');
  }
}

class FakeProducer {
  readonly id: string;
  readonly observer = new EventEmitter();
  paused = false;
  closed = false;

  constructor(id: string) {
    this.id = id;
  }

  pause(): void {
    this.paused = true;
    this.observer.emit('pause');
  }

  close(): void {
    this.closed = true;
    this.observer.emit('close');
  }

  get real(): types.Producer {
    return this as unknown as types.Producer;
  }
}

let clock: VirtualClock;
let levels: FakeObserver;
let dominance: FakeObserver;
let speakers: ActiveSpeakers<string>;
let observer: SpeakerObserver<string>;

beforeEach(async () => {
  clock = new VirtualClock(0);
  levels = new FakeObserver();
  dominance = new FakeObserver();
  const router = {
    createAudioLevelObserver: async () => levels,
    createActiveSpeakerObserver: async () => dominance,
  } as unknown as types.Router;
  speakers = new ActiveSpeakers<string>(clock, () => {});
  observer = await SpeakerObserver.create(router, speakers);
});

function watch(id: string, speaker: string, isPublished = () => true): FakeProducer {
  const producer = new FakeProducer(id);
  observer.watch(producer.real, speaker, isPublished);
  return producer;
}

/** Half a second in which these are heard. */
function hear(...producers: FakeProducer[]): void {
  for (let interval = 0; interval < 2; interval++) {
    clock.advance(250);
    levels.emit(
      'volumes',
      producers.map((producer) => ({ producer, volume: -30 })),
    );
  }
}

describe('the observer of speakers', () => {
  it('has both of the observers watch each producer, though one may be gone meanwhile', () => {
    watch('a', 'alice');
    watch('gone', 'bob');
    expect([levels.watched, dominance.watched]).toEqual([
      ['a', 'gone'],
      ['a', 'gone'],
    ]);
  });

  it('tells whose producer is heard', () => {
    hear(watch('a', 'alice'));
    expect(speakers.heardBy('bob')).toBe('alice');
  });

  it('tells whose producer dominates', () => {
    const [a, b] = [watch('a', 'alice'), watch('b', 'bob')];
    dominance.emit('dominantspeaker', { producer: b });
    hear(a, b);
    expect(speakers.heardBy('carol')).toBe('bob');
  });

  it('tells that a speaker is silent whose only producer is muted or closed, and of the last of several', () => {
    const [a, second] = [watch('a', 'alice'), watch('a2', 'alice')];
    hear(a);
    second.pause();
    expect(speakers.heardBy('bob')).toBe('alice');
    a.close();
    expect(speakers.heardBy('bob')).toBeNull();
    const b = watch('b', 'bob');
    hear(b);
    expect(speakers.heardBy('alice')).toBe('bob');
    b.pause();
    expect(speakers.heardBy('alice')).toBeNull();
  });

  it('does not count what it sees of a producer that was muted or closed, or that it does not watch', () => {
    const [a, b] = [watch('a', 'alice'), watch('b', 'bob')];
    a.pause();
    b.close();
    hear(a, b, new FakeProducer('c'));
    dominance.emit('dominantspeaker', { producer: a });
    dominance.emit('dominantspeaker', { producer: b });
    expect(speakers.heardBy('dora')).toBeNull();
  });

  it('does not count what is sent but not published, until it is', () => {
    let published = false;
    const a = watch('a', 'alice', () => published);
    hear(a);
    expect(speakers.heardBy('bob')).toBeNull();
    published = true;
    hear(a);
    expect(speakers.heardBy('bob')).toBe('alice');
  });
});
