import { randomBytes } from 'node:crypto';

// Payloads of VP8 as an encoder with three temporal layers makes them (RFC 7741): true in everything that a server
// looks at, random in what only a decoder would see.

/** Bytes of an RTP payload. */
const LARGEST_PAYLOAD = 1100;
/** A key frame is so many times as large as the others. */
const KEY_FRAME_SIZE = 4;
const DESCRIPTOR_SIZE = 6;
/** The temporal layers of four frames in turn. */
const TEMPORAL_LAYERS = [0, 2, 1, 2] as const;
/** An uncompressed data chunk that begins with the size of the picture (RFC 6386, section 9.1). */
const KEY_FRAME_START = Buffer.from([0x9d, 0x01, 0x2a]);

const BODY = randomBytes(LARGEST_PAYLOAD);

export interface Payload {
  payload: Buffer;
  /** The last of its frame. */
  last: boolean;
}

/** One simulcast layer: cuts frames of the wanted bitrate into payloads. */
export class Vp8Stream {
  readonly #frameSize: number;
  #pictureId = Math.floor(Math.random() * 0x7fff);
  #temporal = 0;
  #baseIndex = 0;
  #keyFrameWanted = true;

  /**
   * @param bitrate kilobits a second
   * @param frameRate frames a second
   */
  constructor(bitrate: number, frameRate: number) {
    this.#frameSize = Math.max(20, Math.round((bitrate * 1000) / 8 / frameRate));
  }

  /** The next frame will be a key frame. */
  requestKeyFrame(): void {
    this.#keyFrameWanted = true;
  }

  nextFrame(): { keyFrame: boolean; payloads: Payload[] } {
    const keyFrame = this.#keyFrameWanted;
    this.#keyFrameWanted = false;
    if (keyFrame) this.#temporal = 0;
    const layer = TEMPORAL_LAYERS[this.#temporal]!;
    this.#temporal = (this.#temporal + 1) % TEMPORAL_LAYERS.length;
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    if (layer === 0) this.#baseIndex = (this.#baseIndex + 1) & 0xff;
    const size = this.#frameSize * (keyFrame ? KEY_FRAME_SIZE : 1);
    const count = Math.ceil(size / (LARGEST_PAYLOAD - DESCRIPTOR_SIZE));
    const part = Math.ceil(size / count);
    const payloads = Array.from({ length: count }, (_, index) => ({
      payload: this.#payload(part, layer, index === 0, keyFrame),
      last: index === count - 1,
    }));
    return { keyFrame, payloads };
  }

  #payload(size: number, layer: number, first: boolean, keyFrame: boolean): Buffer {
    const payload = Buffer.allocUnsafe(DESCRIPTOR_SIZE + size);
    // X: extended; S: the start of a partition. Then I, L, T: picture id, index of the base layer, temporal layer.
    payload[0] = first ? 0x90 : 0x80;
    payload[1] = 0xe0;
    payload.writeUInt16BE(0x8000 | this.#pictureId, 2);
    payload[4] = this.#baseIndex;
    // Y: depends on the base layer only.
    payload[5] = (layer << 6) | (layer > 0 ? 0x20 : 0);
    BODY.copy(payload, DESCRIPTOR_SIZE, 0, size);
    if (!first) return payload;
    // The frame tag: its lowest bit is 0 for a key frame.
    payload[DESCRIPTOR_SIZE] = keyFrame ? 0x10 : 0x11;
    if (keyFrame) KEY_FRAME_START.copy(payload, DESCRIPTOR_SIZE + 3);
    return payload;
  }
}
