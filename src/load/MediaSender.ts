import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { RtpHeader } from 'werift';
import { AUDIO_LEVEL_ID, PAYLOAD_TYPES, TRANSPORT_CC_ID } from './descriptions.js';
import type { LocalTrack } from './descriptions.js';
import type { LightTransport } from './LightTransport.js';
import type { LoadPlan, Seat, TrafficCounts } from './plan.js';
import { encodeSenderReport } from './rtcp.js';
import { Vp8Stream } from './vp8.js';

const AUDIO_CLOCK = 48;
const VIDEO_CLOCK = 90;
/** Milliseconds of sound in a packet, and between two packets of silence (Opus with DTX). */
const SOUND_INTERVAL = 20;
const SILENCE_INTERVAL = 400;
/** Bytes: 32 kb/s while someone speaks. */
const SOUND_SIZE = 80;
const SILENCE_SIZE = 3;
/** Audio levels in -dBov (RFC 6464), with the bit that says that someone speaks. */
const SOUND_LEVEL = 0x80 | 30;
const SILENCE_LEVEL = 127;
/** Milliseconds after which another participant of the room speaks in place of one. */
const SPEAKING_TURN = 5_000;
/** Milliseconds between two sender reports of a stream. */
const REPORT_INTERVAL = 1_000;
/** Milliseconds of delay after which frames are skipped rather than sent together. */
const LONGEST_DELAY = 500;

interface Layer {
  readonly stream: Vp8Stream;
  readonly header: RtpHeader;
  sending: boolean;
  packets: number;
  bytes: number;
}

const newSsrc = (): number => randomInt(1, 2 ** 32);

function newHeader(payloadType: number, ssrc: number): RtpHeader {
  return new RtpHeader({
    version: 2,
    payloadType,
    ssrc,
    sequenceNumber: randomInt(0x8000),
    extension: true,
    extensionProfile: 0xbede,
    extensions: [],
  });
}

/** What a participant sends: a voice and a video, at constant bitrates, whatever the server estimates. */
export class MediaSender {
  readonly tracks: LocalTrack[];
  readonly counts: TrafficCounts = { audioPackets: 0, videoPackets: 0, bytes: 0 };
  keyFrames = 0;
  framesSkipped = 0;
  readonly #plan: LoadPlan;
  readonly #seat: Seat;
  readonly #transport: () => LightTransport | null;
  readonly #audio: RtpHeader;
  readonly #layers: Layer[];
  readonly #sound = randomBytes(SOUND_SIZE);
  readonly #audioLevel = Buffer.alloc(1);
  readonly #transportSequence = Buffer.alloc(2);
  readonly #timestampBase = randomInt(2 ** 31);
  #audioPackets = 0;
  #audioBytes = 0;
  #nextSequence = 0;
  #nextAudio = 0;
  #nextFrame = 0;
  #nextReport = 0;

