import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { TestServer } from '../support/test-server.js';
import { answerOffer, joinPublishing, joinSubscribing } from '../support/tracks-of-clients.js';

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), 'python/every_method.py');
/** Debian's own: its package python3-twilio is for this one. */
const PYTHON = '/usr/bin/python3';
const PATIENCE = 120_000;
const { accountSid, authToken } = DEV_CREDENTIALS;

/** What a call of the library gave: a value, an error of the API's, or an answer that it could not read. */
interface Outcome {
  call: string;
  value?: unknown;
  error?: { code: number; status: number };
  broken?: string;
}

let server: TestServer;
const outcomes = new Map<string, Outcome>();

beforeAll(async () => {
  server = await TestServer.start({ stunUrls: ['stun:192.0.2.1:3478'] });
  await server.twilio.video.v1.rooms.create({ uniqueName: 'room' });
  await joinPublishing(server);
  const bob = await joinSubscribing(server);
  await answerOffer(bob);
  const env = {
    PATH: process.env['PATH'],
    ATRIUM_URL: server.url,
    ATRIUM_ACCOUNT_SID: accountSid,
    ATRIUM_AUTH_TOKEN: authToken,
    ATRIUM_ROOM: 'room',
  };
  const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT], { env, timeout: PATIENCE });
  for (const line of stdout.trim().split('\n')) {
    const outcome = JSON.parse(line) as Outcome;
    outcomes.set(outcome.call, outcome);
  }
}, PATIENCE);
afterAll(() => server.stop());

const date = { date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/) as string };
const notFound = { code: 20404, status: 404 };
const missing = { code: 20501, status: 501 };
const wrong = (code: number) => ({ code, status: 400 });
const all = (rule: object) => ({
  all: null,
  publisher: null,
  track: null,
  kind: null,
  priority: null,
  ...rule,
});
const face = { name: 'my face', kind: 'video', enabled: false, date_created: date, date_updated: date };
const voice = { name: 'voice', kind: 'audio', enabled: true, date_created: date, date_updated: date };
const named = (one: { name: string }) => expect.objectContaining(one) as unknown;
const noSettings = {
  account_sid: accountSid,
  friendly_name: null,
  aws_s3_url: null,
  encryption_enabled: false,
};
const bucket = {
  friendly_name: 'bucket',
  aws_s3_url: 'https://bucket.example.com/x',
  aws_storage_enabled: true,
};
const key = (friendlyName: string) => ({
  sid: expect.stringMatching(/^SK[0-9a-f]{32}$/) as string,
  friendly_name: friendlyName,
  date_created: date,
  date_updated: date,
});

