import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { postForm, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const room = (name = 'room') => server.twilio.video.v1.rooms(name);
const createRoom = () => server.twilio.video.v1.rooms.create({ uniqueName: 'room' });
const notFound = { code: 20404, status: 404 };

describe('Anonymizing a participant', () => {
  test('answers with the participant, its SID in the place of its identity, and no links', async () => {
    const { sid: roomSid, accountSid } = await createRoom();
    const alice = await server.join('alice', 'room');
    const sid = alice.view.ownSid!;
    const joined = server.now;
    server.clock.advance(3000);
    const answer = await postForm(server.url, `/v1/Rooms/room/Participants/alice/Anonymize`, '');
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      account_sid: accountSid,
      date_created: joined,
      date_updated: server.now,
      duration: null,
      end_time: null,
      identity: sid,
      room_sid: roomSid,
      sid,
      start_time: joined,
      status: 'connected',
      url: `${server.url}/v1/Rooms/${roomSid}/Participants/${sid}/Anonymize`,
    });
  });

  test('hides the identity of someone who is there, from lists and from those who come', async () => {
    await createRoom();
    const alice = await server.join('alice', 'room');
    const bob = await server.join('bob', 'room');
    const sid = alice.view.ownSid!;
    await room().participants('alice').anonymize().update();
    await expect(room().participants('alice').fetch()).rejects.toMatchObject(notFound);
    expect((await room().participants(sid).fetch()).identity).toBe(sid);
    expect(await room().participants.list({ identity: 'alice' })).toEqual([]);
    const listed = await room().participants.list();
    expect(listed.map(({ identity }) => identity).toSorted()).toEqual([sid, 'bob'].toSorted());
    await bob.until('the SID', ({ others }) => others.includes(sid));
    const carol = await server.join('carol', 'room');
    expect(carol.view.others).toEqual([sid, 'bob'].sort());
    // Another alice is another participant.
    const second = await server.join('alice', 'room');
    expect(second.view.ownSid).not.toBe(sid);
    expect((await room().participants(sid).fetch()).status).toBe('connected');
  });

  test('lets a client whose connection broke come back with its own token', async () => {
    await createRoom();
    const token = await server.token('alice');
    const alice = await server.join('alice', 'room', { token });
    await room().participants('alice').anonymize().update();
    await alice.drop();
    const back = await server.open({ after: alice });
    await back.sync(token);
    expect((await room().participants(alice.view.ownSid!).fetch()).status).toBe('connected');
  });

  test('works on someone who has left, before the room ends and after, and twice', async () => {
    const { sid: roomSid } = await createRoom();
    const alice = await server.join('alice', 'room');
    const bob = await server.join('bob', 'room');
    const [first, second] = [alice.view.ownSid!, bob.view.ownSid!];
    await room().participants(first).update({ status: 'disconnected' });
    expect(await room().participants(first).anonymize().update()).toMatchObject({
      identity: first,
      status: 'disconnected',
    });
    await room().update({ status: 'completed' });
    const identities = async () =>
      (await room(roomSid).participants.list()).map(({ identity }) => identity).toSorted();
    expect(await identities()).toEqual([first, 'bob'].toSorted());
    for (let round = 0; round < 2; round++) {
      const anonymous = await room(roomSid).participants(second).anonymize().update();
      expect(anonymous).toMatchObject({ identity: second, status: 'disconnected', sid: second });
      expect(await identities()).toEqual([first, second].toSorted());
    }
    const listed = await rawRequest(server.url, `/v1/Rooms/${roomSid}/Participants`);
    expect(listed.text).not.toContain('bob');
    expect(await room(roomSid).participants.list({ identity: 'bob' })).toEqual([]);
  });

  test('is not found for nobody, and knows its method', async () => {
    await createRoom();
    await expect(room().participants('nobody').anonymize().update()).rejects.toMatchObject(notFound);
    const answer = await rawRequest(server.url, '/v1/Rooms/room/Participants/nobody/Anonymize');
    expect(answer).toMatchObject({ status: 405, json: { code: 20004 } });
  });
});
