// DCEP, by which a data channel is opened in band (RFC 8832).

/** The SCTP payload protocol identifier of DCEP's own messages; mediasoup adds those of text and binary itself. */
export const DCEP_PPID = 50;

const MESSAGE_OPEN = 0x03;
const MESSAGE_ACK = 0x02;
const HEADER_LENGTH = 12;
const UNORDERED = 0x80;
const RELIABLE = 0x00;
const LIMITED_RETRANSMITS = 0x01;
const LIMITED_LIFETIME = 0x02;

/** What a data channel promises of its messages. At most one of the limits is set. */
export interface Reliability {
  ordered: boolean;
  maxRetransmits?: number;
  /** Milliseconds. */
  maxPacketLifeTime?: number;
}

export interface OpenMessage {
  label: string;
  protocol: string;
  priority: number;
  reliability: Reliability;
}

export const ACK = Buffer.from([MESSAGE_ACK]);

export function isAck(message: Buffer): boolean {
  return message[0] === MESSAGE_ACK;
}

export function encodeOpen({ label, protocol, priority, reliability }: OpenMessage): Buffer {
  const labelBytes = Buffer.from(label);
  const protocolBytes = Buffer.from(protocol);
  const header = Buffer.alloc(HEADER_LENGTH);
  const { ordered, maxRetransmits, maxPacketLifeTime } = reliability;
  const limit =
    maxRetransmits !== undefined
      ? LIMITED_RETRANSMITS
      : maxPacketLifeTime !== undefined
        ? LIMITED_LIFETIME
        : RELIABLE;
  header.writeUInt8(MESSAGE_OPEN, 0);
  header.writeUInt8(limit | (ordered ? 0 : UNORDERED), 1);
  header.writeUInt16BE(priority, 2);
  header.writeUInt32BE(maxRetransmits ?? maxPacketLifeTime ?? 0, 4);
  header.writeUInt16BE(labelBytes.length, 8);
  header.writeUInt16BE(protocolBytes.length, 10);
  return Buffer.concat([header, labelBytes, protocolBytes]);
}

/** Reads a DATA_CHANNEL_OPEN; null for anything else, malformed ones included. */
export function decodeOpen(message: Buffer): OpenMessage | null {
  if (message.length < HEADER_LENGTH || message[0] !== MESSAGE_OPEN) return null;
  const labelLength = message.readUInt16BE(8);
  const protocolLength = message.readUInt16BE(10);
  if (message.length < HEADER_LENGTH + labelLength + protocolLength) return null;
  const type = message.readUInt8(1);
  const parameter = message.readUInt32BE(4);
  const limit = type & ~UNORDERED;
  if (limit !== RELIABLE && limit !== LIMITED_RETRANSMITS && limit !== LIMITED_LIFETIME) return null;
  return {
    label: message.toString('utf8', HEADER_LENGTH, HEADER_LENGTH + labelLength),
    protocol: message.toString(
      'utf8',
      HEADER_LENGTH + labelLength,
      HEADER_LENGTH + labelLength + protocolLength,
    ),
    priority: message.readUInt16BE(2),
    reliability: {
      ordered: (type & UNORDERED) === 0,
      ...(limit === LIMITED_RETRANSMITS && { maxRetransmits: parameter }),
      ...(limit === LIMITED_LIFETIME && { maxPacketLifeTime: parameter }),
    },
  };
}
