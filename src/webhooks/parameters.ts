import type { SequencedRoomEvent } from '../rooms/events.js';
import type { ParticipantRecord, PublishedTrackRecord, RoomRecord } from '../rooms/records.js';

/** What a status callback tells of: `event` is Twilio's name for it, `at` is milliseconds since the epoch. */
export type Occurrence = { room: RoomRecord; at: number } & (
  | { event: 'room-created' | 'room-ended' }
  | { event: 'participant-connected' | 'participant-disconnected'; participant: ParticipantRecord }
  | {
      event: 'track-added' | 'track-removed' | 'track-enabled' | 'track-disabled';
      participant: ParticipantRecord;
      track: PublishedTrackRecord;
    }
);

/** The occurrence that an event of the model is; null for those of which no callback tells. */
export function occurrenceOf(event: SequencedRoomEvent): Occurrence | null {
  const about = { room: event.room.record, at: event.at };
  switch (event.type) {
    case 'room-created':
    case 'room-ended':
      return { ...about, event: event.type };
    case 'participant-connected':
    case 'participant-disconnected':
      return { ...about, event: event.type, participant: event.participant.record };
    case 'track-published':
    case 'track-unpublished':
    case 'track-enabled':
    case 'track-disabled': {
      const { participant, track } = event;
      const record = participant.trackRecord(track);
      return { ...about, event: TRACK_EVENTS[event.type], participant: participant.record, track: record };
    }
    default:
      return null;
  }
}

const TRACK_EVENTS = {
  'track-published': 'track-added',
  'track-unpublished': 'track-removed',
  'track-enabled': 'track-enabled',
  'track-disabled': 'track-disabled',
} as const;

/**
 * The parameters of a status callback: https://www.twilio.com/docs/video/api/status-callbacks
 * The statuses are those that the event brings about: a room is completed in `room-ended` alone, a participant
 * disconnected in `participant-disconnected`, though events that come at the same end are told before.
 * @param sequenceNumber counts a room's callbacks from 0
 */
export function parametersOf(occurrence: Occurrence, sequenceNumber: number): Record<string, string> {
  const { room, event, at } = occurrence;
  return {
    AccountSid: room.accountSid,
    RoomName: room.uniqueName,
    RoomSid: room.sid,
    RoomStatus: event === 'room-ended' ? 'completed' : 'in-progress',
    RoomType: room.type,
    StatusCallbackEvent: event,
    Timestamp: new Date(at).toISOString(),
    SequenceNumber: String(sequenceNumber),
    ...(event === 'room-ended' && { RoomDuration: seconds(room.createdAt, room.endedAt ?? at) }),
    ...('participant' in occurrence && participantParameters(occurrence.participant, event, at)),
    ...('track' in occurrence && trackParameters(occurrence.track)),
  };
}

function participantParameters(
  { sid, identity, startedAt, endedAt }: ParticipantRecord,
  event: Occurrence['event'],
  at: number,
): Record<string, string> {
  const isEnd = event === 'participant-disconnected';
  return {
    ParticipantSid: sid,
    ParticipantStatus: isEnd ? 'disconnected' : 'connected',
    ParticipantIdentity: identity,
    ...(isEnd && { ParticipantDuration: seconds(startedAt, endedAt ?? at) }),
  };
}

function trackParameters({ sid, kind, name }: PublishedTrackRecord): Record<string, string> {
  return { TrackSid: sid, TrackKind: kind, TrackName: name };
}

function seconds(from: number, to: number): string {
  return String(Math.max(0, Math.floor((to - from) / 1000)));
}
