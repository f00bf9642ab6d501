import { createHash, createHmac, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { crc32 } from 'node:zlib';

// STUN messages (RFC 8489) and those of TURN (RFC 8656), as far as a client needs them that wants to know whether
// a server works.

/** Message types: method and class in one. */
export const STUN = {
  bindingRequest: 0x0001,
  bindingSuccess: 0x0101,
  allocateRequest: 0x0003,
  allocateSuccess: 0x0103,
  refreshRequest: 0x0004,
  permissionRequest: 0x0008,
  sendIndication: 0x0016,
  dataIndication: 0x0017,
} as const;

export const ATTRIBUTE = {
  mappedAddress: 0x0001,
  username: 0x0006,
  integrity: 0x0008,
  error: 0x0009,
  lifetime: 0x000d,
  peerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  relayedAddress: 0x0016,
  requestedTransport: 0x0019,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  fingerprint: 0x8028,
  iceControlling: 0x802a,
} as const;

const MAGIC_COOKIE = 0x2112a442;
const HEADER_LENGTH = 20;
const FINGERPRINT_MASK = 0x5354554e;
/** In a message type, what says that it answers a request; with the other bit, that it refuses it. */
const CLASS_RESPONSE = 0x0100;
const CLASS_ERROR = 0x0110;

export interface Address {
  address: string;
  port: number;
}

export interface StunMessage {
  readonly type: number;
  readonly transactionId: Buffer;
  readonly attributes: ReadonlyMap<number, Buffer>;
}

export type Attributes = readonly (readonly [type: number, value: Buffer])[];

export const newTransactionId = (): Buffer => randomBytes(12);

/** The key of long-term credentials, as TURN has them (RFC 8489, section 9.2.2). */
export function longTermKey(username: string, realm: string, password: string): Buffer {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest();
}

export function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(padding(value.length))]);
}

const padding = (length: number): number => (4 - (length % 4)) % 4;

function header(type: number, transactionId: Buffer, length: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(type);
  head.writeUInt16BE(length, 2);
  head.writeUInt32BE(MAGIC_COOKIE, 4);
  return Buffer.concat([head, transactionId]);
}

/** @param key signs the message with MESSAGE-INTEGRITY */
export function encode(
  type: number,
  transactionId: Buffer,
  attributes: Attributes = [],
  key: Buffer | null = null,
): Buffer {
  let body = Buffer.concat(attributes.map(([name, value]) => attribute(name, value)));
  // Each of the two at the end covers a header whose length already counts it.
  if (key) {
    const covered = Buffer.concat([header(type, transactionId, body.length + 24), body]);
    body = Buffer.concat([
      body,
      attribute(ATTRIBUTE.integrity, createHmac('sha1', key).update(covered).digest()),
    ]);
  }
  const covered = Buffer.concat([header(type, transactionId, body.length + 8), body]);
  return Buffer.concat([
    covered,
    attribute(ATTRIBUTE.fingerprint, uint32(crc32(covered) ^ FINGERPRINT_MASK)),
  ]);
}

/** Bytes of the message at the start of this; null when it is none, undefined while that cannot be known. */
export function messageLength(data: Buffer): number | null | undefined {
  if (data.length < HEADER_LENGTH) return undefined;
  if (data.readUInt16BE(0) > 0x3fff || data.readUInt32BE(4) !== MAGIC_COOKIE) return null;
  return HEADER_LENGTH + data.readUInt16BE(2);
}

/** Reads a message; null when it is none. */
export function parse(data: Buffer): StunMessage | null {
  if (messageLength(data) !== data.length) return null;
  const attributes = new Map<number, Buffer>();
  for (let at = HEADER_LENGTH; at + 4 <= data.length;) {
    const length = data.readUInt16BE(at + 2);
    if (at + 4 + length > data.length) return null;
    const type = data.readUInt16BE(at);
    if (!attributes.has(type)) attributes.set(type, data.subarray(at + 4, at + 4 + length));
    at += 4 + length + padding(length);
  }
  return { type: data.readUInt16BE(0), transactionId: data.subarray(8, HEADER_LENGTH), attributes };
}

export const isResponse = ({ type }: StunMessage): boolean => (type & CLASS_RESPONSE) !== 0;
export const isError = ({ type }: StunMessage): boolean => (type & CLASS_ERROR) === CLASS_ERROR;

/** The error that a response tells. */
export function errorOf({ attributes }: StunMessage): { code: number; reason: string } {
  const value = attributes.get(ATTRIBUTE.error);
  if (!value || value.length < 4) return { code: 0, reason: 'unknown error' };
  return { code: (value[2]! & 7) * 100 + value[3]!, reason: value.subarray(4).toString() };
}

/** What addresses are XOR-ed with, so that no router on the way translates them. */
function mask(transactionId: Buffer): Buffer {
  return Buffer.concat([uint32(MAGIC_COOKIE), transactionId]);
}

export function encodeAddress({ address, port }: Address, transactionId: Buffer): Buffer {
  const v6 = isIPv6(address);
  const bytes = v6 ? bytesOfIPv6(address) : Buffer.from(address.split('.').map(Number));
  const head = Buffer.from([0, v6 ? 2 : 1, 0, 0]);
  head.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2);
  return Buffer.concat([head, xor(bytes, mask(transactionId))]);
}

export function decodeAddress(value: Buffer, transactionId: Buffer): Address | null {
  const length = value[1] === 1 ? 4 : value[1] === 2 ? 16 : 0;
  if (length === 0 || value.length < 4 + length) return null;
  const port = value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16);
  const bytes = xor(value.subarray(4, 4 + length), mask(transactionId));
  return { address: length === 4 ? [...bytes].join('.') : textOfIPv6(bytes), port };
}

function xor(bytes: Buffer, by: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ by[index]!));
}

function bytesOfIPv6(address: string): Buffer {
  // The URL parser writes an embedded IPv4 address in hexadecimal digits, too.
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const head = groups(left);
  const tail = groups(right ?? '');
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  const buffer = Buffer.alloc(16);
  [...head, ...zeros, ...tail].forEach((group, index) =>
    buffer.writeUInt16BE(Number.parseInt(group, 16), index * 2),
  );
  return buffer;
}

function textOfIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
