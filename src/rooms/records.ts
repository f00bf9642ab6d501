import type { RoomOptions } from './options.js';
import type { PublishedTrack } from './PublishedTrack.js';
import type { Rule } from './rules.js';

// What is known of a room, a participant or a track at one moment: plain data, to be shown and stored.
// Times are milliseconds since the epoch.

export type RoomStatus = 'in-progress' | 'completed' | 'failed';
export type ParticipantStatus = 'connected' | 'reconnecting' | 'disconnected';

export interface RoomRecord extends RoomOptions {
  sid: string;
  accountSid: string;
  /** The name asked for, or the SID. */
  uniqueName: string;
  status: RoomStatus;
  createdAt: number;
  updatedAt: number;
  /** Null while the room is in progress. */
  endedAt: number | null;
  /** The options' rules are those that it began with. */
  recordingRuleSet: RuleSetRecord;
  /** The number of its next event. */
  nextSequence: number;
  /** The number of its next status callback. */
  nextCallbackSequence: number;
}

export interface ParticipantRecord {
  sid: string;
  roomSid: string;
  accountSid: string;
  identity: string;
  status: ParticipantStatus;
  startedAt: number;
  updatedAt: number;
  /** Null until the participant is disconnected. */
  endedAt: number | null;
  subscribeRuleSet: RuleSetRecord;
}

export type PublishedTrackRecord = Readonly<
  Pick<
    PublishedTrack,
    'sid' | 'clientId' | 'kind' | 'name' | 'enabled' | 'priority' | 'createdAt' | 'updatedAt'
  >
> & { roomSid: string; participantSid: string };

export interface SubscribedTrackRecord extends PublishedTrackRecord {
  /** Whose track it is; `participantSid` is the subscriber. */
  publisherSid: string;
}

export interface RuleSetRecord {
  rules: readonly Rule[];
  /** Null until the rules were set for the first time. */
  createdAt: number | null;
  updatedAt: number | null;
}

export type TranscriptionStatus = 'started' | 'stopped' | 'failed';

/** https://www.twilio.com/docs/video/api/transcriptions */
export interface TranscriptionRecord {
  /** `video_transcriptions_` and a UUID. */
  ttid: string;
  accountSid: string;
  roomSid: string;
  status: TranscriptionStatus;
  /** The engine's settings, each value as text. */
  configuration: Readonly<Record<string, string>>;
  createdAt: number;
  updatedAt: number;
  /** Null until it was started. */
  startedAt: number | null;
  /** Null until it was stopped, or failed. */
  endedAt: number | null;
}
