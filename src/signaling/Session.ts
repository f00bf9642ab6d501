import { randomUUID } from 'node:crypto';
import { assertNever } from '../assert-never.js';
import { twilioError } from '../errors.js';
import type { TwilioError } from '../errors.js';
import type { DisconnectReason, RoomEventType, SequencedRoomEvent } from '../rooms/events.js';
import type { ParticipantMedia, PeerConnectionState } from '../rooms/media.js';
import type { Participant } from '../rooms/Participant.js';
import type { ClientMessage, TrackList } from './messages.js';
import {
  firstPublishedState,
  isAnnounced,
  mediaSignalingState,
  participantState,
  peerConnectionKeys,
  publishedState,
  recordingState,
  subscribedState,
  withdrawnState,
} from './state.js';
import type { TcmpConnection } from './tcmp.js';

export const RSP_VERSION = 2;

export function errorMessage(error: TwilioError): object {
  return { type: 'error', version: RSP_VERSION, code: error.code, message: error.message, participants: [] };
}

/** The last that a client hears of its session. */
function farewell(reason: DisconnectReason): object {
  switch (reason.type) {
    case 'left':
    case 'removed':
      return { type: 'disconnected', version: RSP_VERSION };
    case 'room-ended':
      return { type: 'disconnected', version: RSP_VERSION, status: 'completed' };
    case 'duplicate-identity':
      return errorMessage(twilioError(53205));
    case 'maximum-duration':
      return errorMessage(twilioError(53216));
    case 'session-expired':
      return errorMessage(twilioError(53204));
    case 'failed':
      return errorMessage(reason.error);
    default:
      assertNever(reason);
  }
}

/**
 * The vendors of noise cancellation that applications may use. It runs in the client, as a plug-in that they bring;
 * the SDK asks the server for leave, and there is nothing to refuse.
 */
const AUDIO_PROCESSORS = ['krisp'];

/** The events of a participant that change what the others see of it. */
const SEEN_BY_OTHERS: ReadonlySet<RoomEventType> = new Set<RoomEventType>([
  'participant-connected',
  'participant-reconnecting',
  'participant-reconnected',
  'participant-anonymized',
  'participant-disconnected',
  'track-published',
  'track-unpublished',
  'track-enabled',
  'track-disabled',
  'track-priority-changed',
]);

/** Where a session is served from; fixed at the connect. */
export interface SessionOptions {
  /** Seconds for which a client that lost its connection may come back. */
  sessionTimeout: number;
  signalingRegion: string;
}

/**
 * A participant's session as its client knows it. It tells state, not news: whenever something of the room has
 * changed, it compares the numbers of what was told with the model's and sends the difference, once a tick. So
 * it does no harm when a message is lost or comes twice.
 */
export class Session {
  readonly id = randomUUID();
  readonly participant: Participant;
  /** Whom the client's tokens name; the participant may have been anonymized. */
  readonly identity: string;
  readonly #options: SessionOptions;
  #connection: TcmpConnection | null;
  #media: ParticipantMedia | null = null;
  #clientRevision: number;
  #flushing = false;
  #farewell: object | null = null;
  #lastWord: object | null = null;

  // What the client was told last.
  readonly #changedParticipants = new Set<Participant>();
  /** Those that it knows to be in the room. */
  readonly #announced = new Set<Participant>();
  #toldPeerConnections = new Map<string, string>();
  #toldPublished = 0;
  #toldSubscribed = 0;
  #toldRecording = 0;
  #toldChannels = '';

  constructor(
    participant: Participant,
    connection: TcmpConnection,
    clientRevision: number,
    options: SessionOptions,
  ) {
    this.participant = participant;
    this.identity = participant.identity;
    this.#connection = connection;
    this.#clientRevision = clientRevision;
    this.#options = options;
  }

  /** The message with which the session ended; null while it lives. */
  get farewell(): object | null {
    return this.#farewell;
  }

  /** What the client is told that comes back after that: it acts on a session that is no more. */
  get lastWord(): object | null {
    return this.#lastWord;
  }

