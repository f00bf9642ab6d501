import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import twilio from 'twilio';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { CallbackReceiver } from '../support/callback-receiver.js';
import type { ReceivedCallback } from '../support/callback-receiver.js';
import { basic } from '../support/raw-http.js';
import { track } from '../support/rsp.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;
let receiver: CallbackReceiver;

beforeEach(async () => {
  receiver = await CallbackReceiver.start();
  server = await TestServer.start();
});
afterEach(async () => {
  await server.end();
  await receiver.stop();
});

const create = (options: object = {}) =>
  server.twilio.video.v1.rooms.create({ statusCallback: `${receiver.url}/events`, ...options });

/** What every callback of a room has, beside its own. */
const ROOM = { AccountSid: DEV_CREDENTIALS.accountSid, RoomStatus: 'in-progress', RoomType: 'group' };
const timestamp = () => new Date(server.clock.now()).toISOString();

/** The whole story of a call: each event once. */
async function story(sid: string): Promise<{ participantSid: string; trackSid: string }> {
  const alice = await server.join('alice', sid, { tracks: [track('mic', { name: 'voice of Ünal' })] });
  const participantSid = alice.view.ownSid!;
  await server.settled(alice);
  const trackSid = alice.view.publishedSid('mic')!;
  alice.announce([track('mic', { name: 'voice of Ünal', enabled: false })]);
  await server.settled(alice);
  alice.announce([track('mic', { name: 'voice of Ünal' })]);
  await server.settled(alice);
  server.clock.advance(2_500);
  await server.twilio.video.v1.rooms(sid).update({ status: 'completed' });
  await receiver.count(8);
  return { participantSid, trackSid };
}

const STORY = [
  'room-created',
  'participant-connected',
  'track-added',
  'track-disabled',
  'track-enabled',
  'track-removed',
  'participant-disconnected',
  'room-ended',
];

