import type { ParticipantRecord, ParticipantStatus, RoomRecord, RoomStatus } from '../rooms/records.js';
import type { Page, PageRequest } from './paging.js';

export interface RoomFilter {
  status: RoomStatus;
  uniqueName?: string;
  /** Milliseconds since the epoch, inclusive. */
  createdFrom?: number;
  /** Milliseconds since the epoch, exclusive. */
  createdBefore?: number;
}

export interface ParticipantFilter {
  status?: ParticipantStatus;
  identity?: string;
  createdFrom?: number;
  createdBefore?: number;
}

/** What is kept of rooms that have ended. Rooms in progress are the model's. */
export interface Store {
  saveEndedRoom(room: RoomRecord, participants: readonly ParticipantRecord[]): Promise<void>;
  findRoom(accountSid: string, sid: string): Promise<RoomRecord | undefined>;
  /** Newest first. */
  listRooms(accountSid: string, filter: RoomFilter, page: PageRequest): Promise<Page<RoomRecord>>;
  findParticipant(roomSid: string, sid: string): Promise<ParticipantRecord | undefined>;
  /** In the order of joining. */
  listParticipants(
    roomSid: string,
    filter: ParticipantFilter,
    page: PageRequest,
  ): Promise<Page<ParticipantRecord>>;
  close(): Promise<void>;
}
