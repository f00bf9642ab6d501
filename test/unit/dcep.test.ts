import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACK, decodeOpen, encodeOpen, isAck } from '../../src/sfu/data/dcep.js';
import type { OpenMessage, Reliability } from '../../src/sfu/data/dcep.js';

/** A DATA_CHANNEL_OPEN as RFC 8832, section 5.1, draws it. */
function bytes(channelType: number, parameter: number, label: string, protocol = '', priority = 0): Buffer {
  const header = Buffer.alloc(12);
  header.set([3, channelType]);
  header.writeUInt16BE(priority, 2);
  header.writeUInt32BE(parameter, 4);
  header.writeUInt16BE(Buffer.byteLength(label), 8);
  header.writeUInt16BE(Buffer.byteLength(protocol), 10);
  return Buffer.concat([header, Buffer.from(label + protocol)]);
}

const open = (reliability: Reliability): OpenMessage => ({
  label: 'chat',
  protocol: '',
  priority: 0,
  reliability,
});

describe('The message that opens a data channel', () => {
  const types: [string, number, number, Reliability][] = [
    ['reliable', 0x00, 0, { ordered: true }],
    ['reliable, unordered', 0x80, 0, { ordered: false }],
    ['limited in retransmissions', 0x01, 3, { ordered: true, maxRetransmits: 3 }],
    ['never sent again, unordered', 0x81, 0, { ordered: false, maxRetransmits: 0 }],
    ['limited in time', 0x02, 250, { ordered: true, maxPacketLifeTime: 250 }],
    ['limited in time, unordered', 0x82, 4_294_967_295, { ordered: false, maxPacketLifeTime: 4_294_967_295 }],
  ];
  it.each(types)('is written and read as RFC 8832 says: %s', (_name, type, parameter, reliability) => {
    expect(encodeOpen(open(reliability))).toEqual(bytes(type, parameter, 'chat'));
    expect(decodeOpen(bytes(type, parameter, 'chat'))).toEqual(open(reliability));
  });

  it('has lengths in bytes, not in letters', () => {
    const message = { ...open({ ordered: true }), label: 'Größe 😀', protocol: 'prötocol', priority: 256 };
    expect(encodeOpen(message)).toEqual(bytes(0, 0, 'Größe 😀', 'prötocol', 256));
    expect(decodeOpen(bytes(0, 0, 'Größe 😀', 'prötocol', 256))).toEqual(message);
  });

  it('means nothing by a parameter where there is no limit', () => {
    expect(decodeOpen(bytes(0x00, 77, 'chat'))).toEqual(open({ ordered: true }));
  });

  it.each([
    ['an acknowledgement', ACK],
    ['nothing', Buffer.alloc(0)],
    ['another message', Buffer.from([1, ...bytes(0, 0, 'chat').subarray(1)])],
    ['a message that ends within its header', bytes(0, 0, '').subarray(0, 11)],
    ['a message that ends within its label', bytes(0, 0, 'chat').subarray(0, 15)],
    ['a message that ends within its protocol', bytes(0, 0, 'chat', 'proto').subarray(0, 20)],
    ['a channel of an unknown type', bytes(0x03, 0, 'chat')],
    ['a channel of a type with a foreign bit', bytes(0x41, 0, 'chat')],
  ])('is not %s', (_what, message) => {
    expect(decodeOpen(message)).toBeNull();
  });

  const limits = fc.integer({ min: 0, max: 0xff_ff_ff_ff });
  const reliabilities: fc.Arbitrary<Reliability> = fc.oneof(
    fc.record({ ordered: fc.boolean() }),
    fc.record({ ordered: fc.boolean(), maxRetransmits: limits }),
    fc.record({ ordered: fc.boolean(), maxPacketLifeTime: limits }),
  );
  const messages: fc.Arbitrary<OpenMessage> = fc.record({
    label: fc.string({ unit: 'grapheme', maxLength: 200 }),
    protocol: fc.string({ unit: 'grapheme', maxLength: 200 }),
    priority: fc.integer({ min: 0, max: 0xff_ff }),
    reliability: reliabilities,
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeOpen(encodeOpen(message))).toEqual(message);
      }),
    );
  });

  it('cut short is none, with more behind it is still the same', () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.uint8Array({ maxLength: 20 }), (message, cut, more) => {
        const written = encodeOpen(message);
        expect(decodeOpen(written.subarray(0, cut % written.length))).toBeNull();
        expect(decodeOpen(Buffer.concat([written, more]))).toEqual(message);
      }),
    );
  });

  it('may be any bytes: they are read or they are none, and nothing is thrown', () => {
    const noise = fc.uint8Array({ maxLength: 64 });
    const almost = noise.map((rest) => Uint8Array.from([3, rest[0] ?? 0, ...rest]));
    fc.assert(
      fc.property(fc.oneof(noise, almost), (data) => {
        const message = decodeOpen(Buffer.from(data));
        if (message === null) return;
        expect(data[0]).toBe(3);
        const { maxRetransmits, maxPacketLifeTime } = message.reliability;
        expect(maxRetransmits === undefined || maxPacketLifeTime === undefined).toBe(true);
      }),
    );
  });
});

describe('An acknowledgement', () => {
  it('is the one byte 2', () => {
    expect([...ACK]).toEqual([2]);
    expect(isAck(ACK)).toBe(true);
    expect(isAck(Buffer.alloc(0))).toBe(false);
    expect(isAck(encodeOpen(open({ ordered: true })))).toBe(false);
  });
});
