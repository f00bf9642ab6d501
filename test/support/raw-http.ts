import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { DEV_CREDENTIALS } from '../../src/index.js';

export interface RawRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
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
  const { method = 'GET', headers = {}, body, authorization = DEV_AUTHORIZATION } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      agent: false,
      method,
      path,
      headers: {
        ...(authorization !== null && { Authorization: authorization }),
        ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
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
    outgoing.end(body);
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
