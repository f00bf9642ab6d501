import { z } from 'zod';
import { twilioError } from '../errors.js';
import { TRACK_PRIORITIES } from './PublishedTrack.js';
import type { TrackKind, TrackPriority } from './PublishedTrack.js';

/**
 * A subscribe or recording rule. Its filters are AND-ed; `all` stands alone.
 * https://www.twilio.com/docs/video/api/track-subscriptions#specifying-subscribe-rules
 */
export interface Rule {
  type: 'include' | 'exclude';
  all?: true;
  /** A participant's identity or SID. */
  publisher?: string;
  /** A track's name or SID. */
  track?: string;
  kind?: TrackKind;
  priority?: TrackPriority;
}

export const INCLUDE_ALL: readonly Rule[] = [{ type: 'include', all: true }];
export const EXCLUDE_ALL: readonly Rule[] = [{ type: 'exclude', all: true }];

/** What a rule is asked about. */
export interface RuleSubject {
  publisherSid: string;
  publisherIdentity: string;
  trackSid: string;
  trackName: string;
  kind: TrackKind;
  priority: TrackPriority;
}

const MOST_RULES = 20;
const absent = z.null().transform(() => undefined);

function ruleSchema(kinds: [TrackKind, ...TrackKind[]], withPriority: boolean) {
  const filters = {
    // "true" as text is what the JavaScript SDK's own tests post.
    all: z.union([z.literal(true), z.literal('true').transform((): true => true), absent]).optional(),
    publisher: z.union([z.string().min(1), absent]).optional(),
    track: z.union([z.string().min(1), absent]).optional(),
    kind: z.union([z.enum(kinds), absent]).optional(),
  };
  const priority = z.union([withPriority ? z.enum(TRACK_PRIORITIES) : z.never(), absent]).optional();
  return z
    .strictObject({ type: z.enum(['include', 'exclude']), ...filters, priority })
    .transform(withoutAbsent)
    .refine(
      (rule) => {
        const others = [rule.publisher, rule.track, rule.kind, rule.priority].filter(
          (filter) => filter !== undefined,
        );
        return rule.all ? others.length === 0 : others.length > 0;
      },
      { message: 'a rule has either "all" or at least one of the other filters' },
    );
}

function withoutAbsent(rule: Rule | { [K in keyof Rule]: Rule[K] | undefined }): Rule {
  return Object.fromEntries(
    Object.entries(rule).filter(([, value]) => value !== undefined),
  ) as unknown as Rule;
}

/** The text of a `Rules` parameter of SubscribeRules. */
export const subscribeRulesSchema = z
  .array(ruleSchema(['audio', 'video', 'data'], true))
  .min(1)
  .max(MOST_RULES);
/** The text of a `Rules` parameter of RecordingRules: data tracks are not recorded. */
export const recordingRulesSchema = z
  .array(ruleSchema(['audio', 'video'], false))
  .min(1)
  .max(MOST_RULES);

function matches(rule: Rule, subject: RuleSubject): boolean {
  if (rule.all) return true;
  return (
    (rule.publisher === undefined ||
      rule.publisher === subject.publisherSid ||
      rule.publisher === subject.publisherIdentity) &&
    (rule.track === undefined || rule.track === subject.trackSid || rule.track === subject.trackName) &&
    (rule.kind === undefined || rule.kind === subject.kind) &&
    (rule.priority === undefined || rule.priority === subject.priority)
  );
}

/**
 * Whether a set of rules lets a track in. The rules build a set in their order, `include` adds what matches and
 * `exclude` takes it away: so the last rule that matches decides, and no match means no.
 */
export function rulesInclude(rules: readonly Rule[], subject: RuleSubject): boolean {
  let included = false;
  for (const rule of rules) {
    if (matches(rule, subject)) included = rule.type === 'include';
  }
  return included;
}

/**
 * The rules with one about a single track at their end, in the place of older ones about that track alone.
 * @throws TwilioError 53215 when that makes too many
 */
export function withRule(rules: readonly Rule[], last: Rule & { track: string }): readonly Rule[] {
  const isAboutIt = ({ track, publisher, kind, priority }: Rule): boolean =>
    track === last.track && publisher === undefined && kind === undefined && priority === undefined;
  const kept = rules.filter((rule) => !isAboutIt(rule));
  if (kept.length >= MOST_RULES) throw twilioError(53215, `more than ${MOST_RULES} rules`);
  return [...kept, last];
}
