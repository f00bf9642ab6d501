import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { ActiveSpeakers } from '../../src/sfu/speakers/ActiveSpeakers.js';

const INTERVAL = 250;
const SECOND = 1000;

let clock: VirtualClock;
let speakers: ActiveSpeakers<string>;
/** What dora, who never speaks, was told of: one entry a change. */
let told: (string | null)[];

beforeEach(() => {
  clock = new VirtualClock(0);
  told = [];
  speakers = new ActiveSpeakers(clock, () => {
    const now = speakers.heardBy('dora');
    if (now !== (told.at(-1) ?? null)) told.push(now);
  });
});

/** Has these speak for so long, each with a volume; nobody for silence. */
function speak(duration: number, volumes: Record<string, number> = {}): void {
  for (let time = 0; time < duration; time += INTERVAL) {
    clock.advance(INTERVAL);
    const heard = Object.entries(volumes);
    if (heard.length > 0) speakers.heard(heard);
  }
}

describe('the dominant speaker', () => {
  it('is nobody at first', () => {
    expect(speakers.heardBy('alice')).toBeNull();
  });

  it('is the one who speaks, within a second', () => {
    speak(SECOND, { alice: -30 });
    expect(speakers.heardBy('bob')).toBe('alice');
  });

  it('is nobody within a second of the last word', () => {
    speak(3 * SECOND, { alice: -30 });
    speak(SECOND);
    expect(speakers.heardBy('bob')).toBeNull();
    expect(clock.pending).toBe(0);
  });

  it('stays through a breath', () => {
    for (let sentence = 0; sentence < 5; sentence++) {
      speak(2 * SECOND, { alice: -30 });
      speak(2 * INTERVAL);
    }
    expect(told).toEqual(['alice']);
  });

  it('is not the one who coughs', () => {
    speak(INTERVAL, { alice: -10 });
    speak(SECOND);
    expect(told).toEqual([]);
  });

  it('changes within a second when another takes the word, whether that one dominates or not', () => {
    speak(3 * SECOND, { alice: -30 });
    speak(SECOND, { bob: -30 });
    expect(speakers.heardBy('dora')).toBe('bob');
    speakers.dominates('alice');
    speak(SECOND, { alice: -30 });
    expect(speakers.heardBy('dora')).toBe('alice');
    expect(told).toEqual(['alice', 'bob', 'alice']);
  });

  it('is of several who begin at once the one who dominates, else the loudest', () => {
    speak(SECOND, { alice: -40, bob: -20, carol: -30 });
    expect(speakers.heardBy('dora')).toBe('bob');
    speak(2 * SECOND);
    speakers.dominates('carol');
    speak(SECOND, { alice: -40, bob: -20, carol: -30 });
    expect(speakers.heardBy('dora')).toBe('carol');
  });

  it('stays while another speaks too, and no louder voice but only a dominant one takes over', () => {
    speak(3 * SECOND, { alice: -30 });
    speak(5 * SECOND, { alice: -30, bob: -10 });
    expect(speakers.heardBy('dora')).toBe('alice');
    speakers.dominates('bob');
    speak(SECOND, { alice: -30, bob: -10 });
    expect(speakers.heardBy('dora')).toBe('bob');
  });

  it('does not flicker between two who talk over each other', () => {
    for (let turn = 0; turn < 40; turn++) {
      speakers.dominates(turn % 2 === 0 ? 'alice' : 'bob');
      speak(INTERVAL, { alice: -20, bob: -20 });
    }
    // Ten seconds in which each dominated for a quarter of a second at a time.
    expect(told).toHaveLength(1);
  });

  it('changes every few seconds at most when two dominate by turns while both speak', () => {
    for (let turn = 0; turn < 20; turn++) {
      speakers.dominates(turn % 2 === 0 ? 'alice' : 'bob');
      speak(2 * INTERVAL, { alice: -20, bob: -20 });
    }
    // Ten seconds.
    expect(told.length).toBeLessThanOrEqual(5);
  });

  it('is nobody, at once, when it is muted or leaves', () => {
    speak(3 * SECOND, { alice: -30 });
    speakers.silenced('alice');
    expect(speakers.heardBy('bob')).toBeNull();
    expect(clock.pending).toBe(0);
  });

  it('is the other, at once, when one of two speakers is muted', () => {
    speak(3 * SECOND, { alice: -30 });
    speak(2 * SECOND, { alice: -30, bob: -30 });
    speakers.silenced('alice');
    expect(speakers.heardBy('carol')).toBe('bob');
    expect(speakers.heardBy('bob')).toBeNull();
  });

  it('leaves no timer behind', () => {
    speakers.dominates('bob');
    speak(SECOND, { alice: -30, bob: -30 });
    speakers.close();
    speakers.silenced('alice');
    expect(clock.pending).toBe(0);
    expect(told).toEqual(['bob']);
  });
});

