import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Bystanders } from '../support/bystanders.js';
import { offerSdp, offered } from '../support/offers.js';
import { track } from '../support/rsp.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;
let bystanders: Bystanders;

beforeAll(async () => {
  server = await TestServer.start();
  bystanders = await Bystanders.join(server);
});
afterEach(async () => {
  await bystanders.undisturbed();
  await server.tidy();
});
afterAll(() => server.stop());

const GOOD = offerSdp([
  { mid: '0', kind: 'audio', trackId: 'mic', ssrc: 5 },
  { mid: '1', kind: 'video' },
]);

const UNUSABLE: [string, string][] = [
  ['nothing', ''],
  ['a word', 'offer'],
  ['JSON', '{"type":"offer"}'],
  ['a page', '<html></html>'],
  ['only its first line', 'v=0'],
  ['its first line, over and over', 'v=0\r\n'.repeat(50_000)],
  ['no sections', 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n'],
  ['another version', GOOD.replace('v=0', 'v=1')],
  ['no user name fragment', GOOD.replaceAll('a=ice-ufrag:abcd\r\n', '')],
  ['no fingerprint', GOOD.replaceAll(/a=fingerprint:.*\r\n/g, '')],
  ['a fingerprint of an unknown kind', GOOD.replaceAll('sha-256', 'md5')],
  ['a fingerprint that is none', GOOD.replaceAll(/sha-256 .*\r\n/g, 'sha-256 secret\r\n')],
  ['sections without mid', GOOD.replaceAll(/a=mid:.*\r\n/g, '')],
  ['sections of the same mid', GOOD.replace('a=mid:1', 'a=mid:0')],
  ['a mid with odd characters', GOOD.replace('a=mid:1', 'a=mid:<script>')],
  ['a very long mid', GOOD.replace('a=mid:1', `a=mid:${'x'.repeat(10_000)}`)],
  ['a section for images', GOOD.replace('m=video', 'm=image')],
  ['a section of no kind', GOOD.replace('m=video', 'm=')],
  [
    'binary noise',
    Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 256)).toString('latin1'),
  ],
  [
    'thousands of sections',
    offerSdp(Array.from({ length: 3000 }, (_, index) => ({ mid: `${index}`, kind: 'application' }))),
  ],
];

describe.each(UNUSABLE)('a description with %s', (_what, sdp) => {
  test('refuses the connect with 53403, and leaves no room behind', async () => {
    const client = await server.open();
    const token = await server.token('mallory');
    const peerConnections = [offered('pc', sdp)];
    client.hello(client.connectMessage({ token, name: 'room', peerConnections }));
    expect(await client.next('error')).toMatchObject({ code: 53403, message: expect.any(String) as string });
    expect(server.atrium.rooms.all.map(({ name }) => name)).toEqual(['bystanders']);
  });

  test('in an update ends the session with 53403', async () => {
    const watcher = await server.join('watcher', 'room');
    const client = await server.join('mallory', 'room', { peerConnections: [offered('pc', GOOD)] });
    await watcher.until('it to be there', (view) => view.others.includes('mallory'));
    client.update({ peer_connections: [offered('pc', sdp, 10)] });
    expect(await client.next('error')).toMatchObject({ code: 53403 });
    await client.closed;
    await watcher.until('it to be gone', (view) => view.participant('mallory')?.state === 'disconnected');
  });
});

test('a client whose description cannot be used is never seen by the others', async () => {
  const watcher = await server.join('watcher', 'room');
  const client = await server.open();
  const token = await server.token('mallory');
  const peerConnections = [offered('pc', GOOD), offered('pc-2', 'garbage')];
  client.hello(client.connectMessage({ token, name: 'room', peerConnections }));
  expect(await client.next('error')).toMatchObject({ code: 53403 });
  await server.settled(watcher);
  expect(watcher.view.participants.size).toBe(0);
});

