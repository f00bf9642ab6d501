import { describe, expect, it } from 'vitest';
import { hostInUrl, isLoopback, isUnspecified } from '../../src/hosts.js';

describe('Loopback', () => {
  it.each(['localhost', '::1', '127.0.0.1', '127.255.255.254'])('is %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example.com', '1127.0.0.1', ''])(
    'is not "%s"',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe('A host', () => {
  it('stands for all addresses as 0.0.0.0 and ::', () => {
    expect(['0.0.0.0', '::', '127.0.0.1', '::1', 'localhost'].map(isUnspecified)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('stands in a URL in brackets where it is an IPv6 address', () => {
    expect(['::1', '127.0.0.1', 'video.example.com'].map(hostInUrl)).toEqual([
      '[::1]',
      '127.0.0.1',
      'video.example.com',
    ]);
  });
});
