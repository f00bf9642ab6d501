import { assertNever } from '../assert-never.js';
import type { EventStream, SequencedRoomEvent } from '../rooms/events.js';
import type { Participant } from '../rooms/Participant.js';
import type { Room } from '../rooms/Room.js';
import type { Change } from './Store.js';
import type { WriteQueue } from './WriteQueue.js';

/** Writes down what happens in the rooms. */
export function recordRooms(events: EventStream, queue: WriteQueue): () => void {
  return events.subscribe((event) => queue.put(...changesOf(event)));
}

function changesOf(event: SequencedRoomEvent): Change[] {
  switch (event.type) {
    case 'room-created':
    case 'room-ended':
    case 'recording-rules-changed':
    case 'recording-state-changed':
      return [roomOf(event)];
    case 'transcription-changed':
      return [roomOf(event), { type: 'transcription', transcription: event.transcription.record }];
    case 'participant-connected':
    case 'participant-reconnecting':
    case 'participant-reconnected':
    case 'participant-disconnected':
    case 'participant-anonymized':
    case 'subscribe-rules-changed':
      return [roomOf(event), participantOf(event)];
    case 'track-published':
    case 'track-enabled':
    case 'track-disabled':
    case 'track-priority-changed':
      return [
        roomOf(event),
        participantOf(event),
        { type: 'track', track: event.participant.trackRecord(event.track) },
      ];
    case 'track-unpublished':
      return [roomOf(event), participantOf(event), { type: 'track-gone', sid: event.track.sid }];
    case 'track-publication-failed':
    case 'track-subscribed':
    case 'track-subscription-failed':
    case 'track-unsubscribed':
    case 'transcription-text':
      // Nothing of that is kept. In a large room, these are most of the events.
      return [];
    default:
      return assertNever(event);
  }
}

function roomOf({ room }: { room: Room }): Change {
  return { type: 'room', room: room.record };
}

function participantOf({ participant }: { participant: Participant }): Change {
  return { type: 'participant', participant: participant.record };
}
