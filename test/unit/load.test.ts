import { describe, expect, test } from 'vitest';
import { readDescription, writeAnswer, writeOffer } from '../../src/load/descriptions.js';
import type { LocalTrack } from '../../src/load/descriptions.js';
import { renderHints } from '../../src/load/layouts.js';
import { addCounts, noCounts } from '../../src/load/plan.js';
import type { LoadPlan } from '../../src/load/plan.js';
import { ArrivalLog, encodeReceiverReport, encodeSenderReport, readRtcp } from '../../src/load/rtcp.js';
import { StreamCounter } from '../../src/load/StreamCounter.js';
import { spread } from '../../src/load/summary.js';
import { Vp8Stream } from '../../src/load/vp8.js';
import { parseDescription } from '../../src/sfu/sdp/parse.js';
import { renderDescription } from '../../src/sfu/sdp/render.js';

const HASH = Array.from({ length: 32 }, (_, index) => (index + 160).toString(16).toUpperCase()).join(':');

describe('a VP8 stream of a load test', () => {
  const temporalLayer = (payload: Buffer): number => payload[5]! >> 6;
  const baseIndex = (payload: Buffer): number => payload[4]!;

  test('begins with a key frame, and sends another one when asked', () => {
    const stream = new Vp8Stream(150, 15);
    const frames = [stream.nextFrame(), stream.nextFrame()];
    stream.requestKeyFrame();
    frames.push(stream.nextFrame(), stream.nextFrame());
    expect(frames.map(({ keyFrame }) => keyFrame)).toEqual([true, false, true, false]);
    // RFC 6386, section 9.1: the lowest bit of a key frame's tag is 0, and its start code follows.
    const [key, delta] = frames.map(({ payloads }) => payloads[0]!.payload.subarray(6));
    expect(key![0]! & 1).toBe(0);
    expect([...key!.subarray(3, 6)]).toEqual([0x9d, 0x01, 0x2a]);
    expect(delta![0]! & 1).toBe(1);
  });

  test('has three temporal layers, counted by their base', () => {
    const stream = new Vp8Stream(150, 15);
    const payloads = Array.from({ length: 8 }, () => stream.nextFrame().payloads[0]!.payload);
    expect(payloads.map(temporalLayer)).toEqual([0, 2, 1, 2, 0, 2, 1, 2]);
    const first = baseIndex(payloads[0]!);
    expect(payloads.map((payload) => (baseIndex(payload) - first) & 0xff)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  });

  test('sends the bitrate that is asked of it, in packets that fit', () => {
    const stream = new Vp8Stream(1500, 25);
    stream.nextFrame();
    const frames = Array.from({ length: 25 }, () => stream.nextFrame().payloads);
    const bytes = frames.flat().reduce((sum, { payload }) => sum + payload.length, 0);
    expect((bytes * 8) / 1000).toBeGreaterThan(1450);
    expect((bytes * 8) / 1000).toBeLessThan(1600);
    for (const payloads of frames) {
      expect(payloads.filter(({ last }) => last)).toEqual([payloads.at(-1)]);
      // S of the descriptor: the first of its frame, and no other.
      expect(payloads.map(({ payload }) => (payload[0]! & 0x10) !== 0)).toEqual(
        payloads.map((_, index) => index === 0),
      );
      for (const { payload } of payloads) expect(payload.length).toBeLessThanOrEqual(1100);
    }
  });
});

describe('the counter of a stream', () => {
  const counted = (...sequences: number[]): StreamCounter => {
    const counter = new StreamCounter('video');
    for (const sequence of sequences) counter.take(sequence, 100, 1);
    return counter;
  };

  test('finds what is missing, over the end of the numbers too', () => {
    expect(counted(1, 2, 3)).toMatchObject({ packets: 3, lost: 0, bytes: 300 });
    expect(counted(1, 2, 5)).toMatchObject({ packets: 3, lost: 2 });
    expect(counted(65_534, 65_535, 0, 2)).toMatchObject({ packets: 4, lost: 1 });
  });

  test('takes what comes late as received', () => {
    expect(counted(1, 3, 2)).toMatchObject({ packets: 3, lost: 0 });
    expect(counted(65_535, 1, 0)).toMatchObject({ packets: 3, lost: 0 });
  });

  test('counts anew after a reset, without what is from before', () => {
    const counter = counted(1, 2, 9);
    counter.reset();
    expect(counter).toMatchObject({ packets: 0, lost: 0 });
    for (const sequence of [8, 10, 12]) counter.take(sequence, 100, 1);
    expect(counter).toMatchObject({ packets: 2, lost: 1 });
  });

  test('tells the part that was lost since it was asked last', () => {
    const counter = counted(1, 2, 3, 5);
    expect(counter.takeFractionLost()).toBe(51);
    counter.take(6, 100, 1);
    expect(counter.takeFractionLost()).toBe(0);
  });
});

describe('the feedback on arrivals', () => {
  interface Read {
    base: number;
    statuses: number[];
    /** Microseconds, of those that came. */
    arrivals: number[];
  }

  /** Reads a feedback of two-bit vectors. */
  function read(packet: Buffer): Read {
    expect(packet.length).toBe((packet.readUInt16BE(2) + 1) * 4);
    const count = packet.readUInt16BE(14);
    const chunks = Math.ceil(count / 7);
    const statuses = Array.from(
      { length: count },
      (_, n) => (packet.readUInt16BE(20 + 2 * Math.floor(n / 7)) >> (12 - 2 * (n % 7))) & 3,
    );
    let at = 20 + 2 * chunks;
    let time = packet.readUIntBE(16, 3) * 64_000;
    const arrivals = statuses.flatMap((status) => {
      if (status === 0) return [];
      time += (status === 1 ? packet.readUInt8(at) : packet.readInt16BE(at)) * 250;
      at += status;
      return [time];
    });
    return { base: packet.readUInt16BE(12), statuses, arrivals };
  }

  test('tells which packets came, and when', () => {
    const log = new ArrivalLog();
    log.take(65_534, 1_000_000);
    log.take(65_535, 1_010_000);
    log.take(1, 1_200_000);
    const { base, statuses, arrivals } = read(log.takeFeedback(1, 2)!);
    expect(base).toBe(65_534);
    expect(statuses).toEqual([1, 1, 0, 2]);
    expect(arrivals).toEqual([1_000_000, 1_010_000, 1_200_000]);
    expect(log.takeFeedback(1, 2)).toBeNull();
  });

  test('goes on where the last one ended, and knows what came out of order', () => {
    const log = new ArrivalLog();
    log.take(10, 64_000);
    log.takeFeedback(1, 2);
    log.take(13, 70_000);
    log.take(12, 71_000);
    const { base, statuses, arrivals } = read(log.takeFeedback(1, 2)!);
    expect(base).toBe(11);
    expect(statuses).toEqual([0, 1, 2]);
    expect(arrivals).toEqual([71_000, 70_000]);
  });

  test('never outgrows a packet', () => {
    const log = new ArrivalLog();
    for (let sequence = 0; sequence < 5000; sequence++) log.take(sequence, sequence * 1000);
    const packet = log.takeFeedback(1, 2)!;
    expect(packet.length).toBeLessThan(1200);
    expect(read(packet).statuses).toHaveLength(700);
  });
});

describe('RTCP of a load test', () => {
  test('of one sender is understood by another', () => {
    const now = Date.UTC(2026, 0, 1) + 500;
    const report = encodeSenderReport({ ssrc: 7, rtpTimestamp: 1, packets: 2, bytes: 3 }, now);
    const seconds = (now - 500) / 1000 + 2_208_988_800;
    expect(readRtcp(report)).toEqual({
      keyFrames: [],
      reports: [{ ssrc: 7, time: (((seconds & 0xffff) << 16) | 0x8000) >>> 0 }],
    });
  });

  test('asks for key frames in both ways, anywhere in a compound packet', () => {
    const loss = Buffer.from([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 42]);
    const full = Buffer.from([0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 43, 1, 0, 0, 0]);
    const receiver = encodeReceiverReport(1, []);
    expect(readRtcp(Buffer.concat([receiver, loss, full])).keyFrames).toEqual([42, 43]);
  });

  test('that is cut off is read as far as it goes', () => {
    const loss = Buffer.from([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 42]);
    expect(readRtcp(Buffer.concat([loss, loss.subarray(0, 10)])).keyFrames).toEqual([42]);
    expect(readRtcp(Buffer.alloc(3)).keyFrames).toEqual([]);
  });
});

describe('the descriptions of a load test', () => {
  const local = { iceUfrag: 'abcd', icePwd: 'abcdefghijklmnopqrstuvwx', fingerprint: HASH };
  const tracks: LocalTrack[] = [
    { id: 'voice', kind: 'audio', sources: [{ ssrc: 1 }] },
    {
      id: 'face',
      kind: 'video',
      sources: [
        { ssrc: 2, rtxSsrc: 3 },
        { ssrc: 4, rtxSsrc: 5 },
      ],
    },
  ];
  const codecs = [{ mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000, parameters: {} }];
  const transport = {
    iceParameters: { usernameFragment: 'server', password: 'secret-of-the-server', iceLite: true },
    iceCandidates: [
      {
        foundation: 'udpcandidate',
        priority: 1,
        ip: '127.0.0.1',
        address: '127.0.0.1',
        protocol: 'udp',
        port: 4242,
        type: 'host',
      },
    ],
    fingerprint: { algorithm: 'sha-256', value: HASH },
  } as const;
  const offer = renderDescription({
    type: 'offer',
    version: 1,
    transport: { ...transport, iceCandidates: [...transport.iceCandidates] },
    sections: [
      { mid: 'video', kind: 'video', direction: 'recvonly', codecs, extensions: [], source: null },
      {
        mid: 's0',
        kind: 'video',
        direction: 'sendonly',
        codecs,
        extensions: [
          { uri: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01', id: 5 },
        ],
        source: { streamId: 'PA1', trackId: 'MT1-1', cname: 'x', ssrc: 77, rtxSsrc: 78 },
      },
      { mid: 's1', kind: 'application' },
    ],
  });

  test('offer what is sent, layers and retransmissions included, as the server reads it', () => {
    const { iceUfrag, sections } = parseDescription(writeOffer(local, tracks));
    expect(iceUfrag).toBe('abcd');
    expect(sections).toMatchObject([
      { kind: 'audio', direction: 'sendrecv', source: { trackId: 'voice', encodings: [{ ssrc: 1 }] } },
      {
        kind: 'video',
        source: {
          trackId: 'face',
          encodings: [
            { ssrc: 2, rtx: { ssrc: 3 } },
            { ssrc: 4, rtx: { ssrc: 5 } },
          ],
        },
      },
    ]);
    expect(parseDescription(writeOffer(local, [])).sections).toMatchObject([
      { direction: 'recvonly', source: null },
      { direction: 'recvonly', source: null },
    ]);
  });

  test('find the way to the server, and what it sends', () => {
    expect(readDescription(offer)).toEqual({
      transport: {
        iceUfrag: 'server',
        icePwd: 'secret-of-the-server',
        fingerprint: HASH,
        address: '127.0.0.1',
        port: 4242,
      },
      sources: [{ kind: 'video', trackId: 'MT1-1', ssrc: 77 }],
      transportCcId: 5,
    });
    expect(() => readDescription(offer.replace(/a=candidate.*\r\n/g, ''))).toThrow('no way over UDP');
  });

  test('take all that is offered', () => {
    const answer = parseDescription(writeAnswer(offer, 2, local, tracks));
    expect(answer.sections).toMatchObject([
      { mid: 'video', direction: 'sendonly', source: { trackId: 'face' } },
      { mid: 's0', direction: 'recvonly', source: null },
      { mid: 's1', kind: 'application' },
    ]);
  });
});

test('a layout hides what has no tile, and a speaker has the stage', () => {
  const plan = { layout: 'speaker', tiles: 2 } as LoadPlan;
  expect(renderHints(plan, ['a', 'b', 'c'])).toEqual([
    { track: 'a', enabled: true, render_dimensions: { width: 1280, height: 720 } },
    { track: 'b', enabled: true, render_dimensions: { width: 320, height: 180 } },
    { track: 'c', enabled: false },
  ]);
});

test('counts of threads add up, and times are spread', () => {
  const one = {
    ...noCounts(),
    received: { audioPackets: 1, videoPackets: 2, bytes: 3, lost: 4 },
    keyFrames: 5,
  };
  expect(addCounts(one, one)).toEqual({
    ...noCounts(),
    received: { audioPackets: 2, videoPackets: 4, bytes: 6, lost: 8 },
    keyFrames: 10,
  });
  expect(spread([3, 1, 2])).toEqual({ min: 1, median: 2, p95: 3, max: 3 });
  expect(spread([])).toBeNull();
});
