import { z } from 'zod';
import { TRACK_PRIORITIES } from '../../rooms/PublishedTrack.js';
import type { TrackPriority } from '../../rooms/PublishedTrack.js';
import { ControlChannel } from './ControlChannel.js';

const messageSchema = z.object({
  type: z.literal('track_priority'),
  track: z.string(),
  /** Null: the publisher's counts again. */
  subscribe: z.enum(TRACK_PRIORITIES).nullable(),
});
type TrackPriorityMessage = z.infer<typeof messageSchema>;

/** `track_priority`: a subscriber says how much it cares for a track. */
export class TrackPriorityChannel extends ControlChannel<TrackPriorityMessage> {
  readonly #onPriority: (trackSid: string, priority: TrackPriority | null) => void;

  constructor(onPriority: (trackSid: string, priority: TrackPriority | null) => void) {
    super(messageSchema);
    this.#onPriority = onPriority;
  }

  protected onReady(): void {
    // The client tells its priorities by itself.
  }

  protected onMessage({ track, subscribe }: TrackPriorityMessage): void {
    this.#onPriority(track, subscribe);
  }
}
