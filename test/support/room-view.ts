import { isDeepStrictEqual } from 'node:util';
import type {
  PublishedState,
  RecordingState,
  RemoteParticipantState,
  ServerMessage,
  SubscribedState,
} from './rsp.js';

/**
 * What a client knows of its room from all that it was told. It notes whatever the SDK would stumble over: a
 * revision that falls, other content under the same revision, the receiver among the participants.
 */
export class RoomView {
  session: string | null = null;
  sid: string | null = null;
  name: string | null = null;
  ownSid: string | null = null;
  published: PublishedState = { revision: 0, tracks: [] };
  subscribed: SubscribedState = { revision: 0, tracks: [] };
  recording: RecordingState | null = null;
  readonly participants = new Map<string, RemoteParticipantState>();
  readonly violations: string[] = [];

  /** The last participant of this identity that was announced. */
  participant(identity: string): RemoteParticipantState | undefined {
    return [...this.participants.values()].findLast((participant) => participant.identity === identity);
  }

  /** The identities of those who are in the room, but for the client itself. */
  get others(): string[] {
    return [...this.participants.values()]
      .filter(({ state }) => state !== 'disconnected')
      .map(({ identity }) => identity)
      .sort();
  }

  /** The code with which a track of the client's was refused. */
  failure(trackId: string): number | undefined {
    return this.published.tracks.find(({ id, state }) => id === trackId && state === 'failed')?.error?.code;
  }

  /** The SID under which a track of the client's is published. */
  publishedSid(trackId: string): string | undefined {
    return this.published.tracks.find(({ id, state }) => id === trackId && state === 'ready')?.sid;
  }

  take(message: ServerMessage): void {
    if (!['connected', 'synced', 'update'].includes(message.type)) return;
    const whole = message.type !== 'update';
    this.#check(whole === (message.options !== undefined), `${message.type} with the wrong options`);
    if (message.type === 'connected') {
      this.#check(this.session === null, 'connected twice');
      this.session = message.session ?? null;
      this.sid = message.sid ?? null;
      this.name = message.name ?? null;
      this.ownSid = message.participant?.sid ?? null;
    }
    this.#check(message.session === this.session, `${message.type} of another session`);
    this.#takeParticipants(message.participants, whole);
    this.published = this.#newer('published', this.published, message.published, whole);
    this.subscribed = this.#newer('subscribed', this.subscribed, message.subscribed, whole);
    this.recording = this.#newer('recording', this.recording, message.recording, whole);
  }

  #takeParticipants(states: RemoteParticipantState[] = [], whole: boolean): void {
    for (const state of states) {
      const known = this.participants.get(state.sid);
      this.#check(state.sid !== this.ownSid, 'the receiver is among the participants');
      this.#newer(state.identity, known ?? null, state, whole);
      this.participants.set(state.sid, state);
    }
    if (!whole) return;
    const named = new Set(states.map(({ sid }) => sid));
    for (const sid of this.participants.keys()) if (!named.has(sid)) this.participants.delete(sid);
  }

  /** @param whole whether the same state may come again */
  #newer<T extends { revision: number } | null>(
    what: string,
    known: T,
    told: T | undefined,
    whole: boolean,
  ): T {
    if (told === undefined) return known;
    if (told === null || known === null) return told;
    const same = told.revision === known.revision;
    this.#check(
      told.revision >= known.revision,
      `${what}: revision ${told.revision} after ${known.revision}`,
    );
    if (same)
      this.#check(whole && isDeepStrictEqual(told, known), `${what}: revision ${told.revision} twice`);
    return told;
  }

  #check(fine: boolean, violation: string): void {
    if (!fine) this.violations.push(violation);
  }
}
