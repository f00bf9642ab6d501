import { describe, expect, it } from 'vitest';
import { Candidates } from '../../src/mesh/Candidates.js';
import { Pair } from '../../src/mesh/Pair.js';
import type { End } from '../../src/mesh/Pair.js';
import type { PeerConnectionState } from '../../src/rooms/media.js';

type Spoken = 'offer' | 'answer' | 'pranswer';
const id = 'connection';
const said = (type: Spoken, revision: number, sdp = `${type} ${revision}`): PeerConnectionState => ({
  id,
  description: { type, revision, sdp },
});
const ice = (ufrag: string, revision: number, ...candidates: string[]): PeerConnectionState => ({
  id,
  ice: { ufrag, revision, candidates },
});
const offered = (): Pair =>
  Pair.offered(
    { id, offer: { type: 'offer', revision: 1, sdp: 'offer 1' }, candidates: new Candidates() },
    0,
  );
function settled(): Pair {
  const pair = offered();
  pair.receive(1, said('answer', 1));
  return pair;
}
/** What a side is told, in short. */
const told = (pair: Pair, end: End): string[] =>
  pair
    .wordsFor(end)
    .map(({ description, ice: state }) =>
      description
        ? `${description.type} ${description.revision}`
        : state
          ? `ice ${state.ufrag} ${state.revision}: ${state.candidates.join(' ')}`
          : 'alive',
    );

describe('A pair', () => {
  it('that begins with an offer hands it to the other side, and the answer back', () => {
    const pair = offered();
    expect([told(pair, 0), told(pair, 1)]).toEqual([['alive'], ['offer 1']]);
    expect(pair.isSettled).toBe(false);
    expect(pair.receive(1, said('answer', 1))).toBe('relayed');
    expect([told(pair, 0), told(pair, 1)]).toEqual([['answer 1'], ['alive']]);
    expect(pair.isSettled).toBe(true);
  });

  it('without an offer has one side make it, and the other one hears nothing before', () => {
    const pair = Pair.invite(id, 0);
    expect([told(pair, 0), told(pair, 1)]).toEqual([['create-offer 1'], []]);
    expect([pair.isKnownTo(0), pair.isKnownTo(1)]).toEqual([true, false]);
    // The SDK counts on from the number that it was asked with.
    expect(pair.receive(0, said('offer', 2))).toBe('relayed');
    expect([told(pair, 0), told(pair, 1)]).toEqual([['alive'], ['offer 2']]);
    pair.receive(1, said('answer', 2));
    expect(told(pair, 0)).toEqual(['answer 2']);
  });

  it.each<[End, End]>([
    [0, 1],
    [1, 0],
  ])('relays offers of both sides, also of side %i', (offerer, answerer) => {
    const pair = settled();
    expect(pair.receive(offerer, said('offer', 2))).toBe('relayed');
    expect(told(pair, answerer)).toContain('offer 2');
    expect(pair.receive(answerer, said('answer', 2))).toBe('relayed');
    expect(told(pair, offerer)).toContain('answer 2');
    expect(told(pair, answerer)).not.toContain('offer 2');
  });

  it('relays one of two offers that cross, and drops the other', () => {
    const pair = settled();
    expect(pair.receive(0, said('offer', 2, 'first'))).toBe('relayed');
    expect(pair.receive(1, said('offer', 2, 'second'))).toBe('ignored');
    expect(told(pair, 0)).not.toContain('offer 2');
    // The other side rolled back, answers, and offers again.
    pair.receive(1, said('answer', 2));
    expect(pair.receive(1, said('offer', 3, 'second'))).toBe('relayed');
    // Both are told, in their order: the second must not take the place of the first.
    expect(told(pair, 0)).toEqual(['answer 2', 'offer 3']);
  });

  it('takes no notice of what it has heard before, or has no part in it', () => {
    const pair = settled();
    for (const old of [said('offer', 1), said('answer', 1), said('answer', 2)])
      for (const end of [0, 1] as const) expect(pair.receive(end, old)).toBe('ignored');
    pair.receive(0, said('offer', 2));
    expect(pair.receive(0, said('offer', 2))).toBe('ignored');
    expect(pair.receive(0, said('answer', 2))).toBe('ignored');
    expect(pair.receive(1, said('answer', 3))).toBe('ignored');
    expect(pair.receive(1, { id, description: { type: 'create-offer', revision: 9 } })).toBe('ignored');
    expect(pair.isSettled).toBe(false);
  });

  it('relays a provisional answer, and waits for the final one', () => {
    const pair = offered();
    expect(pair.receive(1, said('pranswer', 1))).toBe('relayed');
    expect([told(pair, 0), pair.isSettled]).toEqual([['pranswer 1'], false]);
    pair.receive(1, said('answer', 1));
    expect([told(pair, 0), pair.isSettled]).toEqual([['answer 1'], true]);
  });

  it('ends when a side gives up, or goes on from an answer that never came', () => {
    expect(settled().receive(1, { id, description: { type: 'close', revision: 2 } })).toBe('ended');
    const pair = settled();
    pair.receive(0, said('offer', 2));
    expect(pair.receive(1, said('offer', 3))).toBe('ended');
  });

  it('relays candidates in both directions, also before the description that they belong to', () => {
    const pair = Pair.invite(id, 0);
    expect(pair.receive(0, ice('early', 1, 'a'))).toBe('relayed');
    expect(told(pair, 1)).toEqual([]);
    pair.receive(0, said('offer', 2));
    expect(told(pair, 1)).toEqual(['offer 2', 'ice early 1: a']);
    pair.receive(1, ice('other', 1, 'b'));
    expect(told(pair, 0)).toEqual(['alive', 'ice other 1: b']);
  });

  it('hands on the candidates that followed an offer in store', () => {
    const candidates = new Candidates();
    candidates.add({ ufrag: 'u', revision: 1, candidates: ['a', 'b'] });
    const pair = Pair.offered({ id, offer: { type: 'offer', revision: 1, sdp: 'v=0' }, candidates }, 0);
    expect(told(pair, 1)).toEqual(['offer 1', 'ice u 1: a b']);
  });
});

