import fc from 'fast-check';
import twilio from 'twilio';
import { describe, expect, it } from 'vitest';
import { signatureOf } from '../../src/webhooks/signature.js';

describe('The signature of a callback', () => {
  it("is that of the official library's example", () => {
    const parameters = {
      Digits: '1234',
      To: '+18005551212',
      From: '+14158675310',
      Caller: '+14158675310',
      CallSid: 'CA1234567890ABCDE',
    };
    const url = 'https://example.com/myapp.php?foo=1&bar=2';
    expect(signatureOf('12345', url, parameters)).toBe('L/OH5YylLD5NRKLltdqwSvS0BnU=');
  });

  it('of a GET is that of the URL alone', () => {
    const url = 'https://example.com/events?RoomName=a%20b';
    expect(twilio.validateRequest('token', signatureOf('token', url), url, {})).toBe(true);
  });

  it('does not depend on the order of the parameters', () => {
    const url = 'https://example.com/';
    expect(signatureOf('token', url, { b: '2', B: '3', a: '1' })).toBe(
      signatureOf('token', url, { a: '1', B: '3', b: '2' }),
    );
  });

  it('takes the values of a repeated name sorted, equal ones once', () => {
    const url = 'https://example.com/';
    const signature = signatureOf('token', url, { a: ['2', '1', '2'] });
    expect(signature).toBe(signatureOf('token', url, { a: ['1', '2'] }));
    expect(twilio.validateRequest('token', signature, url, { a: ['2', '1', '2'] })).toBe(true);
  });

  it('is taken for genuine by the official library, whatever is told, and no other is', () => {
    const value = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }));
    const parameters = fc.dictionary(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => name !== '__proto__'),
      fc.oneof(value, fc.array(value, { minLength: 1 })),
    );
    const url = fc.constantFrom(
      'https://example.com/events?a=b+c&d=%2f',
      'http://127.0.0.1:8080/events',
      "https://example.com/it's/(here)",
    );
    fc.assert(
      fc.property(value, url, parameters, (token, where, told) => {
        const signature = signatureOf(token, where, told);
        expect(twilio.validateRequest(token, signature, where, told)).toBe(true);
        expect(twilio.validateRequest(`${token}x`, signature, where, told)).toBe(false);
        expect(twilio.validateRequest(token, signature, where, { ...told, further: 'x' })).toBe(false);
      }),
    );
  });
});
