import type { types } from 'mediasoup';
import { capabilitiesOf } from './codecs.js';

/**
 * The payload types of one peer connection. In a bundle a number has one meaning; the router's numbers, under
 * which the server sends, are taken from the start.
 */
export class PayloadTypes {
  readonly #meanings = new Map<number, string>();

  constructor(router: types.Router) {
    for (const codec of capabilitiesOf(router).codecs ?? []) {
      this.#meanings.set(codec.preferredPayloadType, meaning(codec.mimeType, codec.parameters));
    }
  }

  /** Whether the client may use this number for this codec; if so, it now means that. */
  claim(payloadType: number, mimeType: string, parameters: Record<string, unknown> = {}): boolean {
    const wanted = meaning(mimeType, parameters);
    const taken = this.#meanings.get(payloadType);
    if (taken !== undefined && taken !== wanted) return false;
    this.#meanings.set(payloadType, wanted);
    return true;
  }
}

function meaning(mimeType: string, parameters: Record<string, unknown> = {}): string {
  const name = mimeType.toLowerCase();
  return name.endsWith('/rtx') ? `${name} of ${String(parameters['apt'])}` : name;
}
