import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { postForm, rawRequest } from '../support/raw-http.js';
import { track } from '../support/rsp.js';
import type { SignalingClient } from '../support/signaling-client.js';
import { TestServer } from '../support/test-server.js';
import { answerOffer, joinPublishing, joinSubscribing } from '../support/tracks-of-clients.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const rooms = () => server.twilio.video.v1.rooms;
const rulesOf = (identity: string) => rooms()('room').participants(identity).subscribeRules;
const pathOf = (client: SignalingClient, rest: string): string =>
  `/v1/Rooms/${client.view.sid}/Participants/${client.view.ownSid}${rest}`;
const whole = (rule: object) => ({
  all: null,
  publisher: null,
  track: null,
  kind: null,
  priority: null,
  ...rule,
});

/** What is no list of rules: refused by both kinds. */
const WRONG: [what: string, rules: string | undefined][] = [
  ['nothing', undefined],
  ['an empty text', ''],
  ['no JSON', 'include all'],
  ['a rule outside of a list', '{"type":"include","all":true}'],
  ['an empty list', '[]'],
  ['a rule without a filter', '[{"type":"include"}]'],
  ['a rule of another type', '[{"type":"allow","all":true}]'],
  ['"all" beside another filter', '[{"type":"include","all":true,"kind":"audio"}]'],
  ['an unknown member', '[{"type":"include","all":true,"region":"us1"}]'],
  ['21 rules', JSON.stringify(Array(21).fill({ type: 'include', all: true }))],
];

describe('Subscribe rules', () => {
  test('let everything in until they are set, and have no dates', async () => {
    const alice = await server.join('alice', 'room');
    const answer = await rawRequest(server.url, pathOf(alice, '/SubscribeRules'));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      participant_sid: alice.view.ownSid,
      room_sid: alice.view.sid,
      date_created: null,
      date_updated: null,
      rules: [whole({ type: 'include', all: true })],
    });
  });

  test('let nothing in for a client that asked for no subscriptions', async () => {
    await server.join('alice', 'room', {
      changes: { subscribe: { rules: [{ type: 'exclude', all: true }], revision: 0 } },
    });
    expect((await rulesOf('alice').fetch()).rules).toEqual([whole({ type: 'exclude', all: true })]);
  });

  test('are replaced as a whole, and show when that was', async () => {
    await server.join('alice', 'room');
    const first = server.now;
    const rules = [
      { type: 'include', kind: 'audio' },
      { type: 'exclude', publisher: 'bob', track: 'voice', priority: 'low' },
    ];
    const answer = await rulesOf('alice').update({ rules });
    expect(answer.rules).toEqual(rules.map(whole));
    server.clock.advance(3000);
    const alice = (await rooms()('room').participants('alice').fetch()).sid;
    const again = await postForm(server.url, `/v1/Rooms/room/Participants/${alice}/SubscribeRules`, {
      Rules: '[{"type":"include","all":"true"}]',
    });
    expect(again).toMatchObject({
      status: 200,
      json: {
        rules: [whole({ type: 'include', all: true })],
        date_created: first,
        date_updated: server.now,
      },
    });
    expect((await rulesOf('alice').fetch()).dateUpdated!.getTime()).toBe(server.clock.now());
  });

  test('take a track away while the call goes on, and bring it back', async () => {
    const alice = await joinPublishing(server);
    const bob = await joinSubscribing(server);
    await answerOffer(bob);
    const [voice, face] = ['mic', 'cam'].map((id) => alice.view.publishedSid(id)!);
    const received = (view: typeof bob.view) => view.subscribed.tracks.map(({ sid }) => sid).sort();
    const both = [voice, face].sort();
    expect(received(bob.view)).toEqual(both);

    await rulesOf('bob').update({
      rules: [
        { type: 'include', all: true },
        { type: 'exclude', kind: 'video' },
      ],
    });
    await bob.until('only the voice', (view) => received(view).join() === voice);
    expect((await rooms()('room').participants('bob').subscribedTracks.list()).map(({ sid }) => sid)).toEqual(
      [voice],
    );
    expect(await rooms()('room').participants('alice').publishedTracks.list()).toHaveLength(2);
    await answerOffer(bob);

    await rulesOf('bob').update({ rules: [{ type: 'include', publisher: 'alice' }] });
    await bob.until('both again', (view) => received(view).join() === both.join());
    await answerOffer(bob);
    await rulesOf('bob').update({ rules: [{ type: 'exclude', all: true }] });
    await bob.until('nothing', (view) => received(view).length === 0);
  });

  test.each(WRONG)('stay as they are when they are replaced by %s', async (_what, rules) => {
    const alice = await server.join('alice', 'room');
    const path = pathOf(alice, '/SubscribeRules');
    const before = (await rawRequest(server.url, path)).json;
    const answer = await postForm(server.url, path, rules === undefined ? '' : { Rules: rules });
    expect(answer).toMatchObject({ status: 400, json: { code: 53215, status: 400 } });
    expect((await rawRequest(server.url, path)).json).toEqual(before);
  });

  test('go with the session, and are those of people who are there', async () => {
    await rooms().create({ uniqueName: 'room' });
    const alice = await server.join('alice', 'room');
    const path = pathOf(alice, '/SubscribeRules');
    await rooms()('room').participants('alice').update({ status: 'disconnected' });
    for (const url of [path, '/v1/Rooms/room/Participants/nobody/SubscribeRules']) {
      expect(await rawRequest(server.url, url)).toMatchObject({ status: 404, json: { code: 20404 } });
      const answer = await postForm(server.url, url, { Rules: '[{"type":"include","all":true}]' });
      expect(answer).toMatchObject({ status: 404, json: { code: 20404 } });
    }
  });
});

