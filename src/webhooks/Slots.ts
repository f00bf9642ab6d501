/** So many at once for each key; the others wait in the order in which they came. */
export class Slots {
  readonly #most: number;
  readonly #used = new Map<string, { count: number; waiting: (() => void)[] }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Waits for a slot, uses it, and gives it back. */
  async use<T>(key: string, action: () => Promise<T>): Promise<T> {
    await this.#take(key);
    try {
      return await action();
    } finally {
      this.#giveBack(key);
    }
  }

  async #take(key: string): Promise<void> {
    const slots = this.#used.get(key) ?? { count: 0, waiting: [] };
    this.#used.set(key, slots);
    if (slots.count < this.#most) slots.count++;
    else await new Promise<void>((resolve) => slots.waiting.push(resolve));
  }

  #giveBack(key: string): void {
    const slots = this.#used.get(key)!;
    const next = slots.waiting.shift();
    // Whoever waits longest has it from hand to hand.
    if (next) next();
    else if (--slots.count === 0) this.#used.delete(key);
  }
}
