// The numbers of offer and answer, and who gives way when both sides offer at once.
//
//                  own offer                        (only once the first negotiation, the client's, is done)
//        stable ───────────────→ have-local-offer
//        ↑    ↑                        │    │
//        │    └── answer, same number ─┘    │
//        └─── client's offer: answered      └── client's offer: dropped, it comes again after the answer
//
// A client that gets an offer while its own is pending takes its own back, answers, and offers anew: so the
// server's offer wins. Only an offer that is numbered higher than the pending one shows that the client will not
// answer that any more.

export type OfferVerdict =
  /** Answer it. */
  | 'answer'
  /** Answer it; the own offer is void, whatever it brought must be offered again. */
  | 'answer-and-forget-own'
  /** Drop it: the client will offer again. */
  | 'glare'
  /** Drop it: it was answered before. */
  | 'stale';

export class Negotiation {
  #stable = 0;
  #pending: number | null = null;

  /** Whether an own offer may go out now. */
  get mayOffer(): boolean {
    return this.#stable > 0 && this.#pending === null;
  }

  /** The number of the own offer that waits for its answer. */
  get pending(): number | null {
    return this.#pending;
  }

  judgeOffer(revision: number): OfferVerdict {
    if (revision <= this.#stable) return 'stale';
    if (this.#pending === null) return 'answer';
    return revision > this.#pending ? 'answer-and-forget-own' : 'glare';
  }

  /** A client's offer was answered under its own number. */
  answered(revision: number): void {
    this.#stable = revision;
    this.#pending = null;
  }

  /** Numbers an own offer. */
  offer(): number {
    if (!this.mayOffer) throw new Error('an offer is out already, or the client has not offered yet');
    this.#pending = this.#stable + 1;
    return this.#pending;
  }

  /** Whether this answers the pending offer; if so, the negotiation is stable again. */
  acceptAnswer(revision: number): boolean {
    if (revision !== this.#pending) return false;
    this.#stable = revision;
    this.#pending = null;
    return true;
  }
}
