import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { postForm, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const rooms = () => server.twilio.video.v1.rooms;
const SID = /^RM[0-9a-f]{32}$/;

describe('a room that is created without parameters', () => {
  test('has every field, with null for what is not known yet', async () => {
    const answer = await postForm(server.url, '/v1/Rooms', '');
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const { sid } = answer.json as { sid: string };
    expect(sid).toMatch(SID);
    const url = `${server.url}/v1/Rooms/${sid}`;
    expect(answer.json).toEqual({
      account_sid: DEV_CREDENTIALS.accountSid,
      audio_only: false,
      date_created: server.now,
      date_updated: server.now,
      duration: null,
      empty_room_timeout: 5,
      enable_turn: true,
      end_time: null,
      large_room: false,
      links: {
        participants: `${url}/Participants`,
        recordings: `${url}/Recordings`,
        recording_rules: `${url}/RecordingRules`,
        transcriptions: `${url}/Transcriptions`,
      },
      max_concurrent_published_tracks: 170,
      max_participant_duration: 14_400,
      max_participants: 50,
      media_region: 'us1',
      record_participants_on_connect: false,
      sid,
      status: 'in-progress',
      status_callback: null,
      status_callback_method: 'POST',
      type: 'group',
      unique_name: sid,
      unused_room_timeout: 5,
      url,
      video_codecs: ['VP8', 'H264'],
    });
  });

  test('is read by the helper library with dates, and without the end that has not come', async () => {
    const room = await rooms().create();
    expect(room.dateCreated).toEqual(new Date(server.now));
    expect(room.dateUpdated).toEqual(new Date(server.now));
    expect(room.endTime).toBeNull();
    expect(room.duration).toBeNull();
    expect(room.uniqueName).toBe(room.sid);
  });
});

describe('a room that is created with parameters', () => {
  test('keeps them all', async () => {
    const room = await rooms().create({
      uniqueName: 'Daily stand-up',
      type: 'group',
      maxParticipants: 7,
      maxParticipantDuration: 600,
      emptyRoomTimeout: 60,
      unusedRoomTimeout: 1,
      mediaRegion: 'de1',
      statusCallback: 'https://example.com/hook?x=1#rc=2',
      statusCallbackMethod: 'GET',
      videoCodecs: ['H264'],
      enableTurn: true,
    });
    const created = {
      uniqueName: 'Daily stand-up',
      type: 'group',
      maxParticipants: 7,
      maxParticipantDuration: 600,
      emptyRoomTimeout: 60,
      unusedRoomTimeout: 1,
      mediaRegion: 'de1',
      statusCallback: 'https://example.com/hook?x=1#rc=2',
      statusCallbackMethod: 'GET',
      videoCodecs: ['H264'],
    };
    expect(room).toMatchObject(created);
    expect(await rooms()(room.sid).fetch()).toMatchObject(created);
  });

  test('is large, with fewer tracks, when more than 50 may take part', async () => {
    expect(await rooms().create({ maxParticipants: 51 })).toMatchObject({
      largeRoom: true,
      maxParticipants: 51,
      maxConcurrentPublishedTracks: 16,
    });
    expect(await rooms().create({ maxParticipants: 50 })).toMatchObject({
      largeRoom: false,
      maxConcurrentPublishedTracks: 170,
    });
  });

  test('has no video codecs when it is for audio only', async () => {
    expect(await rooms().create({ audioOnly: true })).toMatchObject({ audioOnly: true, videoCodecs: [] });
  });

  test('takes at most four participants when its type is group-small', async () => {
    expect(await rooms().create({ type: 'group-small' })).toMatchObject({
      type: 'group-small',
      maxParticipants: 4,
      largeRoom: false,
    });
  });

  test('takes booleans in capitals, as Python writes them, and counts empty values as absent', async () => {
    const answer = await postForm(
      server.url,
      '/v1/Rooms',
      'AudioOnly=True&UniqueName=&MaxParticipants=&Type=',
    );
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({ audio_only: true, max_participants: 50, type: 'group' });
  });

  test('passes over parameters that it does not know, those in other letter case included', async () => {
    const answer = await postForm(server.url, '/v1/Rooms', {
      uniqueName: 'no',
      Whatever: '1',
      __proto__x: '2',
    });
    const { sid } = answer.json as { sid: string };
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({ unique_name: sid });
  });
});

describe('fetching a room', () => {
  test('finds it by SID and by name, and shows the same', async () => {
    const { sid } = await rooms().create({ uniqueName: 'lobby' });
    const bySid = await rawRequest(server.url, `/v1/Rooms/${sid}`);
    const byName = await rawRequest(server.url, '/v1/Rooms/lobby');
    expect([bySid.status, byName.status]).toEqual([200, 200]);
    expect(byName.json).toEqual(bySid.json);
    expect(byName.json).toMatchObject({ url: `${server.url}/v1/Rooms/${sid}` });
  });

  test('is answered with 404 and the path when there is none', async () => {
    const answer = await rawRequest(server.url, '/v1/Rooms/nobody');
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({
      code: 20404,
      message: 'The requested resource /Rooms/nobody was not found',
      more_info: 'https://www.twilio.com/docs/errors/20404',
      status: 404,
    });
    const library = rooms()('nobody').fetch();
    await expect(library).rejects.toMatchObject({ code: 20404, status: 404 });
  });

  test('knows names in their own letter case only', async () => {
    await rooms().create({ uniqueName: 'Lobby' });
    await expect(rooms()('lobby').fetch()).rejects.toMatchObject({ code: 20404 });
  });
});

describe('completing a room', () => {
  test('ends it at once, with its end and duration', async () => {
    const { sid } = await rooms().create({ uniqueName: 'short' });
    const created = server.now;
    server.clock.advance(61_900);
    const answer = await postForm(server.url, `/v1/Rooms/${sid}`, { Status: 'completed' });
    expect(answer.status).toBe(202);
    const end = server.now;
    expect(answer.json).toMatchObject({
      sid,
      status: 'completed',
      unique_name: 'short',
      date_created: created,
      date_updated: end,
      end_time: end,
      duration: 61,
    });
    expect(await rooms()(sid).fetch()).toMatchObject({ status: 'completed', duration: 61 });
  });

  test('can be done by name, after which the name stands for nothing', async () => {
    const { sid } = await rooms().create({ uniqueName: 'by-name' });
    expect((await rooms()('by-name').update({ status: 'completed' })).sid).toBe(sid);
    await expect(rooms()('by-name').fetch()).rejects.toMatchObject({ code: 20404, status: 404 });
    await expect(rooms()('by-name').update({ status: 'completed' })).rejects.toMatchObject({ code: 20404 });
    expect((await rooms()(sid).fetch()).status).toBe('completed');
  });

  test('is refused with 53118 for a room that has ended, whose end stays', async () => {
    const { sid } = await rooms().create();
    const { endTime } = await rooms()(sid).update({ status: 'completed' });
    server.clock.advance(60_000);
    await expect(rooms()(sid).update({ status: 'completed' })).rejects.toMatchObject({
      code: 53118,
      status: 400,
    });
    expect((await rooms()(sid).fetch()).endTime).toEqual(endTime);
  });

  test.each(['in-progress', 'failed', 'Completed', 'foo', ''])(
    'is refused with 53112 for the status %j',
    async (status) => {
      const { sid } = await rooms().create();
      const answer = await postForm(server.url, `/v1/Rooms/${sid}`, { Status: status });
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject({ code: 53112, status: 400 });
      expect((await rooms()(sid).fetch()).status).toBe('in-progress');
      await rooms()(sid).update({ status: 'completed' });
      expect((await postForm(server.url, `/v1/Rooms/${sid}`, { Status: status })).json).toMatchObject({
        code: 53112,
      });
    },
  );

  test('is refused with 53112 without a status', async () => {
    const { sid } = await rooms().create();
    const answer = await postForm(server.url, `/v1/Rooms/${sid}`, '');
    expect(answer).toMatchObject({ status: 400, json: { code: 53112 } });
  });
});

describe("a room's unique name", () => {
  test('is taken while the room is in progress, and free once it has ended', async () => {
    const first = await rooms().create({ uniqueName: 'one' });
    const again = postForm(server.url, '/v1/Rooms', { UniqueName: 'one' });
    expect(await again).toMatchObject({ status: 400, json: { code: 53113, status: 400 } });
    await rooms()(first.sid).update({ status: 'completed' });
    const second = await rooms().create({ uniqueName: 'one' });
    expect(second.sid).not.toBe(first.sid);
    expect((await rooms()('one').fetch()).sid).toBe(second.sid);
  });

  test('cannot be the SID of another room in progress', async () => {
    const { sid } = await rooms().create();
    await expect(rooms().create({ uniqueName: sid })).rejects.toMatchObject({ code: 53113 });
  });

  test('cannot be that of a room that a client created by connecting', async () => {
    await server.join('alice', 'ad-hoc');
    await expect(rooms().create({ uniqueName: 'ad-hoc' })).rejects.toMatchObject({ code: 53113 });
  });

  test('may have 128 characters', async () => {
    const name = 'n'.repeat(128);
    const { sid } = await rooms().create({ uniqueName: name });
    expect((await rooms()(name).fetch()).sid).toBe(sid);
  });
});

test('a room that a client created shows in REST with the defaults and the name asked for', async () => {
  const alice = await server.join('alice', 'spontaneous');
  expect(await rooms()('spontaneous').fetch()).toMatchObject({
    sid: alice.view.sid,
    uniqueName: 'spontaneous',
    status: 'in-progress',
    type: 'group',
    maxParticipants: 50,
    statusCallback: null,
  });
});
