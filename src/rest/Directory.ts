import { twilioError, TwilioError } from '../errors.js';
import type { Participant } from '../rooms/Participant.js';
import type { ParticipantRecord, RoomRecord, TranscriptionRecord } from '../rooms/records.js';
import type { Room } from '../rooms/Room.js';
import type { Rooms } from '../rooms/Rooms.js';
import { isSid } from '../sid.js';
import { participantMatches, roomMatches } from '../store/filters.js';
import { pageOf } from '../store/paging.js';
import type { Page, PageRequest } from '../store/paging.js';
import type {
  MediaSettingsKind,
  MediaSettingsRecord,
  ParticipantFilter,
  RoomFilter,
  Store,
} from '../store/Store.js';
import type { WriteQueue } from '../store/WriteQueue.js';

/** A room that was found: its record, and the room itself while it is in progress. */
export interface FoundRoom {
  record: RoomRecord;
  live: Room | null;
}

export interface FoundParticipant {
  record: ParticipantRecord;
  /** The participant itself while its room is in progress, whether it is still there or not. */
  live: Participant | null;
}

/** Finds rooms and participants: those of rooms in progress in the model, the others in the store. */
export class Directory {
  readonly #rooms: Rooms;
  readonly #store: Store;
  readonly #writes: WriteQueue;

  constructor(rooms: Rooms, store: Store, writes: WriteQueue) {
    this.#rooms = rooms;
    this.#store = store;
    this.#writes = writes;
  }

  /** The store, once all that has happened stands in it. */
  async #upToDate(): Promise<Store> {
    await this.#writes.settled();
    return this.#store;
  }

  /**
   * By SID, whatever the room's status; by unique name, only a room in progress.
   * @param path for the error's text
   * @throws TwilioError 20404
   */
  async room(accountSid: string, sidOrName: string, path: string): Promise<FoundRoom> {
    const live = this.#rooms.find(accountSid, sidOrName);
    if (live) return { record: live.record, live };
    const record = isSid('RM', sidOrName)
      ? await (await this.#upToDate()).findRoom(accountSid, sidOrName)
      : undefined;
    if (!record) throw notFound(path);
    return { record, live: null };
  }

  async rooms(accountSid: string, filter: RoomFilter, page: PageRequest): Promise<Page<RoomRecord>> {
    if (filter.status !== 'in-progress') return (await this.#upToDate()).listRooms(accountSid, filter, page);
    const rooms = this.#rooms
      .of(accountSid)
      .filter(({ status, name, createdAt }) => roomMatches({ status, uniqueName: name, createdAt }, filter));
    // The whole record is made of those only that are shown: there may be thousands of others.
    const { items, ...ends } = pageOf(rooms, 'newest-first', (room) => room, page);
    return { items: items.map(({ record }) => record), ...ends };
  }

  /**
   * By SID, whatever the participant's status; by identity, only one who is present.
   * @throws TwilioError 20404
   */
  async participant(
    { record: room, live: liveRoom }: FoundRoom,
    sidOrIdentity: string,
    path: string,
  ): Promise<FoundParticipant> {
    const live = liveRoom?.participant(sidOrIdentity);
    if (live) return { record: live.record, live };
    const record = liveRoom
      ? undefined
      : await (await this.#upToDate()).findParticipant(room.sid, sidOrIdentity);
    if (!record) throw notFound(path);
    return { record, live: null };
  }

  async participants(
    { record: room, live }: FoundRoom,
    filter: ParticipantFilter,
    page: PageRequest,
  ): Promise<Page<ParticipantRecord>> {
    if (!live) return (await this.#upToDate()).listParticipants(room.sid, filter, page);
    const records = live.participants.map(({ record }) => record);
    return pageOf(
      records.filter((record) => participantMatches(record, filter)),
      'oldest-first',
      ({ startedAt, sid }) => ({ createdAt: startedAt, sid }),
      page,
    );
  }

  /** The transcriptions of a room, of which there is one at most. */
  async transcriptions({ record: room, live }: FoundRoom): Promise<readonly TranscriptionRecord[]> {
    if (live) return live.transcription ? [live.transcription.record] : [];
    const kept = await (await this.#upToDate()).listTranscriptions(room.sid);
    // One that ran when the server broke down ended with the room.
    return kept.map((record) =>
      record.status === 'started' ? { ...record, status: 'stopped', endedAt: room.endedAt } : record,
    );
  }

  async mediaSettings(accountSid: string, kind: MediaSettingsKind): Promise<MediaSettingsRecord | undefined> {
    return (await this.#upToDate()).mediaSettings(accountSid, kind);
  }
}

/** @param path of the request, with or without the API's version */
export function notFound(path: string): TwilioError {
  const { message } = twilioError(20404);
  return new TwilioError(20404, message.replace('resource', `resource ${path.replace(/^\/v1/, '')}`));
}