  constructor(plan: LoadPlan, seat: Seat, transport: () => LightTransport | null) {
    this.#plan = plan;
    this.#seat = seat;
    this.#transport = transport;
    const audio = { ssrc: newSsrc() };
    const video = plan.layers.map(() => ({ ssrc: newSsrc(), rtxSsrc: newSsrc() }));
    this.tracks = [
      { id: randomUUID(), kind: 'audio', sources: [audio] },
      { id: randomUUID(), kind: 'video', sources: video },
    ];
    this.#audio = newHeader(PAYLOAD_TYPES.audio, audio.ssrc);
    this.#layers = plan.layers.map((bitrate, index) => ({
      stream: new Vp8Stream(bitrate, plan.frameRate),
      header: newHeader(PAYLOAD_TYPES.video, video[index]!.ssrc),
      sending: true,
      packets: 0,
      bytes: 0,
    }));
  }

  /** The server wants a key frame of a stream. */
  requestKeyFrame(ssrc: number): void {
    this.#layers.find(({ header }) => header.ssrc === ssrc)?.stream.requestKeyFrame();
  }

  /** Turns a simulcast layer on or off. Returns whether there is such a one. */
  setLayer(index: number, sending: boolean): boolean {
    const layer = this.#layers[index];
    if (!layer) return false;
    if (sending && !layer.sending) layer.stream.requestKeyFrame();
    layer.sending = sending;
    return true;
  }

  /** Counts anew. */
  reset(): void {
    Object.assign(this.counts, { audioPackets: 0, videoPackets: 0, bytes: 0 });
    this.keyFrames = this.framesSkipped = 0;
  }

  /**
   * Sends what is due.
   * @param now milliseconds since 1970
   */
  send(now: number): void {
    const transport = this.#transport();
    if (!transport?.isOpen) return;
    const interval = 1000 / this.#plan.frameRate;
    // Not everyone at the same moment.
    if (this.#nextFrame === 0) this.#nextFrame = now + Math.random() * interval;
    // Streams of a publisher can be told apart in time only once they were reported on.
    if (now >= this.#nextReport) this.#report(transport, now);
    if (now >= this.#nextAudio) this.#sendAudio(transport, now);
    while (now >= this.#nextFrame) {
      this.#nextFrame += interval;
      if (now - this.#nextFrame > LONGEST_DELAY) this.framesSkipped++;
      else this.#sendFrame(transport, now);
    }
  }

  /** Whether it is this participant's turn to speak: by its place in the room and the time. */
  #speaks(now: number): boolean {
    const { rank, publishers } = this.#seat;
    const turn = Math.floor(now / SPEAKING_TURN);
    return (((rank - turn) % publishers) + publishers) % publishers < this.#plan.speakers;
  }

  #sendAudio(transport: LightTransport, now: number): void {
    const speaks = this.#speaks(now);
    const late = now - this.#nextAudio > LONGEST_DELAY;
    this.#nextAudio = (late ? now : this.#nextAudio) + (speaks ? SOUND_INTERVAL : SILENCE_INTERVAL);
    this.#audioLevel[0] = speaks ? SOUND_LEVEL : SILENCE_LEVEL;
    const header = this.#audio;
    header.timestamp = this.#timestamp(now, AUDIO_CLOCK);
    header.extensions = [{ id: AUDIO_LEVEL_ID, payload: this.#audioLevel }, this.#sequenced()];
    const payload = this.#sound.subarray(0, speaks ? SOUND_SIZE : SILENCE_SIZE);
    this.counts.bytes += this.#sendPacket(transport, header, payload);
    this.counts.audioPackets++;
    this.#audioPackets++;
    this.#audioBytes += payload.length;
  }

  #sendFrame(transport: LightTransport, now: number): void {
    for (const layer of this.#layers) {
      if (!layer.sending) continue;
      const { keyFrame, payloads } = layer.stream.nextFrame();
      if (keyFrame) this.keyFrames++;
      layer.header.timestamp = this.#timestamp(now, VIDEO_CLOCK);
      for (const { payload, last } of payloads) {
        layer.header.marker = last;
        layer.header.extensions = [this.#sequenced()];
        this.counts.bytes += this.#sendPacket(transport, layer.header, payload);
        this.counts.videoPackets++;
        layer.packets++;
        layer.bytes += payload.length;
      }
    }
  }

  #sendPacket(transport: LightTransport, header: RtpHeader, payload: Buffer): number {
    const size = transport.sendRtp(header, payload);
    header.sequenceNumber = (header.sequenceNumber + 1) & 0xffff;
    return size;
  }

  #sequenced(): { id: number; payload: Buffer } {
    this.#transportSequence.writeUInt16BE(this.#nextSequence);
    this.#nextSequence = (this.#nextSequence + 1) & 0xffff;
    return { id: TRANSPORT_CC_ID, payload: this.#transportSequence };
  }

  #timestamp(now: number, clock: number): number {
    return (this.#timestampBase + Math.floor(now % 2 ** 40) * clock) % 2 ** 32;
  }

  #report(transport: LightTransport, now: number): void {
    this.#nextReport = now + REPORT_INTERVAL;
    const reports = [
      {
        ssrc: this.#audio.ssrc,
        rtpTimestamp: this.#timestamp(now, AUDIO_CLOCK),
        packets: this.#audioPackets,
        bytes: this.#audioBytes,
      },
      ...this.#layers.map(({ header, packets, bytes }) => ({
        ssrc: header.ssrc,
        rtpTimestamp: this.#timestamp(now, VIDEO_CLOCK),
        packets,
        bytes,
      })),
    ];
    for (const report of reports) transport.sendRtcp(encodeSenderReport(report, now));
  }
}
