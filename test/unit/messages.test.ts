import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TwilioError } from '../../src/errors.js';
import type { TrackClaim } from '../../src/rooms/Participant.js';
import { EXCLUDE_ALL, INCLUDE_ALL } from '../../src/rooms/rules.js';
import { signalingLimitsSchema } from '../../src/signaling/limits.js';
import { parseClientMessage } from '../../src/signaling/messages.js';
import type { ClientMessage } from '../../src/signaling/messages.js';
import { codeOf } from '../support/model.js';

const limits = signalingLimitsSchema.parse({ maxTracksPerParticipant: 5, maxPeerConnections: 3 });
const parse = (body: unknown): ClientMessage => parseClientMessage(body, limits);

const OFFER = { id: 'pc-1', description: { type: 'offer', revision: 1, sdp: 'v=0' } };
const CONNECT = {
  type: 'connect',
  version: 2,
  token: 'a token',
  name: 'standup',
  format: 'unified',
  ice_servers: 'acquire',
  participant: { revision: 1, tracks: [] },
  peer_connections: [OFFER],
  publisher: { name: 'twilio-video.js', sdk_version: '2.36.0', user_agent: 'Chrome' },
  subscribe: { rules: [{ type: 'include', all: true }], revision: 1 },
};
const UPDATE = { type: 'update', version: 2, session: 'a session' };

function connect(changes: object = {}): ClientMessage & { type: 'connect' } {
  const message = parse({ ...CONNECT, ...changes });
  if (message.type !== 'connect') throw new Error('another message');
  return message;
}

function update(changes: object = {}): ClientMessage & { type: 'update' } {
  const message = parse({ ...UPDATE, ...changes });
  if (message.type !== 'update') throw new Error('another message');
  return message;
}

describe('A connect', () => {
  it('says who comes to which room and with what', () => {
    expect(connect()).toEqual({
      type: 'connect',
      token: 'a token',
      name: 'standup',
      participant: { revision: 1, tracks: [] },
      peerConnections: [OFFER],
      subscribeRules: INCLUDE_ALL,
      channels: [],
      bandwidthProfile: null,
    });
  });

  it.each([null, '', undefined])('to the name %j names no room', (name) => {
    expect(connect({ name }).name).toBeNull();
  });

  it.each([7, true, {}, ['standup']])('to the name %j is refused with 53100', (name) => {
    expect(codeOf(() => connect({ name }))).toBe(53100);
  });

  it('subscribes to everything or, without automatic subscription, to nothing', () => {
    expect(connect({ subscribe: undefined }).subscribeRules).toEqual(INCLUDE_ALL);
    const rules = [{ type: 'exclude', all: true }];
    expect(connect({ subscribe: { rules, revision: 1 } }).subscribeRules).toEqual(EXCLUDE_ALL);
  });

  it('asks for channels, of which those are heard that there are', () => {
    const transports = [{ type: 'data-channel' }];
    const media_signaling = {
      network_quality: { transports },
      telepathy: { transports },
      active_speaker: {},
    };
    expect(connect({ media_signaling }).channels).toEqual(['active_speaker', 'network_quality']);
  });

  it('asks for a bandwidth profile', () => {
    const video = {
      mode: 'collaboration',
      max_tracks: 4,
      max_subscription_bandwidth: 2_400_000,
      active_speaker_priority: 'high',
      track_switch_off: 'predicted',
      render_dimensions: { high: { width: 1280, height: 720 } },
    };
    expect(connect({ bandwidth_profile: { video } }).bandwidthProfile).toEqual({
      mode: 'collaboration',
      maxTracks: 4,
      maxSubscriptionBitrate: 2_400_000,
      dominantSpeakerPriority: 'high',
      trackSwitchOff: 'predicted',
      renderDimensions: { high: { width: 1280, height: 720 } },
    });
    expect(connect({ bandwidth_profile: {} }).bandwidthProfile).toEqual({});
    expect(connect({ bandwidth_profile: null }).bandwidthProfile).toBeNull();
  });

  it.each([
    ['an unknown mode', { mode: 'panorama' }],
    ['half a track', { max_tracks: 0.5 }],
    ['an unknown priority', { active_speaker_priority: 'urgent' }],
    ['an unknown way to switch off', { track_switch_off: 'never' }],
    ['fewer tracks than none', { max_tracks: -1 }],
    ['a picture of less than nothing', { render_dimensions: { low: { width: -1, height: 10 } } }],
  ])('is refused with 53208 for a bandwidth profile with %s', (_fault, video) => {
    expect(codeOf(() => connect({ bandwidth_profile: { video } }))).toBe(53208);
  });
});

