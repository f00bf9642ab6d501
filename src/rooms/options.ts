import { twilioError } from '../errors.js';
import { INCLUDE_ALL } from './rules.js';
import type { Rule } from './rules.js';
import type { TranscriptionConfiguration } from './Transcription.js';

/** https://www.twilio.com/docs/video/tutorials/understanding-video-rooms */
export const ROOM_TYPES = ['group', 'group-small', 'peer-to-peer', 'go'] as const;
export type RoomType = (typeof ROOM_TYPES)[number];

/** `VP9` is Atrium's addition: Twilio's REST API knows the other two. */
export const VIDEO_CODECS = ['VP8', 'H264', 'VP9'] as const;
export type VideoCodec = (typeof VIDEO_CODECS)[number];

export const MEDIA_REGIONS = ['gll', 'au1', 'br1', 'de1', 'ie1', 'in1', 'jp1', 'sg1', 'us1', 'us2'] as const;
export type MediaRegion = (typeof MEDIA_REGIONS)[number];

export type CallbackMethod = 'GET' | 'POST';

/** Twilio's published limits of rooms: https://www.twilio.com/docs/video/programmable-video-limits */
export const ROOM_LIMITS = {
  /** Characters of a room's unique name, of an identity and of a track's name. */
  nameLength: 128,
  /** Participants at once, by type. A group room of more than 50 is a large room. */
  maxParticipants: { group: 50, 'group-small': 4, 'peer-to-peer': 10, go: 2 } satisfies Record<
    RoomType,
    number
  >,
  maxParticipantsOfLargeRoom: 100,
  /** Tracks published at once in a room; null is without limit. */
  publishedTracks: { group: 170, large: 16, mesh: null },
  /** Seconds. */
  participantDuration: { least: 600, most: 86_400 },
  /** Minutes, for the unused and the empty timeout. */
  timeout: { least: 1, most: 60 },
  /** Milliseconds that a room lives at most. */
  roomDuration: 24 * 60 * 60 * 1000,
} as const;

/** How much an account may have at once. Null: without limit. */
export interface Quotas {
  /** Rooms in progress. */
  rooms: number | null;
  /** Participants in all of its rooms. */
  participants: number | null;
  /** Participants in all of its Go rooms. */
  goParticipants: number | null;
}

export const DEFAULT_QUOTAS: Quotas = { rooms: null, participants: null, goParticipants: 500 };
/** https://www.twilio.com/docs/video/programmable-video-limits */
export const TWILIO_QUOTAS: Quotas = { rooms: 10_000, participants: 10_000, goParticipants: 500 };

/** What an account sets for its rooms where a request does not say; on Twilio, the console's settings. */
export interface RoomDefaults {
  /** Whether a client that connects to a name without a room creates the room. */
  clientSideRoomCreation: boolean;
  type: RoomType;
  /** Where {@link maxParticipantsByType} says nothing. Null: the most that the type allows. */
  maxParticipants: number | null;
  maxParticipantsByType: Readonly<Partial<Record<RoomType, number>>>;
  /** Seconds. */
  maxParticipantDuration: number;
  /** Minutes. */
  emptyRoomTimeout: number;
  /** Minutes. */
  unusedRoomTimeout: number;
  mediaRegion: MediaRegion;
  statusCallback: string | null;
  statusCallbackMethod: CallbackMethod;
  recordParticipantsOnConnect: boolean;
  /** Whether clients are told of the TURN servers. */
  turn: boolean;
  /** Whether rooms may be audio-only, or of another type than group: Twilio refuses it to accounts of today. */
  legacyRoomTypes: 'allowed' | 'refused';
}

export const ROOM_DEFAULTS: RoomDefaults = {
  clientSideRoomCreation: true,
  type: 'group',
  maxParticipants: null,
  maxParticipantsByType: {},
  maxParticipantDuration: 14_400,
  emptyRoomTimeout: 5,
  unusedRoomTimeout: 5,
  mediaRegion: 'us1',
  statusCallback: null,
  statusCallbackMethod: 'POST',
  recordParticipantsOnConnect: false,
  turn: true,
  legacyRoomTypes: 'allowed',
};

/** What is asked of a new room. Whatever is left out comes from the account's {@link RoomDefaults}. */
export interface RoomRequest {
  type?: RoomType;
  uniqueName?: string;
  maxParticipants?: number;
  maxParticipantDuration?: number;
  emptyRoomTimeout?: number;
  unusedRoomTimeout?: number;
  mediaRegion?: MediaRegion;
  statusCallback?: string;
  statusCallbackMethod?: CallbackMethod;
  recordParticipantsOnConnect?: boolean;
  recordingRules?: Rule[];
  videoCodecs?: VideoCodec[];
  audioOnly?: boolean;
  largeRoom?: boolean;
  /** Whether the transcription starts with the room. */
  transcribeParticipantsOnConnect?: boolean;
  /** The settings of the transcription, whenever it is started without its own. */
  transcriptionsConfiguration?: TranscriptionConfiguration;
}

/** A room's settings, fixed at its creation but for the recording rules. */
export interface RoomOptions {
  type: RoomType;
  /** Null: the room is called by its SID. */
  uniqueName: string | null;
  maxParticipants: number;
  /** Seconds. */
  maxParticipantDuration: number;
  /** Minutes. */
  emptyRoomTimeout: number;
  /** Minutes. */
  unusedRoomTimeout: number;
  /** Null in rooms whose media goes from peer to peer. */
  mediaRegion: MediaRegion | null;
  statusCallback: string | null;
  statusCallbackMethod: CallbackMethod;
  recordParticipantsOnConnect: boolean;
  recordingRules: readonly Rule[];
  videoCodecs: readonly VideoCodec[];
  audioOnly: boolean;
  largeRoom: boolean;
  /** Null: without limit. */
  maxPublishedTracks: number | null;
}

