import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { postForm, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ sessionTimeout: 30 });
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const room = (name = 'room') => server.twilio.video.v1.rooms(name);
const identities = (list: { identity: string }[]) => list.map(({ identity }) => identity);
/** A room that outlives its participants. */
const createRoom = () => server.twilio.video.v1.rooms.create({ uniqueName: 'room' });

describe('a participant', () => {
  test('has every field, with null for what is not known yet', async () => {
    const { sid: roomSid } = await createRoom();
    server.clock.advance(5000);
    const alice = await server.join('alice', 'room');
    const sid = alice.view.ownSid!;
    expect(sid).toMatch(/^PA[0-9a-f]{32}$/);
    const joined = server.now;
    server.clock.advance(7000);
    const url = `${server.url}/v1/Rooms/${roomSid}/Participants/${sid}`;
    const answer = await rawRequest(server.url, `/v1/Rooms/room/Participants/${sid}`);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      account_sid: DEV_CREDENTIALS.accountSid,
      date_created: joined,
      date_updated: joined,
      duration: null,
      end_time: null,
      identity: 'alice',
      links: {
        published_tracks: `${url}/PublishedTracks`,
        subscribed_tracks: `${url}/SubscribedTracks`,
        subscribe_rules: `${url}/SubscribeRules`,
        anonymize: `${url}/Anonymize`,
      },
      room_sid: roomSid,
      sid,
      start_time: joined,
      status: 'connected',
      url,
    });
    const read = await room().participants('alice').fetch();
    expect(read).toMatchObject({ sid, endTime: null, duration: null, startTime: new Date(joined) });
    const { participants } = (await rawRequest(server.url, '/v1/Rooms/room/Participants')).json as {
      participants: unknown[];
    };
    expect(participants).toEqual([answer.json]);
  });

  test('has an end and a duration once it has left, and is found by SID only', async () => {
    await createRoom();
    const alice = await server.join('alice', 'room');
    server.clock.advance(90_500);
    alice.bye();
    await alice.closed;
    await expect(room().participants('alice').fetch()).rejects.toMatchObject({ code: 20404, status: 404 });
    const left = await room().participants(alice.view.ownSid!).fetch();
    const end = new Date(server.now);
    expect(left).toMatchObject({ status: 'disconnected', duration: 90, endTime: end, dateUpdated: end });
  });

  test('is reconnecting while its connection is lost, and still found by its identity', async () => {
    await createRoom();
    const alice = await server.join('alice', 'room');
    const bob = await server.join('bob', 'room');
    await alice.drop();
    await bob.until('alice to reconnect', (view) => view.participant('alice')?.state === 'reconnecting');
    expect(await room().participants('alice').fetch()).toMatchObject({
      status: 'reconnecting',
      endTime: null,
      duration: null,
    });
    expect(identities(await room().participants.list({ status: 'reconnecting' }))).toEqual(['alice']);
    expect(identities(await room().participants.list())).toEqual(['bob']);
    server.clock.advance(30_000);
    expect((await room().participants(alice.view.ownSid!).fetch()).status).toBe('disconnected');
  });

  test('that nobody knows is not found', async () => {
    await createRoom();
    const answer = await rawRequest(server.url, '/v1/Rooms/room/Participants/nobody');
    expect(answer).toMatchObject({
      status: 404,
      json: { code: 20404, message: 'The requested resource /Rooms/room/Participants/nobody was not found' },
    });
    for (const name of [`PA${'0'.repeat(32)}`, 'constructor', '__proto__']) {
      await expect(room().participants(name).fetch()).rejects.toMatchObject({ code: 20404 });
    }
    await expect(room('none').participants('alice').fetch()).rejects.toMatchObject({ code: 20404 });
    await expect(room('none').participants.list()).rejects.toMatchObject({ code: 20404 });
  });

  test('of another room is not found', async () => {
    await createRoom();
    const alice = await server.join('alice', 'elsewhere');
    await expect(room().participants(alice.view.ownSid!).fetch()).rejects.toMatchObject({ code: 20404 });
  });
});

