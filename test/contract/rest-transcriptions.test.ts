import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/index.js';
import type { TranscriptionText } from '../../src/rooms/Transcription.js';
import { postForm, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';
import { track } from '../support/rsp.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const rooms = () => server.twilio.video.v1.rooms;
const createRoom = () => rooms().create({ uniqueName: 'room' });
const transcriptions = (room = 'room') => rooms()(room).transcriptions;
const PATH = '/v1/Rooms/room/Transcriptions';

describe('A transcription', () => {
  test('is started with every field', async () => {
    const { sid: roomSid } = await createRoom();
    const answer = await postForm(server.url, PATH, { Configuration: '{"LanguageCode":"de-DE"}' });
    expect(answer.status).toBe(202);
    const { ttid } = answer.json as { ttid: string };
    expect(ttid).toMatch(/^video_transcriptions_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(answer.json).toEqual({
      ttid,
      account_sid: DEV_CREDENTIALS.accountSid,
      room_sid: roomSid,
      source_sid: null,
      status: 'started',
      date_created: server.now,
      date_updated: server.now,
      start_time: server.now,
      end_time: null,
      duration: null,
      configuration: { languageCode: 'de-DE' },
      url: `${server.url}/v1/Rooms/${roomSid}/Transcriptions/${ttid}`,
    });
    expect((await rawRequest(server.url, `${PATH}/${ttid}`)).json).toEqual(answer.json);
    const listed = await rawRequest(server.url, PATH);
    expect(listed.json).toMatchObject({ transcriptions: [answer.json], meta: { key: 'transcriptions' } });
  });

  test('is stopped and started again, and configured without that', async () => {
    await createRoom();
    const { ttid } = await transcriptions().create({ configuration: { partialResults: true } });
    server.clock.advance(8000);
    const stopped = await transcriptions()(ttid).update({ status: 'stopped' });
    expect(stopped).toMatchObject({ status: 'stopped', duration: 8 });
    expect(stopped.endTime.getTime()).toBe(server.clock.now());
    const configured = await transcriptions()(ttid).update({
      configuration: { languageCode: 'fr-FR', profanityFilter: 'false' },
    });
    expect(configured).toMatchObject({
      status: 'stopped',
      configuration: { partialResults: 'true', languageCode: 'fr-FR', profanityFilter: 'false' },
    });
    server.clock.advance(1000);
    const again = await transcriptions()(ttid).update({ status: 'started' });
    expect(again).toMatchObject({ status: 'started', endTime: null, duration: null });
    expect(again.startTime.getTime()).toBe(server.clock.now());
    expect((await transcriptions()(ttid).update({})).status).toBe('started');
  });

  test('is the only one of its room', async () => {
    await createRoom();
    expect(await transcriptions().list()).toEqual([]);
    const { ttid } = await transcriptions().create();
    await expect(transcriptions().create()).rejects.toMatchObject({ code: 20409, status: 409 });
    expect((await transcriptions().list()).map((one) => one.ttid)).toEqual([ttid]);
  });

  test('starts with its room where that is asked for', async () => {
    const { sid } = await rooms().create({
      transcribeParticipantsOnConnect: true,
      transcriptionsConfiguration: { hints: 'Atrium,Twilio' },
    });
    expect(await transcriptions(sid).list()).toMatchObject([
      { status: 'started', configuration: { hints: 'Atrium,Twilio' } },
    ]);
  });

  test('takes the settings of its room where it has none of its own', async () => {
    const configuration = { languageCode: 'it-IT' };
    const { sid } = await rooms().create({ transcriptionsConfiguration: configuration });
    expect(await transcriptions(sid).list()).toEqual([]);
    expect(await transcriptions(sid).create()).toMatchObject({ configuration });
  });

  test('ends with its room, and is remembered', async () => {
    const { sid } = await createRoom();
    const { ttid } = await transcriptions().create();
    const heard: string[] = [];
    const unsubscribe = server.atrium.events.subscribe((event) => {
      if (event.type === 'transcription-changed') heard.push(event.transcription.status);
      if (event.type === 'room-ended') heard.push('the end');
    });
    server.clock.advance(4000);
    await rooms()(sid).update({ status: 'completed' });
    unsubscribe();
    expect(heard).toEqual(['stopped', 'the end']);
    server.clock.advance(4000);
    expect(await transcriptions(sid)(ttid).fetch()).toMatchObject({ status: 'stopped', duration: 4 });
    expect(await transcriptions(sid).list()).toHaveLength(1);
    const ended = { code: 53118, status: 400 };
    await expect(transcriptions(sid)(ttid).update({ status: 'started' })).rejects.toMatchObject(ended);
    await expect(transcriptions(sid).create()).rejects.toMatchObject(ended);
  });

  test('that has failed cannot be started again', async () => {
    const { sid } = await createRoom();
    const { ttid } = await transcriptions().create();
    server.atrium.rooms.find(DEV_CREDENTIALS.accountSid, sid)!.transcription!.fail();
    expect((await transcriptions()(ttid).fetch()).status).toBe('failed');
    await expect(transcriptions()(ttid).update({ status: 'started' })).rejects.toMatchObject({
      code: 20409,
      status: 409,
    });
  });

  test('tells the house what is said in a track while it runs', async () => {
    await createRoom();
    await server.join('alice', 'room', { tracks: [track('mic'), track('cam', { kind: 'video' })] });
    await transcriptions().create({ configuration: { languageCode: 'nl-NL' } });
    const heard: TranscriptionText[] = [];
    server.atrium.events.subscribe((event) => {
      if (event.type === 'transcription-text') heard.push(event.text);
    });
    const room = server.atrium.rooms.find(DEV_CREDENTIALS.accountSid, 'room')!;
    const [alice] = room.present;
    const [mic, cam] = alice!.tracks;
    const say = (text: string, changes: object = {}) =>
      room.transcription!.transcribe(alice!, mic!, { text, ...changes });
    say('goeden', { partial: true, stability: 0.4 });
    say('goedendag', { languageCode: 'nl-BE' });
    const common = { participantSid: alice!.sid, trackSid: mic!.sid, at: server.clock.now() };
    expect(heard).toEqual([
      { ...common, sequence: 0, text: 'goeden', languageCode: 'nl-NL', partial: true, stability: 0.4 },
      { ...common, sequence: 1, text: 'goedendag', languageCode: 'nl-BE', partial: false, stability: null },
    ]);
    expect(() => room.transcription!.transcribe(alice!, cam!, { text: 'x' })).toThrow(/only audio/);
    room.transcription!.stop();
    expect(() => say('x')).toThrow(/stopped/);
  });

  test.each([
    ['no JSON', 'english'],
    ['a list', '[]'],
    ['null', 'null'],
    ['an unknown setting', '{"voice":"loud"}'],
    ['an unknown engine', '{"transcriptionEngine":"ears"}'],
    ['a language that is none', '{"languageCode":"ab cd"}'],
    ['a switch that is none', '{"partialResults":"perhaps"}'],
    ['a hint of 101 characters', JSON.stringify({ hints: 'x'.repeat(101) })],
    ['501 hints', JSON.stringify({ hints: Array(501).fill('x').join(',') })],
  ])('is refused with a configuration that is %s', async (_what, Configuration) => {
    await createRoom();
    const refused = { status: 400, json: { code: 20001 } };
    expect(await postForm(server.url, PATH, { Configuration })).toMatchObject(refused);
    expect(await transcriptions().list()).toEqual([]);
    const { ttid } = await transcriptions().create();
    expect(await postForm(server.url, `${PATH}/${ttid}`, { Configuration })).toMatchObject(refused);
    const room = { TranscriptionsConfiguration: Configuration };
    expect(await postForm(server.url, '/v1/Rooms', room)).toMatchObject(refused);
  });

  test('is refused with another status, elsewhere than in its room, and without a media server', async () => {
    await createRoom();
    const { ttid } = await transcriptions().create();
    for (const Status of ['failed', 'paused']) {
      const answer = await postForm(server.url, `${PATH}/${ttid}`, { Status });
      expect(answer).toMatchObject({ status: 400, json: { code: 20001 } });
    }
    const { sid: other } = await rooms().create();
    const notFound = { code: 20404, status: 404 };
    await expect(transcriptions(other)(ttid).fetch()).rejects.toMatchObject(notFound);
    await expect(transcriptions()('video_transcriptions_none').fetch()).rejects.toMatchObject(notFound);
    await expect(transcriptions('nowhere').list()).rejects.toMatchObject(notFound);
    const mesh = { type: 'peer-to-peer' as const };
    const { sid } = await rooms().create(mesh);
    const incompatible = { code: 53114, status: 400 };
    await expect(transcriptions(sid).create()).rejects.toMatchObject(incompatible);
    for (const more of [{ transcribeParticipantsOnConnect: true }, { transcriptionsConfiguration: {} }])
      await expect(rooms().create({ ...mesh, ...more })).rejects.toMatchObject(incompatible);
  });
});
