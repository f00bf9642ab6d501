import type { PeerConnectionState } from '../rooms/media.js';
import type { MediaChannel } from '../rooms/media.js';
import type { Participant } from '../rooms/Participant.js';
import type { Room } from '../rooms/Room.js';
import type { TwilioError } from '../errors.js';

// The state that the server tells clients, in the words of RSP v2. Everything here is computed from the model.

const errorState = ({ code, message }: TwilioError): { code: number; message: string } => ({ code, message });

/** A participant as the others see it. */
export function participantState(participant: Participant): object {
  return {
    sid: participant.sid,
    identity: participant.identity,
    revision: participant.revision,
    state: participant.status,
    tracks: participant.tracks.map((track) => ({
      sid: track.sid,
      id: track.clientId,
      kind: track.kind,
      name: track.name,
      enabled: track.enabled,
      priority: track.priority,
    })),
  };
}

/** Whether the others hear of a participant: in a large room, of those only who publish. */
export function isAnnounced(participant: Participant): boolean {
  return !participant.room.options.largeRoom || participant.tracks.length > 0;
}

/** A participant that the others are to hear of no more, though it stays; a later revision brings it back. */
export function withdrawnState(participant: Participant): object {
  return { ...participantState(participant), state: 'disconnected' };
}

/** What a participant is told of its own tracks. */
export function publishedState(participant: Participant): { revision: number; tracks: object[] } {
  return {
    revision: participant.publishedRevision,
    tracks: [
      ...participant.tracks.map((track) => ({ id: track.clientId, sid: track.sid, state: 'ready' })),
      ...[...participant.failedTracks].map(([id, error]) => ({
        id,
        state: 'failed',
        error: errorState(error),
      })),
    ],
  };
}

/**
 * The same for the answer to `connect`, in which no track has failed yet: the SDK rejects a publication only
 * once the application holds the room and can hear of it. The failures follow as an update.
 */
export function firstPublishedState(participant: Participant): { revision: number; tracks: object[] } {
  if (participant.failedTracks.size === 0) return publishedState(participant);
  return {
    revision: 1,
    tracks: [
      ...participant.tracks.map((track) => ({ id: track.clientId, sid: track.sid, state: 'ready' })),
      ...[...participant.failedTracks.keys()].map((id) => ({ id, state: 'created' })),
    ],
  };
}

/** What a participant receives, and under which ids. */
export function subscribedState(participant: Participant): { revision: number; tracks: object[] } {
  return {
    revision: participant.subscribedRevision,
    tracks: [...participant.subscriptions.values()].map(({ track, receiver }) =>
      'id' in receiver
        ? { sid: track.sid, id: receiver.id }
        : { sid: track.sid, error: errorState(receiver.error) },
    ),
  };
}

export function recordingState(room: Room): { revision: number; is_recording: boolean } {
  return { revision: room.recordingRevision, is_recording: room.isRecording };
}

export function mediaSignalingState(channels: ReadonlyMap<MediaChannel, string>): object {
  return Object.fromEntries(
    [...channels].map(([channel, label]) => [channel, { transport: { type: 'data-channel', label } }]),
  );
}

/** What of a peer connection a state speaks of, and which word it is: whether it was sent already. */
export function peerConnectionKeys({ id, description, ice }: PeerConnectionState): {
  subject: string;
  word: string;
} {
  return {
    subject: `${id} ${description?.type ?? ''} ${ice?.ufrag ?? ''}`,
    word: `${description?.revision ?? ''} ${ice?.revision ?? ''}`,
  };
}
