import type { MediaChannel } from '../../rooms/media.js';
import type { SfuParticipant } from '../SfuParticipant.js';
import type { ControlChannel } from './ControlChannel.js';
import { TrackPriorityChannel } from './TrackPriorityChannel.js';

// Where each channel of media signalling has its place: what is not here is not granted.

/** Makes the server's end of a channel, anew for each peer connection; null where it cannot be served. */
type ChannelFactory = (media: SfuParticipant) => ControlChannel | null;

export const CHANNEL_FACTORIES: Partial<Record<MediaChannel, ChannelFactory>> = {
  track_priority: (media) =>
    new TrackPriorityChannel((trackSid, priority) => media.setSubscribePriority(trackSid, priority)),
};
