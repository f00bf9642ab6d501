import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repairUrl } from '../../src/rest/requests.js';

/** What a router makes of a path: its segments, decoded. Throws for a path that is not well-formed. */
const segments = (url: string): string[] => url.split('?')[0]!.split('/').map(decodeURIComponent);

describe('A repaired URL', () => {
  it.each([
    '/v1/Rooms',
    '/v1/Rooms/My%20Room%20%C3%BC',
    '/v1/Rooms/a+b',
    '/v1/Rooms/alice@x/Participants/a:b;c,d&e=f',
    '/v1/Rooms?PageSize=50&Page=0',
    '/v1/Rooms?UniqueName=a%b%',
    '/v1/Rooms?a?b',
    '/',
    '/console/',
    '/quickstart/',
    '/signaling?token=a/b/',
  ])('is the same where nothing is wrong: %s', (url) => {
    expect(repairUrl(url)).toBe(url);
  });

  it.each([
    ['/v1/Rooms/a%b', 'a%b'],
    ['/v1/Rooms/%', '%'],
    ['/v1/Rooms/100%', '100%'],
    ['/v1/Rooms/%zz', '%zz'],
    ['/v1/Rooms/%C3', '%C3'],
    ['/v1/Rooms/%ff%fe', '%ff%fe'],
  ])('takes a wrong escape for itself: %s', (url, name) => {
    expect(segments(repairUrl(url)).at(-1)).toBe(name);
  });

  it('repairs one part of a path without a change to the others', () => {
    expect(segments(repairUrl('/v1/Rooms/a%20b/Participants/c%d?Page=1'))).toEqual([
      '',
      'v1',
      'Rooms',
      'a b',
      'Participants',
      'c%d',
    ]);
  });

  it.each([
    ['/v1/Rooms/', '/v1/Rooms'],
    ['/v1/Rooms//', '/v1/Rooms'],
    ['/v1/Rooms/?PageSize=5', '/v1/Rooms?PageSize=5'],
    ['/v1/Rooms/RM1/Participants/', '/v1/Rooms/RM1/Participants'],
    ['/2010-04-01/Accounts/AC1/Tokens.json/', '/2010-04-01/Accounts/AC1/Tokens.json'],
    ['/v1/', '/v1'],
  ])('has no slash at the end of an API path: %s', (url, repaired) => {
    expect(repairUrl(url)).toBe(repaired);
  });

  it.each(['/v1x/', '/v10/Rooms/', '/console/v1/'])('keeps the slash at the end of another: %s', (url) => {
    expect(repairUrl(url)).toBe(url);
  });

  it('is always well-formed, keeps its query, and is repaired once and for all', () => {
    const pieces = fc.oneof(
      fc.string(),
      fc.constantFrom('%', '%2', '%20', '%C3%BC', '%c3', '/', '//', '/v1', '/v1/Rooms', '?', '?a=%', '..'),
    );
    fc.assert(
      fc.property(fc.array(pieces), (list) => {
        const url = `/${list.join('')}`;
        const repaired = repairUrl(url);
        expect(() => segments(repaired)).not.toThrow();
        expect(repaired.split('?').slice(1)).toEqual(url.split('?').slice(1));
        expect(repairUrl(repaired)).toBe(repaired);
      }),
    );
  });
});
