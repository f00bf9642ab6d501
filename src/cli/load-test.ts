import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { signAccessToken } from '../auth/access-token.js';
import type { ApiKey } from '../auth/accounts.js';
import { SystemClock } from '../clock.js';
import { ConfigError } from '../config.js';
import { LoadTest } from '../load/LoadTest.js';
import type { Progress } from '../load/LoadTest.js';
import { LAYOUTS } from '../load/plan.js';
import type { Seat } from '../load/plan.js';
import { summarize } from '../load/summary.js';
import type { LoadSummary, Spread } from '../load/summary.js';
import { configuredUrl, describeFlags, firstCredentials, parseFlags } from './options.js';

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

const MOST_LAYERS = 3;
const layers = z
  .string()
  .regex(/^\d{1,5}(,\d{1,5})*$/, 'must be numbers with commas between them')
  .transform((text) => text.split(',').map(Number))
  .pipe(z.array(z.number().min(10).max(20_000)).max(MOST_LAYERS));

/** The command's own flags: name, what stands for the value, schema with default, and what it is for. */
const FLAGS = {
  url: [
    'URL',
    z.url({ protocol: /^wss?$/, error: 'must be as wss://host/signaling' }).optional(),
    "the signalling's address (ws://host:port/signaling of --host and --port)",
  ],
  rooms: ['N', wholeNumber(1, 10_000).default(1), 'rooms (1)'],
  publishers: [
    'N',
    wholeNumber(0, 1000).default(3),
    'participants of each room who send audio and video, and receive (3)',
  ],
  subscribers: ['N', wholeNumber(0, 1000).default(0), 'participants of each room who only receive (0)'],
  duration: ['SECONDS', wholeNumber(1, 86_400).default(30), 'how long to measure, once all have joined (30)'],
  'join-rate': ['N', wholeNumber(1, 1000).default(5), 'joins a second, of all rooms together (5)'],
  'join-timeout': [
    'SECONDS',
    wholeNumber(1, 3600).default(30),
    'how long the joins may take after the last one began (30)',
  ],
  layout: [
    'NAME',
    z.enum(LAYOUTS).default('everyone'),
    `what everyone's page shows: ${LAYOUTS.join(', ')} (everyone)`,
  ],
  tiles: ['N', wholeNumber(1, 1000).default(9), 'videos visible at once in the layouts that hide some (9)'],
  layers: [
    'KBITS,…',
    layers.default([150, 500, 1500]),
    'bitrates of the simulcast layers, lowest first (150,500,1500)',
  ],
  'frame-rate': ['N', wholeNumber(1, 60).default(24), 'frames a second (24)'],
  speakers: ['N', wholeNumber(0, 1000).default(2), 'publishers of a room who speak at once (2)'],
  threads: ['N', wholeNumber(1, 64).optional(), 'threads that make the load; one a core by default'],
} as const;

const flagsSchema = z.strictObject(
  Object.fromEntries(Object.entries(FLAGS).map(([name, [, schema]]) => [name, schema])) as {
    -readonly [Name in keyof typeof FLAGS]: (typeof FLAGS)[Name][1];
  },
);
type LoadFlags = z.output<typeof flagsSchema>;

const TOKEN_TTL = 24 * 60 * 60;

export function loadTestUsage(): string {
  return `Usage: atrium load-test [options]

Fills rooms of a running server with participants who send and receive media as browsers do, but for encoding and
decoding, and measures how it does. The server must run with the same credentials.

${describeFlags([
  ...Object.entries(FLAGS).map(
    ([name, [value, , description]]) => [`--${name} ${value}`, description] as const,
  ),
  ['--json', 'print the result as one line of JSON, for programs'],
])}`;
}

/** Loads a server and tells how it did. */
export async function loadTest(args: string[]): Promise<void> {
  const own = Object.fromEntries(Object.keys(FLAGS).map((name) => [name, { type: 'string' } as const]));
  const { config, values } = parseFlags(args, { ...own, json: { type: 'boolean' } });
  const flags = parseOwnFlags(values);
  await checkLibrary();
  const options = {
    plan: {
      url: flags.url ?? `${configuredUrl(config).replace(/^http/, 'ws')}/signaling`,
      layout: flags.layout,
      tiles: flags.tiles,
      layers: flags.layers,
      frameRate: flags['frame-rate'],
      speakers: flags.speakers,
    },
    seats: await seatsOf(flags, firstCredentials(config).key),
    threads: flags.threads ?? availableParallelism(),
    duration: flags.duration,
    joinTimeout: flags['join-timeout'],
  };
  const test = new LoadTest(options, progressLine());
  const interrupt = (): void => void test.stop().then(() => process.exit(130));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const summary = summarize(options, await test.run());
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  if (process.stderr.isTTY) process.stderr.write('\n');
  process.stdout.write(values['json'] ? `${JSON.stringify(summary)}\n` : summaryTable(summary));
  if (summary.joined < summary.participants) process.exitCode = 1;
}

