import { isMesh } from '../rooms/options.js';
import type {
  ParticipantRecord,
  PublishedTrackRecord,
  RoomRecord,
  SubscribedTrackRecord,
  TranscriptionRecord,
} from '../rooms/records.js';

// The resources as video.twilio.com shows them. Every field is always there: helper libraries take a missing
// date for the present time.

/** Whole seconds, UTC: some helper libraries read nothing else. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

export function isoTimeOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : isoTime(milliseconds);
}

function seconds(from: number, to: number | null): number | null {
  return to === null ? null : Math.floor((to - from) / 1000);
}

/** What Twilio reports of rooms whose media go from peer to peer. */
const MESH_PUBLISHED_TRACKS = 0;

export function roomShape(room: RoomRecord, baseUrl: string): object {
  const url = `${baseUrl}/v1/Rooms/${room.sid}`;
  return {
    account_sid: room.accountSid,
    audio_only: room.audioOnly,
    date_created: isoTime(room.createdAt),
    date_updated: isoTime(room.updatedAt),
    duration: seconds(room.createdAt, room.endedAt),
    empty_room_timeout: room.emptyRoomTimeout,
    enable_turn: true,
    end_time: isoTimeOrNull(room.endedAt),
    large_room: room.largeRoom,
    links: {
      participants: `${url}/Participants`,
      recordings: `${url}/Recordings`,
      recording_rules: `${url}/RecordingRules`,
      transcriptions: `${url}/Transcriptions`,
    },
    max_concurrent_published_tracks: isMesh(room.type) ? MESH_PUBLISHED_TRACKS : room.maxPublishedTracks,
    max_participant_duration: room.maxParticipantDuration,
    max_participants: room.maxParticipants,
    media_region: room.mediaRegion,
    record_participants_on_connect: room.recordParticipantsOnConnect,
    sid: room.sid,
    status: room.status,
    status_callback: room.statusCallback,
    status_callback_method: room.statusCallbackMethod,
    type: room.type,
    unique_name: room.uniqueName,
    unused_room_timeout: room.unusedRoomTimeout,
    url,
    video_codecs: room.videoCodecs,
  };
}

export function participantShape(participant: ParticipantRecord, baseUrl: string): object {
  const url = `${baseUrl}/v1/Rooms/${participant.roomSid}/Participants/${participant.sid}`;
  return {
    account_sid: participant.accountSid,
    date_created: isoTime(participant.startedAt),
    date_updated: isoTime(participant.updatedAt),
    duration: seconds(participant.startedAt, participant.endedAt),
    end_time: isoTimeOrNull(participant.endedAt),
    identity: participant.identity,
    links: {
      published_tracks: `${url}/PublishedTracks`,
      subscribed_tracks: `${url}/SubscribedTracks`,
      subscribe_rules: `${url}/SubscribeRules`,
      anonymize: `${url}/Anonymize`,
    },
    room_sid: participant.roomSid,
    sid: participant.sid,
    start_time: isoTime(participant.startedAt),
    status: participant.status,
    url,
  };
}

/** As the answer to Anonymize shows a participant: without links, and with the operation's own URL. */
export function anonymizedShape(participant: ParticipantRecord, baseUrl: string): object {
  const shape: Record<string, unknown> = { ...participantShape(participant, baseUrl) };
  delete shape['links'];
  return { ...shape, url: `${shape['url'] as string}/Anonymize` };
}

export function transcriptionShape(transcription: TranscriptionRecord, baseUrl: string): object {
  const { ttid, roomSid, startedAt, endedAt } = transcription;
  return {
    ttid,
    account_sid: transcription.accountSid,
    room_sid: roomSid,
    // Of a phone call that is transcribed: there is none.
    source_sid: null,
    status: transcription.status,
    date_created: isoTime(transcription.createdAt),
    date_updated: isoTime(transcription.updatedAt),
    start_time: isoTimeOrNull(startedAt),
    end_time: isoTimeOrNull(endedAt),
    duration: startedAt === null ? null : seconds(startedAt, endedAt),
    configuration: transcription.configuration,
    url: `${baseUrl}/v1/Rooms/${roomSid}/Transcriptions/${ttid}`,
  };
}

function trackShape(track: PublishedTrackRecord, list: string, baseUrl: string): object {
  return {
    date_created: isoTime(track.createdAt),
    date_updated: isoTime(track.updatedAt),
    enabled: track.enabled,
    kind: track.kind,
    name: track.name,
    participant_sid: track.participantSid,
    room_sid: track.roomSid,
    sid: track.sid,
    url: `${baseUrl}/v1/Rooms/${track.roomSid}/Participants/${track.participantSid}/${list}/${track.sid}`,
  };
}

export function publishedTrackShape(track: PublishedTrackRecord, baseUrl: string): object {
  return trackShape(track, 'PublishedTracks', baseUrl);
}

export function subscribedTrackShape(track: SubscribedTrackRecord, baseUrl: string): object {
  return { ...trackShape(track, 'SubscribedTracks', baseUrl), publisher_sid: track.publisherSid };
}