describe('The list of tracks', () => {
  const claimOf = (entry: object): TrackClaim =>
    connect({ participant: { revision: 1, tracks: [entry] } }).participant.tracks[0]!;

  it('says of each track what the others are to know', () => {
    const entry = { id: 'id-1', kind: 'video', name: 'camera', enabled: false, priority: 'high' };
    expect(claimOf({ ...entry, audio_processor: null })).toEqual({
      clientId: 'id-1',
      kind: 'video',
      name: 'camera',
      enabled: false,
      priority: 'high',
    });
  });

  it('may leave out what goes without saying', () => {
    const usual = { clientId: 'id-1', kind: 'audio', name: 'id-1', enabled: true, priority: 'standard' };
    expect(claimOf({ id: 'id-1', kind: 'audio' })).toEqual(usual);
    expect(claimOf({ id: 'id-1', kind: 'audio', name: null, priority: null })).toEqual(usual);
  });

  it.each([
    ['an empty name', 53301, { name: '' }],
    ['a name that is no text', 53301, { name: 7 }],
    ['no kind', 53300, { kind: undefined }],
    ['an unknown kind', 53300, { kind: 'screen' }],
    ['an unknown priority', 53300, { priority: 'urgent' }],
    ['a muting that is neither true nor false', 53300, { enabled: 'no' }],
    ['an unknown kind and an empty name', 53300, { kind: 'screen', name: '' }],
  ])('may hold a track with %s: %i for this track alone', (_fault, code, changes) => {
    expect(claimOf({ id: 'id-1', kind: 'audio', name: 'mic', enabled: true, ...changes })).toEqual({
      clientId: 'id-1',
      error: new TwilioError(code as 53300),
    });
  });

  it.each([
    ['a track without an id', [{ kind: 'audio' }]],
    ['a track with an empty id', [{ id: '', kind: 'audio' }]],
    ['a track whose id is no text', [{ id: 7, kind: 'audio' }]],
    ['a track that is a text', ['mic']],
    ['no list', 'mic'],
  ])('is refused with 53004 for %s', (_fault, tracks) => {
    expect(codeOf(() => connect({ participant: { revision: 1, tracks } }))).toBe(53004);
    expect(codeOf(() => update({ participant: { revision: 2, tracks } }))).toBe(53004);
  });

  it('is refused with 53203 when it is longer than allowed', () => {
    const tracks = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ id: `t${index}`, kind: 'audio' }));
    expect(connect({ participant: { revision: 1, tracks: tracks(5) } }).participant.tracks).toHaveLength(5);
    expect(codeOf(() => connect({ participant: { revision: 1, tracks: tracks(6) } }))).toBe(53203);
    expect(codeOf(() => update({ participant: { revision: 1, tracks: tracks(6) } }))).toBe(53203);
  });
});

describe('What is said of peer connections', () => {
  const said = (state: unknown) => update({ peer_connections: [state] }).peerConnections[0];

  it.each([
    ['an offer', { type: 'offer', revision: 1, sdp: 'v=0' }],
    ['an answer', { type: 'answer', revision: 2, sdp: 'v=0' }],
    ['a request for an offer', { type: 'create-offer', revision: 1 }],
    ['a numbered end', { type: 'close', revision: 3 }],
    ['an end', { type: 'close' }],
  ])('may be %s', (_what, description) => {
    expect(said({ id: 'pc-1', description })).toEqual({ id: 'pc-1', description });
  });

  it('may be candidates, or nothing but that it lives', () => {
    const ice = { ufrag: 'abcd', revision: 1, candidates: [{ candidate: 'candidate:1' }], complete: true };
    expect(said({ id: 'pc-1', ice })).toEqual({ id: 'pc-1', ice });
    expect(said({ id: 'pc-1', ice: { ufrag: 'abcd', revision: 1 } })).toMatchObject({
      ice: { candidates: [] },
    });
    expect(said({ id: 'pc-1' })).toEqual({ id: 'pc-1' });
  });

  it('may be no candidates in which things are nested: they are passed over', () => {
    let nested: unknown = 'candidate:1';
    for (let depth = 0; depth < 20_000; depth++) nested = [nested];
    const ice = { ufrag: 'abcd', revision: 1, candidates: [nested] };
    expect(said({ id: 'pc-1', ice })).toEqual({ id: 'pc-1' });
  });

  it('may be candidates of which the client does not yet know the ufrag: they are passed over', () => {
    expect(said({ ...OFFER, ice: { candidates: [], revision: 1 } })).toMatchObject(OFFER);
    expect(said({ id: 'pc-1', ice: { candidates: [], revision: 1 } })?.ice).toBeUndefined();
  });

  it.each([
    ['no id', { description: OFFER.description }],
    ['an empty id', { ...OFFER, id: '' }],
    ['an id that is too long', { ...OFFER, id: 'x'.repeat(129) }],
    ['an offer without a number', { id: 'pc-1', description: { type: 'offer', sdp: 'v=0' } }],
    ['an offer numbered below 0', { id: 'pc-1', description: { type: 'offer', revision: -1, sdp: 'v=0' } }],
    ['an offer without a description', { id: 'pc-1', description: { type: 'offer', revision: 1 } }],
    ['another kind of description', { id: 'pc-1', description: { type: 'rollback', revision: 1 } }],
  ])('is refused with 53004 for %s', (_fault, state) => {
    expect(codeOf(() => said(state))).toBe(53004);
  });

  it('is refused with 53004 when it is of more than allowed', () => {
    const states = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `pc-${index}` }));
    expect(update({ peer_connections: states(3) }).peerConnections).toHaveLength(3);
    expect(codeOf(() => update({ peer_connections: states(4) }))).toBe(53004);
  });
});

