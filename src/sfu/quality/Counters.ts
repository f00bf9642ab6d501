/** Remembers what counters said at the last look, to tell how much each has grown since. */
export class Counters {
  #before = new Map<string | number, number>();
  #now = new Map<string | number, number>();

  /** A new look begins: what was not asked about in the last one is forgotten. */
  begin(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  /** How much a counter has grown since the last look; of one that is new, only whether it counts at all: 0 or 1. */
  growth(name: string | number, count: number): number {
    this.#now.set(name, count);
    const before = this.#before.get(name);
    return before === undefined ? Math.min(count, 1) : Math.max(0, count - before);
  }
}
