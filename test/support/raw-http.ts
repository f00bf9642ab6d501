import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { DEV_CREDENTIALS } from '../../src/index.js';

export interface RawRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Sends the body without saying how long it is. */
  chunked?: boolean;
  /** What stands in `Authorization`; null for no such header. */
  authorization?: string | null;
}

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body, read as JSON. */
  readonly json: unknown;
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

const DEV_AUTHORIZATION = basic(DEV_CREDENTIALS.accountSid, DEV_CREDENTIALS.authToken);

/** A request whose path goes out as it stands: nothing is normalised or escaped on the way. */
export function rawRequest(url: string, path: string, options: RawRequest = {}): Promise<RawAnswer> {
  const { method = 'GET', headers = {}, body, chunked = false, authorization = DEV_AUTHORIZATION } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      agent: false,
      method,
      path,
      headers: {
        ...(authorization !== null && { Authorization: authorization }),
        ...(body !== undefined && !chunked && { 'Content-Length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
    });
    let answered = false;
    // An answer that comes before the whole body was sent may close the connection on the rest of it.
    outgoing.on('error', (error) => {
      if (!answered) reject(error);
    });
    outgoing.on('response', (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          get json(): unknown {
            return JSON.parse(text);
          },
        });
      });
    });
    if (chunked) outgoing.write(body);
    outgoing.end(chunked ? undefined : body);
  });
}

/** Posts a form. */
export function postForm(
  url: string,
  path: string,
  form: Record<string, string> | string,
): Promise<RawAnswer> {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
  return rawRequest(url, path, { method: 'POST', headers: FORM, body });
}