/** Whether the media of such a room goes directly between its participants. */
export function isMesh(type: RoomType): boolean {
  return type === 'peer-to-peer' || type === 'go';
}

// No list of forbidden characters is published; control characters have no place in a name.
export const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

/** @throws TwilioError 53101 or 53102 */
export function checkRoomName(name: string): void {
  if (name.length > ROOM_LIMITS.nameLength) throw twilioError(53101);
  if (CONTROL_CHARACTERS.test(name)) throw twilioError(53102);
}

/** @throws TwilioError 53200, 53201 or 53202 */
export function checkIdentity(identity: string): void {
  if (identity.length === 0) throw twilioError(53200);
  if (identity.length > ROOM_LIMITS.nameLength) throw twilioError(53201);
  if (CONTROL_CHARACTERS.test(identity)) throw twilioError(53202);
}

function inRange(value: number, { least, most }: { least: number; most: number }): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function resolveMaxParticipants(request: RoomRequest, defaults: RoomDefaults, type: RoomType): number {
  const { maxParticipants: typical, maxParticipantsOfLargeRoom } = ROOM_LIMITS;
  const most = type === 'group' ? maxParticipantsOfLargeRoom : typical[type];
  if (request.maxParticipants === undefined) {
    if (request.largeRoom) return maxParticipantsOfLargeRoom;
    return Math.min(defaults.maxParticipantsByType[type] ?? defaults.maxParticipants ?? typical[type], most);
  }
  if (!inRange(request.maxParticipants, { least: 1, most })) throw twilioError(53107);
  return request.maxParticipants;
}

function publishedTracksLimit(type: RoomType, largeRoom: boolean): number | null {
  if (isMesh(type)) return ROOM_LIMITS.publishedTracks.mesh;
  return largeRoom ? ROOM_LIMITS.publishedTracks.large : ROOM_LIMITS.publishedTracks.group;
}

/** What Twilio refuses for rooms without a media server. */
function checkMeshRequest(request: RoomRequest): void {
  if (request.recordParticipantsOnConnect || request.recordingRules) throw twilioError(53122);
  if (request.audioOnly) throw twilioError(53124);
  if (request.mediaRegion !== undefined) throw twilioError(53114, 'MediaRegion');
  if (request.largeRoom) throw twilioError(53114, 'LargeRoom');
  if (request.transcribeParticipantsOnConnect) throw twilioError(53114, 'TranscribeParticipantsOnConnect');
  if (request.transcriptionsConfiguration) throw twilioError(53114, 'TranscriptionsConfiguration');
}

/** What Twilio refuses to accounts that came after October 2024. */
function checkLegacy(request: RoomRequest, type: RoomType): void {
  if (type !== 'group') throw twilioError(53126);
  if (request.audioOnly) throw twilioError(53127);
}

/**
 * Completes what was asked of a room with the account's defaults, and checks it.
 * @throws TwilioError with the code of the first parameter that is out of its range
 */
export function resolveRoomOptions(request: RoomRequest, defaults: RoomDefaults): RoomOptions {
  const type = request.type ?? defaults.type;
  if (request.uniqueName !== undefined) checkRoomName(request.uniqueName);
  if (defaults.legacyRoomTypes === 'refused') checkLegacy(request, type);
  if (isMesh(type)) checkMeshRequest(request);
  if (request.largeRoom && type !== 'group') throw twilioError(53114, 'LargeRoom');

  const maxParticipants = resolveMaxParticipants(request, defaults, type);
  const maxParticipantDuration = request.maxParticipantDuration ?? defaults.maxParticipantDuration;
  if (!inRange(maxParticipantDuration, ROOM_LIMITS.participantDuration)) throw twilioError(53123);
  const emptyRoomTimeout = request.emptyRoomTimeout ?? defaults.emptyRoomTimeout;
  if (!inRange(emptyRoomTimeout, ROOM_LIMITS.timeout)) throw twilioError(53109);
  const unusedRoomTimeout = request.unusedRoomTimeout ?? defaults.unusedRoomTimeout;
  if (!inRange(unusedRoomTimeout, ROOM_LIMITS.timeout)) throw twilioError(53109);

  const largeRoom = request.largeRoom === true || maxParticipants > ROOM_LIMITS.maxParticipants[type];
  const audioOnly = request.audioOnly ?? false;
  const recordParticipantsOnConnect =
    !isMesh(type) && (request.recordParticipantsOnConnect ?? defaults.recordParticipantsOnConnect);
  return {
    type,
    uniqueName: request.uniqueName ?? null,
    maxParticipants,
    maxParticipantDuration,
    emptyRoomTimeout,
    unusedRoomTimeout,
    mediaRegion: isMesh(type) ? null : (request.mediaRegion ?? defaults.mediaRegion),
    statusCallback: request.statusCallback ?? defaults.statusCallback,
    statusCallbackMethod: request.statusCallbackMethod ?? defaults.statusCallbackMethod,
    recordParticipantsOnConnect,
    recordingRules: request.recordingRules ?? (recordParticipantsOnConnect ? INCLUDE_ALL : []),
    videoCodecs: audioOnly ? [] : (request.videoCodecs ?? ['VP8', 'H264']),
    audioOnly,
    largeRoom,
    maxPublishedTracks: publishedTracksLimit(type, largeRoom),
  };
}
