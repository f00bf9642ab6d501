import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Negotiation } from '../../src/sfu/Negotiation.js';

function stableAt(revision: number): Negotiation {
  const negotiation = new Negotiation();
  negotiation.answered(revision);
  return negotiation;
}

describe('A negotiation', () => {
  it("begins with the client's offer", () => {
    const negotiation = new Negotiation();
    expect(negotiation.mayOffer).toBe(false);
    expect(() => negotiation.offer()).toThrow();
    expect(negotiation.judgeOffer(1)).toBe('answer');
    negotiation.answered(1);
    expect(negotiation.mayOffer).toBe(true);
  });

  it("numbers an own offer after the last that was agreed on, whoever's that was", () => {
    const negotiation = stableAt(4);
    expect(negotiation.offer()).toBe(5);
    expect(negotiation.pending).toBe(5);
    expect(negotiation.acceptAnswer(5)).toBe(true);
    expect(negotiation.pending).toBeNull();
    expect(negotiation.offer()).toBe(6);
  });

  it('has one own offer out at a time', () => {
    const negotiation = stableAt(1);
    negotiation.offer();
    expect(negotiation.mayOffer).toBe(false);
    expect(() => negotiation.offer()).toThrow();
    expect(negotiation.pending).toBe(2);
  });

  it('takes no answer but the one to its offer, and that once', () => {
    const negotiation = stableAt(1);
    expect(negotiation.acceptAnswer(1)).toBe(false);
    negotiation.offer();
    expect(negotiation.acceptAnswer(1)).toBe(false);
    expect(negotiation.acceptAnswer(3)).toBe(false);
    expect(negotiation.mayOffer).toBe(false);
    expect(negotiation.acceptAnswer(2)).toBe(true);
    expect(negotiation.acceptAnswer(2)).toBe(false);
    expect(negotiation.mayOffer).toBe(true);
  });

  it('does not answer an offer that it has answered before', () => {
    const negotiation = stableAt(3);
    expect(negotiation.judgeOffer(2)).toBe('stale');
    expect(negotiation.judgeOffer(3)).toBe('stale');
    expect(negotiation.judgeOffer(4)).toBe('answer');
    negotiation.offer();
    negotiation.acceptAnswer(4);
    expect(negotiation.judgeOffer(4)).toBe('stale');
  });

  it('lets its own offer win when both sides offer at once', () => {
    const negotiation = stableAt(1);
    negotiation.offer();
    expect(negotiation.judgeOffer(2)).toBe('glare');
    expect(negotiation.pending).toBe(2);
  });

  it('gives its own offer up for one that the client numbered after it', () => {
    const negotiation = stableAt(1);
    negotiation.offer();
    expect(negotiation.judgeOffer(3)).toBe('answer-and-forget-own');
    negotiation.answered(3);
    expect(negotiation.pending).toBeNull();
    expect(negotiation.acceptAnswer(2)).toBe(false);
    expect(negotiation.offer()).toBe(4);
  });
});

interface Word {
  type: 'offer' | 'answer';
  revision: number;
  knows: number;
}

/**
 * The client's end, as `twilio-video`'s lib/signaling/v2/peerconnection.js has it. Changes are counted: an offer or
 * answer carries how many of its sender's changes it knows.
 */
class SdkClient {
  readonly sent: Word[] = [];
  /** What the state of this end says now; it is said again after a lost connection. */
  word: Word | null = null;
  changes = 0;
  knownOfServer = 0;
  answered: number[] = [];
  #revision = 0;
  #stable = 0;
  #needsAnswer = false;
  #shouldOffer = false;

  get idle(): boolean {
    return !this.#needsAnswer && !this.#shouldOffer;
  }

  get stable(): number {
    return this.#stable;
  }