describe('the dominant speaker itself', () => {
  it('is told of nobody while it alone has spoken', () => {
    speak(5 * SECOND, { alice: -30 });
    expect(speakers.heardBy('alice')).toBeNull();
  });

  it('goes on to be told of the one who dominated before it', () => {
    speak(3 * SECOND, { bob: -30 });
    speak(10 * SECOND, { alice: -30 });
    expect(speakers.heardBy('alice')).toBe('bob');
    expect(speakers.heardBy('bob')).toBe('alice');
    speak(SECOND);
    expect(speakers.heardBy('alice')).toBeNull();
  });

  it('is told of another who begins to speak beside it, when the one before it is silent', () => {
    speak(3 * SECOND, { bob: -30 });
    speak(3 * SECOND, { alice: -30 });
    speak(SECOND, { alice: -30, carol: -40 });
    expect(speakers.heardBy('alice')).toBe('carol');
    expect(speakers.heardBy('bob')).toBe('alice');
    speak(2 * SECOND, { alice: -30, carol: -40, bob: -20 });
    expect(speakers.heardBy('alice')).toBe('carol');
  });

  it('is told of nobody when the one before it is muted or leaves', () => {
    speak(3 * SECOND, { bob: -30 });
    speak(3 * SECOND, { alice: -30 });
    speakers.silenced('bob');
    expect(speakers.heardBy('alice')).toBeNull();
    speak(3 * SECOND, { alice: -30 });
    expect(speakers.heardBy('alice')).toBeNull();
  });
});

describe('whatever is observed', () => {
  const names = ['alice', 'bob', 'carol'];
  const name = fc.constantFrom(...names);
  const steps = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ heard: fc.dictionary(name, fc.integer({ min: -55, max: 0 })) }) },
      { weight: 2, arbitrary: fc.record({ dominates: name }) },
      { weight: 1, arbitrary: fc.record({ silenced: name }) },
      { weight: 2, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 1500 }) }) },
    ),
    { maxLength: 80 },
  );

  it('nobody is told of itself, of one who is silent, or is not told; and no two alternate quickly', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const time = new VirtualClock(0);
        const heardAt = new Map<string, number>();
        const shown = new Map<string, string | null>();
        let changedAt = -Infinity;
        let dominant: string | null = null;
        const observed = new ActiveSpeakers<string>(time, () => {
          for (const listener of [...names, 'dora']) shown.set(listener, observed.heardBy(listener));
          const now = shown.get('dora') ?? null;
          if (now === dominant) return;
          if (dominant !== null && now !== null) {
            const spoke = time.now() - (heardAt.get(dominant) ?? -Infinity) < 800;
            expect(!spoke || time.now() - changedAt >= 2500).toBe(true);
          }
          changedAt = time.now();
          dominant = now;
        });
        for (const step of list) {
          if ('heard' in step) {
            time.advance(INTERVAL);
            for (const speaker of Object.keys(step.heard)) heardAt.set(speaker, time.now());
            observed.heard(Object.entries(step.heard));
          } else if ('dominates' in step) observed.dominates(step.dominates);
          else if ('silenced' in step) {
            heardAt.delete(step.silenced);
            observed.silenced(step.silenced);
          } else time.advance(step.wait);

          const anyone = [...heardAt.values()].some((at) => time.now() - at < 800);
          for (const listener of [...names, 'dora']) {
            const speaker = observed.heardBy(listener);
            expect(speaker).not.toBe(listener);
            expect(shown.get(listener) ?? null).toBe(speaker);
            if (speaker !== null) expect(anyone && heardAt.has(speaker)).toBe(true);
          }
        }
        time.advance(10_000);
        expect(observed.heardBy('dora')).toBeNull();
        expect(time.pending).toBe(0);
      }),
    );
  });
});