describe('An update', () => {
  it('may say anything or nothing', () => {
    expect(update()).toEqual({
      type: 'update',
      session: 'a session',
      participant: undefined,
      peerConnections: [],
    });
    expect(update({ participant: { revision: 3, tracks: [] } }).participant).toEqual({
      revision: 3,
      tracks: [],
    });
  });

  it('tells a bandwidth profile that is taken back from one that is not spoken of', () => {
    expect(update()).not.toHaveProperty('bandwidthProfile');
    expect(update({ bandwidth_profile: null })).toHaveProperty('bandwidthProfile', null);
    expect(update({ bandwidth_profile: { video: { mode: 'grid' } } }).bandwidthProfile).toEqual({
      mode: 'grid',
    });
    expect(codeOf(() => update({ bandwidth_profile: { video: { mode: 'panorama' } } }))).toBe(53208);
  });
});

describe('The other messages', () => {
  it('are read: ice, sync and disconnect', () => {
    expect(parse({ type: 'ice', version: 1, edge: 'roaming', token: 'a token' })).toMatchObject({
      type: 'ice',
      token: 'a token',
      preflight: false,
    });
    // As the SDK's preflight test says it: without a version.
    expect(parse({ type: 'ice', edge: 'roaming', token: 'a token', preflight: true })).toMatchObject({
      preflight: true,
    });
    expect(parse({ ...CONNECT, type: 'sync', session: 'a session' })).toMatchObject({
      type: 'sync',
      session: 'a session',
      token: 'a token',
      participant: { revision: 1, tracks: [] },
      peerConnections: [OFFER],
    });
    expect(parse({ type: 'disconnect', version: 2, session: 'a session' })).toMatchObject({
      type: 'disconnect',
      session: 'a session',
    });
  });

  it.each([
    ['no object', 'connect'],
    ['null', null],
    ['nothing', undefined],
    ['a list', []],
    ['a message without a type', { version: 2 }],
    ['a message of an unknown type', { type: 'hello', version: 2 }],
    ['a connect of another version', { ...CONNECT, version: 1 }],
    ['a connect without a token', { ...CONNECT, token: undefined }],
    ['a connect without a participant', { ...CONNECT, participant: undefined }],
    ['a sync without a session', { ...CONNECT, type: 'sync' }],
    ['an ice of another version', { type: 'ice', version: 2, token: 'a token' }],
    ['an ice without a token', { type: 'ice', version: 1 }],
  ])('are not %s: 53004', (_what, body) => {
    expect(codeOf(() => parse(body))).toBe(53004);
  });
});

describe('Whatever a client says', () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const members = {
    type: fc.constantFrom('ice', 'connect', 'sync', 'update', 'disconnect', '__proto__'),
    version: fc.constantFrom(1, 2, '2'),
    token: fc.oneof(fc.string(), json),
    session: fc.oneof(fc.string(), json),
    name: json,
    participant: fc.oneof(
      json,
      fc.record({
        revision: fc.integer(),
        tracks: fc.oneof(json, fc.array(fc.record({ id: fc.string(), kind: json, name: json }))),
      }),
    ),
    peer_connections: fc.oneof(json, fc.array(fc.record({ id: fc.string(), description: json, ice: json }))),
    subscribe: json,
    media_signaling: json,
    bandwidth_profile: json,
  };

  it('is read, or refused with a TwilioError and nothing else', () => {
    const messages = fc.oneof(json, fc.record(members, { requiredKeys: ['type', 'version'] }));
    fc.assert(
      fc.property(messages, (body) => {
        const code = codeOf(() => parse(body));
        expect(code === null || [53004, 53100, 53203, 53208].includes(code)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
