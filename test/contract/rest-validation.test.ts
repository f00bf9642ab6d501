import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { postForm, rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const rule = (rules: unknown) => ({ RecordingRules: JSON.stringify(rules) });

describe('creating a room is refused', () => {
  test.each<[number, string, Record<string, string>]>([
    [53101, 'a name of 129 characters', { UniqueName: 'n'.repeat(129) }],
    [53102, 'a line break in the name', { UniqueName: 'a\nb' }],
    [53102, 'a NUL in the name', { UniqueName: 'a\u0000b' }],
    [53107, 'no participants', { MaxParticipants: '0' }],
    [53107, 'a negative number of participants', { MaxParticipants: '-1' }],
    [53107, 'more participants than a large room takes', { MaxParticipants: '101' }],
    [53107, 'five participants in a small group', { Type: 'group-small', MaxParticipants: '5' }],
    [53107, 'eleven participants from peer to peer', { Type: 'peer-to-peer', MaxParticipants: '11' }],
    [53107, 'three participants in a Go room', { Type: 'go', MaxParticipants: '3' }],
    [53107, 'half a participant', { MaxParticipants: '2.5' }],
    [53107, 'participants in words', { MaxParticipants: 'many' }],
    [53107, 'participants without end', { MaxParticipants: '9'.repeat(400) }],
    [53108, 'an unknown type', { Type: 'party' }],
    [53108, 'a type in capitals', { Type: 'Group' }],
    [53109, 'an empty timeout of 0', { EmptyRoomTimeout: '0' }],
    [53109, 'an empty timeout of 61 minutes', { EmptyRoomTimeout: '61' }],
    [53109, 'an empty timeout in words', { EmptyRoomTimeout: 'never' }],
    [53109, 'an unused timeout of 0', { UnusedRoomTimeout: '0' }],
    [53109, 'an unused timeout of 61 minutes', { UnusedRoomTimeout: '61' }],
    [53110, 'a callback by PUT', { StatusCallbackMethod: 'PUT' }],
    [53110, 'a callback method in small letters', { StatusCallbackMethod: 'post' }],
    [53111, 'a callback that is no URL', { StatusCallback: 'here' }],
    [53111, 'a relative callback', { StatusCallback: '/hook' }],
    [53111, 'a callback that is not of the web', { StatusCallback: 'ftp://example.com/hook' }],
    [53111, 'a callback without a host', { StatusCallback: 'http:hook' }],
    [53111, 'a callback of two lines', { StatusCallback: 'http://example.com/hook\r\nX: y' }],
    [53111, 'a callback after spaces', { StatusCallback: '  http://example.com/hook' }],
    [53111, 'an endless callback', { StatusCallback: `http://example.com/${'x'.repeat(5000)}` }],
    [53114, 'a region for media from peer to peer', { Type: 'peer-to-peer', MediaRegion: 'us1' }],
    [53114, 'a region for the media of a Go room', { Type: 'go', MediaRegion: 'us1' }],
    [53114, 'a large room from peer to peer', { Type: 'peer-to-peer', LargeRoom: 'true' }],
    [53115, 'an unknown region', { MediaRegion: 'mars1' }],
    [53120, 'recording rules that are no JSON', { RecordingRules: 'all' }],
    [53120, 'an empty list of recording rules', rule([])],
    [53120, 'a recording rule that stands alone', rule({ type: 'include', all: true })],
    [53120, 'a recording rule without a filter', rule([{ type: 'include' }])],
    [53120, 'a recording rule of an unknown type', rule([{ type: 'maybe', all: true }])],
    [
      53120,
      'a recording rule with a filter beside "all"',
      rule([{ type: 'include', all: true, kind: 'audio' }]),
    ],
    [53120, 'the recording of data', rule([{ type: 'include', kind: 'data' }])],
    [53120, 'a recording rule with an unknown member', rule([{ type: 'include', all: true, x: 1 }])],
    [53120, '21 recording rules', rule(Array(21).fill({ type: 'include', all: true }))],
    [53122, 'recording from peer to peer', { Type: 'peer-to-peer', RecordParticipantsOnConnect: 'true' }],
    [53122, 'recording rules in a Go room', { Type: 'go', ...rule([{ type: 'include', all: true }]) }],
    [53123, 'less than ten minutes for a participant', { MaxParticipantDuration: '599' }],
    [53123, 'more than a day for a participant', { MaxParticipantDuration: '86401' }],
    [53123, 'a duration in words', { MaxParticipantDuration: 'long' }],
    [53124, 'audio only from peer to peer', { Type: 'peer-to-peer', AudioOnly: 'true' }],
    [53124, 'audio only in a Go room', { Type: 'go', AudioOnly: 'true' }],
    [20001, 'a boolean that is none', { AudioOnly: 'perhaps' }],
    [20001, 'an unknown codec', { VideoCodecs: 'MPEG2' }],
  ])('with %i for %s', async (code, _what, form) => {
    const answer = await postForm(server.url, '/v1/Rooms', form);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      code,
      status: 400,
      more_info: `https://www.twilio.com/docs/errors/${code}`,
      message: expect.stringMatching(/\S/) as string,
    });
    expect(server.atrium.rooms.all).toEqual([]);
  });
});

