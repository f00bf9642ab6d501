import { describe, expect, it } from 'vitest';
import { parseOverrides } from '../../src/webhooks/overrides.js';
import { parseTarget, withoutSecrets, withoutUser } from '../../src/webhooks/target.js';
import { basic } from '../support/raw-http.js';

const whereOf = (url: string): string | undefined => {
  const target = parseTarget(url);
  return target ? target.origin + target.path : undefined;
};

describe('The URL of a callback', () => {
  it.each([
    ['https://example.com/events', 'https://example.com/events'],
    ['https://example.com', 'https://example.com/'],
    ['https://example.com?a=1', 'https://example.com/?a=1'],
    ['https://example.com#rc=1', 'https://example.com/'],
    ['HTTPS://Example.COM/Events', 'https://example.com/Events'],
    ['https://example.com:443/', 'https://example.com/'],
    ['http://example.com:443/', 'http://example.com:443/'],
    ['http://[::1]:8080/x', 'http://[::1]:8080/x'],
    ['http://me:secret@example.com/a?b=c#d', 'http://example.com/a?b=c'],
    // As it was set, character by character, where that can be sent.
    [`http://example.com/a/../b'(c)?d="e"|{f}&g=%2f+h`, `http://example.com/a/../b'(c)?d="e"|{f}&g=%2f+h`],
    // What cannot be sent is escaped.
    ['http://example.com/a b?c=ü', 'http://example.com/a%20b?c=%C3%BC'],
    ['http://example.com\\@evil.example/x', 'http://example.com/@evil.example/x'],
    ['http://exämple.com/ü', 'http://xn--exmple-cua.com/%C3%BC'],
  ])('%s leads to %s', (url, where) => {
    expect(whereOf(url)).toBe(where);
  });

  it.each(['', 'example.com/events', '/events', 'ftp://example.com/', 'http://', 'mailto:me@example.com'])(
    '"%s" is none',
    (url) => {
      expect(parseTarget(url)).toBeNull();
      expect(withoutUser(url)).toBe('');
    },
  );

  it('may name a user', () => {
    const authorizationOf = (url: string) => parseTarget(url)?.authorization;
    expect(authorizationOf('http://me:s%40crét@example.com/')).toBe(basic('me', 's@crét'));
    expect(authorizationOf('http://me@example.com/')).toBe(basic('me', ''));
    expect(authorizationOf('http://m%e:100%@example.com/')).toBe(basic('m%e', '100%'));
    expect(authorizationOf('http://example.com/')).toBeNull();
  });

  it('is shown without the user, and logged without the query too', () => {
    const url = 'http://me:secret@example.com:81/events?key=1#ct=100';
    expect(withoutUser(url)).toBe('http://example.com:81/events?key=1');
    expect(withoutSecrets(url)).toBe('http://example.com:81/events');
  });

  it('has the connection overrides in its fragment', () => {
    expect(parseTarget('http://example.com/#ct=200')?.connection.connectTimeout).toBe(200);
  });
});

describe('The connection options', () => {
  const defaults = {
    connectTimeout: 5_000,
    readTimeout: 15_000,
    totalTimeout: 15_000,
    retryCount: 1,
    retryOn: ['ct'],
    serverName: true,
  };

  it("are Twilio's where nothing is said", () => {
    expect(parseOverrides('')).toEqual(defaults);
  });

  it('are all taken from the fragment', () => {
    expect(parseOverrides('ct=1000&rt=2000&tt=3000&rc=4&rp=5xx,rt&sni=n&e=dublin')).toEqual({
      connectTimeout: 1_000,
      readTimeout: 2_000,
      totalTimeout: 3_000,
      retryCount: 4,
      retryOn: ['5xx', 'rt'],
      serverName: false,
    });
  });

  it('are brought into their ranges', () => {
    expect(parseOverrides('ct=1&rt=0&tt=99&rc=6')).toMatchObject({
      connectTimeout: 100,
      readTimeout: 100,
      totalTimeout: 100,
      retryCount: 5,
    });
    expect(parseOverrides('ct=10001&rt=15001&tt=99999999999999999999&rc=0')).toMatchObject({
      connectTimeout: 10_000,
      readTimeout: 15_000,
      totalTimeout: 15_000,
      retryCount: 0,
    });
  });

  it.each([
    'ct=fast&rt=-1&tt=1e3&rc=1.5&rp=sometimes&sni=maybe',
    'colour=blue',
    'ct&rt=&rp=',
    '%%%',
    'section-2',
  ])('are as if nothing was said after #%s', (fragment) => {
    expect(parseOverrides(fragment)).toEqual(defaults);
  });

  it('may say to try again whatever has gone wrong', () => {
    expect(parseOverrides('rp=all').retryOn).toEqual(['4xx', '5xx', 'ct', 'rt']);
    expect(parseOverrides('rp=4XX,nonsense').retryOn).toEqual(['4xx']);
  });
});