describe('Subscribing to a track, as it was done before there were rules', () => {
  const subscribe = (client: SignalingClient, form: Record<string, string>) =>
    postForm(server.url, pathOf(client, '/SubscribedTracks'), form);

  test('takes a track away and brings it back, by its name or its SID', async () => {
    const alice = await joinPublishing(server);
    const bob = await joinSubscribing(server);
    await answerOffer(bob);
    const voice = alice.view.publishedSid('mic')!;
    const gone = await subscribe(bob, { Status: 'unsubscribe', Track: 'voice' });
    expect(gone).toMatchObject({
      status: 202,
      json: {
        sid: voice,
        name: 'voice',
        kind: 'audio',
        participant_sid: bob.view.ownSid,
        publisher_sid: alice.view.ownSid,
      },
    });
    await bob.until('only the face', ({ subscribed }) => subscribed.tracks.length === 1);
    await answerOffer(bob);
    expect((await subscribe(bob, { Status: 'subscribe', Track: 'voice' })).status).toBe(202);
    await bob.until('both', ({ subscribed }) => subscribed.tracks.length === 2);
    await subscribe(bob, { Status: 'unsubscribe', Track: voice });
    const { rules } = await rulesOf('bob').fetch();
    expect(rules).toEqual([
      whole({ type: 'include', all: true }),
      whole({ type: 'include', track: 'voice' }),
      whole({ type: 'exclude', track: voice }),
    ]);
  });

  test('is refused without a status or a track, for a track that is not there, and for 21 rules', async () => {
    await server.join('alice', 'room', {
      tracks: Array.from({ length: 20 }, (_, index) => track(`t${index}`, { kind: 'data' })),
    });
    const bob = await server.join('bob', 'room', { tracks: [track('own', { kind: 'data' })] });
    const wrong = { status: 400, json: { code: 20001 } };
    expect(await subscribe(bob, { Track: 't0' })).toMatchObject(wrong);
    expect(await subscribe(bob, { Status: 'mute', Track: 't0' })).toMatchObject(wrong);
    expect(await subscribe(bob, { Status: 'subscribe' })).toMatchObject(wrong);
    for (const Track of ['none', 'own'])
      expect(await subscribe(bob, { Status: 'subscribe', Track })).toMatchObject({ status: 404 });
    for (let index = 0; index < 19; index++) {
      const answer = await subscribe(bob, { Status: 'unsubscribe', Track: `t${index}` });
      expect(answer.status).toBe(202);
    }
    const tooMany = await subscribe(bob, { Status: 'unsubscribe', Track: 't19' });
    expect(tooMany).toMatchObject({ status: 400, json: { code: 53215 } });
    expect((await subscribe(bob, { Status: 'subscribe', Track: 't0' })).status).toBe(202);
  });
});

