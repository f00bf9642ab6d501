import { describe, expect, it } from 'vitest';
import { MEDIA_REGIONS } from '../../src/rooms/options.js';
import { regionOf } from '../../src/signaling/SignalingFace.js';

describe('The signalling region', () => {
  it.each(MEDIA_REGIONS.filter((region) => region !== 'gll'))('is %s where the host says so', (region) => {
    expect(regionOf(`${region}.vss.twilio.com`)).toBe(region);
  });

  it('does not depend on the port or on the environment', () => {
    expect(regionOf('de1.vss.twilio.com:4443')).toBe('de1');
    expect(regionOf('de1.vss.stage.twilio.com')).toBe('de1');
  });

  it.each([
    'global.vss.twilio.com',
    'gll.vss.twilio.com',
    'localhost:4040',
    '127.0.0.1',
    'video.example.com',
    '',
  ])('is us1 where the host "%s" names none', (host) => {
    expect(regionOf(host)).toBe('us1');
  });

  it.each(['mars1.vss.twilio.com', '$abc.vss.twilio.com', 'us11.vss.twilio.com', 'us1x.vss.twilio.com:443'])(
    'does not exist where the host is "%s"',
    (host) => {
      expect(regionOf(host)).toBeNull();
    },
  );
});