const VALUES: [call: string, value: unknown][] = [
  [
    'rooms.create',
    {
      sid: expect.stringMatching(/^RM[0-9a-f]{32}$/) as string,
      unique_name: 'python room',
      status: 'in-progress',
      type: 'group',
      date_created: date,
      date_updated: date,
      end_time: null,
      duration: null,
      max_participants: 5,
      max_participant_duration: 900,
      media_region: 'ie1',
      status_callback_method: 'GET',
      record_participants_on_connect: false,
      video_codecs: ['VP8'],
    },
  ],
  ['rooms.fetch', { unique_name: 'python room', end_time: null }],
  ['rooms.list', true],
  ['rooms.list by name', true],
  ['rooms.list from tomorrow', []],
  ['rooms.stream', 2],
  ['rooms.get_page', 1],
  ['rooms.update', { status: 'completed', end_time: date, duration: 0 }],
  ['rooms.list completed', true],
  ['rooms.recording_rules of the ended', { rules: [{ type: 'exclude', all: true }] }],
  ['participants.list', ['alice', 'bob']],
  ['participants.list by identity', ['bob']],
  [
    'participants.fetch',
    {
      identity: 'alice',
      status: 'connected',
      date_created: date,
      start_time: date,
      end_time: null,
      duration: null,
    },
  ],
  ['published_tracks.list', expect.arrayContaining([named(face), named(voice)])],
  ['published_tracks.fetch', voice],
  ['subscribed_tracks.list', expect.arrayContaining([named(face), named(voice)])],
  ['subscribed_tracks.fetch', { publisher_sid: expect.stringMatching(/^PA/) as string, date_created: date }],
  [
    'subscribe_rules.fetch',
    { rules: [all({ type: 'include', all: true })], date_created: null, date_updated: null },
  ],
  [
    'subscribe_rules.update',
    {
      rules: [
        all({ type: 'include', all: true }),
        all({ type: 'exclude', publisher: 'alice', kind: 'video' }),
      ],
      date_created: date,
      date_updated: date,
    },
  ],
  ['recording_rules.fetch', { rules: [], date_created: null }],
  ['recording_rules.update', { rules: [{ type: 'include', kind: 'audio' }], date_created: date }],
  ['participants.update', { identity: 'bob', status: 'disconnected', end_time: date, duration: 0 }],
  ['recordings.list', []],
  ['rooms.recordings.list', []],
  ['compositions.list', []],
  ['composition_hooks.list', []],
  ['recording_settings.fetch', noSettings],
  ['recording_settings.create', bucket],
  ['composition_settings.fetch', noSettings],
  ['composition_settings.create', bucket],
  ...(['keys', 'signing_keys'] as const).flatMap((name): [string, unknown][] => [
    [`${name}.create`, { ...key('python'), secret: expect.stringMatching(/^[0-9A-Za-z]{32}$/) as string }],
    [`${name}.fetch`, key('python')],
    [`${name}.update`, key('snake')],
    [`${name}.list`, expect.arrayContaining(['snake'])],
    [`${name} opens`, 1],
    [`${name}.delete`, true],
  ]),
  ['accounts.fetch', { sid: accountSid, status: 'active', type: 'Full', date_created: date }],
  ['accounts.list', [accountSid]],
  [
    'tokens.create',
    {
      ttl: '60',
      date_created: date,
      ice_servers: [{ url: 'stun:192.0.2.1:3478', urls: 'stun:192.0.2.1:3478' }],
    },
  ],
];

const ERRORS: [call: string, error: { code: number; status: number }][] = [
  ['rooms.create again', wrong(53113)],
  ['rooms.create wrong', wrong(53107)],
  ['rooms.fetch none', notFound],
  ['rooms.update wrong', wrong(53112)],
  ['rooms.update again', wrong(53118)],
  ['participants.fetch none', notFound],
  ['published_tracks.fetch none', notFound],
  ['subscribed_tracks.fetch none', notFound],
  ['subscribe_rules.update wrong', wrong(53215)],
  ['recording_rules.update wrong', wrong(53120)],
  ['participants.update wrong', wrong(53209)],
  ['recordings.fetch', notFound],
  ['recordings.delete', notFound],
  ['rooms.recordings.fetch', notFound],
  ['rooms.recordings.delete', notFound],
  ['compositions.create', missing],
  ['compositions.fetch', notFound],
  ['compositions.delete', notFound],
  ['composition_hooks.create', missing],
  ['composition_hooks.fetch', notFound],
  ['composition_hooks.update', notFound],
  ['composition_hooks.delete', notFound],
  ['recording_settings.create wrong', wrong(20001)],
  ['composition_settings.create wrong', wrong(20001)],
  ...(['keys', 'signing_keys'] as const).flatMap((name): [string, { code: number; status: number }][] => [
    [`${name}.create wrong`, wrong(20002)],
    [`${name} opens no more`, { code: 20003, status: 401 }],
    [`${name}.fetch deleted`, notFound],
  ]),
  ['accounts.fetch none', notFound],
  ['accounts.create', missing],
  ['tokens.create wrong', wrong(20001)],
  ['stranger', { code: 20003, status: 401 }],
];

describe("Twilio's library for Python", () => {
  test.each(VALUES)('reads the answer to %s', (call, value) => {
    const outcome = outcomes.get(call);
    if (typeof value === 'object' && value !== null) expect(outcome).toMatchObject({ value });
    else expect(outcome).toEqual({ call, value });
  });

  test.each(ERRORS)('raises the error of %s', (call, error) => {
    expect(outcomes.get(call)).toEqual({ call, error });
  });

  test('makes no call that is not looked at here', () => {
    const expected = [...VALUES, ...ERRORS].map(([call]) => call);
    expect([...outcomes.keys()].toSorted()).toEqual(expected.toSorted());
  });
});
