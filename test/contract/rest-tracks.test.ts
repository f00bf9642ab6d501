import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { offered } from '../support/offers.js';
import { rawRequest } from '../support/raw-http.js';
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

const participant = (identity: string) => server.twilio.video.v1.rooms('room').participants(identity);
const pathOf = (client: SignalingClient, rest = ''): string =>
  `/v1/Rooms/${client.view.sid}/Participants/${client.view.ownSid}${rest}`;

const publisher = () => joinPublishing(server);

/** Bob, who publishes nothing and receives what there is. */
async function subscriber(): Promise<SignalingClient> {
  const bob = await joinSubscribing(server);
  await answerOffer(bob);
  expect(bob.view.subscribed.tracks.length).toBe(2);
  return bob;
}

describe('a published track', () => {
  test('has every field', async () => {
    const alice = await publisher();
    const sid = alice.view.publishedSid('cam')!;
    expect(sid).toMatch(/^MT[0-9a-f]{32}$/);
    const answer = await rawRequest(server.url, pathOf(alice, `/PublishedTracks/${sid}`));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      date_created: server.now,
      date_updated: server.now,
      enabled: false,
      kind: 'video',
      name: 'my face',
      participant_sid: alice.view.ownSid,
      room_sid: alice.view.sid,
      sid,
      url: server.url + pathOf(alice, `/PublishedTracks/${sid}`),
    });
  });

  test('is found by SID and by name', async () => {
    const alice = await publisher();
    const sid = alice.view.publishedSid('cam')!;
    expect((await participant('alice').publishedTracks('my face').fetch()).sid).toBe(sid);
    expect((await participant('alice').publishedTracks(sid).fetch()).name).toBe('my face');
    await expect(participant('alice').publishedTracks('cam').fetch()).rejects.toMatchObject({ code: 20404 });
  });

  test('shows when it was muted, and when that was', async () => {
    const alice = await publisher();
    const created = server.now;
    server.clock.advance(4000);
    alice.announce([
      track('mic', { name: 'voice', enabled: false }),
      track('cam', { kind: 'video', name: 'my face' }),
    ]);
    await server.settled(alice);
    const answer = await rawRequest(server.url, pathOf(alice, '/PublishedTracks/voice'));
    expect(answer.json).toMatchObject({ enabled: false, date_created: created, date_updated: server.now });
    expect((await participant('alice').publishedTracks('my face').fetch()).enabled).toBe(true);
  });

  test('of another participant, or of nobody, is not found', async () => {
    const alice = await publisher();
    await server.join('carol', 'room');
    const sid = alice.view.publishedSid('mic')!;
    await expect(participant('carol').publishedTracks(sid).fetch()).rejects.toMatchObject({ code: 20404 });
    await expect(participant('nobody').publishedTracks(sid).fetch()).rejects.toMatchObject({ code: 20404 });
    await expect(participant('nobody').publishedTracks.list()).rejects.toMatchObject({ code: 20404 });
  });
});

describe('the list of published tracks', () => {
  test('has the tracks of now, of all kinds', async () => {
    const alice = await server.join('alice', 'room', {
      tracks: [track('a'), track('v', { kind: 'video' }), track('d', { kind: 'data' })],
    });
    const answer = await rawRequest(server.url, pathOf(alice, '/PublishedTracks'));
    expect(answer.json).toMatchObject({ meta: { key: 'published_tracks', page: 0, next_page_url: null } });
    const kinds = async () =>
      (await participant('alice').publishedTracks.list())
        .map(({ name, kind }) => `${name}:${kind}`)
        .toSorted();
    expect(await kinds()).toEqual(['a:audio', 'd:data', 'v:video']);
    alice.announce([track('d', { kind: 'data' })]);
    await server.settled(alice);
    expect(await kinds()).toEqual(['d:data']);
  });

  test('does not have tracks that could not be published', async () => {
    await server.join('alice', 'room', { tracks: [track('1', { name: 'x' }), track('2', { name: 'x' })] });
    expect((await participant('alice').publishedTracks.list()).map(({ name }) => name)).toEqual(['x']);
  });

  test('goes on over more than a page', async () => {
    const tracks = Array.from({ length: 60 }, (_, index) => track(`track-${index}`, { kind: 'data' }));
    await server.join('alice', 'room', { tracks });
    const all = await participant('alice').publishedTracks.list({ pageSize: 25 });
    expect(all.map(({ name }) => name).toSorted()).toEqual(tracks.map(({ id }) => id).toSorted());
  });

  test('is empty once the participant has left, and once the room has ended', async () => {
    const { sid } = await server.twilio.video.v1.rooms.create({ uniqueName: 'room' });
    const alice = await publisher();
    const trackSid = alice.view.publishedSid('mic')!;
    alice.bye();
    await alice.closed;
    const left = server.twilio.video.v1.rooms(sid).participants(alice.view.ownSid!);
    expect(await left.publishedTracks.list()).toEqual([]);
    await expect(left.publishedTracks(trackSid).fetch()).rejects.toMatchObject({ code: 20404 });
    await server.twilio.video.v1.rooms(sid).update({ status: 'completed' });
    expect(await left.publishedTracks.list()).toEqual([]);
    expect(await left.subscribedTracks.list()).toEqual([]);
  });
});