  /** The media are set up: answers the `connect`. */
  start(media: ParticipantMedia): void {
    this.#media = media;
    if (this.#farewell) return;
    const published = firstPublishedState(this.participant);
    this.#tellAll('connected', published);
    this.#toldPublished = published.revision;
    this.changed();
  }

  /** Takes over a new connection after the old one was lost, and answers the `sync`. */
  resume(connection: TcmpConnection, message: ClientMessage & { type: 'sync' }): void {
    this.#connection?.close();
    this.#connection = connection;
    this.participant.connectionRegained();
    this.#updateTracks(message.participant);
    // First what the client has to say, which it may be repeating: so it is told nothing that this settles.
    this.#media?.update(message.peerConnections, true);
    this.#tellAll('synced', publishedState(this.participant));
  }

  /** The connection broke. Ignored when another one has taken its place. */
  connectionLost(connection: TcmpConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    // Without the answer to its `connect`, a client does not know the session and cannot come back to it.
    if (this.#media) this.participant.connectionLost(this.#options.sessionTimeout * 1000);
    else this.participant.disconnect({ type: 'left' });
  }

  update(message: ClientMessage & { type: 'update' }): void {
    this.#updateTracks(message.participant);
    if (message.bandwidthProfile !== undefined) this.#media?.setBandwidthProfile(message.bandwidthProfile);
    if (message.peerConnections.length > 0) this.#media?.update(message.peerConnections);
  }

  #updateTracks(list: TrackList | undefined): void {
    if (!list || list.revision <= this.#clientRevision) return;
    this.#clientRevision = list.revision;
    this.participant.updateTracks(list.tracks);
  }

  /** Something in the room happened. */
  onRoomEvent(event: SequencedRoomEvent): void {
    if (!('participant' in event)) return this.changed();
    if (event.participant !== this.participant) {
      if (!SEEN_BY_OTHERS.has(event.type)) return;
      this.#changedParticipants.add(event.participant);
      return this.changed();
    }
    if (event.type === 'participant-disconnected') this.#end(event.reason);
    else this.changed();
  }

  #end(reason: DisconnectReason): void {
    this.#farewell = farewell(reason);
    this.#lastWord = reason.type === 'removed' ? errorMessage(twilioError(53204)) : this.#farewell;
    this.#connection?.send(this.#farewell);
    this.#connection?.close();
    this.#connection = null;
  }

  /** Sends the difference soon, together with whatever else changes in this tick. */
  changed(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#tellDifference();
    });
  }

  #tellAll(type: 'connected' | 'synced', published: { revision: number }): void {
    const { room } = this.participant;
    const others = room.present.filter((other) => other !== this.participant && isAnnounced(other));
    const media = this.#media;
    this.#changedParticipants.clear();
    this.#announced.clear();
    for (const other of others) this.#announced.add(other);
    this.#toldPublished = published.revision;
    this.#toldSubscribed = this.participant.subscribedRevision;
    this.#toldRecording = room.recordingRevision;
    this.#toldPeerConnections = new Map();
    const channels = media?.channels ?? new Map();
    this.#toldChannels = JSON.stringify([...channels]);
    this.#connection?.send({
      type,
      version: RSP_VERSION,
      session: this.id,
      sid: room.sid,
      name: room.name,
      participant: participantState(this.participant),
      participants: others.map(participantState),
      published,
      subscribed: subscribedState(this.participant),
      recording: recordingState(room),
      peer_connections: this.#untoldOf(media?.peerConnections ?? []),
      media_signaling: mediaSignalingState(channels),
      options: {
        session_timeout: this.#options.sessionTimeout,
        media_region: room.mediaRegion,
        signaling_region: this.#options.signalingRegion,
        audio_processors: AUDIO_PROCESSORS,
      },
    });
  }

  #tellDifference(): void {
    const media = this.#media;
    if (!media || !this.#connection) return;
    const { participant } = this;
    const update: Record<string, unknown> = {};
    const changed = [...this.#changedParticipants].flatMap((other) => this.#change(other) ?? []);
    if (changed.length > 0) update['participants'] = changed;
    this.#changedParticipants.clear();
    if (participant.publishedRevision > this.#toldPublished) {
      update['published'] = publishedState(participant);
      this.#toldPublished = participant.publishedRevision;
    }
    if (participant.subscribedRevision > this.#toldSubscribed) {
      update['subscribed'] = subscribedState(participant);
      this.#toldSubscribed = participant.subscribedRevision;
    }
    if (participant.room.recordingRevision > this.#toldRecording) {
      update['recording'] = recordingState(participant.room);
      this.#toldRecording = participant.room.recordingRevision;
    }
    const channels = JSON.stringify([...media.channels]);
    if (channels !== this.#toldChannels) {
      update['media_signaling'] = mediaSignalingState(media.channels);
      this.#toldChannels = channels;
    }
    const untold = this.#untoldOf(media.peerConnections);
    if (untold.length > 0) update['peer_connections'] = untold;
    if (Object.keys(update).length === 0) return;
    this.#connection.send({ type: 'update', version: RSP_VERSION, session: this.id, ...update });
  }

  /** What there is to be told of another participant; null where it is of no concern to this client. */
  #change(other: Participant): object | null {
    const wasAnnounced = this.#announced.has(other);
    if (!isAnnounced(other)) {
      this.#announced.delete(other);
      return wasAnnounced ? withdrawnState(other) : null;
    }
    if (other.status === 'disconnected') this.#announced.delete(other);
    else this.#announced.add(other);
    return participantState(other);
  }

  /** What of this was not told yet. It counts as told from now on, and what is no longer said is forgotten. */
  #untoldOf(states: readonly PeerConnectionState[]): readonly PeerConnectionState[] {
    const before = this.#toldPeerConnections;
    const keyed = states.map((state) => ({ state, ...peerConnectionKeys(state) }));
    this.#toldPeerConnections = new Map(keyed.map(({ subject, word }) => [subject, word]));
    return keyed.filter(({ subject, word }) => before.get(subject) !== word).map(({ state }) => state);
  }
}
