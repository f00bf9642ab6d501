import type { MediaChannel } from '../../rooms/media.js';
import type { DataChannels } from '../data/DataChannels.js';
import type { SfuParticipant } from '../SfuParticipant.js';
import { CHANNEL_FACTORIES } from './channels.js';
import type { ControlChannel } from './ControlChannel.js';

/** The channels of media signalling that one peer connection carries. They end with it. */
export class ControlChannels {
  /** The label of each channel's data channel. */
  readonly labels: ReadonlyMap<MediaChannel, string>;
  readonly #channels = new Map<MediaChannel, ControlChannel>();

  /**
   * @param wanted what the client asked for
   * @param suffix sets the labels apart from those of the participant's other peer connections
   */
  constructor(wanted: readonly MediaChannel[], suffix: string, media: SfuParticipant) {
    for (const name of wanted) {
      const channel = CHANNEL_FACTORIES[name]?.(media);
      if (channel) this.#channels.set(name, channel);
    }
    this.labels = new Map([...this.#channels.keys()].map((name) => [name, `${name}-${suffix}`]));
  }

  /** Opens them all, to be called once data can go through. */
  async open(dataChannels: DataChannels): Promise<void> {
    await Promise.all(
      [...this.#channels].map(([name, channel]) => channel.open(dataChannels, this.labels.get(name)!)),
    );
  }

  /** The channel of this class, if it is served here: to send on it. */
  get<C extends ControlChannel>(kind: abstract new (...args: never[]) => C): C | undefined {
    return [...this.#channels.values()].find((channel): channel is C => channel instanceof kind);
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }
}