describe('Recording rules', () => {
  const PATH = '/v1/Rooms/room/RecordingRules';

  test('are none until they are set, and show what was set and when', async () => {
    const { sid } = await rooms().create({ uniqueName: 'room' });
    expect((await rawRequest(server.url, PATH)).json).toEqual({
      room_sid: sid,
      date_created: null,
      date_updated: null,
      rules: [],
    });
    server.clock.advance(2000);
    const rules = [
      { type: 'include', all: true },
      { type: 'exclude', publisher: 'alice', kind: 'video' },
    ];
    const answer = await postForm(server.url, PATH, { Rules: JSON.stringify(rules) });
    expect(answer).toMatchObject({ status: 200 });
    const set = { room_sid: sid, date_created: server.now, date_updated: server.now, rules };
    expect(answer.json).toEqual(set);
    expect((await rawRequest(server.url, `/v1/Rooms/${sid}/RecordingRules`)).json).toEqual(set);
    expect((await rooms()('room').recordingRules.fetch()).rules).toEqual(rules);
  });

  test('include everything in a room that is recorded from the start', async () => {
    await rooms().create({ uniqueName: 'room', recordParticipantsOnConnect: true });
    expect((await rooms()('room').recordingRules.fetch()).rules).toEqual([{ type: 'include', all: true }]);
  });

  test('tell the participants of a running call whether they are recorded', async () => {
    const alice = await server.join('alice', 'room', { tracks: [track('mic')] });
    const isRecording = (wanted: boolean) =>
      alice.until(`recording: ${wanted}`, ({ recording }) => recording?.is_recording === wanted);
    await rooms()('room').recordingRules.update({ rules: [{ type: 'include', kind: 'audio' }] });
    await isRecording(true);
    await rooms()('room').recordingRules.update({ rules: [{ type: 'exclude', all: true }] });
    await isRecording(false);
  });

  test.each([...WRONG, ['a rule about data', '[{"type":"include","kind":"data"}]'] as const])(
    'stay as they are when they are replaced by %s',
    async (_what, rules) => {
      await rooms().create({ uniqueName: 'room' });
      const before = (await rawRequest(server.url, PATH)).json;
      const answer = await postForm(server.url, PATH, rules === undefined ? '' : { Rules: rules });
      expect(answer).toMatchObject({ status: 400, json: { code: 53120, status: 400 } });
      expect((await rawRequest(server.url, PATH)).json).toEqual(before);
    },
  );

  test('of an ended room can be read and not be set', async () => {
    const { sid } = await rooms().create({ uniqueName: 'room' });
    const rules = [{ type: 'include', kind: 'audio' }];
    await rooms()('room').recordingRules.update({ rules });
    await rooms()('room').update({ status: 'completed' });
    expect((await rooms()(sid).recordingRules.fetch()).rules).toEqual(rules);
    await expect(rooms()(sid).recordingRules.update({ rules })).rejects.toMatchObject({
      code: 53118,
      status: 400,
    });
    await expect(rooms()('room').recordingRules.fetch()).rejects.toMatchObject({ code: 20404 });
  });
});

describe('Rooms whose media go from peer to peer', () => {
  test.each(['peer-to-peer', 'go'] as const)('have no rules: %s', async (type) => {
    await rooms().create({ uniqueName: 'room', type });
    await server.join('alice', 'room');
    const rules = [{ type: 'include', all: true }];
    const subscribing = { code: 53117, status: 400 };
    const recording = { code: 53122, status: 400 };
    await expect(rulesOf('alice').fetch()).rejects.toMatchObject(subscribing);
    await expect(rulesOf('alice').update({ rules })).rejects.toMatchObject(subscribing);
    await expect(rooms()('room').recordingRules.fetch()).rejects.toMatchObject(recording);
    await expect(rooms()('room').recordingRules.update({ rules })).rejects.toMatchObject(recording);
    const path = '/v1/Rooms/room/Participants/alice/SubscribedTracks';
    const answer = await postForm(server.url, path, { Status: 'subscribe', Track: 'voice' });
    expect(answer.json).toMatchObject(subscribing);
  });
});
