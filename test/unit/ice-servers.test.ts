import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { IceServers, turnPassword } from '../../src/ice/IceServers.js';
import type { IceServersSetup } from '../../src/ice/IceServers.js';
import { ACCOUNT, OTHER_ACCOUNT } from '../support/model.js';

const NOW = 1_700_000_000;
const FIXED = { urls: ['stun:one.example', 'stun:two.example'] };
const TURN = ['turn:turn.example:3478?transport=udp', 'turn:turn.example:3478?transport=tcp'];

function iceServers(changes: Partial<IceServersSetup> = {}, turnAllowed = (_sid: string): boolean => true) {
  const setup = {
    fixed: [FIXED],
    stunUrls: ['stun:turn.example:3478'],
    turnUrls: TURN,
    turnSecret: 'north',
    turnTtl: 86_400,
    ...changes,
  };
  return new IceServers(setup, turnAllowed, new VirtualClock(NOW * 1000 + 999));
}

describe('The password of a time-limited name', () => {
  it("is coturn's", () => {
    expect(turnPassword('north', '1700000000:alice')).toBe('Cd/49soE35ICqcJF/bCTn8Z4OyE=');
  });
});

describe('A client', () => {
  it('is told the fixed servers, STUN, and TURN with credentials of its own', () => {
    const [fixed, stun, udp, tcp, ...others] = iceServers().forClient(ACCOUNT, 'alice');
    expect([fixed, stun, others]).toEqual([FIXED, { urls: 'stun:turn.example:3478' }, []]);
    expect([udp?.urls, tcp?.urls]).toEqual(TURN);
    expect(udp?.username).toMatch(new RegExp(`^${NOW + 86_400}:`));
    expect(udp?.credential).toBe(turnPassword('north', udp!.username!));
    expect([tcp?.username, tcp?.credential]).toEqual([udp?.username, udp?.credential]);
  });

  it('gets other credentials each time, for coturn counts by name', () => {
    const house = iceServers();
    const names = Array.from({ length: 20 }, () => house.forClient(ACCOUNT, 'alice').at(-1)?.username);
    expect(new Set(names).size).toBe(20);
  });

  it('is told no TURN server where the account may have none', () => {
    const house = iceServers({}, (sid) => sid !== ACCOUNT);
    expect(house.forClient(ACCOUNT, 'alice')).toEqual([FIXED, { urls: 'stun:turn.example:3478' }]);
    expect(house.forClient(OTHER_ACCOUNT, 'alice')).toHaveLength(4);
  });

  it('is told the fixed servers alone where there is nothing else', () => {
    const house = iceServers({ stunUrls: [], turnUrls: [], turnSecret: null });
    expect(house.forClient(ACCOUNT, 'alice')).toEqual([FIXED]);
  });

  it('does not read its identity in the name of its credentials', () => {
    expect(JSON.stringify(iceServers().forClient(ACCOUNT, 'alice'))).not.toContain('alice');
  });
});

describe('A token of the network traversal service', () => {
  it('has the same credentials in it and in its servers, each of which stands under both names', () => {
    const { username, password, ttl, iceServers: servers } = iceServers().token(ACCOUNT, 60);
    expect(ttl).toBe(60);
    expect(username).toMatch(new RegExp(`^${NOW + 60}:`));
    expect(password).toBe(turnPassword('north', username));
    expect(servers).toEqual([
      { url: 'stun:one.example', urls: 'stun:one.example' },
      { url: 'stun:two.example', urls: 'stun:two.example' },
      { url: 'stun:turn.example:3478', urls: 'stun:turn.example:3478' },
      ...TURN.map((url) => ({ url, urls: url, username, credential: password })),
    ]);
  });

  it('keeps the credentials of a fixed server', () => {
    const fixed = [{ urls: 'turn:elsewhere.example', username: 'someone', credential: 'something' }];
    expect(iceServers({ fixed }).token(ACCOUNT, 60).iceServers[0]).toEqual({
      url: 'turn:elsewhere.example',
      urls: 'turn:elsewhere.example',
      username: 'someone',
      credential: 'something',
    });
  });

  it('where there is no TURN has credentials that open nothing, and the other servers', () => {
    const house = iceServers({ fixed: [], turnUrls: [], turnSecret: null });
    const { username, password, iceServers: servers } = house.token(ACCOUNT, 60);
    expect([username, password].every((text) => text.length > 0)).toBe(true);
    expect(servers).toEqual([{ url: 'stun:turn.example:3478', urls: 'stun:turn.example:3478' }]);
  });
});
