import type { RTCDataChannel } from 'werift';
import { z } from 'zod';
import type { RenderHint } from './layouts.js';

// The client's side of the channels of media signalling, over data channels that the server opens.

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('track_switch_off'), off: z.array(z.string()), on: z.array(z.string()) }),
  z.object({
    type: z.literal('publisher_hints'),
    publisher: z.object({
      id: z.number(),
      hints: z.array(
        z.object({
          track: z.string(),
          encodings: z
            .array(z.object({ enabled: z.boolean(), layer_index: z.number() }).nullable())
            .nullish(),
        }),
      ),
    }),
  }),
]);

export interface MediaChannelsListener {
  /** The server wants a simulcast layer of one of the own tracks turned on or off. */
  onLayer(trackSid: string, index: number, sending: boolean): boolean;
}

export class MediaChannels {
  /** Tracks that the server has switched off. */
  readonly switchedOff = new Set<string>();
  readonly #listener: MediaChannelsListener;
  readonly #names = new Map<string, string>();
  readonly #open = new Map<string, RTCDataChannel>();
  readonly #toldHints = new Map<string, string>();
  #hints: readonly RenderHint[] = [];
  #nextHintsId = 1;

  constructor(listener: MediaChannelsListener) {
    this.#listener = listener;
  }

  /** The server names the channels that it grants, by their labels. */
  grant(channels: Record<string, { transport: { label: string } }>): void {
    for (const [name, { transport }] of Object.entries(channels)) this.#names.set(transport.label, name);
  }

  /** The server opened a data channel: one of those that it granted, or somebody's data track. */
  onChannel(channel: RTCDataChannel): void {
    const name = this.#names.get(channel.label);
    if (name === undefined) return;
    this.#open.set(name, channel);
    channel.onMessage.subscribe((data) => this.#onMessage(channel, String(data)));
    channel.send(JSON.stringify({ type: 'ready' }));
    this.#toldHints.clear();
    if (name === 'render_hints') this.#tellHints();
  }

  /** What the page shows: the server is told what of it is new. */
  show(hints: readonly RenderHint[]): void {
    this.#hints = hints;
    this.#tellHints();
  }

  #tellHints(): void {
    const channel = this.#open.get('render_hints');
    if (!channel) return;
    const hints = this.#hints.filter((hint) => this.#toldHints.get(hint.track) !== JSON.stringify(hint));
    if (hints.length === 0) return;
    for (const hint of hints) this.#toldHints.set(hint.track, JSON.stringify(hint));
    const subscriber = { id: this.#nextHintsId++, hints };
    channel.send(JSON.stringify({ type: 'render_hints', subscriber }));
  }

  #onMessage(channel: RTCDataChannel, text: string): void {
    const parsed = messageSchema.safeParse(parseJson(text));
    // The rest, as answers to hints and who speaks, is of no use here.
    if (!parsed.success) return;
    const message = parsed.data;
    if (message.type === 'track_switch_off') {
      for (const sid of message.on) this.switchedOff.delete(sid);
      for (const sid of message.off) this.switchedOff.add(sid);
      return;
    }
    const { id, hints } = message.publisher;
    const results = hints.map(({ track, encodings }) => {
      const known = (encodings ?? []).every(
        (encoding) => !encoding || this.#listener.onLayer(track, encoding.layer_index, encoding.enabled),
      );
      return { track, result: known ? 'OK' : 'INVALID_HINT' };
    });
    channel.send(JSON.stringify({ type: 'publisher_hints', id, hints: results }));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
