/** When an attempt that failed is made again: an answer of 400 or 500 and above, no connection, no answer in time. */
export const RETRY_REASONS = ['4xx', '5xx', 'ct', 'rt'] as const;
export type RetryReason = (typeof RETRY_REASONS)[number];

/** How a callback is delivered. https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides */
export interface ConnectionOptions {
  /** Milliseconds that a connection may take, TLS included. */
  connectTimeout: number;
  /** Milliseconds that the answer may take. */
  readTimeout: number;
  /** Milliseconds that all attempts may take together. */
  totalTimeout: number;
  /** Attempts after the first. */
  retryCount: number;
  retryOn: readonly RetryReason[];
  /** Whether TLS names the host it wants (SNI). */
  serverName: boolean;
}

const RANGES = {
  ct: { least: 100, most: 10_000, otherwise: 5_000 },
  rt: { least: 100, most: 15_000, otherwise: 15_000 },
  tt: { least: 100, most: 15_000, otherwise: 15_000 },
  rc: { least: 0, most: 5, otherwise: 1 },
} as const;

/**
 * Reads the connection overrides of a URL's fragment, as `ct=2000&rc=3&rp=4xx,5xx`. A number outside of its range is
 * brought to the range's end; what is no number, or not known, is passed over. `e`, the edge from which Twilio
 * calls, has no meaning here: there is one server.
 */
export function parseOverrides(fragment: string): ConnectionOptions {
  const overrides = new URLSearchParams(fragment);
  const number = (key: keyof typeof RANGES): number => {
    const { least, most, otherwise } = RANGES[key];
    const text = overrides.get(key) ?? '';
    return /^\d+$/.test(text) ? Math.min(most, Math.max(least, Number(text))) : otherwise;
  };
  return {
    connectTimeout: number('ct'),
    readTimeout: number('rt'),
    totalTimeout: number('tt'),
    retryCount: number('rc'),
    retryOn: parsePolicies(overrides.get('rp') ?? ''),
    serverName: overrides.get('sni') !== 'n',
  };
}

function parsePolicies(text: string): readonly RetryReason[] {
  const asked = text.toLowerCase().split(',');
  if (asked.includes('all')) return RETRY_REASONS;
  const known = RETRY_REASONS.filter((reason) => asked.includes(reason));
  return known.length > 0 ? known : ['ct'];
}
