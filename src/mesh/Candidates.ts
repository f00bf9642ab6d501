import type { IceState } from '../rooms/media.js';

/** ICE generations that are remembered: the one in use, and those that a lost or overtaken offer left behind. */
const MOST_GENERATIONS = 4;
/** Of one generation; a client with many networks and TURN servers has some dozens. */
const MOST_CANDIDATES = 500;
/** Characters of one as JSON. */
const LONGEST_CANDIDATE = 2048;

interface Generation {
  revision: number;
  readonly candidates: Map<string, unknown>;
  complete: boolean;
}

/**
 * The candidates of one side of a peer connection, by ICE generation (ufrag). They may come before the
 * description that they belong to, and before there is anyone to take them. A client that makes another
 * description while it gathers begins its list anew under the same ufrag: here nothing is taken away, and the
 * lists have revisions of their own.
 */
export class Candidates {
  readonly #generations = new Map<string, Generation>();

  get states(): IceState[] {
    return [...this.#generations].map(([ufrag, { revision, candidates, complete }]) => ({
      ufrag,
      revision,
      candidates: [...candidates.values()],
      ...(complete && { complete }),
    }));
  }

  /** Returns whether there is anything new. */
  add({ ufrag, candidates, complete = false }: IceState): boolean {
    let generation = this.#generations.get(ufrag);
    if (!generation) {
      generation = { revision: 0, candidates: new Map(), complete: false };
      this.#generations.set(ufrag, generation);
      const [oldest] = this.#generations.keys();
      if (this.#generations.size > MOST_GENERATIONS) this.#generations.delete(oldest!);
    }
    const known = generation.candidates.size;
    for (const candidate of candidates) {
      if (generation.candidates.size === MOST_CANDIDATES) break;
      const text = JSON.stringify(candidate);
      if (text.length <= LONGEST_CANDIDATE) generation.candidates.set(text, candidate);
    }
    const isNew = generation.candidates.size > known || (complete && !generation.complete);
    generation.complete ||= complete;
    if (isNew) generation.revision++;
    return isNew;
  }
}
