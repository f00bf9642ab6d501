import type { Timer } from '../clock.js';
import { TwilioError } from '../errors.js';
import type { DisconnectReason } from './events.js';
import { CONTROL_CHARACTERS, ROOM_LIMITS } from './options.js';
import { PublishedTrack } from './PublishedTrack.js';
import type { TrackAnnouncement } from './PublishedTrack.js';
import type { ParticipantRecord, ParticipantStatus, PublishedTrackRecord, RuleSetRecord } from './records.js';
import type { Room } from './Room.js';
import { rulesInclude } from './rules.js';
import type { Rule } from './rules.js';

/** What a participant begins with. */
export type ParticipantBeginning = Pick<
  ParticipantRecord,
  'sid' | 'identity' | 'startedAt' | 'subscribeRuleSet'
>;

/** A track in a client's list: what it announces, or what is wrong with the entry. */
export type TrackClaim = TrackAnnouncement | { clientId: string; error: TwilioError };

/** A track that a participant receives now, and the name under which its client finds the media. */
export interface Subscription {
  readonly track: PublishedTrack;
  /** The id in the description's `a=msid`, or the data channel's label; or why it cannot be received. */
  readonly receiver: { id: string } | { error: TwilioError };
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/**
 * Someone's session in a room, from the join to the end. Revisions only grow; they rise with each change of
 * what they number, so that whoever shows the state can tell new from old.
 *
 *     connected ⇄ reconnecting
 *         └──────────┴──────→ disconnected
 */
export class Participant {
  readonly sid: string;
  readonly room: Room;
  readonly startedAt: number;

  /** Numbers what the others see: the status and the tracks. */
  revision = 1;
  /** Numbers what the participant is told of its own tracks. */
  publishedRevision = 1;
  /** Numbers what the participant is told of its subscriptions. */
  subscribedRevision = 1;

  #identity: string;
  #status: ParticipantStatus = 'connected';
  #updatedAt: number;
  #endedAt: number | null = null;
  #subscribeRules: RuleSetRecord;
  readonly #tracks = new Map<string, PublishedTrack>();
  readonly #failedTracks = new Map<string, TwilioError>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #durationTimer: Timer;
  #reconnectTimer: Timer | null = null;

  /**
   * Only a {@link Room} makes participants.
   * @param tracks what it published before
   */
  constructor(room: Room, beginning: ParticipantBeginning, tracks: readonly PublishedTrackRecord[] = []) {
    this.room = room;
    this.sid = beginning.sid;
    this.#identity = beginning.identity;
    this.startedAt = beginning.startedAt;
    this.#updatedAt = this.startedAt;
    this.#subscribeRules = beginning.subscribeRuleSet;
    for (const track of tracks)
      this.#tracks.set(track.clientId, new PublishedTrack(track.sid, this.sid, track, track.createdAt));
    const mostMs = room.options.maxParticipantDuration * 1000;
    this.#durationTimer = room.clock.after(mostMs, () => this.disconnect({ type: 'maximum-duration' }));
  }

  /** Who it is; once it is anonymized, its SID. */
  get identity(): string {
    return this.#identity;
  }

  get status(): ParticipantStatus {
    return this.#status;
  }

