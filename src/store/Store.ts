import type {
  ParticipantRecord,
  ParticipantStatus,
  PublishedTrackRecord,
  RoomRecord,
  RoomStatus,
  TranscriptionRecord,
} from '../rooms/records.js';
import type { CallbackMethod, RoomDefaults } from '../rooms/options.js';
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

/** An API key as it is remembered: those that came by REST, and what became of those that are configured. */
export interface KeyRecord {
  sid: string;
  accountSid: string;
  friendlyName: string;
  /** Null once the key is deleted: nothing of it is kept but that it does not open anything. */
  secret: string | null;
  createdAt: number;
  updatedAt: number;
}

/** What an account has set by REST, over its configuration. */
export type AccountSettingsRecord = Partial<RoomDefaults>;

/** RecordingSettings and CompositionSettings: where media is to be kept. */
export interface MediaSettingsRecord {
  friendlyName: string;
  awsCredentialsSid: string | null;
  awsS3Url: string | null;
  awsStorageEnabled: boolean;
  encryptionKeySid: string | null;
  encryptionEnabled: boolean;
}
export type MediaSettingsKind = 'recording' | 'composition';

/** A status callback that is to be delivered. */
export interface CallbackRecord {
  /** A UUID, the same at every attempt: the receiver knows a repetition by it. */
  id: string;
  accountSid: string;
  roomSid: string;
  /** As it was set, fragment and user included. */
  url: string;
  method: CallbackMethod;
  parameters: Readonly<Record<string, string>>;
  createdAt: number;
}

/** Something that is to be remembered. */
export type Change =
  | { type: 'room'; room: RoomRecord }
  | { type: 'participant'; participant: ParticipantRecord }
  | { type: 'track'; track: PublishedTrackRecord }
  | { type: 'track-gone'; sid: string }
  | { type: 'transcription'; transcription: TranscriptionRecord }
  | { type: 'key'; key: KeyRecord }
  | { type: 'account-settings'; accountSid: string; settings: AccountSettingsRecord }
  | { type: 'media-settings'; accountSid: string; kind: MediaSettingsKind; settings: MediaSettingsRecord }
  | { type: 'callback'; callback: CallbackRecord }
  | { type: 'callback-settled'; id: string };

/** A room that was in progress when the process ended, and who was in it. */
export interface InterruptedRoom {
  room: RoomRecord;
  /** Everyone who ever joined, in that order. */
  participants: readonly ParticipantRecord[];
  /** What was published. */
  tracks: readonly PublishedTrackRecord[];
}

/**
 * What outlives the rooms, and where it is kept on disk, the process. Rooms in progress are the model's; they are
 * written down all the same, so that after a crash it is known that they were there.
 */
export interface Store {
  /** Keeps all of the changes or none. A later change of the same thing replaces the earlier one. */
  write(changes: readonly Change[]): Promise<void>;

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
  /** Oldest first. */
  listTranscriptions(roomSid: string): Promise<readonly TranscriptionRecord[]>;

  keys(): Promise<readonly KeyRecord[]>;
  accountSettings(): Promise<ReadonlyMap<string, AccountSettingsRecord>>;
  mediaSettings(accountSid: string, kind: MediaSettingsKind): Promise<MediaSettingsRecord | undefined>;

  /** Callbacks that were not settled, oldest first. */
  callbacks(): Promise<readonly CallbackRecord[]>;
  /** Rooms that were in progress when the last process ended. */
  interruptedRooms(): Promise<readonly InterruptedRoom[]>;
  /** Notes that the process lives. Milliseconds since the epoch. */
  signOfLife(at: number): Promise<void>;
  /** When the process before this one is known to have lived last; null for a new store. */
  lastSignOfLife(): Promise<number | null>;
  close(): Promise<void>;
}