describe('a room with a status callback', () => {
  test('tells of everything, in its order, with exactly the documented parameters', async () => {
    const began = timestamp();
    const { sid } = await create({ uniqueName: 'daily & weekly' });
    const { participantSid, trackSid } = await story(sid);
    const ended = timestamp();
    const room = (sequence: number, event: string, at: string) => ({
      ...ROOM,
      RoomSid: sid,
      RoomName: 'daily & weekly',
      StatusCallbackEvent: event,
      SequenceNumber: String(sequence),
      Timestamp: at,
    });
    const alice = {
      ParticipantSid: participantSid,
      ParticipantIdentity: 'alice',
      ParticipantStatus: 'connected',
    };
    const voice = { ...alice, TrackSid: trackSid, TrackKind: 'audio', TrackName: 'voice of Ünal' };
    expect(receiver.received.map(({ parameters }) => parameters)).toEqual([
      room(0, 'room-created', began),
      { ...room(1, 'participant-connected', began), ...alice },
      { ...room(2, 'track-added', began), ...voice },
      { ...room(3, 'track-disabled', began), ...voice },
      { ...room(4, 'track-enabled', began), ...voice },
      { ...room(5, 'track-removed', ended), ...voice },
      {
        ...room(6, 'participant-disconnected', ended),
        ...alice,
        ParticipantStatus: 'disconnected',
        ParticipantDuration: '2',
      },
      { ...room(7, 'room-ended', ended), RoomStatus: 'completed', RoomDuration: '2' },
    ]);
  });

  test('sends a form by POST, signed, with a token of its own for each event', async () => {
    await create({ uniqueName: 'form' });
    const [created] = await receiver.count(1);
    expect(created).toMatchObject({ method: 'POST', url: '/events' });
    expect(created!.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'user-agent': 'TwilioProxy/1.1',
      accept: '*/*',
      'i-twilio-idempotency-token': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    await server.twilio.video.v1.rooms('form').update({ status: 'completed' });
    const [, ended] = await receiver.count(2);
    expect(tokenOf(ended!)).not.toBe(tokenOf(created!));
  });

  test('sends the same parameters by GET, behind those that the URL has', async () => {
    const url = `${receiver.url}/events?tenant=7&name=a+b`;
    const { sid } = await create({
      uniqueName: 'two words',
      statusCallback: url,
      statusCallbackMethod: 'GET',
    });
    await story(sid);
    expect(receiver.events).toEqual(STORY);
    for (const { method, url, body, parameters } of receiver.received) {
      expect(method).toBe('GET');
      expect(url).toMatch(/^\/events\?tenant=7&name=a\+b&AccountSid=AC/);
      expect(body).toBe('');
      expect(parameters).toMatchObject({ tenant: '7', name: 'a b', RoomName: 'two words', RoomSid: sid });
    }
  });

  test('keeps the query of a URL by POST, and signs it', async () => {
    await create({ statusCallback: `${receiver.url}/events?tenant=7&b=%2F` });
    const [created] = await receiver.count(1);
    expect(created!.url).toBe('/events?tenant=7&b=%2F');
    expect(created!.parameters).not.toHaveProperty('tenant');
  });

  test('is signed for the URL that was set, without user and fragment', async () => {
    const { host } = new URL(receiver.url);
    await create({ statusCallback: `http://me:s%40cret@${host}/a/../b?c=(d)#rc=0` });
    const [created] = await receiver.count(1);
    expect(created!.url).toBe('/a/../b?c=(d)');
    expect(created!.headers.authorization).toBe(basic('me', 's@cret'));
    const signature = String(created!.headers['x-twilio-signature']);
    const { authToken } = DEV_CREDENTIALS;
    const url = `http://${host}/a/../b?c=(d)`;
    expect(twilio.validateRequest(authToken, signature, url, created!.parameters)).toBe(true);
    const other = { ...created!.parameters, RoomName: 'another' };
    expect(twilio.validateRequest(authToken, signature, url, other)).toBe(false);
    expect(twilio.validateRequest('another-token', signature, url, created!.parameters)).toBe(false);
  });

  test('that was made by a client has the account default, and ends when the last one leaves', async () => {
    const settings = { statusCallback: `${receiver.url}/default`, statusCallbackMethod: 'GET' } as const;
    const other = await TestServer.start({ roomDefaults: settings });
    try {
      const alice = await other.join('alice', 'ad-hoc');
      alice.bye();
      await alice.closed;
      await receiver.count(4);
      expect(receiver.events).toEqual([
        'room-created',
        'participant-connected',
        'participant-disconnected',
        'room-ended',
      ]);
      for (const { method, url, parameters } of receiver.received) {
        expect(method).toBe('GET');
        expect(url).toMatch(/^\/default\?/);
        expect(parameters['RoomName']).toBe('ad-hoc');
      }
    } finally {
      await other.end();
    }
  });

  test('tells of a duplicate identity: the older one goes before the newer one comes', async () => {
    const { sid } = await create();
    const older = await server.join('alice', sid);
    const newer = await server.join('alice', sid);
    await receiver.count(4);
    const told = receiver.received
      .slice(1)
      .map(({ event, parameters }) => [event, parameters['ParticipantSid']]);
    expect(told).toEqual([
      ['participant-connected', older.view.ownSid],
      ['participant-disconnected', older.view.ownSid],
      ['participant-connected', newer.view.ownSid],
    ]);
  });

  test('tells nothing of a connection that was lost and came back', async () => {
    const { sid } = await create();
    const alice = await server.join('alice', sid);
    await alice.drop();
    const again = await server.open({ after: alice });
    await again.sync(await server.token('alice'));
    await server.twilio.video.v1.rooms(sid).update({ status: 'completed' });
    await receiver.until('room-ended');
    expect(receiver.events).toEqual([
      'room-created',
      'participant-connected',
      'participant-disconnected',
      'room-ended',
    ]);
  });

  test('gets the events of a timeout by the moved clock', async () => {
    await create({ unusedRoomTimeout: 1 });
    server.clock.advance(60_000);
    const ended = await receiver.until('room-ended');
    expect(ended.parameters).toMatchObject({ RoomDuration: '60', Timestamp: timestamp() });
  });
});

describe('a room without a status callback', () => {
  test('tells nobody', async () => {
    const { sid } = await server.twilio.video.v1.rooms.create();
    await server.twilio.video.v1.rooms(sid).update({ status: 'completed' });
    await create();
    await receiver.count(1);
    expect(receiver.received.map(({ parameters }) => parameters['RoomSid'])).not.toContain(sid);
  });
});

function tokenOf({ headers }: ReceivedCallback): unknown {
  return headers['i-twilio-idempotency-token'];
}
