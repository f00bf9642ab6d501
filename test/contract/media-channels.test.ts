import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { offered } from '../support/offers.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const transports = [{ type: 'data-channel' }];
/** All that a client may ask for, and something that it may not. */
const EVERYTHING = Object.fromEntries(
  [
    'active_speaker',
    'network_quality',
    'track_priority',
    'track_switch_off',
    'render_hints',
    'publisher_hints',
    'extension_transcriptions',
    'telepathy',
  ].map((channel) => [channel, { transports }]),
);
const peerConnections = () => [offered('pc-1', [{ mid: '0', kind: 'application' }])];

async function join(name: string, media_signaling: object) {
  const client = await server.open();
  const token = await server.token('alice');
  const connected = await client.join({
    token,
    name,
    peerConnections: peerConnections(),
    changes: { media_signaling },
  });
  return { client, token, granted: connected.media_signaling as Record<string, object> };
}

describe('the channels of media signalling', () => {
  test('are granted with their labels: those that are asked for and served', async () => {
    const { granted } = await join('room', EVERYTHING);
    expect(Object.keys(granted).sort()).toEqual([
      'active_speaker',
      'extension_transcriptions',
      'network_quality',
      'publisher_hints',
      'render_hints',
      'track_priority',
      'track_switch_off',
    ]);
    for (const [channel, grant] of Object.entries(granted))
      expect(grant).toEqual({
        transport: { type: 'data-channel', label: expect.stringContaining(channel) as string },
      });
  });

  test('are not granted where they are not asked for', async () => {
    expect((await join('room', {})).granted).toEqual({});
    expect(Object.keys((await join('room', { render_hints: { transports } })).granted)).toEqual([
      'render_hints',
    ]);
  });

  test('do not bring publisher hints to a room without VP8', async () => {
    await server.twilio.video.v1.rooms.create({ uniqueName: 'h264', videoCodecs: ['H264'] });
    expect((await join('h264', EVERYTHING)).granted).not.toHaveProperty('publisher_hints');
  });

  test('are the same ones when a client comes back', async () => {
    const { client, token, granted } = await join('room', EVERYTHING);
    const watcher = await server.join('watcher', 'room');
    await client.drop();
    await watcher.until('alice to reconnect', (view) => view.participant('alice')?.state === 'reconnecting');
    const again = await server.open({ after: client });
    expect((await again.sync(token)).media_signaling).toEqual(granted);
  });
});