  /** The tracks that it publishes; after the end, those that it published then. */
  get tracks(): readonly PublishedTrack[] {
    return [...this.#tracks.values()];
  }

  /** The tracks that it may not publish, by the client's id. They stay until the client drops them. */
  get failedTracks(): ReadonlyMap<string, TwilioError> {
    return this.#failedTracks;
  }

  /** What it receives, by the track's SID. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions;
  }

  get subscribeRules(): RuleSetRecord {
    return this.#subscribeRules;
  }

  get record(): ParticipantRecord {
    return {
      sid: this.sid,
      roomSid: this.room.sid,
      accountSid: this.room.accountSid,
      identity: this.identity,
      status: this.#status,
      startedAt: this.startedAt,
      updatedAt: this.#updatedAt,
      endedAt: this.#endedAt,
      subscribeRuleSet: this.#subscribeRules,
    };
  }

  /** A track, published by it or subscribed to, as it is shown and stored. */
  trackRecord({
    sid,
    clientId,
    kind,
    name,
    enabled,
    priority,
    createdAt,
    updatedAt,
  }: PublishedTrack): PublishedTrackRecord {
    return {
      sid,
      clientId,
      kind,
      name,
      enabled,
      priority,
      createdAt,
      updatedAt,
      roomSid: this.room.sid,
      participantSid: this.sid,
    };
  }

  track(sidOrName: string): PublishedTrack | undefined {
    return this.tracks.find((track) => track.sid === sidOrName || track.name === sidOrName);
  }

  trackByClientId(clientId: string): PublishedTrack | undefined {
    return this.#tracks.get(clientId);
  }

  /**
   * Brings the published tracks in line with the client's list: publishes what is new, takes away what is
   * gone, mutes and unmutes. What cannot be published is noted among {@link failedTracks}.
   */
  updateTracks(claims: readonly TrackClaim[]): void {
    if (this.#status === 'disconnected') return;
    // Told again whatever has changed: a client that takes a track back and publishes it anew in one go waits to
    // hear of it, and its list shows no difference.
    this.publishedRevision++;
    const claimed = new Map(claims.map((claim) => [claim.clientId, claim]));
    for (const track of this.tracks) {
      const claim = claimed.get(track.clientId);
      if (!claim || !isSameTrack(track, claim)) this.#unpublish(track);
    }
    for (const clientId of this.#failedTracks.keys()) {
      if (!claimed.has(clientId)) this.#failedTracks.delete(clientId);
    }
    for (const claim of claimed.values()) {
      const track = this.#tracks.get(claim.clientId);
      if (track && !('error' in claim)) this.#change(track, claim);
      else if (!this.#failedTracks.has(claim.clientId)) this.#publish(claim);
    }
  }

  #publish(claim: TrackClaim): void {
    const error = 'error' in claim ? claim.error : this.#reasonNotToPublish(claim);
    if (error || 'error' in claim) {
      this.#failedTracks.set(claim.clientId, error!);
      this.room.announce({ type: 'track-publication-failed', participant: this, error: error! });
      return;
    }
    const track = new PublishedTrack(this.room.newSid('MT'), this.sid, claim, this.room.clock.now());
    this.#tracks.set(claim.clientId, track);
    this.revision++;
    this.room.announce({ type: 'track-published', participant: this, track });
  }

  #reasonNotToPublish(claim: TrackAnnouncement): TwilioError | null {
    if (claim.name.length > ROOM_LIMITS.nameLength) return new TwilioError(53302);
    if (CONTROL_CHARACTERS.test(claim.name)) return new TwilioError(53303);
    if (this.tracks.some((track) => track.name === claim.name)) return new TwilioError(53304);
    const { audioOnly, maxPublishedTracks } = this.room.options;
    if (audioOnly && claim.kind === 'video') return new TwilioError(53125);
    if (maxPublishedTracks !== null && this.room.publishedTrackCount >= maxPublishedTracks)
      return new TwilioError(53203);
    return null;
  }

  #unpublish(track: PublishedTrack): void {
    this.#tracks.delete(track.clientId);
    this.revision++;
    this.room.announce({ type: 'track-unpublished', participant: this, track });
  }

  #change(track: PublishedTrack, claim: TrackAnnouncement): void {
    const wasEnabled = track.enabled;
    const priorityBefore = track.priority;
    if (wasEnabled === claim.enabled && priorityBefore === claim.priority) return;
    track.enabled = claim.enabled;
    track.priority = claim.priority;
    track.updatedAt = this.room.clock.now();
    this.revision++;
    if (wasEnabled !== claim.enabled) {
      this.room.announce({
        type: claim.enabled ? 'track-enabled' : 'track-disabled',
        participant: this,
        track,
      });
    }
    if (priorityBefore !== claim.priority) {
      this.room.announce({ type: 'track-priority-changed', participant: this, track });
    }
  }

