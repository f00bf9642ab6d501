import type { Address } from '../turn/messages.js';
import type { Protocol } from '../turn/wires.js';

/** Where an ICE URL leads. */
export interface IceUrl {
  server: Address;
  protocol: Protocol;
  /** TURN, and not STUN alone. */
  relays: boolean;
}

const FORM = /^(stun|turn)(s?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/i;
const DEFAULT_PORT = 3478;
const DEFAULT_TLS_PORT = 5349;

/**
 * Reads the URL of a STUN or TURN server (RFC 7064, RFC 7065).
 * @throws Error for what is none, or cannot be tried here
 */
export function parseIceUrl(text: string): IceUrl {
  const [, scheme, secure, host, port, transport] = FORM.exec(text) ?? [];
  if (scheme === undefined || host === undefined) throw new Error('not the URL of a STUN or TURN server');
  const isSecure = secure !== '';
  if (isSecure && transport?.toLowerCase() === 'udp') throw new Error('DTLS cannot be tried from here');
  return {
    server: {
      address: host.replace(/^\[|\]$/g, ''),
      port: port === undefined ? (isSecure ? DEFAULT_TLS_PORT : DEFAULT_PORT) : Number(port),
    },
    protocol: isSecure ? 'tls' : transport?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
    relays: scheme.toLowerCase() === 'turn',
  };
}
