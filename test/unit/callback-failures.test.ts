import { describe, expect, it } from 'vitest';
import { failureOfStatus, failureToAnswer, failureToConnect } from '../../src/webhooks/failures.js';

const coded = (code: string, message = 'something') => Object.assign(new Error(message), { code });

describe('What an answer means:', () => {
  it.each([200, 201, 204, 299])('%i has arrived', (status) => {
    expect(failureOfStatus(status)).toBeNull();
  });

  it.each([
    [199, null],
    [301, null],
    [304, null],
    [400, '4xx'],
    [499, '4xx'],
    [500, '5xx'],
    [599, '5xx'],
  ])('%i has not, and is tried again on %s', (status, retriedOn) => {
    expect(failureOfStatus(status)).toMatchObject({ code: 11200, retriedOn });
  });
});

describe('That no connection comes about', () => {
  it.each([
    ['ENOTFOUND', 11210],
    ['EAI_AGAIN', 11210],
    ['ECONNREFUSED', 11205],
    ['EHOSTUNREACH', 11205],
    ['ECONNRESET', 11205],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 11220],
    ['SELF_SIGNED_CERT_IN_CHAIN', 11220],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 11220],
    ['CERT_HAS_EXPIRED', 11220],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 11220],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 11220],
  ])('for %s is %i', (code, expected) => {
    expect(failureToConnect(coded(code))).toMatchObject({ code: expected, retriedOn: 'ct' });
  });

  it('says something even where the error does not', () => {
    expect(failureToConnect(coded('ECONNREFUSED', '')).message).toBe('HTTP connection failure: ECONNREFUSED');
    expect(failureToConnect(null).message).toBe('HTTP connection failure: unknown');
  });
});

describe('That a connection gives no answer', () => {
  it('is a failure of the connection, or of its protocol', () => {
    expect(failureToAnswer(coded('UND_ERR_SOCKET'))).toMatchObject({ code: 11205, retriedOn: 'rt' });
    expect(failureToAnswer(coded('UND_ERR_HEADERS_OVERFLOW'))).toMatchObject({
      code: 11206,
      retriedOn: 'rt',
    });
  });
});
