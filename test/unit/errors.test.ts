import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { ERROR_CATALOGUE, TwilioError, twilioError } from '../../src/errors.js';
import type { ErrorCode } from '../../src/errors.js';

type SdkErrors = Record<string, new () => { code: number; message: string }>;
const sdkErrors = createRequire(import.meta.url)('twilio-video/lib/util/twilio-video-errors.js') as SdkErrors;
const codes = Object.keys(ERROR_CATALOGUE).map(Number) as ErrorCode[];

describe('The catalogue of errors', () => {
  it('says of an error what the SDK says of it', () => {
    const known = Object.values(sdkErrors)
      .filter((value) => typeof value === 'function')
      .map((SdkError) => new SdkError())
      .filter(({ code }) => Object.hasOwn(ERROR_CATALOGUE, code));
    expect(known.length).toBeGreaterThan(50);
    for (const { code, message } of known) {
      expect([code, ERROR_CATALOGUE[code as ErrorCode].message]).toEqual([code, message]);
    }
  });

  it('has a status of HTTP for each, of the kind that errors have', () => {
    for (const code of codes) {
      expect(ERROR_CATALOGUE[code].status).toBeGreaterThanOrEqual(400);
      expect(ERROR_CATALOGUE[code].status).toBeLessThan(600);
    }
    expect([20003, 20004, 20404, 20429].map((code) => ERROR_CATALOGUE[code as ErrorCode].status)).toEqual([
      401, 405, 404, 429,
    ]);
  });
});

describe('An error', () => {
  it('has the code, and the status and the text of the catalogue', () => {
    expect(twilioError(53113)).toMatchObject({ code: 53113, status: 400, message: 'Room exists' });
    expect(twilioError(20404)).toBeInstanceOf(TwilioError);
  });

  it('says what was wrong in this case behind the text of the catalogue, or in its place', () => {
    expect(twilioError(20001, 'PageSize').message).toBe('Invalid or missing parameter: PageSize');
    expect(new TwilioError(20404, 'The requested resource /Rooms/x was not found').message).toBe(
      'The requested resource /Rooms/x was not found',
    );
  });
});