function parseOwnFlags(values: Record<string, string | boolean | undefined>): LoadFlags {
  const given = Object.entries(values).filter(([name]) => Object.hasOwn(FLAGS, name));
  const parsed = flagsSchema.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`);
    throw new ConfigError(wrong.join('\n'));
  }
  const { publishers, subscribers } = parsed.data;
  if (publishers + subscribers === 0)
    throw new ConfigError('--publishers and --subscribers: nobody is to join');
  return parsed.data;
}

/** The library that speaks DTLS and SRTP may be left out of an installation that only serves. */
async function checkLibrary(): Promise<void> {
  try {
    await import('werift');
  } catch {
    throw new ConfigError(
      'the load test needs the package werift: `npm install` without --omit=optional brings it',
    );
  }
}

/** What a token is signed with. */
type SigningKey = Pick<ApiKey, 'sid' | 'secret' | 'accountSid'>;

async function seatsOf(flags: LoadFlags, key: SigningKey): Promise<Seat[]> {
  const { rooms, publishers, subscribers } = flags;
  const test = randomUUID().slice(0, 8);
  const clock = new SystemClock();
  const perRoom = publishers + subscribers;
  // In turn: every room fills at the same rate.
  return Promise.all(
    Array.from({ length: rooms * perRoom }, async (_, id): Promise<Seat> => {
      const room = `load-test-${test}-${(id % rooms) + 1}`;
      const rank = Math.floor(id / rooms);
      const identity = `load-test-${test}-${id + 1}`;
      return {
        id,
        room,
        rank,
        token: await signAccessToken({ identity, room, ttl: TOKEN_TTL }, key, clock),
        publishes: rank < publishers,
        publishers,
        joinAt: (id * 1000) / flags['join-rate'],
      };
    }),
  );
}

/** Shows how the test goes on, on standard error: in one line of a terminal, or in lines now and then. */
function progressLine(): (progress: Progress) => void {
  const [show, interval] = process.stderr.isTTY
    ? [(text: string): unknown => process.stderr.write(`\r\u001b[K${text}`), 200]
    : [(text: string): unknown => process.stderr.write(`${text}\n`), 5_000];
  let phase = '';
  let next = 0;
  return (progress) => {
    const all = progress.phase === 'joining' && progress.joined + progress.failed === progress.all;
    if (progress.phase === phase && Date.now() < next && !all) return;
    phase = progress.phase;
    next = Date.now() + interval;
    show(progressText(progress));
  };
}

function progressText(progress: Progress): string {
  if (progress.phase === 'measuring')
    return `measuring: ${progress.seconds.toFixed(0)} s, ${received(progress)}`;
  const { joined, failed, all } = progress;
  return `joining: ${joined} of ${all}${failed > 0 ? `, ${failed} failed` : ''}`;
}

function received({ seconds, counts }: Progress & { phase: 'measuring' }): string {
  const { audioPackets, videoPackets, lost } = counts.received;
  return `${Math.round((audioPackets + videoPackets) / seconds)} packets/s received, ${lost} lost`;
}

function summaryTable(summary: LoadSummary): string {
  const { received, sent, generator, joinMs } = summary;
  const times = (name: string, spread: Spread | null): [string, string][] =>
    spread ? [[name, `${spread.median} (${spread.min} to ${spread.max}; 95 %: ${spread.p95})`]] : [];
  const rows: [string, string][] = [
    ['rooms', `${summary.rooms}`],
    ['participants', `${summary.joined} of ${summary.participants} joined, ${summary.publishers} publish`],
    ...Object.entries(summary.failures).map(([reason, count]): [string, string] => [
      `${count} failed`,
      reason,
    ]),
    ['layout', summary.layout],
    ['measured', `${summary.seconds} s`],
    ['join, ms', 'median (least to most)'],
    ...times('  connected', joinMs.connected),
    ...times('  ICE and DTLS', joinMs.transport),
    ...times('  all tracks', joinMs.subscribed),
    ...times('  first video', joinMs.firstVideo),
    [
      'sent',
      `${sent.packetsPerSecond} packets/s, ${sent.megabitsPerSecond} Mb/s, ${sent.keyFrames} key frames`,
    ],
    ['received', `${received.packetsPerSecond} packets/s, ${received.megabitsPerSecond} Mb/s`],
    ['lost', `${received.lost} packets (${received.lossPercent} %)`],
    [
      'a participant',
      `${summary.videosReceived} videos at a time, ${summary.switchedOff} tracks switched off`,
    ],
    ['this load test', `${generator.cpuPercent} % of a core in ${generator.threads} threads`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const busy =
    generator.framesSkipped > 0
      ? `\nThis machine was too busy to send ${generator.framesSkipped} frames: it measured itself.\n`
      : '';
  return `\n${rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`).join('')}${busy}\n`;
}
