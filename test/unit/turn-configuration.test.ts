import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { turnConfiguration } from '../../src/turn/TurnServer.js';

const lines = (listenIp: string | null, announcedAddress: string): string[] => {
  const relayPorts = { least: 50_000, most: 50_100 };
  const place = { listenIp, announcedAddress, port: 3478, relayPorts };
  return turnConfiguration(place, 'the secret', '/folder').split('\n');
};
/** The addresses of this machine that others may know. */
const ownAddresses = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .filter(({ family, internal }) => family === 'IPv4' && !internal);

describe("coturn's configuration", () => {
  it('lets nobody in without credentials, has no console, and denies private networks', () => {
    expect(lines('127.0.0.1', '127.0.0.1')).toEqual(
      expect.arrayContaining([
        'use-auth-secret',
        'static-auth-secret=the secret',
        'fingerprint',
        'no-cli',
        'no-tcp-relay',
        'no-multicast-peers',
        'user-quota=100',
        'denied-peer-ip=10.0.0.0-10.255.255.255',
        'denied-peer-ip=192.168.0.0-192.168.255.255',
        'listening-port=3478',
        'min-port=50000',
        'max-port=50100',
        'userdb=/folder/turndb',
      ]),
    );
  });

  it('allows loopback to a server that listens on loopback, and to no other', () => {
    const onLoopback = lines('127.0.0.1', '127.0.0.1');
    expect(onLoopback).toContain('allow-loopback-peers');
    expect(onLoopback).toContain('allowed-peer-ip=127.0.0.0-127.255.255.255');
    expect(onLoopback).toContain('listening-ip=127.0.0.1');
    for (const others of [
      lines(null, '203.0.113.7'),
      lines(null, '127.0.0.1'),
      lines('10.1.1.1', '10.1.1.1'),
    ])
      expect(others).not.toContain('allow-loopback-peers');
  });

  it('behind NAT maps the outer address to the one that it listens on, and allows both', () => {
    const behindNat = lines('10.1.1.1', '203.0.113.7');
    expect(behindNat).toEqual(
      expect.arrayContaining([
        'listening-ip=10.1.1.1',
        'relay-ip=10.1.1.1',
        'external-ip=203.0.113.7/10.1.1.1',
        'allowed-peer-ip=203.0.113.7',
        'allowed-peer-ip=10.1.1.1',
      ]),
    );
  });

  it("on one of the machine's own addresses maps nothing", () => {
    for (const { address } of ownAddresses) {
      const open = lines(null, address);
      expect(open).toEqual(expect.arrayContaining([`relay-ip=${address}`, `allowed-peer-ip=${address}`]));
      expect(open.filter((line) => /^(external|listening)-ip=/.test(line))).toEqual([]);
    }
  });

  it('has no range that begins with the unspecified address, which coturn takes for all there are', () => {
    expect(
      lines(null, '203.0.113.7').filter((line) => /^denied-peer-ip=(::|0\.0\.0\.0)-::/.test(line)),
    ).toEqual([]);
  });
});