describe('a subscribed track', () => {
  test('has every field, with the subscriber and the publisher', async () => {
    const alice = await publisher();
    const bob = await subscriber();
    const sid = alice.view.publishedSid('cam')!;
    const answer = await rawRequest(server.url, pathOf(bob, `/SubscribedTracks/${sid}`));
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      date_created: server.now,
      date_updated: server.now,
      enabled: false,
      kind: 'video',
      name: 'my face',
      participant_sid: bob.view.ownSid,
      publisher_sid: alice.view.ownSid,
      room_sid: bob.view.sid,
      sid,
      url: server.url + pathOf(bob, `/SubscribedTracks/${sid}`),
    });
    const read = await participant('bob').subscribedTracks(sid).fetch();
    expect(read).toMatchObject({ sid, publisherSid: alice.view.ownSid, participantSid: bob.view.ownSid });
  });

  test('is found by SID only', async () => {
    await publisher();
    await subscriber();
    await expect(participant('bob').subscribedTracks('voice').fetch()).rejects.toMatchObject({ code: 20404 });
  });

  test('stands in the list of its subscriber, and not of its publisher', async () => {
    const alice = await publisher();
    const bob = await subscriber();
    const answer = await rawRequest(server.url, pathOf(bob, '/SubscribedTracks'));
    expect(answer.json).toMatchObject({ meta: { key: 'subscribed_tracks' } });
    const listed = await participant('bob').subscribedTracks.list();
    const published = ['mic', 'cam'].map((id) => alice.view.publishedSid(id));
    expect(listed.map(({ sid }) => sid).toSorted()).toEqual(published.toSorted());
    expect(await participant('alice').subscribedTracks.list()).toEqual([]);
  });

  test('leaves the list when it is unpublished', async () => {
    const alice = await publisher();
    const bob = await subscriber();
    alice.announce([track('mic', { name: 'voice' })]);
    await bob.until('one subscription', (view) => view.subscribed.tracks.length === 1);
    const listed = await participant('bob').subscribedTracks.list();
    expect(listed.map(({ sid }) => sid)).toEqual([alice.view.publishedSid('mic')]);
  });

  test('is no longer there once its subscriber has left', async () => {
    await server.twilio.video.v1.rooms.create({ uniqueName: 'room' });
    await publisher();
    const bob = await subscriber();
    bob.bye();
    await bob.closed;
    expect(await participant(bob.view.ownSid!).subscribedTracks.list()).toEqual([]);
  });

  test('is none of those who asked for no subscriptions when they connected', async () => {
    await publisher();
    const carol = await server.join('carol', 'room', {
      peerConnections: [offered('pc-carol', [{ mid: '0', kind: 'audio' }])],
      changes: { subscribe: { rules: [{ type: 'exclude', all: true }], revision: 0 } },
    });
    await subscriber();
    expect(await participant('carol').subscribedTracks.list()).toEqual([]);
    expect(carol.view.subscribed.tracks).toEqual([]);
  });
});
