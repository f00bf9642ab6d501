import { describe, expect, it } from 'vitest';
import { isSid, randomSid } from '../../src/sid.js';

describe('A SID', () => {
  it('is two letters and 32 lower-case hexadecimal digits, new each time', () => {
    const sids = Array.from({ length: 100 }, () => randomSid('RM'));
    for (const sid of sids) {
      expect(sid).toMatch(/^RM[0-9a-f]{32}$/);
      expect(isSid('RM', sid)).toBe(true);
    }
    expect(new Set(sids).size).toBe(100);
  });

  it('is known by its form, its digits in either case', () => {
    expect(isSid('RM', `RM${'aF'.repeat(16)}`)).toBe(true);
  });

  it.each([
    ['another kind', `PA${'0'.repeat(32)}`],
    ['letters of the kind in lower case', `rm${'0'.repeat(32)}`],
    ['too few digits', `RM${'0'.repeat(31)}`],
    ['too many digits', `RM${'0'.repeat(33)}`],
    ['other letters', `RM${'g'.repeat(32)}`],
    ['a line end', `RM${'0'.repeat(31)}\n`],
    ['nothing', ''],
  ])('is not what has %s', (_fault, text) => {
    expect(isSid('RM', text)).toBe(false);
  });
});
