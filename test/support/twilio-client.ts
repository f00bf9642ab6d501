import twilio from 'twilio';
import type { Twilio } from 'twilio';
import type RequestClient from 'twilio/lib/base/RequestClient.js';
import type responses from 'twilio/lib/http/response.js';
import { DEV_CREDENTIALS } from '../../src/index.js';

/** The library's own HTTP client, led to a server under test where it would go to Twilio. */
class LedClient extends twilio.RequestClient {
  readonly #url: string;

  constructor(url: string) {
    super({ keepAlive: false });
    this.#url = url;
  }

  override request<TData>(options: RequestClient.RequestOptions<TData>): Promise<responses.default<TData>> {
    const uri = options.uri.replace(/^https:\/\/(video|api)\.twilio\.com(?=\/)/, this.#url);
    return super.request({ ...options, uri });
  }
}

export interface Credentials {
  accountSid?: string;
  username?: string;
  password?: string;
}

/** The official helper library; with the development account's auth token, where nothing else is given. */
export function twilioClient(url: string, credentials: Credentials = {}): Twilio {
  const {
    accountSid = DEV_CREDENTIALS.accountSid,
    username = DEV_CREDENTIALS.accountSid,
    password = DEV_CREDENTIALS.authToken,
  } = credentials;
  return twilio(username, password, { accountSid, httpClient: new LedClient(url) });
}
