import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import {
  MEDIA_REGIONS,
  ROOM_DEFAULTS,
  ROOM_TYPES,
  VIDEO_CODECS,
  checkIdentity,
  checkRoomName,
  resolveRoomOptions,
} from '../../src/rooms/options.js';
import type { RoomDefaults, RoomRequest, RoomType } from '../../src/rooms/options.js';
import { codeOf } from '../support/model.js';

const resolve = (request: RoomRequest, defaults: Partial<RoomDefaults> = {}) =>
  resolveRoomOptions(request, { ...ROOM_DEFAULTS, ...defaults });

describe('A room of which nothing is asked', () => {
  it("is Twilio's room of today", () => {
    expect(resolve({})).toEqual({
      type: 'group',
      uniqueName: null,
      maxParticipants: 50,
      maxParticipantDuration: 14_400,
      emptyRoomTimeout: 5,
      unusedRoomTimeout: 5,
      mediaRegion: 'us1',
      statusCallback: null,
      statusCallbackMethod: 'POST',
      recordParticipantsOnConnect: false,
      recordingRules: [],
      videoCodecs: ['VP8', 'H264'],
      audioOnly: false,
      largeRoom: false,
      maxPublishedTracks: 170,
    });
  });

  it("has what the account's settings say", () => {
    const defaults: Partial<RoomDefaults> = {
      type: 'group-small',
      maxParticipants: 3,
      maxParticipantDuration: 600,
      emptyRoomTimeout: 1,
      unusedRoomTimeout: 60,
      mediaRegion: 'de1',
      statusCallback: 'https://example.com/hook',
      statusCallbackMethod: 'GET',
      recordParticipantsOnConnect: true,
    };
    expect(resolve({}, defaults)).toMatchObject(defaults);
  });
});

describe('What is asked of a room', () => {
  it("goes before the account's settings", () => {
    const request: RoomRequest = {
      type: 'group',
      uniqueName: 'standup',
      maxParticipants: 12,
      maxParticipantDuration: 86_400,
      emptyRoomTimeout: 60,
      unusedRoomTimeout: 1,
      mediaRegion: 'jp1',
      statusCallback: 'https://example.com/room',
      statusCallbackMethod: 'GET',
      recordParticipantsOnConnect: false,
      videoCodecs: ['H264'],
    };
    const defaults = { type: 'go', maxParticipants: 2, recordParticipantsOnConnect: true } as const;
    expect(resolve(request, defaults)).toMatchObject(request);
  });

  const faults: [string, ErrorCode, RoomRequest][] = [
    ['a name of 129 characters', 53101, { uniqueName: 'x'.repeat(129) }],
    ['a name with a control character', 53102, { uniqueName: 'a\u0000b' }],
    ['no participants', 53107, { maxParticipants: 0 }],
    ['half a participant', 53107, { maxParticipants: 1.5 }],
    ['more than 100 participants', 53107, { maxParticipants: 101 }],
    ['5 participants in a small group room', 53107, { type: 'group-small', maxParticipants: 5 }],
    ['11 participants in a peer-to-peer room', 53107, { type: 'peer-to-peer', maxParticipants: 11 }],
    ['3 participants in a Go room', 53107, { type: 'go', maxParticipants: 3 }],
    ['sessions of less than 10 minutes', 53123, { maxParticipantDuration: 599 }],
    ['sessions of more than a day', 53123, { maxParticipantDuration: 86_401 }],
    ['no empty timeout', 53109, { emptyRoomTimeout: 0 }],
    ['an empty timeout of more than an hour', 53109, { emptyRoomTimeout: 61 }],
    ['no unused timeout', 53109, { unusedRoomTimeout: 0 }],
    ['an unused timeout of more than an hour', 53109, { unusedRoomTimeout: 61 }],
    ['a recording from peer to peer', 53122, { type: 'peer-to-peer', recordParticipantsOnConnect: true }],
    ['recording rules in a Go room', 53122, { type: 'go', recordingRules: [{ type: 'include', all: true }] }],
    ['only sound from peer to peer', 53124, { type: 'peer-to-peer', audioOnly: true }],
    ['a media region in a Go room', 53114, { type: 'go', mediaRegion: 'us1' }],
    ['a large room from peer to peer', 53114, { type: 'peer-to-peer', largeRoom: true }],
    ['a large small group room', 53114, { type: 'group-small', largeRoom: true }],
  ];
  it.each(faults)('cannot be %s: %i', (_fault, code, request) => {
    expect(codeOf(() => resolve(request))).toBe(code);
  });

  it('may go to the very limits', () => {
    for (const request of [
      { uniqueName: 'x'.repeat(128) },
      { maxParticipants: 1 },
      { maxParticipants: 100 },
      { maxParticipantDuration: 600 },
      { maxParticipantDuration: 86_400 },
      { emptyRoomTimeout: 1, unusedRoomTimeout: 60 },
    ])
      expect(resolve(request)).toMatchObject(request);
  });
});