  /** Replaces the rules by which it subscribes to the others' tracks. */
  setSubscribeRules(rules: readonly Rule[]): void {
    const now = this.room.clock.now();
    this.#subscribeRules = { rules, createdAt: this.#subscribeRules.createdAt ?? now, updatedAt: now };
    this.room.announce({ type: 'subscribe-rules-changed', participant: this });
  }

  /** Whether its rules let it receive this track of this publisher. Nobody receives their own tracks. */
  wants(publisher: Participant, track: PublishedTrack): boolean {
    if (publisher === this) return false;
    return rulesInclude(this.#subscribeRules.rules, {
      publisherSid: publisher.sid,
      publisherIdentity: publisher.identity,
      trackSid: track.sid,
      trackName: track.name,
      kind: track.kind,
      priority: track.priority,
    });
  }

  /** The media plane says that the track now arrives under this id. */
  subscribed(track: PublishedTrack, receiverId: string): void {
    this.#subscriptions.set(track.sid, {
      track,
      receiver: { id: receiverId },
      createdAt: this.room.clock.now(),
    });
    this.subscribedRevision++;
    this.room.announce({ type: 'track-subscribed', participant: this, trackSid: track.sid });
  }

  /** The media plane says that the track cannot be received. */
  subscriptionFailed(track: PublishedTrack, error: TwilioError): void {
    this.#subscriptions.set(track.sid, { track, receiver: { error }, createdAt: this.room.clock.now() });
    this.subscribedRevision++;
    this.room.announce({ type: 'track-subscription-failed', participant: this, trackSid: track.sid, error });
  }

  /** The media plane says that the track no longer arrives. */
  unsubscribed(trackSid: string): void {
    if (!this.#subscriptions.delete(trackSid)) return;
    this.subscribedRevision++;
    this.room.announce({ type: 'track-unsubscribed', participant: this, trackSid });
  }

  /** The signalling connection broke: the session waits so many milliseconds for the client to come back. */
  connectionLost(patienceMs: number): void {
    if (this.#status !== 'connected') return;
    this.#setStatus('reconnecting');
    this.#reconnectTimer = this.room.clock.after(patienceMs, () =>
      this.disconnect({ type: 'session-expired' }),
    );
    this.room.announce({ type: 'participant-reconnecting', participant: this });
  }

  /** The client came back in time. */
  connectionRegained(): void {
    if (this.#status !== 'reconnecting') return;
    this.#reconnectTimer?.cancel();
    this.#setStatus('connected');
    this.room.announce({ type: 'participant-reconnected', participant: this });
  }

  /** Forgets who it was: from now on its SID stands for its identity. A second call does nothing. */
  anonymize(): void {
    const identity = this.#identity;
    if (identity === this.sid) return;
    this.#identity = this.sid;
    this.#updatedAt = this.room.clock.now();
    this.revision++;
    this.room.anonymized(this, identity);
  }

  /** After the end: nobody asks for its tracks any more. */
  forgetTracks(): void {
    this.#tracks.clear();
    this.#failedTracks.clear();
  }

  /** Ends the session. A second call does nothing. */
  disconnect(reason: DisconnectReason): void {
    if (this.#status === 'disconnected') return;
    this.#durationTimer.cancel();
    this.#reconnectTimer?.cancel();
    this.#setStatus('disconnected');
    this.#endedAt = this.#updatedAt;
    this.#subscriptions.clear();
    // The tracks stay in the list: the others are shown a leaving participant with the tracks that it had.
    for (const track of this.tracks)
      this.room.announce({ type: 'track-unpublished', participant: this, track });
    this.room.departed(this, reason);
  }

  #setStatus(status: ParticipantStatus): void {
    this.#status = status;
    this.#updatedAt = this.room.clock.now();
    this.revision++;
  }
}

/** A track's kind and name are for its life: with another one it is another track. */
function isSameTrack(track: PublishedTrack, claim: TrackClaim): boolean {
  return !('error' in claim) && claim.kind === track.kind && claim.name === track.name;
}
