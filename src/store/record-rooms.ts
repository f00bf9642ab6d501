import type { EventStream, SequencedRoomEvent } from '../rooms/events.js';
import type { Change } from './Store.js';
import type { WriteQueue } from './WriteQueue.js';

/** Writes down what happens in the rooms. */
export function recordRooms(events: EventStream, queue: WriteQueue): () => void {
  return events.subscribe((event) => queue.put(...changesOf(event)));
}

function changesOf(event: SequencedRoomEvent): Change[] {
  const changes: Change[] = [{ type: 'room', room: event.room.record }];
  if ('participant' in event) changes.push({ type: 'participant', participant: event.participant.record });
  switch (event.type) {
    case 'track-published':
    case 'track-enabled':
    case 'track-disabled':
      changes.push({ type: 'track', track: event.participant.trackRecord(event.track) });
      break;
    case 'transcription-changed':
      changes.push({ type: 'transcription', transcription: event.transcription.record });
      break;
    case 'track-unpublished':
      changes.push({ type: 'track-gone', sid: event.track.sid });
      break;
    default:
    // The others change nothing else that is kept.
  }
  return changes;
}
