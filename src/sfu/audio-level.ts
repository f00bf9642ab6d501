import type { types } from 'mediasoup';

// The level of the sound in an audio packet, which the sender writes into a header extension (RFC 6464).

const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const FIXED_HEADER = 12;
const HAS_EXTENSION = 0x10;
const ONE_BYTE_HEADERS = 0xbede;
const PADDING_ID = 0;
const LAST_ID = 15;

/** The number of the extension; undefined where the sender gives no levels. */
export function audioLevelIdOf({ headerExtensions = [] }: types.RtpParameters): number | undefined {
  return headerExtensions.find(({ uri }) => uri === AUDIO_LEVEL)?.id;
}

/** Decibels of an audio packet below the loudest possible (0 to -127); null where it does not say. */
export function audioLevelOf(packet: Buffer, extensionId: number): number | null {
  if (packet.length < FIXED_HEADER || (packet[0]! & HAS_EXTENSION) === 0) return null;
  const sources = packet[0]! & 0x0f;
  const start = FIXED_HEADER + sources * 4;
  if (packet.length < start + 4 || packet.readUInt16BE(start) !== ONE_BYTE_HEADERS) return null;
  const end = Math.min(packet.length, start + 4 + packet.readUInt16BE(start + 2) * 4);
  for (let at = start + 4; at < end;) {
    const id = packet[at]! >> 4;
    if (id === LAST_ID) return null;
    if (id === PADDING_ID) {
      at++;
      continue;
    }
    if (id === extensionId) return at + 1 < end ? -(packet[at + 1]! & 0x7f) : null;
    at += 2 + (packet[at]! & 0x0f);
  }
  return null;
}
