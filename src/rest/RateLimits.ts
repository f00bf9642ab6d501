import type { Clock } from '../clock.js';
import { twilioError } from '../errors.js';

/** Requests a second and account. https://www.twilio.com/docs/video/programmable-video-limits */
export const TWILIO_RATES = { reads: 80, writes: 20 } as const;

const SECOND = 1000;

/** What an account has asked for in the present second. */
interface Window {
  second: number;
  reads: number;
  writes: number;
}

/** Holds accounts to so many requests a second. */
export class RateLimits {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws TwilioError 20429 when the account has had what it may ask for in this second */
  count(accountSid: string, kind: 'reads' | 'writes'): void {
    const second = Math.floor(this.#clock.now() / SECOND);
    let window = this.#windows.get(accountSid);
    if (window?.second !== second) {
      this.#windows.set(accountSid, (window = { second, reads: 0, writes: 0 }));
    }
    if (window[kind] >= TWILIO_RATES[kind]) throw twilioError(20429);
    window[kind]++;
  }
}
