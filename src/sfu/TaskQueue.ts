/** Runs asynchronous tasks one after the other. After {@link close}, those that wait are dropped. */
export class TaskQueue {
  readonly #onError: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when the task has run or was dropped; what it throws goes to `onError`. */
  run(task: () => Promise<void> | void): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (this.#closed) return;
      try {
        await task();
      } catch (error) {
        if (!this.#closed) this.#onError(error);
      }
    });
    return this.#last;
  }

  close(): void {
    this.#closed = true;
  }
}
