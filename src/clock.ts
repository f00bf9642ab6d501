/** A timer of a {@link Clock}; cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * The time by which rooms live: timeouts, maximum durations, token expiry. Liveness on the wire (heartbeats,
 * media) does not ask it. Tests bring a {@link VirtualClock}.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `action` once, `delay` milliseconds from now. */
  after(delay: number, action: () => void): Timer;
}

/** What a Node timer can wait at most; longer waits are made of several. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** The machine's own time. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  after(delay: number, action: () => void): Timer {
    const due = Date.now() + delay;
    let timeout: NodeJS.Timeout;
    const wait = (): void => {
      const left = Math.max(0, due - Date.now());
      timeout = setTimeout(left > LONGEST_WAIT ? wait : action, Math.min(left, LONGEST_WAIT));
    };
    wait();
    return { cancel: () => clearTimeout(timeout) };
  }
}

/** Time that stands still: for what is over. Its timers never fire. */
export class StoppedClock implements Clock {
  readonly #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  now(): number {
    return this.#at;
  }

  after(): Timer {
    return { cancel: () => {} };
  }
}

interface Alarm {
  due: number;
  order: number;
  action: () => void;
}

/** Time that moves only when told to. Timers fire in the order in which they fall due. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#alarms.size;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, action: () => void): Timer {
    const alarm = { due: this.#now + Math.max(0, delay), order: this.#order++, action };
    this.#alarms.add(alarm);
    return { cancel: () => this.#alarms.delete(alarm) };
  }

  /** Moves time on by `duration` milliseconds; whatever falls due on the way sees its own time as now. */
  advance(duration: number): void {
    const end = this.#now + duration;
    for (let next = this.#nextDue(end); next; next = this.#nextDue(end)) {
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.action();
    }
    this.#now = Math.max(this.#now, end);
  }

  #nextDue(end: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.due > end) continue;
      if (!next || alarm.due < next.due || (alarm.due === next.due && alarm.order < next.order)) next = alarm;
    }
    return next;
  }
}
