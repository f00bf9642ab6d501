import type { ParticipantRecord, RoomRecord } from '../rooms/records.js';
import type { ParticipantFilter, RoomFilter } from './Store.js';

function inPeriod(
  at: number,
  { createdFrom, createdBefore }: { createdFrom?: number; createdBefore?: number },
): boolean {
  return (
    (createdFrom === undefined || at >= createdFrom) && (createdBefore === undefined || at < createdBefore)
  );
}

export function roomMatches(
  room: Pick<RoomRecord, 'status' | 'uniqueName' | 'createdAt'>,
  filter: RoomFilter,
): boolean {
  return (
    room.status === filter.status &&
    (filter.uniqueName === undefined || room.uniqueName === filter.uniqueName) &&
    inPeriod(room.createdAt, filter)
  );
}

export function participantMatches(participant: ParticipantRecord, filter: ParticipantFilter): boolean {
  return (
    (filter.status === undefined || participant.status === filter.status) &&
    (filter.identity === undefined || participant.identity === filter.identity) &&
    inPeriod(participant.startedAt, filter)
  );
}
