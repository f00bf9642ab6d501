import type { RetryReason } from './overrides.js';

/** Why a delivery fails, by the code of Twilio's debugger: https://www.twilio.com/docs/api/errors */
export const FAILURES = {
  11100: 'Invalid URL format',
  11200: 'HTTP retrieval failure',
  11205: 'HTTP connection failure',
  11206: 'HTTP protocol violation',
  11210: 'HTTP bad host name',
  11220: 'SSL/TLS handshake error',
} as const;
export type FailureCode = keyof typeof FAILURES;

/** An attempt that did not bring the callback to its receiver. */
export class DeliveryFailure extends Error {
  override readonly name = 'DeliveryFailure';
  readonly code: FailureCode;
  /** The policy under which it is tried again; null where nothing would be better then. */
  readonly retriedOn: RetryReason | null;

  constructor(code: FailureCode, retriedOn: RetryReason | null, detail: string) {
    super(`${FAILURES[code]}: ${detail}`);
    this.code = code;
    this.retriedOn = retriedOn;
  }
}

/** What an answer's status means: null when the callback has arrived. Redirects are not followed. */
export function failureOfStatus(status: number): DeliveryFailure | null {
  if (status >= 200 && status < 300) return null;
  const retriedOn = status >= 500 ? '5xx' : status >= 400 ? '4xx' : null;
  return new DeliveryFailure(11200, retriedOn, `the answer was ${status}`);
}

const HOST_UNKNOWN = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME'];

/** What it means that no connection came about. */
export function failureToConnect(error: unknown): DeliveryFailure {
  const { code, text } = describe(error);
  if (HOST_UNKNOWN.includes(code)) return new DeliveryFailure(11210, 'ct', text);
  if (/^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_)/.test(code))
    return new DeliveryFailure(11220, 'ct', text);
  return new DeliveryFailure(11205, 'ct', text);
}

/** What it means that a connection gave no answer. */
export function failureToAnswer(error: unknown): DeliveryFailure {
  const { code, text } = describe(error);
  const isNonsense =
    (error as Error | null)?.name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW';
  return new DeliveryFailure(isNonsense ? 11206 : 11205, 'rt', text);
}

function describe(error: unknown): { code: string; text: string } {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  // When several addresses of a host fail, the error of them all has a code and no text.
  const text = typeof message === 'string' && message !== '' ? message : undefined;
  return { code: String(code ?? ''), text: text ?? String(code ?? 'unknown') };
}
