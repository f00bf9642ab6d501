import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TRACK_PRIORITIES } from '../../src/rooms/PublishedTrack.js';
import type { TrackKind } from '../../src/rooms/PublishedTrack.js';
import { recordingRulesSchema, rulesInclude, subscribeRulesSchema, withRule } from '../../src/rooms/rules.js';
import type { Rule, RuleSubject } from '../../src/rooms/rules.js';
import { codeOf } from '../support/model.js';

const grammars = [
  ['subscribe', subscribeRulesSchema],
  ['recording', recordingRulesSchema],
] as const;

describe.each(grammars)('The grammar of %s rules', (_name, schema) => {
  const accepts = (rules: unknown): boolean => schema.safeParse(rules).success;

  it('takes each filter alone, and several in one rule', () => {
    expect(
      schema.parse([
        { type: 'include', all: true },
        { type: 'exclude', publisher: 'alice' },
        { type: 'include', track: 'camera' },
        { type: 'include', kind: 'audio' },
        { type: 'exclude', publisher: 'alice', track: 'camera', kind: 'video' },
      ]),
    ).toEqual([
      { type: 'include', all: true },
      { type: 'exclude', publisher: 'alice' },
      { type: 'include', track: 'camera' },
      { type: 'include', kind: 'audio' },
      { type: 'exclude', publisher: 'alice', track: 'camera', kind: 'video' },
    ]);
  });

  it('takes "all" as a text too', () => {
    expect(schema.parse([{ type: 'include', all: 'true' }])).toEqual([{ type: 'include', all: true }]);
  });

  it('takes null for a filter that is not used, as it gives it out itself', () => {
    const unused = { publisher: null, track: null, kind: null, priority: null };
    expect(schema.parse([{ type: 'include', all: true, ...unused }])).toEqual([
      { type: 'include', all: true },
    ]);
    expect(schema.parse([{ type: 'include', ...unused, all: null, kind: 'audio' }])).toEqual([
      { type: 'include', kind: 'audio' },
    ]);
  });

  it('takes 1 to 20 rules', () => {
    const rules = (count: number): Rule[] =>
      Array.from({ length: count }, () => ({ type: 'include', all: true }));
    expect(accepts(rules(0))).toBe(false);
    expect(accepts(rules(1))).toBe(true);
    expect(accepts(rules(20))).toBe(true);
    expect(accepts(rules(21))).toBe(false);
  });

  it.each([
    ['one rule that is not in a list', { type: 'include', all: true }],
    ['a text', '[{"type":"include","all":true}]'],
    ['nothing', undefined],
    ['null', null],
    ['a rule that is null', [null]],
    ['a rule without a type', [{ all: true }]],
    ['a rule of another type', [{ type: 'allow', all: true }]],
    ['a type in capitals', [{ type: 'INCLUDE', all: true }]],
    ['a rule without a filter', [{ type: 'include' }]],
    ['a rule whose filters are all null', [{ type: 'include', all: null, publisher: null }]],
    ['"all" that is false', [{ type: 'include', all: false }]],
    ['"all" beside another filter', [{ type: 'include', all: true, kind: 'audio' }]],
    ['an unknown kind', [{ type: 'include', kind: 'screen' }]],
    ['an empty publisher', [{ type: 'include', publisher: '' }]],
    ['an empty track', [{ type: 'include', track: '' }]],
    ['a track that is no text', [{ type: 'include', track: 7 }]],
    ['an unknown filter', [{ type: 'include', all: true, region: 'us1' }]],
    ['one wrong rule among right ones', [{ type: 'include', all: true }, { type: 'exclude' }]],
  ])('refuses %s', (_what, rules) => {
    expect(accepts(rules)).toBe(false);
  });
});

describe('What only subscribe rules take', () => {
  it.each([
    ['data tracks', { type: 'include', kind: 'data' }],
    ['priorities', { type: 'include', priority: 'high' }],
  ])('is %s', (_what, rule) => {
    expect(subscribeRulesSchema.safeParse([rule]).success).toBe(true);
    expect(recordingRulesSchema.safeParse([rule]).success).toBe(false);
  });

  it('is not an unknown priority', () => {
    expect(subscribeRulesSchema.safeParse([{ type: 'include', priority: 'urgent' }]).success).toBe(false);
  });
});

const subject: RuleSubject = {
  publisherSid: 'PA1',
  publisherIdentity: 'alice',
  trackSid: 'MT1',
  trackName: 'camera',
  kind: 'video',
  priority: 'standard',
};

