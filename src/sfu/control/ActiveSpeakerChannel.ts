import { z } from 'zod';
import { ControlChannel } from './ControlChannel.js';

/** `active_speaker`: a client is told who dominates, of the others. */
export class ActiveSpeakerChannel extends ControlChannel<never> {
  readonly #speaker: () => string | null;
  #told: string | null | undefined;

  /** @param speaker the SID of the participant who dominates now, null for nobody */
  constructor(speaker: () => string | null) {
    super(z.never());
    this.#speaker = speaker;
  }

  /** It may have changed. */
  tell(): void {
    const participant = this.#speaker();
    if (!this.isReady || participant === this.#told) return;
    this.#told = participant;
    this.send({ type: 'active_speaker', participant });
  }

  protected onReady(): void {
    // Also that it is nobody: the client may remember another from the channel before this one.
    this.#told = undefined;
    this.tell();
  }

  protected onMessage(): void {
    // A client has nothing to say here.
  }
}
