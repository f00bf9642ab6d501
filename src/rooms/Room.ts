import type { Clock, Timer } from '../clock.js';
import { twilioError } from '../errors.js';
import type { SidSource } from '../sid.js';
import type { DisconnectReason, EventStream, RoomEndReason, RoomEvent, RoomEventType } from './events.js';
import { ROOM_LIMITS, checkIdentity, isMesh } from './options.js';
import type { MediaRegion, RoomOptions, RoomRequest } from './options.js';
import { Participant } from './Participant.js';
import type { TrackClaim } from './Participant.js';
import type { PublishedTrack } from './PublishedTrack.js';
import type {
  ParticipantRecord,
  PublishedTrackRecord,
  RoomRecord,
  RoomStatus,
  RuleSetRecord,
} from './records.js';
import { INCLUDE_ALL, rulesInclude } from './rules.js';
import type { Rule } from './rules.js';
import { Transcription } from './Transcription.js';
import type { TranscriptionConfiguration } from './Transcription.js';

/** How a room came to be: rooms made by a client's join end when the last participant leaves. */
export type RoomOrigin = 'api' | 'ad-hoc';

/** What a room begins with: fresh, or where an earlier process left it. */
export interface RoomBeginning {
  sid: string;
  accountSid: string;
  origin: RoomOrigin;
  options: RoomOptions;
  createdAt: number;
  mediaRegion: MediaRegion | null;
  recordingRuleSet: RuleSetRecord;
  nextSequence: number;
  nextCallbackSequence: number;
}

/** What rooms need of the house around them. */
export interface RoomSurroundings {
  clock: Clock;
  newSid: SidSource;
  events: EventStream;
}

export interface JoinRequest {
  identity: string;
  tracks: readonly TrackClaim[];
  subscribeRules: readonly Rule[];
  /** The region of the client's signalling: of the first one, where the room is to be near its participants. */
  signalingRegion: MediaRegion;
}

const MINUTE = 60_000;

/** The events after which another track may be one that the recording rules include. */
const AFFECTS_RECORDING: ReadonlySet<RoomEventType> = new Set<RoomEventType>([
  'track-published',
  'track-unpublished',
  'participant-anonymized',
]);

/** {@link RoomEvent} without the room, each of its kinds for itself. */
type OwnEvent = RoomEvent extends infer E ? (E extends RoomEvent ? Omit<E, 'room'> : never) : never;

/**
 * A room: the one place where participants join, tracks are published, limits are checked and rooms end.
 * It knows no sockets and no media; REST, signalling and timers call it, and its events tell them what happened.
 */
export class Room {
  readonly sid: string;
  readonly accountSid: string;
  readonly origin: RoomOrigin;
  readonly options: RoomOptions;
  readonly createdAt: number;
  readonly clock: Clock;
  readonly newSid: SidSource;

  /** Numbers what participants are told of the recording. */
  recordingRevision = 1;

  #status: RoomStatus = 'in-progress';
  #updatedAt: number;
  #endedAt: number | null = null;
  #recordingRules: RuleSetRecord;
  #recording = false;
  #transcription: Transcription | null = null;
  #transcriptionConfiguration: TranscriptionConfiguration = {};
  #mediaRegion: MediaRegion | null;
  #sequence: number;
  #callbackSequence: number;
  #vacancyTimer: Timer | null = null;
  readonly #durationTimer: Timer;
  readonly #events: EventStream;
  readonly #checkQuotas: (room: Room) => void;
  readonly #participants = new Map<string, Participant>();
  /** Those who are in the room, by SID; and by identity, but for those who were anonymized. */
  readonly #present = new Map<string, Participant>();
  readonly #byIdentity = new Map<string, Participant>();
  /** Those who left last, still with the tracks with which the others are shown that: as many as may leave at once. */
  readonly #leftLately: Participant[] = [];

  /**
   * Only {@link Rooms} makes rooms.
   * @param checkQuotas throws where the account's quotas let nobody else in
   */
  constructor(
    beginning: RoomBeginning,
    { clock, newSid, events }: RoomSurroundings,
    checkQuotas: (room: Room) => void,
  ) {
    const { origin, options } = beginning;
    this.sid = beginning.sid;
    this.accountSid = beginning.accountSid;
    this.origin = origin;
    this.options = options;
    this.clock = clock;
    this.newSid = newSid;
    this.#events = events;
    this.#checkQuotas = checkQuotas;
    this.createdAt = beginning.createdAt;
    this.#updatedAt = this.createdAt;
    this.#mediaRegion = beginning.mediaRegion;
    this.#recordingRules = beginning.recordingRuleSet;
    this.#sequence = beginning.nextSequence;
    this.#callbackSequence = beginning.nextCallbackSequence;
    this.#durationTimer = clock.after(ROOM_LIMITS.roomDuration, () => this.complete('maximum-duration'));
    if (origin === 'api') this.#awaitVacancy(options.unusedRoomTimeout, 'unused-timeout');
  }