describe('A set of rules', () => {
  it('includes nothing when it is empty', () => {
    expect(rulesInclude([], subject)).toBe(false);
  });

  it('goes by the last rule that matches', () => {
    const include: Rule = { type: 'include', all: true };
    const exclude: Rule = { type: 'exclude', kind: 'video' };
    expect(rulesInclude([include, exclude], subject)).toBe(false);
    expect(rulesInclude([exclude, include], subject)).toBe(true);
  });

  it('knows a publisher by identity and SID, a track by name and SID, each in its exact letters', () => {
    const matches = (filter: Partial<Rule>): boolean =>
      rulesInclude([{ type: 'include', ...filter }], subject);
    expect(matches({ publisher: 'alice' })).toBe(true);
    expect(matches({ publisher: 'PA1' })).toBe(true);
    expect(matches({ publisher: 'Alice' })).toBe(false);
    expect(matches({ track: 'camera' })).toBe(true);
    expect(matches({ track: 'MT1' })).toBe(true);
    expect(matches({ track: 'Camera' })).toBe(false);
    expect(matches({ publisher: 'camera' })).toBe(false);
    expect(matches({ track: 'alice' })).toBe(false);
  });

  const kinds: TrackKind[] = ['audio', 'video', 'data'];
  const people = ['alice', 'bob', 'carol'];
  const names = ['mic', 'camera', 'screen'];
  const everything: RuleSubject[] = people.flatMap((publisherIdentity, person) =>
    names.flatMap((trackName, track) =>
      kinds.flatMap((kind) =>
        TRACK_PRIORITIES.map((priority) => ({
          publisherIdentity,
          publisherSid: `PA${person}`,
          trackName,
          trackSid: `MT${person}${track}`,
          kind,
          priority,
        })),
      ),
    ),
  );
  const filters = fc
    .record(
      {
        publisher: fc.constantFrom(...people, 'PA0', 'PA1', 'nobody'),
        track: fc.constantFrom(...names, 'MT00', 'MT12', 'nothing'),
        kind: fc.constantFrom(...kinds),
        priority: fc.constantFrom(...TRACK_PRIORITIES),
      },
      { requiredKeys: [] },
    )
    .map((filter) => (Object.keys(filter).length > 0 ? filter : { all: true as const }));
  const rules: fc.Arbitrary<Rule> = fc
    .tuple(fc.constantFrom('include' as const, 'exclude' as const), filters)
    .map(([type, filter]) => ({ type, ...filter }));

  /** The set of subjects to which a rule applies, by looking at each of its filters for itself. */
  function selected(rule: Rule): Set<RuleSubject> {
    let set = everything;
    if (rule.publisher !== undefined) {
      set = set.filter((one) => [one.publisherIdentity, one.publisherSid].includes(rule.publisher!));
    }
    if (rule.track !== undefined)
      set = set.filter((one) => [one.trackName, one.trackSid].includes(rule.track!));
    if (rule.kind !== undefined) set = set.filter((one) => one.kind === rule.kind);
    if (rule.priority !== undefined) set = set.filter((one) => one.priority === rule.priority);
    return new Set(set);
  }

  it('is the union and difference of what its rules select, in their order', () => {
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 20 }), (list) => {
        expect(list.length === 0 || subscribeRulesSchema.safeParse(list).success).toBe(true);
        let expected = new Set<RuleSubject>();
        for (const rule of list) {
          const set = selected(rule);
          expected =
            rule.type === 'include'
              ? new Set([...expected, ...set])
              : new Set([...expected].filter((one) => !set.has(one)));
        }
        expect(everything.filter((one) => rulesInclude(list, one))).toEqual(
          everything.filter((one) => expected.has(one)),
        );
      }),
    );
  });
});

describe('A rule about a single track that is added', () => {
  const face: Rule = { type: 'include', track: 'face' };

  it('stands at the end, in the place of older ones about that track alone', () => {
    const others: Rule[] = [
      { type: 'include', all: true },
      { type: 'exclude', track: 'face', publisher: 'alice' },
      { type: 'exclude', track: 'face', kind: 'video' },
      { type: 'exclude', track: 'voice' },
    ];
    const last = { type: 'exclude', track: 'face' } as const;
    expect(withRule([face, ...others], last)).toEqual([...others, last]);
  });

  it('is refused when it makes too many', () => {
    const rules = Array.from({ length: 20 }, (_, index): Rule => ({ type: 'include', track: `t${index}` }));
    expect(codeOf(() => withRule(rules, { type: 'exclude', track: 'face' }))).toBe(53215);
    expect(codeOf(() => withRule(rules, { type: 'exclude', track: 't7' }))).toBeNull();
  });
});
