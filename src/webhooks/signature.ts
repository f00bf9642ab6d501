import { createHmac } from 'node:crypto';

/** What is signed beside the URL: a POST's parameters, decoded. A name may stand there several times. */
export type SignedParameters = Readonly<Record<string, string | readonly string[]>>;

/**
 * The value of `X-Twilio-Signature`: the URL, then each parameter's name and value in the order of the names, with
 * nothing between them. The values of a repeated name are sorted, equal ones count once.
 * https://www.twilio.com/docs/usage/security
 * @param authToken of the account; never an API key's secret
 * @param url as the receiver sees it: query included, without user and fragment
 * @param parameters none for a GET, whose parameters stand in the URL
 */
export function signatureOf(authToken: string, url: string, parameters: SignedParameters = {}): string {
  const names = Object.keys(parameters).sort();
  const data = url + names.map((name) => signedText(name, parameters[name]!)).join('');
  return createHmac('sha1', authToken).update(data, 'utf8').digest('base64');
}

function signedText(name: string, value: string | readonly string[]): string {
  const values = typeof value === 'string' ? [value] : [...new Set(value)].sort();
  return values.map((one) => name + one).join('');
}
