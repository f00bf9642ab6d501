import { describe, expect, it } from 'vitest';
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
  messageLength,
  parse,
} from '../../src/turn/messages.js';
import { parseIceUrl } from '../../src/doctor/ice-url.js';

const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/\s/g, ''), 'hex');

// https://www.rfc-editor.org/rfc/rfc5769
const ID = bytes('b7e7a701bc34d686fa87dfae');
const IPV4_RESPONSE = bytes(`
  0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220 00200008 0001a147e112a643
  00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96`);
const IPV6_VALUE = bytes('0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9');

describe('A STUN message', () => {
  it('is read as RFC 5769 has it', () => {
    const message = parse(IPV4_RESPONSE)!;
    expect([message.type, message.transactionId]).toEqual([STUN.bindingSuccess, ID]);
    expect([isResponse(message), isError(message)]).toEqual([true, false]);
    expect(message.attributes.get(0x8022)?.toString()).toBe('test vector');
    expect(decodeAddress(message.attributes.get(ATTRIBUTE.xorMappedAddress)!, ID)).toEqual({
      address: '192.0.2.1',
      port: 32_853,
    });
  });

  it('is signed under long-term credentials as RFC 5769 has it', () => {
    const id = bytes('78ad3433c6ad72c029da412e');
    const key = longTermKey('マトリックス', 'example.org', 'TheMatrIX');
    const message = encode(
      STUN.bindingRequest,
      id,
      [
        [ATTRIBUTE.username, Buffer.from('マトリックス')],
        [ATTRIBUTE.nonce, Buffer.from('f//499k954d6OL34oL9FSTvy64sA')],
        [ATTRIBUTE.realm, Buffer.from('example.org')],
      ],
      key,
    );
    expect(parse(message)?.attributes.get(ATTRIBUTE.integrity)).toEqual(
      bytes('f67024656dd64a3e02b8e0712e85c9a28ca89666'),
    );
  });

  it.each([
    ['192.0.2.1', 32_853],
    ['2001:db8:1234:5678:11:2233:4455:6677', 32_853],
    ['::1', 1],
    ['fe80::1:0:0:2', 65_535],
  ])('carries the address %s', (address, port) => {
    const value = encodeAddress({ address, port }, ID);
    expect(decodeAddress(value, ID)).toEqual({ address, port });
  });

  it('carries IPv6 addresses as RFC 5769 has them', () => {
    expect(decodeAddress(IPV6_VALUE, ID)).toEqual({
      address: '2001:db8:1234:5678:11:2233:4455:6677',
      port: 32_853,
    });
  });

  it('tells an error', () => {
    const value = Buffer.concat([Buffer.from([0, 0, 4, 1]), Buffer.from('Unauthorized')]);
    const message = parse(encode(0x0113, ID, [[ATTRIBUTE.error, value]]))!;
    expect(isError(message)).toBe(true);
    expect(errorOf(message)).toEqual({ code: 401, reason: 'Unauthorized' });
  });

  it('is none where the bytes are something else, or are cut off', () => {
    expect(parse(Buffer.from('GET / HTTP/1.1\r\n\r\nanything'))).toBeNull();
    expect(parse(IPV4_RESPONSE.subarray(0, 40))).toBeNull();
    expect(messageLength(IPV4_RESPONSE.subarray(0, 10))).toBeUndefined();
    expect(messageLength(IPV4_RESPONSE.subarray(0, 20))).toBe(IPV4_RESPONSE.length);
    const broken = Buffer.from(IPV4_RESPONSE);
    broken.writeUInt16BE(2000, 22);
    expect(parse(broken)).toBeNull();
  });
});

describe('The URL of an ICE server', () => {
  it.each([
    ['stun:stun.example.com', 'stun.example.com', 3478, 'udp', false],
    ['stun:192.0.2.1:19302', '192.0.2.1', 19_302, 'udp', false],
    ['turn:192.0.2.1:3478?transport=tcp', '192.0.2.1', 3478, 'tcp', true],
    ['turn:[2001:db8::1]:80?transport=udp', '2001:db8::1', 80, 'udp', true],
    ['turns:turn.example.com?transport=tcp', 'turn.example.com', 5349, 'tls', true],
  ])('%s is understood', (text, address, port, protocol, relays) => {
    expect(parseIceUrl(text)).toEqual({ server: { address, port }, protocol, relays });
  });

  it.each(['http://example.com', 'turn:', 'turns:turn.example.com?transport=udp', 'stun:a:b:c'])(
    '%s is refused',
    (text) => {
      expect(() => parseIceUrl(text)).toThrow();
    },
  );
});
