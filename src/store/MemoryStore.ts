import type { ParticipantRecord, RoomRecord } from '../rooms/records.js';
import { participantMatches, roomMatches } from './filters.js';
import { pageOf } from './paging.js';
import type { Page, PageRequest } from './paging.js';
import type { ParticipantFilter, RoomFilter, Store } from './Store.js';

interface EndedRoom {
  room: RoomRecord;
  participants: readonly ParticipantRecord[];
}

/** Keeps the rooms that ended last, for as long as the process lives. */
export class MemoryStore implements Store {
  readonly #mostRooms: number;
  readonly #rooms = new Map<string, EndedRoom>();

  /** @param mostRooms how many rooms are kept; the oldest go first */
  constructor(mostRooms: number) {
    this.#mostRooms = mostRooms;
  }

  async saveEndedRoom(room: RoomRecord, participants: readonly ParticipantRecord[]): Promise<void> {
    this.#rooms.set(room.sid, { room, participants });
    const [oldest] = this.#rooms.keys();
    if (this.#rooms.size > this.#mostRooms && oldest !== undefined) this.#rooms.delete(oldest);
  }

  async findRoom(accountSid: string, sid: string): Promise<RoomRecord | undefined> {
    const room = this.#rooms.get(sid)?.room;
    return room?.accountSid === accountSid ? room : undefined;
  }

  async listRooms(accountSid: string, filter: RoomFilter, page: PageRequest): Promise<Page<RoomRecord>> {
    const rooms = [...this.#rooms.values()]
      .map(({ room }) => room)
      .filter((room) => room.accountSid === accountSid && roomMatches(room, filter));
    return pageOf(rooms, 'newest-first', (room) => room, page);
  }

  async findParticipant(roomSid: string, sid: string): Promise<ParticipantRecord | undefined> {
    return this.#rooms.get(roomSid)?.participants.find((participant) => participant.sid === sid);
  }

  async listParticipants(
    roomSid: string,
    filter: ParticipantFilter,
    page: PageRequest,
  ): Promise<Page<ParticipantRecord>> {
    const participants = (this.#rooms.get(roomSid)?.participants ?? []).filter((p) =>
      participantMatches(p, filter),
    );
    return pageOf(
      participants,
      'oldest-first',
      ({ startedAt, sid }) => ({ createdAt: startedAt, sid }),
      page,
    );
  }

  async close(): Promise<void> {
    this.#rooms.clear();
  }
}
