import { assertNever } from '../assert-never.js';
import type { Description, PeerConnectionState } from '../rooms/media.js';
import { Candidates } from './Candidates.js';

/** One of the two sides of a pair. */
export type End = 0 | 1;
type Offer = Description & { type: 'offer' };
type Answer = Description & { type: 'answer' | 'pranswer' };

/** An offer that was made before there was anyone to take it, and the candidates that followed. */
export interface SpareOffer {
  readonly id: string;
  readonly offer: Offer;
  readonly candidates: Candidates;
}

/** What came of something that one side said: the other side is to hear of it, or not, or all is over. */
export type Outcome = 'relayed' | 'ignored' | 'ended';

interface Side {
  /** Was asked to offer, and has not done so yet. */
  invited: boolean;
  involved: boolean;
  /** The other side's answer to its last offer. */
  answer: Answer | null;
  /** The other side's offer that it has not answered. */
  offer: Offer | null;
  /** Its own. */
  readonly candidates: Candidates;
}

const FIRST_REVISION = 1;

const side = (candidates: Candidates = new Candidates()): Side => ({
  invited: false,
  involved: false,
  answer: null,
  offer: null,
  candidates,
});

/**
 * A peer connection between two participants, which this relays. Both sides number their negotiations in common:
 *
 *     settled at n ── one side offers n+1 ──▶ open, n+1 is relayed ── the other answers n+1 ──▶ settled at n+1
 *
 * Where both offer at once, the first that arrives is relayed and the other one dropped: its client rolls back
 * when it hears of the first, answers, and offers again. What the sides are to hear is state, not messages: it
 * may be told again after a lost connection, and clients know old from new by the revisions.
 */
export class Pair {
  readonly id: string;
  #settled = 0;
  #open: { from: End; revision: number } | null = null;
  readonly #sides: readonly [Side, Side];

  private constructor(id: string, sides: readonly [Side, Side]) {
    this.id = id;
    this.#sides = sides;
  }

  /** A connection that one side is asked to offer. */
  static invite(id: string, end: End): Pair {
    const pair = new Pair(id, [side(), side()]);
    Object.assign(pair.#sides[end], { invited: true, involved: true });
    return pair;
  }

  /** A connection that one side has offered already. */
  static offered(spare: SpareOffer, from: End): Pair {
    const offerer = side(spare.candidates);
    const pair = new Pair(spare.id, from === 0 ? [offerer, side()] : [side(), offerer]);
    pair.#relayOffer(from, spare.offer);
    return pair;
  }

  /** Whether both sides have agreed on a description and none waits for another. */
  get isSettled(): boolean {
    return this.#settled > 0 && this.#open === null;
  }

  /** Whether a side knows of the connection: by its own offer, or by what it was told. */
  isKnownTo(end: End): boolean {
    return this.#sides[end].involved;
  }

  /** What a side is to know, oldest first. */
  wordsFor(end: End): PeerConnectionState[] {
    const { id } = this;
    const { invited, involved, answer, offer } = this.#sides[end];
    if (!involved) return [];
    const descriptions: Description[] = [];
    if (invited) descriptions.push({ type: 'create-offer', revision: FIRST_REVISION });
    if (answer) descriptions.push(answer);
    if (offer) descriptions.push(offer);
    return [
      // The bare id says that the connection lives: a client that comes back closes what it does not find.
      ...(descriptions.length === 0 ? [{ id }] : descriptions.map((description) => ({ id, description }))),
      ...this.#sides[other(end)].candidates.states.map((ice) => ({ id, ice })),
    ];
  }

  /** Takes what a side says. */
  receive(from: End, { description, ice }: PeerConnectionState): Outcome {
    const news = ice !== undefined && this.#sides[from].candidates.add(ice);
    const outcome = description ? this.#receive(from, description) : 'ignored';
    return outcome === 'ignored' && news ? 'relayed' : outcome;
  }

  #receive(from: End, description: Description): Outcome {
    switch (description.type) {
      case 'offer':
        return this.#onOffer(from, { ...description, type: 'offer' });
      case 'answer':
      case 'pranswer':
        return this.#onAnswer(from, { ...description, type: description.type });
      case 'close':
        return 'ended';
      case 'create-offer':
        // Only the server asks.
        return 'ignored';
      default:
        return assertNever(description);
    }
  }

  #onOffer(from: End, offer: Offer): Outcome {
    if (offer.revision <= this.#settled) return 'ignored';
    if (this.#open) {
      // Either the same again, after a lost connection, or glare: the offer that came first goes on.
      if (offer.revision <= this.#open.revision) return 'ignored';
      // It went on from an answer that never came. Nothing brings that back: both sides have to begin anew.
      if (this.#open.from !== from) return 'ended';
    }
    this.#relayOffer(from, offer);
    return 'relayed';
  }

  #relayOffer(from: End, offer: Offer): void {
    this.#open = { from, revision: offer.revision };
    Object.assign(this.#sides[from], { invited: false, involved: true });
    Object.assign(this.#sides[other(from)], { offer, involved: true });
  }

  #onAnswer(from: End, answer: Answer): Outcome {
    if (!this.#open || this.#open.from === from || this.#open.revision !== answer.revision) return 'ignored';
    this.#sides[other(from)].answer = answer;
    if (answer.type === 'answer') {
      this.#settled = answer.revision;
      this.#open = null;
      this.#sides[from].offer = null;
    }
    return 'relayed';
  }
}

export function other(end: End): End {
  return end === 0 ? 1 : 0;
}
