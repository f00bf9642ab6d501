import type { ZodType } from 'zod';
import { twilioError } from '../errors.js';
import type { ErrorCode } from '../errors.js';

/**
 * The parameters of a request, as Twilio takes them: PascalCase names that are case-sensitive, lists by repeating
 * the name, objects as JSON text. An empty value counts as absent.
 */
export class Form {
  readonly #parameters: URLSearchParams;

  constructor(parameters: URLSearchParams) {
    this.#parameters = parameters;
  }

  get names(): string[] {
    return [...new Set(this.#parameters.keys())];
  }

  text(name: string): string | undefined {
    return this.#parameters.get(name) || undefined;
  }

  /** Whether the name was sent with nothing behind it: where a setting may be taken away, that is how. */
  isCleared(name: string): boolean {
    return this.#parameters.get(name) === '';
  }

  /** @param code the error for anything that is not a whole number */
  integer(name: string, code: ErrorCode = 20001): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(text)) throw twilioError(code, name);
    return Number(text);
  }

  boolean(name: string, code: ErrorCode = 20001): boolean | undefined {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return undefined;
    if (text !== 'true' && text !== 'false') throw twilioError(code, name);
    return text === 'true';
  }

  choice<T extends string>(name: string, choices: readonly T[], code: ErrorCode = 20001): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw twilioError(code, name);
    return choice;
  }

  /** The values of a repeated name; also takes a JSON array, or commas, in one value. */
  choices<T extends string>(name: string, choices: readonly T[], code: ErrorCode = 20001): T[] | undefined {
    if (!this.#parameters.has(name)) return undefined;
    const values = this.#parameters
      .getAll(name)
      .flatMap((value) => value.replace(/[[\]"\s]/g, '').split(','))
      .filter((value) => value !== '');
    return values.map((value) => {
      const choice = choices.find((candidate) => candidate === value);
      if (choice === undefined) throw twilioError(code, name);
      return choice;
    });
  }

  /** A date (`2026-01-31`, midnight UTC) or an ISO 8601 date and time (UTC without a zone), in milliseconds since the epoch. */
  time(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const time = parseTime(text);
    if (time === null) throw twilioError(20001, name);
    return time;
  }

  /** An absolute http or https URL. */
  url(name: string, code: ErrorCode): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (text.length > LONGEST_URL || !HTTP_URL.test(text) || !URL.canParse(text))
      throw twilioError(code, name);
    return text;
  }

  /** A JSON text of a given form. */
  json<T>(name: string, schema: ZodType<T>, code: ErrorCode): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parsed = schema.safeParse(parseJson(text));
    if (!parsed.success) throw twilioError(code, parsed.error.issues[0]?.message);
    return parsed.data;
  }
}

/** Without spaces and control characters, which a parser would pass over. */
const HTTP_URL = /^https?:\/\/[^\s\u0000-\u001f\u007f]+$/i;
const LONGEST_URL = 4096;
const ISO_TIME = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/;

function parseTime(text: string): number | null {
  // A plus in a query that was not escaped has become a space.
  const [, date, clock = '00:00', zone = 'Z'] = ISO_TIME.exec(text.replace(/ (?=\d{2}:?\d{2}$)/, '+')) ?? [];
  if (date === undefined) return null;
  // The library of the language takes the 31st of February for a day in March.
  const day = new Date(`${date}T00:00Z`);
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date)) return null;
  const time = Date.parse(`${date}T${clock}${zone}`);
  return Number.isNaN(time) ? null : time;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
