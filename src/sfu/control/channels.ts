import type { MediaChannel } from '../../rooms/media.js';
import type { SfuParticipant } from '../SfuParticipant.js';
import { ActiveSpeakerChannel } from './ActiveSpeakerChannel.js';
import type { ControlChannel } from './ControlChannel.js';
import { PublisherHintsChannel } from './PublisherHintsChannel.js';
import { RenderHintsChannel } from './RenderHintsChannel.js';
import { NetworkQualityChannel } from './NetworkQualityChannel.js';
import { TrackPriorityChannel } from './TrackPriorityChannel.js';
import { TrackSwitchOffChannel } from './TrackSwitchOffChannel.js';
import { TranscriptionsChannel } from './TranscriptionsChannel.js';

// Where each channel of media signalling has its place: what is not here is not granted.

/** Makes the server's end of a channel, anew for each peer connection; null where it cannot be served. */
type ChannelFactory = (media: SfuParticipant) => ControlChannel | null;

export const CHANNEL_FACTORIES: Partial<Record<MediaChannel, ChannelFactory>> = {
  active_speaker: (media) => new ActiveSpeakerChannel(() => media.dominantSpeaker?.sid ?? null),
  network_quality: (media) => new NetworkQualityChannel((message) => media.answerQuality(message)),
  track_priority: (media) =>
    new TrackPriorityChannel((trackSid, priority) => media.setSubscribePriority(trackSid, priority)),
  track_switch_off: (media) => new TrackSwitchOffChannel(() => media.allocator.switched),
  render_hints: (media) => new RenderHintsChannel((hints) => media.setRenderHints(hints)),
  // Layers that can be chosen from are sent in VP8 only: without this channel, the SDK sends one.
  publisher_hints: (media) =>
    media.participant.room.options.videoCodecs.includes('VP8')
      ? new PublisherHintsChannel(media.hints)
      : null,
  extension_transcriptions: () => new TranscriptionsChannel(),
};
