import type { Clock, Timer } from '../../clock.js';

// Who speaks, decided from what two observers of the audio levels say: one tells who is audible, interval by
// interval, the other whose speech dominates over the last second. The first alone would follow every cough, the
// second never says that nobody speaks any more.

/** Milliseconds after which someone who was not heard again has stopped: a breath is no end. */
const BREATH = 800;
/** Milliseconds for which someone must be heard to be a speaker: a cough is no speech. */
const COUGH = 200;
/** Milliseconds for which someone must dominate to take over from one who still speaks … */
const TAKEOVER = 300;
/** … and how long that one must have been the dominant speaker: two who talk over each other do not flicker. */
const TENURE = 2500;

interface Speech {
  /** When it began. */
  readonly since: number;
  heardAt: number;
  /** dBov, from -127 to 0. */
  volume: number;
}

/**
 * Decides who the dominant speaker is, for each of those who listen.
 *
 * The dominant speaker stays so until it falls silent or is dominated by another for long enough. It hears of the
 * second itself: the one who dominated before it, or who speaks beside it.
 */
export class ActiveSpeakers<Speaker> {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #speeches = new Map<Speaker, Speech>();
  #dominant: Speaker | null = null;
  #dominantSince = 0;
  #second: Speaker | null = null;
  /** Whose speech dominates, and since when. Stays when that one falls silent. */
  #claim: { speaker: Speaker; at: number } | null = null;
  #timer: Timer | null = null;
  #closed = false;

  /** @param onChange called whenever {@link heardBy} says something else */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** The most dominant speaker other than the one who listens; null while nobody speaks. */
  heardBy(listener: Speaker): Speaker | null {
    return this.#dominant === listener ? this.#second : this.#dominant;
  }

  /** These were audible in the interval that has just ended, so loud (dBov). */
  heard(volumes: Iterable<readonly [Speaker, number]>): void {
    const now = this.#clock.now();
    this.#forgetSilent();
    for (const [speaker, volume] of volumes) {
      const speech = this.#speeches.get(speaker);
      if (speech) Object.assign(speech, { heardAt: now, volume });
      else this.#speeches.set(speaker, { since: now, heardAt: now, volume });
    }
    this.#decide();
  }

  /** The speech of this one dominates from now on. */
  dominates(speaker: Speaker): void {
    this.#claim = { speaker, at: this.#clock.now() };
    this.#decide();
  }

  /** This one cannot be heard any more: muted, or gone. */
  silenced(speaker: Speaker): void {
    this.#speeches.delete(speaker);
    if (this.#claim?.speaker === speaker) this.#claim = null;
    this.#decide(speaker);
  }

  /** The end: nothing changes any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #forgetSilent(): void {
    const now = this.#clock.now();
    for (const [speaker, { heardAt }] of this.#speeches) {
      if (now - heardAt >= BREATH) this.#speeches.delete(speaker);
    }
  }

  /** @param silenced one who is not to be named, whatever was before */
  #decide(silenced: Speaker | null = null): void {
    if (this.#closed) return;
    this.#forgetSilent();
    const before = this.#dominant === silenced ? null : this.#dominant;
    const dominant = this.#speeches.size === 0 ? null : this.#nextDominant(before);
    const second = dominant === null ? null : this.#nextSecond(dominant, before, silenced);
    const isNew = dominant !== this.#dominant;
    const changed = isNew || second !== this.#second;
    if (isNew) this.#dominantSince = this.#clock.now();
    this.#dominant = dominant;
    this.#second = second;
    this.#wakeUp();
    if (changed) this.#onChange();
  }

  #nextDominant(before: Speaker | null): Speaker | null {
    const now = this.#clock.now();
    const claim = this.#claim && this.#speaks(this.#claim.speaker) ? this.#claim : null;
    if (before !== null && this.#speeches.has(before)) {
      const yields = claim !== null && now - claim.at >= TAKEOVER && now - this.#dominantSince >= TENURE;
      return yields ? claim.speaker : before;
    }
    return claim?.speaker ?? this.#loudestBut(null) ?? before;
  }

  #nextSecond(dominant: Speaker, before: Speaker | null, silenced: Speaker | null): Speaker | null {
    const last = dominant === before ? this.#second : before;
    const candidate = last === dominant || last === silenced ? null : last;
    if (candidate !== null && this.#speeches.has(candidate)) return candidate;
    return this.#loudestBut(dominant) ?? candidate;
  }

  #speaks(speaker: Speaker): boolean {
    const speech = this.#speeches.get(speaker);
    return speech !== undefined && speech.heardAt - speech.since >= COUGH;
  }

  #loudestBut(dominant: Speaker | null): Speaker | null {
    let loudest: Speaker | null = null;
    let most = -Infinity;
    for (const [speaker, { volume }] of this.#speeches) {
      if (speaker === dominant || !this.#speaks(speaker) || volume <= most) continue;
      loudest = speaker;
      most = volume;
    }
    return loudest;
  }

  /** Decides again at the next moment at which time alone may change something. */
  #wakeUp(): void {
    this.#timer?.cancel();
    const now = this.#clock.now();
    const moments = [...this.#speeches.values()].map(({ heardAt }) => heardAt + BREATH);
    if (moments.length > 0 && this.#claim)
      moments.push(this.#claim.at + TAKEOVER, this.#dominantSince + TENURE);
    const next = Math.min(...moments.filter((moment) => moment > now));
    this.#timer = Number.isFinite(next) ? this.#clock.after(next - now, () => this.#decide()) : null;
  }
}
