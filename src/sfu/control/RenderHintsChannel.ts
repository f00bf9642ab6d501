import { z } from 'zod';
import type { RenderHint } from '../../rooms/allocation.js';
import { ControlChannel } from './ControlChannel.js';

/** More than a room may have tracks. */
const MOST_HINTS = 500;

const messageSchema = z.object({
  type: z.literal('render_hints'),
  subscriber: z.object({
    id: z.number(),
    hints: z
      .array(
        z.object({
          track: z.string(),
          enabled: z.boolean().optional(),
          render_dimensions: z.object({ width: z.number(), height: z.number() }).optional(),
        }),
      )
      .max(MOST_HINTS),
  }),
});
type RenderHintsMessage = z.infer<typeof messageSchema>;

/** What became of a hint: only `OK` is good news to the SDK, the rest it notes in its log. */
export type HintResult = 'OK' | 'UNKNOWN_TRACK' | 'INVALID_HINT';

export interface TrackHint {
  trackSid: string;
  hint: RenderHint;
}

/** `render_hints`: a subscriber's page says which videos are seen, and how large. Each request is answered. */
export class RenderHintsChannel extends ControlChannel<RenderHintsMessage> {
  readonly #onHints: (hints: readonly TrackHint[]) => readonly HintResult[];

  /** @param onHints takes them, and says in their order what became of each */
  constructor(onHints: (hints: readonly TrackHint[]) => readonly HintResult[]) {
    super(messageSchema);
    this.#onHints = onHints;
  }

  protected onReady(): void {
    // The client sends all its hints by itself.
  }

  protected onMessage({ subscriber: { id, hints } }: RenderHintsMessage): void {
    const results = this.#onHints(
      hints.map(({ track, enabled, render_dimensions: dimensions }) => ({
        trackSid: track,
        hint: { ...(enabled !== undefined && { enabled }), ...(dimensions && { dimensions }) },
      })),
    );
    this.send({
      type: 'render_hints',
      subscriber: { id, hints: hints.map(({ track }, index) => ({ track, result: results[index] })) },
    });
  }
}
