import {
  ATTRIBUTE,
  STUN,
  decodeAddress,
  encode,
  encodeAddress,
  errorOf,
  isError,
  isResponse,
  longTermKey,
  newTransactionId,
  parse,
  uint32,
} from './messages.js';
import type { Address, Attributes, StunMessage } from './messages.js';
import type { Wire } from './wires.js';

/** The server refused a request. */
export class StunError extends Error {
  override readonly name = 'StunError';
  readonly code: number;

  constructor(code: number, reason: string) {
    super(`${code} ${reason}`.trim());
    this.code = code;
  }
}

export interface Credentials {
  username: string;
  credential: string;
}

/** What an ICE agent of the other side is asked with: the ufrag and password from its description. */
export interface IceTarget {
  ufrag: string;
  password: string;
}

/** Milliseconds between repetitions of a request over UDP, doubling; and how many are sent. */
const FIRST_INTERVAL = 250;
const MOST_REQUESTS = 5;
/** Milliseconds for an answer over a reliable wire, and after the last repetition. */
const PATIENCE = 4_000;

const UNAUTHORIZED = 401;
const STALE_NONCE = 438;
const UDP = 17;

/** Speaks to one STUN or TURN server, or ICE agent, over one wire. */
export class TurnClient {
  readonly #wire: Wire;
  readonly #waiting = new Map<string, (response: StunMessage) => void>();
  readonly #onData = new Set<(from: Address, data: Buffer) => void>();
  #session: { username: Buffer; realm: Buffer; nonce: Buffer; key: Buffer } | null = null;

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.onMessage((data) => this.#take(data));
  }

  /** Asks which address the server sees this client at. */
  async bind(): Promise<Address> {
    return addressOf(await this.#request(STUN.bindingRequest), ATTRIBUTE.xorMappedAddress);
  }

  /** Has the server relay for this client. Resolves to the address at which others reach it. */
  async allocate({ username, credential }: Credentials): Promise<Address> {
    const transport = [ATTRIBUTE.requestedTransport, Buffer.from([UDP, 0, 0, 0])] as const;
    const challenge = await this.#ask(STUN.allocateRequest, [transport]);
    const realm = challenge.attributes.get(ATTRIBUTE.realm);
    const nonce = challenge.attributes.get(ATTRIBUTE.nonce);
    if (!isError(challenge)) throw new Error('the server relays for anyone, without credentials');
    if (errorOf(challenge).code !== UNAUTHORIZED || !realm || !nonce) throw refusal(challenge);
    const key = longTermKey(username, realm.toString(), credential);
    this.#session = { username: Buffer.from(username), realm, nonce, key };
    return addressOf(await this.#request(STUN.allocateRequest, [transport]), ATTRIBUTE.relayedAddress);
  }

  /** Lets an address send to this client, by its IP address. */
  async permit(peer: Address): Promise<void> {
    const id = newTransactionId();
    await this.#request(STUN.permissionRequest, [[ATTRIBUTE.peerAddress, encodeAddress(peer, id)]], id);
  }

  /** Sends through the relay. */
  relay(peer: Address, data: Buffer): void {
    const id = newTransactionId();
    this.#wire.send(
      encode(STUN.sendIndication, id, [
        [ATTRIBUTE.peerAddress, encodeAddress(peer, id)],
        [ATTRIBUTE.data, data],
      ]),
    );
  }

  /** A wire through the relay to one address, on which it permits answers. */
  async wireTo(peer: Address): Promise<Wire> {
    await this.permit(peer);
    return {
      isReliable: false,
      send: (message) => this.relay(peer, message),
      onMessage: (listener) =>
        this.#onData.add((from, data) => {
          if (from.address === peer.address && from.port === peer.port) listener(data);
        }),
      close: () => {},
    };
  }

  /** Asks an ICE agent whether it is there and knows its password: what a browser does with a candidate. */
  async check({ ufrag, password }: IceTarget): Promise<Address> {
    const username = Buffer.from(`${ufrag}:doctor`);
    const response = await this.#ask(
      STUN.bindingRequest,
      [
        [ATTRIBUTE.username, username],
        [ATTRIBUTE.iceControlling, Buffer.alloc(8, 1)],
        [ATTRIBUTE.priority, uint32(0x6e7f00ff)],
      ],
      newTransactionId(),
      Buffer.from(password),
    );
    if (isError(response)) throw refusal(response);
    return addressOf(response, ATTRIBUTE.xorMappedAddress);
  }

  /** Gives back what the server holds for this client, and closes the wire. */
  async close(): Promise<void> {
    if (this.#session)
      await this.#request(STUN.refreshRequest, [[ATTRIBUTE.lifetime, uint32(0)]]).catch(() => {});
    this.#wire.close();
  }

  /** A request under the session's credentials, if there are any. */
  async #request(type: number, attributes: Attributes = [], id = newTransactionId()): Promise<StunMessage> {
    const response = await this.#ask(type, [...attributes, ...this.#sign()], id, this.#session?.key ?? null);
    if (!isError(response)) return response;
    const nonce = response.attributes.get(ATTRIBUTE.nonce);
    if (errorOf(response).code !== STALE_NONCE || !this.#session || !nonce) throw refusal(response);
    this.#session.nonce = nonce;
    // Addresses in the request are written with its id: it stays.
    const again = await this.#ask(type, [...attributes, ...this.#sign()], id, this.#session.key);
    if (isError(again)) throw refusal(again);
    return again;
  }

  #sign(): Attributes {
    if (!this.#session) return [];
    const { username, realm, nonce } = this.#session;
    return [
      [ATTRIBUTE.username, username],
      [ATTRIBUTE.realm, realm],
      [ATTRIBUTE.nonce, nonce],
    ];
  }

  #ask(
    type: number,
    attributes: Attributes,
    id = newTransactionId(),
    key: Buffer | null = null,
  ): Promise<StunMessage> {
    const message = encode(type, id, attributes, key);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      let sent = 0;
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(id.toString('hex'));
      };
      const send = (): void => {
        this.#wire.send(message);
        const isLast = this.#wire.isReliable || ++sent === MOST_REQUESTS;
        timer = setTimeout(isLast ? giveUp : send, isLast ? PATIENCE : FIRST_INTERVAL * 2 ** (sent - 1));
      };
      const giveUp = (): void => {
        done();
        reject(new Error('no answer'));
      };
      this.#waiting.set(id.toString('hex'), (response) => {
        done();
        resolve(response);
      });
      send();
    });
  }

  #take(data: Buffer): void {
    const message = parse(data);
    if (!message) return;
    if (isResponse(message)) this.#waiting.get(message.transactionId.toString('hex'))?.(message);
    if (message.type !== STUN.dataIndication) return;
    const peer = message.attributes.get(ATTRIBUTE.peerAddress);
    const content = message.attributes.get(ATTRIBUTE.data);
    const from = peer && decodeAddress(peer, message.transactionId);
    if (from && content) for (const listener of this.#onData) listener(from, content);
  }
}

function refusal(response: StunMessage): StunError {
  const { code, reason } = errorOf(response);
  return new StunError(code, reason);
}

function addressOf({ attributes, transactionId }: StunMessage, type: number): Address {
  const value = attributes.get(type);
  const address = value && decodeAddress(value, transactionId);
  if (!address) throw new Error('the answer has no address');
  return address;
}