  get name(): string {
    return this.options.uniqueName ?? this.sid;
  }

  /** Null where media go from peer to peer; `gll` until the first participant's region has settled it. */
  get mediaRegion(): MediaRegion | null {
    return this.#mediaRegion;
  }

  get status(): RoomStatus {
    return this.#status;
  }

  /** Everyone who ever joined, in the order of joining. */
  get participants(): readonly Participant[] {
    return [...this.#participants.values()];
  }

  /** Those who are in the room now, connected or reconnecting. */
  get present(): readonly Participant[] {
    return [...this.#present.values()];
  }

  get presentCount(): number {
    return this.#present.size;
  }

  get publishedTrackCount(): number {
    return this.present.reduce((count, participant) => count + participant.tracks.length, 0);
  }

  get recordingRules(): RuleSetRecord {
    return this.#recordingRules;
  }

  /** Whether a track that is published now is one that the recording rules include. */
  get isRecording(): boolean {
    return this.#recording;
  }

  /** Null until it was started for the first time. */
  get transcription(): Transcription | null {
    return this.#transcription;
  }

  get record(): RoomRecord {
    return {
      ...this.options,
      sid: this.sid,
      accountSid: this.accountSid,
      uniqueName: this.name,
      mediaRegion: this.#mediaRegion,
      status: this.#status,
      createdAt: this.createdAt,
      updatedAt: this.#updatedAt,
      endedAt: this.#endedAt,
      recordingRuleSet: this.#recordingRules,
      nextSequence: this.#sequence,
      nextCallbackSequence: this.#callbackSequence,
    };
  }

  /** Finds by SID whoever ever joined, by identity only who is present. */
  participant(sidOrIdentity: string): Participant | undefined {
    return this.#participants.get(sidOrIdentity) ?? this.#byIdentity.get(sidOrIdentity);
  }

  /** What a participant should receive: the tracks of the others that its rules let in. */
  wantedBy(subscriber: Participant): PublishedTrack[] {
    return this.present.flatMap((publisher) =>
      publisher.tracks.filter((track) => subscriber.wants(publisher, track)),
    );
  }

  /**
   * Lets a participant in. An older session of the same identity ends.
   * @throws TwilioError 53118 in an ended room, 53105 in a full one, 53206 by the account's quotas, 5320x for the identity
   */
  join(request: JoinRequest): Participant {
    if (this.#status !== 'in-progress') throw twilioError(53118);
    checkIdentity(request.identity);
    const older = this.#byIdentity.get(request.identity);
    if (!older && this.#present.size >= this.options.maxParticipants) throw twilioError(53105);
    if (!older) this.#checkQuotas(this);

    this.#vacancyTimer?.cancel();
    if (this.#mediaRegion === 'gll') this.#mediaRegion = request.signalingRegion;
    // Where media go from peer to peer, everyone gets everything: automaticSubscription has no effect on Twilio either.
    const rules = isMesh(this.options.type) ? INCLUDE_ALL : request.subscribeRules;
    const participant = new Participant(this, {
      sid: this.newSid('PA'),
      identity: request.identity,
      startedAt: this.clock.now(),
      subscribeRuleSet: { rules, createdAt: null, updatedAt: null },
    });
    // The newer takes the place first, so that the older one's end does not leave the room empty.
    this.#enter(participant);
    older?.disconnect({ type: 'duplicate-identity' });
    // Whoever hears of that may have ended the room.
    if (participant.status === 'disconnected') throw twilioError(53118);
    this.announce({ type: 'participant-connected', participant });
    participant.updateTracks(request.tracks);
    return participant;
  }

  /** Puts back someone who was present in an earlier process, silently. */
  readmit(participant: ParticipantRecord, tracks: readonly PublishedTrackRecord[]): void {
    const present = new Participant(this, participant, tracks);
    this.#enter(present);
  }

  #enter(participant: Participant): void {
    this.#participants.set(participant.sid, participant);
    this.#present.set(participant.sid, participant);
    this.#byIdentity.set(participant.identity, participant);
  }

  /** Called by a participant whose session has ended. */
  departed(participant: Participant, reason: DisconnectReason): void {
    this.#present.delete(participant.sid);
    this.#forgetIdentity(participant, participant.identity);
    this.announce({ type: 'participant-disconnected', participant, reason });
    this.#leftLately.push(participant);
    if (this.#leftLately.length > this.options.maxParticipants) this.#leftLately.shift()!.forgetTracks();
    if (this.#present.size > 0 || this.#status !== 'in-progress') return;
    if (this.origin === 'ad-hoc') this.complete('last-participant-left');
    else this.#awaitVacancy(this.options.emptyRoomTimeout, 'empty-timeout');
  }

  /** Called by a participant whose identity is no longer to be known. */
  anonymized(participant: Participant, identity: string): void {
    this.#forgetIdentity(participant, identity);
    this.announce({ type: 'participant-anonymized', participant });
  }

  #forgetIdentity(participant: Participant, identity: string): void {
    if (this.#byIdentity.get(identity) === participant) this.#byIdentity.delete(identity);
  }

  /** Ends the room and everyone's session in it. A second call does nothing. */
  complete(reason: RoomEndReason): void {
    if (this.#status !== 'in-progress') return;
    this.#status = 'completed';
    this.#vacancyTimer?.cancel();
    this.#durationTimer.cancel();
    this.#endedAt = this.#updatedAt = this.clock.now();
    for (const participant of this.present) participant.disconnect({ type: 'room-ended' });
    this.#transcription?.stop();
    this.announce({ type: 'room-ended', reason });
  }

  /** @throws TwilioError 53118 in an ended room, 53122 where media go from peer to peer */
  setRecordingRules(rules: readonly Rule[]): void {
    if (this.#status !== 'in-progress') throw twilioError(53118);
    if (isMesh(this.options.type)) throw twilioError(53122);
    const now = this.clock.now();
    this.#recordingRules = { rules, createdAt: this.#recordingRules.createdAt ?? now, updatedAt: now };
    this.announce({ type: 'recording-rules-changed' });
    this.#updateRecording();
  }

  /** Called at the room's creation: notes how it is to be transcribed, and starts with it where that was asked for. */
  prepareTranscription({
    transcribeParticipantsOnConnect: atOnce,
    transcriptionsConfiguration: configuration,
  }: Pick<RoomRequest, 'transcribeParticipantsOnConnect' | 'transcriptionsConfiguration'>): void {
    if (configuration) this.#transcriptionConfiguration = configuration;
    if (atOnce) this.startTranscription();
  }

  /**
   * Starts the room's one transcription.
   * @throws TwilioError 53118 in an ended room, 53114 where media go from peer to peer, 20409 when there is one
   */
  startTranscription(configuration?: TranscriptionConfiguration): Transcription {
    if (this.#status !== 'in-progress') throw twilioError(53118);
    if (isMesh(this.options.type)) throw twilioError(53114, 'transcriptions');
    if (this.#transcription) throw twilioError(20409, 'the room has a transcription');
    this.#transcription = new Transcription(this, configuration ?? this.#transcriptionConfiguration);
    this.announce({ type: 'transcription-changed', transcription: this.#transcription });
    return this.#transcription;
  }

  /** Publishes an event of this room, or of one of its participants, to the whole house. */
  announce(event: OwnEvent): void {
    this.#events.publish({ ...event, room: this } as RoomEvent);
    if (AFFECTS_RECORDING.has(event.type)) this.#updateRecording();
  }

  nextSequence(): number {
    return this.#sequence++;
  }

  /** Numbers the events of which the room's status callback is told. */
  nextCallbackSequence(): number {
    return this.#callbackSequence++;
  }

  #awaitVacancy(minutes: number, reason: RoomEndReason): void {
    this.#vacancyTimer = this.clock.after(minutes * MINUTE, () => this.complete(reason));
  }

  #updateRecording(): void {
    const recording =
      this.#status === 'in-progress' &&
      this.present.some((publisher) => publisher.tracks.some((track) => this.#isRecorded(publisher, track)));
    if (recording === this.#recording) return;
    this.#recording = recording;
    this.recordingRevision++;
    this.announce({ type: 'recording-state-changed' });
  }

  #isRecorded(publisher: Participant, track: PublishedTrack): boolean {
    return (
      track.kind !== 'data' &&
      publisher.status !== 'disconnected' &&
      rulesInclude(this.#recordingRules.rules, {
        publisherSid: publisher.sid,
        publisherIdentity: publisher.identity,
        trackSid: track.sid,
        trackName: track.name,
        kind: track.kind,
        priority: track.priority,
      })
    );
  }
}