describe('a description that only mediasoup can refuse', () => {
  const twoSections = [
    { mid: '0', kind: 'audio', trackId: 'a', ssrc: 77 },
    { mid: '1', kind: 'audio', trackId: 'b', ssrc: 77 },
  ] as const;
  test.each([
    ['one SSRC in two sections', offerSdp(twoSections)],
    ['more channels than Opus has', GOOD.replace('opus/48000/2', 'opus/48000/99')],
    ['a fingerprint whose type is a number', GOOD.replaceAll('fingerprint:sha-256', 'fingerprint:256')],
    ['an SSRC that is none', offerSdp(twoSections).replaceAll('77', '99999999999')],
  ])('is refused with 53403: %s', async (_what, sdp) => {
    const client = await server.open();
    client.hello(
      client.connectMessage({
        token: await server.token('mallory'),
        name: 'room',
        peerConnections: [offered('pc', sdp)],
      }),
    );
    expect(await client.next('error')).toMatchObject({ code: 53403 });
  });
});

describe('a later description', () => {
  test.each([
    ['fewer sections', offerSdp([{ mid: '0', kind: 'audio' }])],
    [
      'the sections in another order',
      offerSdp([
        { mid: '1', kind: 'video' },
        { mid: '0', kind: 'audio' },
      ]),
    ],
    [
      'a section of another kind',
      offerSdp([
        { mid: '0', kind: 'video' },
        { mid: '1', kind: 'video' },
      ]),
    ],
  ])('with %s ends the session with 53403', async (_what, sdp) => {
    const client = await server.join('mallory', 'room', { peerConnections: [offered('pc', GOOD)] });
    client.update({ peer_connections: [offered('pc', sdp, 10)] });
    expect(await client.next('error')).toMatchObject({ code: 53403 });
  });

  test.each([
    [
      'of a peer connection that does not exist',
      { id: 'other', description: { type: 'offer', revision: 10, sdp: 'x' } },
    ],
    ['whose number is old', { id: 'pc', description: { type: 'offer', revision: 1, sdp: 'x' } }],
    ['that answers nothing', { id: 'pc', description: { type: 'answer', revision: 99, sdp: 'x' } }],
    ['that only a server would send', { id: 'pc', description: { type: 'create-offer', revision: 9 } }],
    ['that is provisional', { id: 'pc', description: { type: 'pranswer', revision: 9, sdp: 'x' } }],
    ['that is missing', { id: 'pc' }],
    ['beside candidates out of all order', { id: 'pc', ice: { candidates: 'all', ufrag: 7, revision: -1 } }],
  ])('%s is passed over', async (_what, state) => {
    const client = await server.join('mallory', 'room', { peerConnections: [offered('pc', GOOD)] });
    client.update({ peer_connections: [state] });
    client.announce([track('mic')]);
    await client.until('the track', (view) => view.publishedSid('mic'));
    await server.settled(client);
    expect(client.messages.map(({ type }) => type)).not.toContain('error');
  });

  test('that answers with other sections than were offered ends the session with 53403', async () => {
    await server.join('alice', 'room', {
      tracks: [track('mic')],
      peerConnections: [offered('pc-a', [{ mid: '0', kind: 'audio', trackId: 'mic', ssrc: 9 }])],
    });
    const client = await server.join('mallory', 'room', {
      peerConnections: [offered('pc', [{ mid: '0', kind: 'audio' }])],
    });
    const { peer_connections: states } = await client.next('update');
    const { revision } = states![0]!.description!;
    const sdp = offerSdp([{ mid: '0', kind: 'audio' }]);
    client.update({ peer_connections: [{ id: 'pc', description: { type: 'answer', revision, sdp } }] });
    expect(await client.next('error')).toMatchObject({ code: 53403 });
  });

  test('that closes the connection leaves the session as it is', async () => {
    const client = await server.join('mallory', 'room', { peerConnections: [offered('pc', GOOD)] });
    client.update({ peer_connections: [{ id: 'pc', description: { type: 'close', revision: 2 } }] });
    client.announce([track('mic')]);
    await client.until('the track', (view) => view.publishedSid('mic'));
  });
});

test('a description with hundreds of sections is answered', async () => {
  const sections = Array.from({ length: 500 }, (_, index) => ({ mid: `${index}`, kind: 'audio' }) as const);
  const client = await server.join('mallory', 'room', { peerConnections: [offered('pc', sections)] });
  const { sdp } = client.messages[0]!.peer_connections![0]!.description!;
  expect(sdp!.split('\r\nm=').length - 1).toBe(500);
});
