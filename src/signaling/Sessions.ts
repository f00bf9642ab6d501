import type { SequencedRoomEvent } from '../rooms/events.js';
import type { Participant } from '../rooms/Participant.js';
import type { Room } from '../rooms/Room.js';
import type { Session } from './Session.js';

/** How many ended sessions are remembered, to tell a client that comes back late why its session ended. */
const REMEMBERED = 1000;

/** The sessions that live, and the last words of those that ended lately. */
export class Sessions {
  readonly #byId = new Map<string, Session>();
  readonly #byRoom = new Map<Room, Map<Participant, Session>>();
  readonly #farewells = new Map<string, { accountSid: string; identity: string; message: object }>();

  get size(): number {
    return this.#byId.size;
  }

  add(session: Session): void {
    const { participant } = session;
    this.#byId.set(session.id, session);
    let inRoom = this.#byRoom.get(participant.room);
    if (!inRoom) this.#byRoom.set(participant.room, (inRoom = new Map()));
    inRoom.set(participant, session);
  }

  /** The living session of this id that belongs to this identity of this account. */
  find(id: string, accountSid: string, identity: string): Session | undefined {
    const session = this.#byId.get(id);
    return session && belongsTo(session, accountSid, identity) ? session : undefined;
  }

  /** The message with which such a session ended, while it is remembered. */
  farewellOf(id: string, accountSid: string, identity: string): object | undefined {
    const last = this.#farewells.get(id);
    return last?.accountSid === accountSid && last.identity === identity ? last.message : undefined;
  }

  onRoomEvent(event: SequencedRoomEvent): void {
    const inRoom = this.#byRoom.get(event.room);
    for (const session of inRoom?.values() ?? []) session.onRoomEvent(event);
    if (event.type === 'participant-disconnected') this.#remove(event.participant);
    if (event.type === 'room-ended') this.#byRoom.delete(event.room);
  }

  #remove(participant: Participant): void {
    const inRoom = this.#byRoom.get(participant.room);
    const session = inRoom?.get(participant);
    if (!inRoom || !session) return;
    inRoom.delete(participant);
    if (inRoom.size === 0) this.#byRoom.delete(participant.room);
    this.#byId.delete(session.id);
    if (!session.lastWord) return;
    const { accountSid } = participant.room;
    this.#farewells.set(session.id, {
      accountSid,
      identity: session.identity,
      message: session.lastWord,
    });
    const [oldest] = this.#farewells.keys();
    if (this.#farewells.size > REMEMBERED && oldest !== undefined) this.#farewells.delete(oldest);
  }
}

function belongsTo(session: Session, accountSid: string, identity: string): boolean {
  return session.participant.room.accountSid === accountSid && session.identity === identity;
}
