/** How much may wait. */
export interface QueueLimits {
  /** Of one room, beside what is being worked on. */
  maxWaitingPerRoom: number;
  /** Of all rooms together, with what is being worked on. */
  maxWaiting: number;
}

/**
 * Works off what belongs to rooms: of one room one after the other, in the order in which it came; rooms do not
 * wait for one another. Bounded: what is too much is handed back.
 */
export class RoomQueues<T> {
  readonly #limits: QueueLimits;
  readonly #handle: (item: T) => Promise<void>;
  /** What waits, by room; a room is in here for as long as something of it is worked on. */
  readonly #waiting = new Map<string, T[]>();
  readonly #running = new Set<Promise<void>>();
  #count = 0;
  #isStopped = false;

  /** @param handle must not fail */
  constructor(limits: QueueLimits, handle: (item: T) => Promise<void>) {
    this.#limits = limits;
    this.#handle = handle;
  }

  /**
   * Takes something; what is dropped for it is returned: the room's oldest that waits, for what happens last
   * matters most, or the new one itself, when the other rooms have taken all the space.
   */
  add(roomSid: string, item: T): T | null {
    const waiting = this.#waiting.get(roomSid);
    const isFull =
      this.#count >= this.#limits.maxWaiting ||
      (waiting !== undefined && waiting.length >= this.#limits.maxWaitingPerRoom);
    const dropped = isFull ? waiting?.shift() : undefined;
    if (isFull && dropped === undefined) return item;
    if (!isFull) this.#count++;
    if (waiting) waiting.push(item);
    else this.#begin(roomSid, item);
    return dropped ?? null;
  }

  /** Waits until nothing is left to do, or until what is being worked on has ended after {@link stop}. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Begins nothing any more. */
  stop(): void {
    this.#isStopped = true;
  }

  #begin(roomSid: string, item: T): void {
    const waiting: T[] = [];
    this.#waiting.set(roomSid, waiting);
    const running = this.#run(roomSid, item, waiting).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #run(roomSid: string, first: T, waiting: T[]): Promise<void> {
    for (let next: T | undefined = first; next !== undefined && !this.#isStopped; next = waiting.shift()) {
      await this.#handle(next);
      this.#count--;
    }
    // In the tick in which it was found empty: nothing is put where nobody looks any more.
    this.#waiting.delete(roomSid);
  }
}