describe('The size of a room', () => {
  it.each([
    ['group', 50],
    ['group-small', 4],
    ['peer-to-peer', 10],
    ['go', 2],
  ] as const)('of type %s is %i participants', (type, most) => {
    expect(resolve({ type }).maxParticipants).toBe(most);
  });

  it("by the account's settings never goes beyond what the type allows", () => {
    expect(resolve({ type: 'go' }, { maxParticipants: 30 }).maxParticipants).toBe(2);
    expect(resolve({ type: 'group' }, { maxParticipants: 30 }).maxParticipants).toBe(30);
  });

  it('of more than 50 makes a large room, which takes fewer tracks', () => {
    expect(resolve({ maxParticipants: 50 })).toMatchObject({ largeRoom: false, maxPublishedTracks: 170 });
    expect(resolve({ maxParticipants: 51 })).toMatchObject({ largeRoom: true, maxPublishedTracks: 16 });
    expect(resolve({ largeRoom: true })).toMatchObject({ largeRoom: true, maxParticipants: 100 });
  });
});

describe('A room whose media goes from peer to peer', () => {
  it.each(['peer-to-peer', 'go'] as const)(
    '(%s) has no region, no recording and no limit of tracks',
    (type) => {
      expect(resolve({ type }, { recordParticipantsOnConnect: true })).toMatchObject({
        mediaRegion: null,
        recordParticipantsOnConnect: false,
        recordingRules: [],
        maxPublishedTracks: null,
      });
    },
  );
});

describe('The recording rules of a new room', () => {
  it('include everything when participants are recorded on connect', () => {
    expect(resolve({ recordParticipantsOnConnect: true }).recordingRules).toEqual([
      { type: 'include', all: true },
    ]);
  });

  it('are those that were asked for, whatever else is asked', () => {
    const recordingRules = [{ type: 'include', kind: 'audio' }] as const;
    expect(
      resolve({ recordParticipantsOnConnect: true, recordingRules: [...recordingRules] }).recordingRules,
    ).toEqual(recordingRules);
  });
});

describe('A room for sound only', () => {
  it('has no video codecs', () => {
    expect(resolve({ audioOnly: true, videoCodecs: ['VP8'] })).toMatchObject({
      audioOnly: true,
      videoCodecs: [],
    });
  });
});

describe('Whatever is asked of a room', () => {
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const requests: fc.Arbitrary<RoomRequest> = fc.record({
    type: optional(fc.constantFrom<RoomType>(...ROOM_TYPES)),
    uniqueName: optional(fc.string({ maxLength: 140, minLength: 1, unit: 'binary' })),
    maxParticipants: optional(fc.integer({ min: -1, max: 110 })),
    maxParticipantDuration: optional(fc.integer({ min: 500, max: 87_000 })),
    emptyRoomTimeout: optional(fc.integer({ min: -1, max: 62 })),
    unusedRoomTimeout: optional(fc.integer({ min: -1, max: 62 })),
    mediaRegion: optional(fc.constantFrom(...MEDIA_REGIONS)),
    recordParticipantsOnConnect: optional(fc.boolean()),
    videoCodecs: optional(fc.subarray([...VIDEO_CODECS])),
    audioOnly: optional(fc.boolean()),
    largeRoom: optional(fc.boolean()),
  });

  it('is refused with a code, or granted within the limits', () => {
    fc.assert(
      fc.property(requests, (request) => {
        if (codeOf(() => resolve(request)) !== null) return;
        const options = resolve(request);
        expect(options.maxParticipants).toBeGreaterThanOrEqual(1);
        expect(options.maxParticipants).toBeLessThanOrEqual(
          { group: 100, 'group-small': 4, 'peer-to-peer': 10, go: 2 }[options.type],
        );
        expect(options.largeRoom).toBe(request.largeRoom === true || options.maxParticipants > 50);
        for (const timeout of [options.emptyRoomTimeout, options.unusedRoomTimeout]) {
          expect(timeout).toBeGreaterThanOrEqual(1);
          expect(timeout).toBeLessThanOrEqual(60);
        }
        for (const [name, value] of Object.entries(request)) {
          if (value === undefined || (name === 'videoCodecs' && options.audioOnly)) continue;
          if (name !== 'largeRoom') expect(options).toHaveProperty(name, value);
        }
      }),
    );
  });
});

describe('A name', () => {
  it('may have any characters but control characters, 128 at most', () => {
    for (const check of [checkRoomName, checkIdentity]) {
      for (const name of ['x', 'Größe 😀', 'a/b?c#d%20', '../..', 'x'.repeat(128)])
        expect(codeOf(() => check(name))).toBeNull();
    }
    expect(codeOf(() => checkRoomName('x'.repeat(129)))).toBe(53101);
    expect(codeOf(() => checkRoomName('a\u007f'))).toBe(53102);
    expect(codeOf(() => checkIdentity('x'.repeat(129)))).toBe(53201);
    expect(codeOf(() => checkIdentity('a\tb'))).toBe(53202);
    expect(codeOf(() => checkIdentity(''))).toBe(53200);
  });
});