describe('creating a room is allowed at the very limits', () => {
  test.each<[string, Record<string, string>]>([
    ['one participant', { MaxParticipants: '1' }],
    ['100 participants', { MaxParticipants: '100' }],
    ['timeouts of a minute', { EmptyRoomTimeout: '1', UnusedRoomTimeout: '1' }],
    ['timeouts of an hour', { EmptyRoomTimeout: '60', UnusedRoomTimeout: '60' }],
    ['ten minutes for a participant', { MaxParticipantDuration: '600' }],
    ['a day for a participant', { MaxParticipantDuration: '86400' }],
    ['20 recording rules', rule(Array(20).fill({ type: 'include', kind: 'audio' }))],
    ['"all" as text in a recording rule', rule([{ type: 'include', all: 'true' }])],
    ['the region of the first participant', { MediaRegion: 'gll' }],
  ])('%s', async (_what, form) => {
    expect((await postForm(server.url, '/v1/Rooms', form)).status).toBe(201);
  });
});

test('the helper library raises what it is told', async () => {
  const creating = server.twilio.video.v1.rooms.create({ maxParticipants: 101 });
  await expect(creating).rejects.toMatchObject({
    name: 'Error',
    status: 400,
    code: 53107,
    moreInfo: 'https://www.twilio.com/docs/errors/53107',
    message: expect.stringContaining('MaxParticipants is out of range') as string,
  });
});

describe('a list of rooms is refused', () => {
  test.each<[number, string, string]>([
    [20007, 'pages of nothing', 'PageSize=0'],
    [20007, 'pages of less than nothing', 'PageSize=-5'],
    [20007, 'a page size in words', 'PageSize=all'],
    [20001, 'a page before the first', 'Page=-1'],
    [20001, 'a page in words', 'Page=two'],
    [20001, 'a date that is none', 'DateCreatedAfter=yesterday'],
    [53112, 'an unknown status', 'Status=open'],
    [21481, 'a page token out of thin air', 'PageToken=abc'],
    [21481, 'a page token of other JSON', `PageToken=PT${Buffer.from('{"a":1}').toString('base64url')}`],
    [21481, 'a page token without a place', `PageToken=PT${Buffer.from('["after"]').toString('base64url')}`],
    [21481, 'a page token that is only the beginning of one', 'PageToken=PT'],
  ])('with %i for %s', async (code, _what, query) => {
    const answer = await rawRequest(server.url, `/v1/Rooms?${query}`);
    expect(answer).toMatchObject({ status: 400, json: { code, status: 400 } });
  });
});

test('a list of participants is refused with 53209 for an unknown status', async () => {
  const { sid } = await server.twilio.video.v1.rooms.create();
  const answer = await rawRequest(server.url, `/v1/Rooms/${sid}/Participants?Status=away`);
  expect(answer).toMatchObject({ status: 400, json: { code: 53209 } });
});