  change(): void {
    this.changes++;
    if (this.#needsAnswer) this.#shouldOffer = true;
    else this.#offer();
  }

  hear({ type, revision, knows }: Word): void {
    if (type === 'answer') {
      if (revision !== this.#revision || !this.#needsAnswer) return;
      this.#stable = revision;
      this.#needsAnswer = false;
      this.answered.push(this.word!.knows);
      this.#reofferIfNeeded();
      return;
    }
    if (revision <= this.#stable) return;
    if (this.#needsAnswer && this.#stable === 0)
      throw new Error('an offer before the first negotiation was done');
    const glare = this.#needsAnswer;
    this.#revision = revision;
    this.#stable = revision;
    this.#needsAnswer = false;
    this.knownOfServer = knows;
    this.#say({ type: 'answer', revision, knows: this.answered.at(-1) ?? 0 });
    if (glare) this.#offer();
    else this.#reofferIfNeeded();
  }

  #reofferIfNeeded(): void {
    if (this.#shouldOffer) this.#offer();
  }

  #offer(): void {
    this.#shouldOffer = false;
    this.#needsAnswer = true;
    this.#revision++;
    this.#say({ type: 'offer', revision: this.#revision, knows: this.changes });
  }

  #say(word: Word): void {
    this.word = word;
    this.sent.push(word);
  }
}

/** The server's end, in short: what PeerConnection does with the verdicts. */
class Server {
  readonly sent: Word[] = [];
  readonly negotiation = new Negotiation();
  words: { answer: Word | null; offer: Word | null } = { answer: null, offer: null };
  changes = 0;
  agreed = 0;
  knownOfClient = 0;
  #offerNeeded = false;

  get idle(): boolean {
    return !this.#offerNeeded && this.negotiation.pending === null;
  }

  change(): void {
    this.changes++;
    this.#offerNeeded = true;
    this.#offerIfPossible();
  }

  hear({ type, revision, knows }: Word): void {
    if (type === 'answer') {
      if (!this.negotiation.acceptAnswer(revision)) return;
      this.agreed = this.words.offer!.knows;
      this.words.offer = null;
    } else {
      const verdict = this.negotiation.judgeOffer(revision);
      if (verdict === 'stale' || verdict === 'glare') return;
      if (verdict === 'answer-and-forget-own') this.#offerNeeded = true;
      this.knownOfClient = knows;
      this.negotiation.answered(revision);
      this.words = { answer: { type: 'answer', revision, knows: this.agreed }, offer: null };
      this.sent.push(this.words.answer!);
    }
    this.#offerIfPossible();
  }

  #offerIfPossible(): void {
    if (!this.#offerNeeded || !this.negotiation.mayOffer) return;
    this.#offerNeeded = false;
    this.words.offer = { type: 'offer', revision: this.negotiation.offer(), knows: this.changes };
    this.sent.push(this.words.offer);
  }
}

type Step = 'client changes' | 'server changes' | 'client hears' | 'server hears' | 'connection lost';

function play(steps: readonly Step[]): { client: SdkClient; server: Server; revisions: number[] } {
  const client = new SdkClient();
  const server = new Server();
  const toServer = client.sent;
  const toClient = server.sent;
  const revisions: number[] = [];
  client.change();
  const actions: Record<Step, () => void> = {
    'client changes': () => client.change(),
    'server changes': () => server.change(),
    'client hears': () => {
      const word = toClient.shift();
      if (word) client.hear(word);
    },
    'server hears': () => {
      const word = toServer.shift();
      if (word) server.hear(word);
    },
    // Whatever was on its way is lost; both ends say anew what holds.
    'connection lost': () => {
      toServer.length = 0;
      toClient.length = 0;
      if (client.word) toServer.push(client.word);
      toClient.push(...[server.words.answer, server.words.offer].filter((word) => word !== null));
    },
  };
  for (const step of steps) {
    actions[step]();
    revisions.push(client.stable);
  }
  for (let turns = 0; toServer.length + toClient.length > 0; turns++) {
    if (turns > 1000) throw new Error('they talk for ever');
    actions['server hears']();
    actions['client hears']();
  }
  return { client, server, revisions };
}

describe('Server and client', () => {
  const stepsOf = (...steps: Step[]) => fc.array(fc.constantFrom(...steps), { maxLength: 60 });
  const talk = ['client changes', 'server changes', 'client hears', 'server hears'] as const;

  function expectAgreement({ client, server, revisions }: ReturnType<typeof play>): void {
    expect(client.idle).toBe(true);
    expect(server.idle).toBe(true);
    expect(server.knownOfClient).toBe(client.changes);
    expect(client.answered.at(-1)).toBe(client.changes);
    expect(client.knownOfServer).toBe(server.changes);
    expect(server.agreed).toBe(server.changes);
    expect(server.negotiation.judgeOffer(client.stable)).toBe('stale');
    expect(server.negotiation.judgeOffer(client.stable + 1)).toBe('answer');
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  }

  it('always come to agree on every change of either side, however their words cross', () => {
    fc.assert(
      fc.property(stepsOf(...talk), (steps) => expectAgreement(play(steps))),
      { numRuns: 1000 },
    );
  });

  it('come to agree also when connections are lost on the way', () => {
    fc.assert(
      fc.property(stepsOf(...talk, 'connection lost'), (steps) => expectAgreement(play(steps))),
      { numRuns: 1000 },
    );
  });
});
