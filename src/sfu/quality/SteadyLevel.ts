import type { Level } from './levels.js';

/** Worse samples in a row before the level falls. */
const BEFORE_FALL = 2;
/** Better samples in a row before it rises by one. */
const BEFORE_RISE = 3;

/**
 * A level that does not flap: it moves by one step at a time. It falls at the second worse sample in a row, and with
 * each one after; it rises with every third better one in a row. A connection that is lost is 0 at once.
 */
export class SteadyLevel {
  #level: Level;
  #worse = 0;
  #better = 0;

  constructor(first: Level) {
    this.#level = first;
  }

  get level(): Level {
    return this.#level;
  }

  /** Takes a sample; returns the level. */
  follow(sample: Level): Level {
    this.#worse = sample < this.#level ? this.#worse + 1 : 0;
    this.#better = sample > this.#level ? this.#better + 1 : 0;
    if (sample === 0) this.#level = 0;
    else if (this.#worse >= BEFORE_FALL) this.#level--;
    else if (this.#better >= BEFORE_RISE) {
      this.#level++;
      this.#better = 0;
    }
    return this.#level;
  }
}