describe('a list of participants', () => {
  test('has those who are connected, unless another status is asked for', async () => {
    await createRoom();
    const alice = await server.join('alice', 'room');
    server.clock.advance(1000);
    await server.join('bob', 'room');
    server.clock.advance(1000);
    await server.join('cem', 'room');
    alice.bye();
    await alice.closed;
    expect(identities(await room().participants.list())).toEqual(['bob', 'cem']);
    expect(identities(await room().participants.list({ status: 'connected' }))).toEqual(['bob', 'cem']);
    expect(identities(await room().participants.list({ status: 'disconnected' }))).toEqual(['alice']);
  });

  test('can be narrowed to an identity, and to a time', async () => {
    await createRoom();
    const start = server.clock.now();
    for (const identity of ['alice', 'bob', 'cem']) {
      await server.join(identity, 'room');
      server.clock.advance(1000);
    }
    const { participants } = room();
    expect(identities(await participants.list({ identity: 'bob' }))).toEqual(['bob']);
    expect(await participants.list({ identity: 'Bob' })).toEqual([]);
    const between = {
      dateCreatedAfter: new Date(start + 1000),
      dateCreatedBefore: new Date(start + 2000),
    };
    expect(identities(await participants.list(between))).toEqual(['bob']);
  });

  test('has every session of an identity that came twice', async () => {
    await createRoom();
    const first = await server.join('alice', 'room');
    server.clock.advance(1000);
    const second = await server.join('alice', 'room');
    const sids = async (status: 'connected' | 'disconnected') =>
      (await room().participants.list({ status, identity: 'alice' })).map(({ sid }) => sid);
    expect(await sids('connected')).toEqual([second.view.ownSid]);
    expect(await sids('disconnected')).toEqual([first.view.ownSid]);
    expect((await room().participants('alice').fetch()).sid).toBe(second.view.ownSid);
  });

  test('of a room that has ended has those who were there, all disconnected', async () => {
    const { sid } = await createRoom();
    const alice = await server.join('alice', 'room');
    server.clock.advance(1000);
    await server.join('bob', 'room');
    server.clock.advance(10_000);
    await room().update({ status: 'completed' });
    const all = await room(sid).participants.list();
    expect(all.map(({ identity, status, duration }) => [identity, status, duration])).toEqual([
      ['alice', 'disconnected', 11],
      ['bob', 'disconnected', 10],
    ]);
    expect(await room(sid).participants.list({ status: 'connected' })).toEqual([]);
    expect(identities(await room(sid).participants.list({ identity: 'bob' }))).toEqual(['bob']);
    const fetched = await room(sid).participants(alice.view.ownSid!).fetch();
    expect(fetched).toMatchObject({ identity: 'alice', status: 'disconnected', duration: 11 });
    await expect(room(sid).participants('alice').fetch()).rejects.toMatchObject({ code: 20404 });
  });
});

describe('removing a participant', () => {
  test('ends its session at once, and tells its client no error', async () => {
    const { sid: roomSid } = await createRoom();
    const alice = await server.join('alice', 'room');
    const bob = await server.join('bob', 'room');
    server.clock.advance(3000);
    const path = `/v1/Rooms/${roomSid}/Participants/alice`;
    const answer = await postForm(server.url, path, { Status: 'disconnected' });
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({
      sid: alice.view.ownSid,
      status: 'disconnected',
      end_time: server.now,
      duration: 3,
    });
    const last = await alice.next('disconnected');
    expect(last).not.toHaveProperty('status');
    await alice.closed;
    await bob.until('alice to be gone', (view) => view.participant('alice')?.state === 'disconnected');
    expect(identities(await room().participants.list())).toEqual(['bob']);
  });

  test('is done by SID with the helper library, and doing it again changes nothing', async () => {
    await createRoom();
    const alice = await server.join('alice', 'room');
    const participant = room().participants(alice.view.ownSid!);
    const removed = await participant.update({ status: 'disconnected' });
    server.clock.advance(5000);
    const again = await participant.update({ status: 'disconnected' });
    expect(again).toMatchObject({ status: 'disconnected', endTime: removed.endTime });
  });

  test('leaves the way open to come back', async () => {
    await createRoom();
    const first = await server.join('alice', 'room');
    await room().participants('alice').update({ status: 'disconnected' });
    const second = await server.join('alice', 'room');
    expect(second.view.ownSid).not.toBe(first.view.ownSid);
    expect(second.view.others).toEqual([]);
  });

  test('reaches one whose connection is lost', async () => {
    await createRoom();
    const alice = await server.join('alice', 'room');
    const bob = await server.join('bob', 'room');
    await alice.drop();
    await bob.until('alice to reconnect', (view) => view.participant('alice')?.state === 'reconnecting');
    await room().participants('alice').update({ status: 'disconnected' });
    await bob.until('alice to be gone', (view) => view.participant('alice')?.state === 'disconnected');
  });

  test('ends a room that a client created, when nobody is left', async () => {
    const alice = await server.join('alice', 'ad-hoc');
    await room('ad-hoc').participants('alice').update({ status: 'disconnected' });
    expect((await room(alice.view.sid!).fetch()).status).toBe('completed');
  });

  test.each(['connected', 'reconnecting', 'gone', 'Disconnected', ''])(
    'is refused with 53209 for the status %j',
    async (status) => {
      await createRoom();
      await server.join('alice', 'room');
      const path = '/v1/Rooms/room/Participants/alice';
      const answer = await postForm(server.url, path, { Status: status });
      expect(answer).toMatchObject({ status: 400, json: { code: 53209, status: 400 } });
      expect(await postForm(server.url, path, '')).toMatchObject({ status: 400, json: { code: 53209 } });
      expect((await room().participants('alice').fetch()).status).toBe('connected');
    },
  );
});
