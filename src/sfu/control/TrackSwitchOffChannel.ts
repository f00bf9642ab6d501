import { z } from 'zod';
import { ControlChannel } from './ControlChannel.js';

/** `track_switch_off`: a subscriber is told which videos it is not sent for now, and which again. */
export class TrackSwitchOffChannel extends ControlChannel<never> {
  readonly #state: () => { off: readonly string[]; on: readonly string[] };

  /** @param state all that is off and on, by the tracks' SIDs */
  constructor(state: () => { off: readonly string[]; on: readonly string[] }) {
    // The client says nothing here.
    super(z.never());
    this.#state = state;
  }

  tell(off: readonly string[], on: readonly string[]): void {
    this.send({ type: 'track_switch_off', off, on });
  }

  protected onReady(): void {
    const { off, on } = this.#state();
    this.tell(off, on);
  }

  protected onMessage(): void {}
}
