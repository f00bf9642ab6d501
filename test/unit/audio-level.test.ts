import { describe, expect, test } from 'vitest';
import { audioLevelOf } from '../../src/sfu/audio-level.js';

const EXTENSION = 0x10;

/** A packet whose header extensions are these bytes, filled up to whole words. */
function packet(extensions: number[], { sources = 0, profile = 0xbede, words = 0 } = {}): Buffer {
  const body = [...extensions];
  while (body.length % 4 !== 0) body.push(0);
  const header = Buffer.alloc(12 + sources * 4);
  header[0] = 0x80 | EXTENSION | sources;
  const extensionHeader = Buffer.alloc(4);
  extensionHeader.writeUInt16BE(profile, 0);
  extensionHeader.writeUInt16BE(words || body.length / 4, 2);
  return Buffer.concat([header, extensionHeader, Buffer.from(body), Buffer.from('sound')]);
}

/** An element of one byte's header. */
const element = (id: number, ...data: number[]): number[] => [(id << 4) | (data.length - 1), ...data];

describe('the level of an audio packet', () => {
  test.each([
    ['alone', packet(element(6, 30)), -30],
    ['with the mark of a voice', packet(element(6, 0x80 | 30)), -30],
    ['the loudest', packet(element(6, 0)), -0],
    ['silence', packet(element(6, 127)), -127],
    ['after another extension', packet([...element(4, 1, 2, 3), ...element(6, 42)]), -42],
    ['after padding', packet([0, 0, ...element(6, 42)]), -42],
    ['after contributing sources', packet(element(6, 42), { sources: 3 }), -42],
  ])('is read %s', (_where, bytes, level) => {
    expect(audioLevelOf(bytes, 6)).toBe(level);
  });

  test.each([
    ['of another number', packet(element(5, 42))],
    ['behind the end mark', packet([0xf0, ...element(6, 42)])],
    ['with two-byte headers', packet(element(6, 42), { profile: 0x1000 })],
    ['without extensions', Buffer.alloc(20, 0)],
    ['that is cut off', packet(element(6, 42)).subarray(0, 14)],
    ['whose length lies', packet(element(5, 1), { words: 5000 })],
    ['that is empty', Buffer.alloc(0)],
  ])('is not found in a packet %s', (_where, bytes) => {
    expect(audioLevelOf(bytes, 6)).toBeNull();
  });
});
