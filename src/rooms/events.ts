import type { TwilioError } from '../errors.js';
import type { Participant } from './Participant.js';
import type { PublishedTrack } from './PublishedTrack.js';
import type { Room } from './Room.js';
import type { Transcription, TranscriptionText } from './Transcription.js';

/** Why a room ended. */
export type RoomEndReason =
  | 'completed-by-api'
  | 'unused-timeout'
  | 'empty-timeout'
  | 'last-participant-left'
  | 'maximum-duration'
  | 'server-stopped'
  | 'server-lost';

/** Why a participant's session ended; `failed` carries the error that the client is told. */
export type DisconnectReason =
  | { type: 'left' }
  | { type: 'removed' }
  | { type: 'duplicate-identity' }
  | { type: 'room-ended' }
  | { type: 'session-expired' }
  | { type: 'maximum-duration' }
  | { type: 'failed'; error: TwilioError };

/** Something that happened to a room. Whoever needs to know listens to this; nobody else announces anything. */
export type RoomEvent = { room: Room } & (
  | { type: 'room-created' }
  | { type: 'room-ended'; reason: RoomEndReason }
  | { type: 'recording-rules-changed' }
  | { type: 'recording-state-changed' }
  | { type: 'transcription-changed'; transcription: Transcription }
  | { type: 'transcription-text'; transcription: Transcription; text: TranscriptionText }
  | { type: 'participant-connected'; participant: Participant }
  | { type: 'participant-reconnecting'; participant: Participant }
  | { type: 'participant-reconnected'; participant: Participant }
  | { type: 'participant-disconnected'; participant: Participant; reason: DisconnectReason }
  | { type: 'participant-anonymized'; participant: Participant }
  | { type: 'subscribe-rules-changed'; participant: Participant }
  | { type: 'track-published'; participant: Participant; track: PublishedTrack }
  | { type: 'track-publication-failed'; participant: Participant; error: TwilioError }
  | { type: 'track-unpublished'; participant: Participant; track: PublishedTrack }
  | { type: 'track-enabled'; participant: Participant; track: PublishedTrack }
  | { type: 'track-disabled'; participant: Participant; track: PublishedTrack }
  | { type: 'track-priority-changed'; participant: Participant; track: PublishedTrack }
  | { type: 'track-subscribed'; participant: Participant; trackSid: string }
  | { type: 'track-subscription-failed'; participant: Participant; trackSid: string; error: TwilioError }
  | { type: 'track-unsubscribed'; participant: Participant; trackSid: string }
);

export type RoomEventType = RoomEvent['type'];

/** An event as listeners get it: `sequence` counts within its room from 0, `at` is the room's time in ms. */
export type SequencedRoomEvent = RoomEvent & { sequence: number; at: number };

export type RoomEventListener = (event: SequencedRoomEvent) => void;

/**
 * The one stream of events. Listeners are called in the order in which they came, at once, and while they run
 * further events wait: each listener sees all events in the order in which they happened.
 */
export class EventStream {
  readonly #onListenerError: (error: unknown, event: SequencedRoomEvent) => void;
  readonly #listeners = new Set<RoomEventListener>();
  readonly #queue: SequencedRoomEvent[] = [];
  #delivering = false;

  /** @param onListenerError told when a listener throws; the other listeners are called all the same */
  constructor(onListenerError: (error: unknown, event: SequencedRoomEvent) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Listens to everything from now on, until the returned function is called. */
  subscribe(listener: RoomEventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(event: RoomEvent): void {
    this.#queue.push({ ...event, sequence: event.room.nextSequence(), at: event.room.clock.now() });
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#deliver(next);
    } finally {
      this.#delivering = false;
    }
  }

  #deliver(event: SequencedRoomEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerError(error, event);
      }
    }
  }
}
