import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { postForm, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';
import { accessToken } from '../support/tokens.js';
import { twilioClient } from '../support/twilio-client.js';

const dataDir = mkdtempSync(join(tmpdir(), 'atrium-rest-'));
afterAll(() => rmSync(dataDir, { recursive: true }));

test('What was changed by REST outlives the process: keys, settings, rules, transcriptions, anonymity', async () => {
  let server = await TestServer.start({ dataDir });
  const { video } = server.twilio;
  const key = await server.twilio.newKeys.create({ friendlyName: 'phone' });
  const deleted = await server.twilio.newKeys.create();
  await server.twilio.keys(deleted.sid).remove();
  await postForm(server.url, '/atrium/v1/Settings', { EmptyRoomTimeout: '9', MaxParticipantsGroup: '7' });
  await video.v1.recordingSettings().create({ friendlyName: 'bucket', awsStorageEnabled: true });

  const { sid } = await video.v1.rooms.create({ uniqueName: 'room' });
  const alice = await server.join('alice', 'room');
  await server.join('bob', 'room');
  const rules = [{ type: 'include', kind: 'audio' }];
  await video.v1.rooms(sid).recordingRules.update({ rules });
  const { ttid } = await video.v1.rooms(sid).transcriptions.create({ configuration: { hints: 'x' } });
  await video.v1.rooms(sid).participants('alice').anonymize().update();
  await video.v1.rooms(sid).update({ status: 'completed' });
  // Bob after the end, when only the store knows him.
  const [bob] = await video.v1.rooms(sid).participants.list({ identity: 'bob' });
  await video.v1.rooms(sid).participants(bob!.sid).anonymize().update();
  await server.end();

  server = await TestServer.start({ dataDir });
  const byKey = twilioClient(server.url, { username: key.sid, password: key.secret });
  expect((await byKey.keys(key.sid).fetch()).friendlyName).toBe('phone');
  await expect(byKey.keys(deleted.sid).fetch()).rejects.toMatchObject({ code: 20404 });
  const token = await accessToken({ identity: 'carol', keySid: key.sid, secret: key.secret });
  expect((await server.join('carol', 'new', { token })).view.name).toBe('new');
  expect(await byKey.video.v1.rooms.create()).toMatchObject({ emptyRoomTimeout: 9, maxParticipants: 7 });
  expect(await byKey.video.v1.recordingSettings().fetch()).toMatchObject({
    friendlyName: 'bucket',
    awsStorageEnabled: true,
  });
  const room = byKey.video.v1.rooms(sid);
  expect((await room.recordingRules.fetch()).rules).toEqual(rules);
  expect(await room.transcriptions(ttid).fetch()).toMatchObject({
    status: 'stopped',
    configuration: { hints: 'x' },
  });
  const listed = await rawRequest(server.url, `/v1/Rooms/${sid}/Participants`);
  expect(listed.text).not.toMatch(/alice|bob/);
  expect(await room.participants.list({ identity: 'bob' })).toEqual([]);
  expect(listed.text).toContain(alice.view.ownSid!);
  await server.end();
});
