import { randomUUID } from 'node:crypto';
import type { SequencedRoomEvent } from '../rooms/events.js';
import type { MediaRequest } from '../rooms/media.js';
import type { Participant } from '../rooms/Participant.js';
import { MeshParticipant } from './MeshParticipant.js';
import { Pair } from './Pair.js';

/** Who is connected to whom in one room: everyone to everyone, directly. */
export class MeshRoom {
  readonly #participants = new Map<string, MeshParticipant>();

  get participants(): readonly MeshParticipant[] {
    return [...this.#participants.values()];
  }

  join(participant: Participant, request: MediaRequest, onChange: () => void): MeshParticipant {
    const newcomer = new MeshParticipant(participant, request, this, onChange);
    if (participant.status === 'disconnected') return newcomer;
    for (const present of this.participants) this.#connect(newcomer, present);
    this.#participants.set(participant.sid, newcomer);
    newcomer.reconcile();
    return newcomer;
  }

  /** With an offer that one side has in store, which saves a round trip; else one side is asked to offer. */
  #connect(newcomer: MeshParticipant, present: MeshParticipant): void {
    const older = present.takeSpareFor(newcomer);
    if (older) return this.#seat(present, newcomer, Pair.offered(older, 0));
    const newer = newcomer.takeSpareFor(present);
    if (newer) return this.#seat(newcomer, present, Pair.offered(newer, 0));
    return this.invite(newcomer, present);
  }

  /** Connects two that are not connected; the first one is to offer. */
  invite(offerer: MeshParticipant, peer: MeshParticipant): void {
    this.#seat(offerer, peer, Pair.invite(randomUUID(), 0));
  }

  #seat(first: MeshParticipant, second: MeshParticipant, pair: Pair): void {
    first.seat(pair, 0, second);
    second.seat(pair, 1, first);
  }

  /** Ends the connection of two. */
  part(one: MeshParticipant, another: MeshParticipant): void {
    one.part(another);
    another.part(one);
  }

  onRoomEvent(event: SequencedRoomEvent): void {
    switch (event.type) {
      case 'track-published':
      case 'track-unpublished':
        for (const media of this.participants) media.reconcile();
        return;
      case 'participant-disconnected':
        return this.#leave(event.participant);
      default:
        return;
    }
  }

  #leave(participant: Participant): void {
    const leaver = this.#participants.get(participant.sid);
    if (!leaver) return;
    this.#participants.delete(participant.sid);
    for (const media of this.participants) {
      this.part(media, leaver);
      media.reconcile();
    }
  }
}
