import { TwilioError, twilioError } from '../errors.js';
import type {
  BandwidthProfile,
  MediaChannel,
  MediaRequest,
  ParticipantMedia,
  PeerConnectionState,
} from '../rooms/media.js';
import type { Participant } from '../rooms/Participant.js';
import { Candidates } from './Candidates.js';
import type { MeshRoom } from './MeshRoom.js';
import type { Pair } from './Pair.js';
import type { End, SpareOffer } from './Pair.js';

/** One side of a pair, as its participant holds it. */
interface Seat {
  readonly pair: Pair;
  readonly end: End;
  readonly peer: MeshParticipant;
}

/**
 * Closed connections that are still told: more than can be closed between two moments of telling. A client that
 * is away when they close need not be told: at its return it closes what is no longer there.
 */
const MOST_CLOSED = 32;

/**
 * A participant's connections to the others, one each; they carry the media, which the server never sees. Their
 * tracks are subscribed to as soon as the rules want them: the clients find the media by themselves, under the
 * publisher's own ids.
 */
export class MeshParticipant implements ParticipantMedia {
  readonly participant: Participant;
  /** None: media signalling needs a server that sees the media. */
  readonly channels: ReadonlyMap<MediaChannel, string> = new Map();
  readonly #room: MeshRoom;
  readonly #onChange: () => void;
  readonly #spares = new Map<string, SpareOffer>();
  /** By the connection's id. */
  readonly #seats = new Map<string, Seat>();
  readonly #closed = new Set<string>();

  constructor(participant: Participant, request: MediaRequest, room: MeshRoom, onChange: () => void) {
    this.participant = participant;
    this.#room = room;
    this.#onChange = onChange;
    for (const { id, description, ice } of request.peerConnections) {
      if (description?.type !== 'offer') continue;
      const candidates = new Candidates();
      if (ice) candidates.add(ice);
      this.#spares.set(id, { id, offer: { ...description, type: 'offer' }, candidates });
    }
  }

  get peerConnections(): readonly PeerConnectionState[] {
    return [
      ...[...this.#closed].map((id): PeerConnectionState => ({ id, description: { type: 'close' } })),
      ...[...this.#spares.keys()].map((id) => ({ id })),
      ...[...this.#seats.values()].flatMap(({ pair, end }) => pair.wordsFor(end)),
    ];
  }

  /** The connections to others, by the other's SID. */
  get pairs(): ReadonlyMap<string, Pair> {
    return new Map([...this.#seats.values()].map(({ pair, peer }) => [peer.participant.sid, pair]));
  }

  update(states: readonly PeerConnectionState[], whole = false): void {
    try {
      if (whole) this.#renewAllBut(new Set(states.map(({ id }) => id)));
      for (const state of states) {
        checkDescription(state);
        const seat = this.#seats.get(state.id);
        if (seat) this.#relay(seat, state);
        else this.#updateSpare(state);
      }
    } catch (error) {
      if (!(error instanceof TwilioError)) throw error;
      this.participant.disconnect({ type: 'failed', error });
    }
  }

  /** The client has none but these: the others it closed unheard, or never heard of. */
  #renewAllBut(ids: ReadonlySet<string>): void {
    for (const id of this.#spares.keys()) if (!ids.has(id)) this.#spares.delete(id);
    for (const seat of [...this.#seats.values()])
      if (seat.pair.isKnownTo(seat.end) && !ids.has(seat.pair.id)) this.#renew(seat);
  }

  /** Both are still in the room, so they are to have a connection: another one, which this side offers. */
  #renew({ peer }: Seat): void {
    this.#room.part(this, peer);
    this.#room.invite(this, peer);
  }

  #relay(seat: Seat, state: PeerConnectionState): void {
    switch (seat.pair.receive(seat.end, state)) {
      case 'relayed':
        return seat.peer.changed();
      case 'ignored':
        return;
      case 'ended':
        return this.#renew(seat);
    }
  }

  #updateSpare({ id, description, ice }: PeerConnectionState): void {
    const spare = this.#spares.get(id);
    if (ice) spare?.candidates.add(ice);
    if (description?.type === 'close') this.#spares.delete(id);
  }

  /** Peer-to-peer rooms share out no downlink: as on Twilio, a bandwidth profile has no effect in them. */
  setBandwidthProfile(_profile: BandwidthProfile | null): void {}

  /** An offer that this client made before there was anyone to take it; each is given once. */
  takeSpareFor(peer: MeshParticipant): SpareOffer | undefined {
    // An id that the other side has met already would mean another connection to it.
    const spare = [...this.#spares.values()].find(({ id }) => !peer.knows(id));
    if (spare) this.#spares.delete(spare.id);
    return spare;
  }

  knows(id: string): boolean {
    return this.#seats.has(id) || this.#spares.has(id) || this.#closed.has(id);
  }

  seat(pair: Pair, end: End, peer: MeshParticipant): void {
    this.#seats.set(pair.id, { pair, end, peer });
    this.changed();
  }

  /** Its connection to another one ends, if there is one. */
  part(peer: MeshParticipant): void {
    for (const [id, seat] of this.#seats) {
      if (seat.peer !== peer) continue;
      this.#seats.delete(id);
      if (seat.pair.isKnownTo(seat.end)) this.#closed.add(id);
    }
    for (const id of this.#closed) {
      if (this.#closed.size <= MOST_CLOSED) break;
      this.#closed.delete(id);
    }
    this.changed();
  }

  changed(): void {
    this.#onChange();
  }

  /** Brings the subscriptions in line with what the rules want. */
  reconcile(): void {
    const { participant } = this;
    if (participant.status === 'disconnected') return;
    const wanted = participant.room.wantedBy(participant);
    const wantedSids = new Set(wanted.map(({ sid }) => sid));
    for (const sid of participant.subscriptions.keys()) {
      if (!wantedSids.has(sid)) participant.unsubscribed(sid);
    }
    for (const track of wanted) {
      if (!participant.subscriptions.has(track.sid)) participant.subscribed(track, track.clientId);
    }
  }
}

/**
 * What comes from one client goes to another one's browser: it must at least be a description.
 * @throws TwilioError 53403
 */
export function checkDescription({ description }: PeerConnectionState): void {
  if (description && 'sdp' in description && !/^v=0\r?\n/.test(description.sdp))
    throw twilioError(53403, 'not a session description');
}
