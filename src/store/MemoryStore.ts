import type { ParticipantRecord, RoomRecord, TranscriptionRecord } from '../rooms/records.js';
import { assertNever } from '../assert-never.js';
import { participantMatches, roomMatches } from './filters.js';
import { pageOf } from './paging.js';
import type { Page, PageRequest } from './paging.js';
import type {
  AccountSettingsRecord,
  CallbackRecord,
  Change,
  InterruptedRoom,
  KeyRecord,
  MediaSettingsKind,
  MediaSettingsRecord,
  ParticipantFilter,
  RoomFilter,
  Store,
} from './Store.js';

/** What belongs to a room, and goes with it. */
interface KeptRoom {
  room: RoomRecord;
  participants: Map<string, ParticipantRecord>;
  transcriptions: Map<string, TranscriptionRecord>;
}

/** Remembers for as long as the process lives; of rooms, those in progress and those that ended last. */
export class MemoryStore implements Store {
  readonly #mostEndedRooms: number;
  readonly #rooms = new Map<string, KeptRoom>();
  /** In the order of their end. */
  readonly #ended = new Set<string>();
  readonly #keys = new Map<string, KeyRecord>();
  readonly #accountSettings = new Map<string, AccountSettingsRecord>();
  readonly #mediaSettings = new Map<string, MediaSettingsRecord>();

  /** @param mostEndedRooms how many ended rooms are kept; the oldest go first */
  constructor(mostEndedRooms: number) {
    this.#mostEndedRooms = mostEndedRooms;
  }

  async write(changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#apply(change);
  }

  #apply(change: Change): void {
    switch (change.type) {
      case 'room':
        return this.#keepRoom(change.room);
      case 'participant': {
        const { participant } = change;
        this.#rooms.get(participant.roomSid)?.participants.set(participant.sid, participant);
        return;
      }
      case 'transcription': {
        const { transcription } = change;
        this.#rooms.get(transcription.roomSid)?.transcriptions.set(transcription.ttid, transcription);
        return;
      }
      case 'key':
        this.#keys.set(change.key.sid, change.key);
        return;
      case 'account-settings':
        this.#accountSettings.set(change.accountSid, change.settings);
        return;
      case 'media-settings':
        this.#mediaSettings.set(`${change.kind} ${change.accountSid}`, change.settings);
        return;
      case 'track':
      case 'track-gone':
      case 'callback':
      case 'callback-settled':
        // Only another process would ask for them.
        return;
      default:
        assertNever(change);
    }
  }

  #keepRoom(room: RoomRecord): void {
    const kept = this.#rooms.get(room.sid);
    if (kept) kept.room = room;
    else this.#rooms.set(room.sid, { room, participants: new Map(), transcriptions: new Map() });
    if (room.status === 'in-progress') return;
    this.#ended.add(room.sid);
    const [oldest] = this.#ended;
    if (this.#ended.size <= this.#mostEndedRooms || oldest === undefined) return;
    this.#ended.delete(oldest);
    this.#rooms.delete(oldest);
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
    return this.#rooms.get(roomSid)?.participants.get(sid);
  }

  async listParticipants(
    roomSid: string,
    filter: ParticipantFilter,
    page: PageRequest,
  ): Promise<Page<ParticipantRecord>> {
    const participants = [...(this.#rooms.get(roomSid)?.participants.values() ?? [])];
    return pageOf(
      participants.filter((participant) => participantMatches(participant, filter)),
      'oldest-first',
      ({ startedAt, sid }) => ({ createdAt: startedAt, sid }),
      page,
    );
  }

  async listTranscriptions(roomSid: string): Promise<readonly TranscriptionRecord[]> {
    return [...(this.#rooms.get(roomSid)?.transcriptions.values() ?? [])];
  }

  async keys(): Promise<readonly KeyRecord[]> {
    return [...this.#keys.values()];
  }

  async accountSettings(): Promise<ReadonlyMap<string, AccountSettingsRecord>> {
    return this.#accountSettings;
  }

  async mediaSettings(accountSid: string, kind: MediaSettingsKind): Promise<MediaSettingsRecord | undefined> {
    return this.#mediaSettings.get(`${kind} ${accountSid}`);
  }

  async callbacks(): Promise<readonly CallbackRecord[]> {
    return [];
  }

  async interruptedRooms(): Promise<readonly InterruptedRoom[]> {
    return [];
  }

  async signOfLife(): Promise<void> {}

  async lastSignOfLife(): Promise<number | null> {
    return null;
  }

  async close(): Promise<void> {
    this.#rooms.clear();
  }
}
