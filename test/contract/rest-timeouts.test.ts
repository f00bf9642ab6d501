import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SOON, TestServer } from '../support/test-server.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start({ sessionTimeout: 30 });
});
afterEach(() => server.end());

const rooms = () => server.twilio.video.v1.rooms;
const statusOf = async (sid: string) => (await rooms()(sid).fetch()).status;

describe('a room that nobody joins', () => {
  test('ends after five minutes', async () => {
    const { sid } = await rooms().create({ uniqueName: 'unused' });
    server.clock.advance(5 * MINUTE - 1);
    expect(await statusOf(sid)).toBe('in-progress');
    server.clock.advance(1);
    const ended = await rooms()(sid).fetch();
    expect(ended).toMatchObject({
      status: 'completed',
      duration: 300,
      endTime: new Date(server.clock.now()),
    });
    await expect(rooms()('unused').fetch()).rejects.toMatchObject({ code: 20404 });
    expect((await rooms().create({ uniqueName: 'unused' })).sid).not.toBe(sid);
  });

  test('ends after its own unused timeout, whatever its empty one', async () => {
    const { sid } = await rooms().create({ unusedRoomTimeout: 2, emptyRoomTimeout: 60 });
    server.clock.advance(2 * MINUTE);
    expect(await statusOf(sid)).toBe('completed');
  });
});

describe('a room that all have left', () => {
  test('ends after its empty timeout, counted from the last one', async () => {
    const { sid } = await rooms().create({ emptyRoomTimeout: 3, unusedRoomTimeout: 1 });
    const alice = await server.join('alice', sid);
    const bob = await server.join('bob', sid);
    server.clock.advance(10 * MINUTE);
    expect(await statusOf(sid)).toBe('in-progress');
    alice.bye();
    await alice.closed;
    server.clock.advance(10 * MINUTE);
    bob.bye();
    await bob.closed;
    server.clock.advance(3 * MINUTE - 1);
    expect(await statusOf(sid)).toBe('in-progress');
    server.clock.advance(1);
    expect(await rooms()(sid).fetch()).toMatchObject({ status: 'completed', duration: 23 * 60 });
  });

  test('lives on when someone comes in time, and waits as long again after that', async () => {
    const { sid } = await rooms().create({ emptyRoomTimeout: 2 });
    for (let round = 0; round < 3; round++) {
      const alice = await server.join('alice', sid);
      alice.bye();
      await alice.closed;
      server.clock.advance(2 * MINUTE - 1);
      expect(await statusOf(sid)).toBe('in-progress');
    }
    server.clock.advance(1);
    expect(await statusOf(sid)).toBe('completed');
  });

  test('waits for one whose connection is lost, and begins to count at the end of its session', async () => {
    const { sid } = await rooms().create({ emptyRoomTimeout: 1 });
    const alice = await server.join('alice', sid);
    const bob = await server.join('bob', sid);
    bob.bye();
    await alice.until('bob to be gone', (view) => view.others.length === 0);
    await alice.drop();
    const reconnecting = async () => (await rooms()(sid).participants('alice').fetch()).status;
    await expect.poll(reconnecting, SOON).toBe('reconnecting');
    server.clock.advance(30 * SECOND);
    expect(await rooms()(sid).participants.list({ status: 'disconnected' })).toHaveLength(2);
    server.clock.advance(MINUTE - 1);
    expect(await statusOf(sid)).toBe('in-progress');
    server.clock.advance(1);
    expect(await statusOf(sid)).toBe('completed');
  });

  test('ends at once when a client had created it by connecting', async () => {
    const alice = await server.join('alice', 'ad-hoc');
    const sid = alice.view.sid!;
    alice.bye();
    await alice.closed;
    expect(await rooms()(sid).fetch()).toMatchObject({ status: 'completed', duration: 0 });
    await expect(rooms()('ad-hoc').fetch()).rejects.toMatchObject({ code: 20404 });
  });
});

describe('a room', () => {
  test('ends after 24 hours, whoever is in it', async () => {
    const { sid } = await rooms().create({ maxParticipantDuration: 86_400, emptyRoomTimeout: 60 });
    server.clock.advance(1 * MINUTE);
    const alice = await server.join('alice', sid);
    server.clock.advance(24 * HOUR - MINUTE - 1);
    expect(await statusOf(sid)).toBe('in-progress');
    server.clock.advance(1);
    expect(await alice.next('disconnected')).toMatchObject({ status: 'completed' });
    expect(await rooms()(sid).fetch()).toMatchObject({ status: 'completed', duration: 86_400 });
  });

  test('that was ended by hand does not end again', async () => {
    const { sid } = await rooms().create();
    server.clock.advance(MINUTE);
    await rooms()(sid).update({ status: 'completed' });
    expect(server.clock.pending).toBe(0);
    server.clock.advance(25 * HOUR);
    expect(await rooms()(sid).fetch()).toMatchObject({ status: 'completed', duration: 60 });
  });
});

describe('a participant', () => {
  test('is removed with 53216 after the longest time that its room allows', async () => {
    const { sid } = await rooms().create({ maxParticipantDuration: 600 });
    const alice = await server.join('alice', sid);
    server.clock.advance(5 * MINUTE);
    const bob = await server.join('bob', sid);
    server.clock.advance(5 * MINUTE - 1);
    expect((await rooms()(sid).participants('alice').fetch()).status).toBe('connected');
    server.clock.advance(1);
    expect(await alice.next('error')).toMatchObject({ code: 53216 });
    await bob.until('alice to be gone', (view) => view.participant('alice')?.state === 'disconnected');
    const removed = await rooms()(sid).participants(alice.view.ownSid!).fetch();
    expect(removed).toMatchObject({ status: 'disconnected', duration: 600 });
    expect(await statusOf(sid)).toBe('in-progress');
  });

  test('is removed after four hours where its room says nothing', async () => {
    const alice = await server.join('alice', 'long');
    server.clock.advance(4 * HOUR - 1);
    expect((await rooms()('long').fetch()).status).toBe('in-progress');
    server.clock.advance(1);
    expect(await alice.next('error')).toMatchObject({ code: 53216 });
    await expect(rooms()('long').fetch()).rejects.toMatchObject({ code: 20404 });
  });
});
