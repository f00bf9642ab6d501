import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { basic, postForm, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';
import { accessToken } from '../support/tokens.js';

const PATH = '/atrium/v1/Settings';
const setup = (digit: string) => ({
  sid: `AC${digit.repeat(32)}`,
  authToken: `token${digit}`.repeat(4),
  keys: [{ sid: `SK${digit.repeat(32)}`, secret: `secret${digit}`.repeat(4) }],
});
const [one, two] = [setup('1'), setup('2')];
let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({
    accounts: [{ ...one, roomDefaults: { emptyRoomTimeout: 7 } }, two],
    roomDefaults: { mediaRegion: 'ie1' },
  });
});
afterEach(async () => {
  for (const account of [one, two]) await as(account, PATH, { method: 'DELETE' });
  await server.tidy();
});
afterAll(() => server.stop());

const as = ({ sid, authToken }: typeof one, path: string, options: object = {}) =>
  rawRequest(server.url, path, { authorization: basic(sid, authToken), ...options });

function post(account: typeof one, path: string, form: Record<string, string>) {
  const body = new URLSearchParams(form).toString();
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return as(account, path, { method: 'POST', headers, body });
}

describe("An account's settings", () => {
  test('are those of the configuration until they are set', async () => {
    expect((await as(one, PATH)).json).toEqual({
      account_sid: one.sid,
      client_side_room_creation: true,
      date_updated: server.now,
      empty_room_timeout: 7,
      legacy_room_types: 'allowed',
      max_participant_duration: 14_400,
      max_participants: null,
      max_participants_go: null,
      max_participants_group: null,
      max_participants_group_small: null,
      max_participants_peer_to_peer: null,
      media_region: 'ie1',
      record_participants_on_connect: false,
      status_callback: null,
      status_callback_method: 'POST',
      turn: true,
      type: 'group',
      unused_room_timeout: 5,
      url: `${server.url}${PATH}`,
    });
  });

  test('hold for the rooms that are created from then on, of this account alone', async () => {
    const before = (await post(one, '/v1/Rooms', {})).json as { sid: string };
    const changed = await post(one, PATH, {
      Type: 'group-small',
      MaxParticipants: '3',
      MaxParticipantsGroup: '20',
      MaxParticipantDuration: '600',
      EmptyRoomTimeout: '60',
      UnusedRoomTimeout: '1',
      MediaRegion: 'jp1',
      StatusCallback: 'https://example.com/hook',
      StatusCallbackMethod: 'GET',
      RecordParticipantsOnConnect: 'true',
    });
    expect(changed.status).toBe(200);
    expect(changed.json).toEqual((await as(one, PATH)).json);
    expect((await post(one, '/v1/Rooms', {})).json).toMatchObject({
      type: 'group-small',
      max_participants: 3,
      max_participant_duration: 600,
      empty_room_timeout: 60,
      unused_room_timeout: 1,
      media_region: 'jp1',
      status_callback: 'https://example.com/hook',
      status_callback_method: 'GET',
      record_participants_on_connect: true,
    });
    expect((await post(one, '/v1/Rooms', { Type: 'group' })).json).toMatchObject({ max_participants: 20 });
    expect((await as(one, `/v1/Rooms/${before.sid}`)).json).toMatchObject({
      type: 'group',
      max_participants: 50,
      media_region: 'ie1',
    });
    expect((await post(two, '/v1/Rooms', {})).json).toMatchObject({ type: 'group', empty_room_timeout: 5 });
  });

  test('stay as they are where nothing is said of them, and are cleared by saying nothing', async () => {
    await post(one, PATH, {
      MaxParticipants: '3',
      MaxParticipantsGroup: '9',
      StatusCallback: 'https://example.com/',
    });
    expect((await post(one, PATH, { Turn: 'false' })).json).toMatchObject({
      max_participants: 3,
      max_participants_group: 9,
      status_callback: 'https://example.com/',
      turn: false,
    });
    const cleared = await post(one, PATH, {
      MaxParticipants: '',
      MaxParticipantsGroup: '',
      StatusCallback: '',
      EmptyRoomTimeout: '',
    });
    expect(cleared.json).toMatchObject({
      max_participants: null,
      max_participants_group: null,
      status_callback: null,
      empty_room_timeout: 7,
      turn: false,
    });
  });

  test('are again those of the configuration when they are deleted', async () => {
    const before = (await as(one, PATH)).json;
    await post(one, PATH, { EmptyRoomTimeout: '9', Turn: 'false' });
    expect((await as(one, PATH, { method: 'DELETE' })).status).toBe(204);
    expect((await as(one, PATH)).json).toEqual(before);
  });

  test('say whether clients may create rooms', async () => {
    await post(one, PATH, { ClientSideRoomCreation: 'false' });
    const [key] = one.keys;
    const token = await accessToken({ accountSid: one.sid, keySid: key!.sid, secret: key!.secret });
    const alice = await server.open();
    alice.hello(alice.connectMessage({ token, name: 'ad-hoc' }));
    expect(await alice.next('error')).toMatchObject({ code: 53106 });
    await post(one, PATH, { ClientSideRoomCreation: 'true' });
    expect((await server.join('alice', 'ad-hoc', { token })).view.name).toBe('ad-hoc');
  });

  test('refuse legacy rooms where they say so, as Twilio does to new accounts', async () => {
    await post(one, PATH, { LegacyRoomTypes: 'refused' });
    for (const Type of ['group-small', 'peer-to-peer', 'go'])
      expect(await post(one, '/v1/Rooms', { Type })).toMatchObject({ status: 400, json: { code: 53126 } });
    const audioOnly = await post(one, '/v1/Rooms', { AudioOnly: 'true' });
    expect(audioOnly).toMatchObject({ status: 400, json: { code: 53127 } });
    expect((await post(one, '/v1/Rooms', { Type: 'group', AudioOnly: 'false' })).status).toBe(201);
    expect((await post(two, '/v1/Rooms', { AudioOnly: 'true' })).status).toBe(201);
  });

  test.each([
    ['ClientSideRoomCreation', 'perhaps', 20001],
    ['Type', 'party', 53108],
    ['MaxParticipants', '101', 53107],
    ['MaxParticipants', '0', 53107],
    ['MaxParticipantsGroupSmall', '5', 53107],
    ['MaxParticipantsPeerToPeer', '11', 53107],
    ['MaxParticipantsGo', '3', 53107],
    ['MaxParticipantDuration', '599', 53123],
    ['EmptyRoomTimeout', '61', 53109],
    ['UnusedRoomTimeout', 'five', 53109],
    ['MediaRegion', 'mars1', 53115],
    ['StatusCallback', 'example.com', 53111],
    ['StatusCallbackMethod', 'PUT', 53110],
    ['RecordParticipantsOnConnect', '1', 20001],
    ['Turn', 'on', 20001],
    ['LegacyRoomTypes', 'some', 20001],
  ])('stay as they are when one is wrong: %s=%s', async (name, value, code) => {
    const before = (await as(one, PATH)).json;
    const answer = await post(one, PATH, { UnusedRoomTimeout: '3', [name]: value });
    expect(answer).toMatchObject({ status: 400, json: { code, status: 400 } });
    expect((await as(one, PATH)).json).toEqual(before);
  });

  test('know their methods, and the development account of another server does not see them', async () => {
    expect(await as(one, PATH, { method: 'PUT' })).toMatchObject({ status: 405, json: { code: 20004 } });
    expect(await postForm(server.url, PATH, {})).toMatchObject({ status: 401, json: { code: 20003 } });
  });
});