describe('Candidates', () => {
  it('of one generation are kept when the client begins its list anew', () => {
    const candidates = new Candidates();
    candidates.add({ ufrag: 'u', revision: 1, candidates: [{ candidate: 'a' }, { candidate: 'b' }] });
    candidates.add({ ufrag: 'u', revision: 2, candidates: [{ candidate: 'c' }] });
    expect(candidates.states).toEqual([
      {
        ufrag: 'u',
        revision: 2,
        candidates: [{ candidate: 'a' }, { candidate: 'b' }, { candidate: 'c' }],
      },
    ]);
  });

  it('are new once, and so is their end', () => {
    const candidates = new Candidates();
    const state = { ufrag: 'u', revision: 1, candidates: ['a'] };
    expect(candidates.add(state)).toBe(true);
    expect(candidates.add(state)).toBe(false);
    expect(candidates.add({ ...state, complete: true })).toBe(true);
    expect(candidates.add(state)).toBe(false);
    expect(candidates.states).toEqual([{ ...state, revision: 2, complete: true }]);
  });

  it('are kept of the last generations only, so many, and none that is far too long', () => {
    const candidates = new Candidates();
    for (const ufrag of ['a', 'b', 'c', 'd', 'e', 'f'])
      candidates.add({ ufrag, revision: 1, candidates: ['x'.repeat(3000), ...Array(600).keys()] });
    expect(candidates.states.map(({ ufrag }) => ufrag)).toEqual(['c', 'd', 'e', 'f']);
    expect(candidates.states.map(({ candidates: all }) => all.length)).toEqual([500, 500, 500, 500]);
  });
});
