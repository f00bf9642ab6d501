import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoadSummary } from '../src/load/summary.js';
import { cpuOf, memoryOf, startServerProcess } from '../test/support/server-process.js';
import type { ServerProcess } from '../test/support/server-process.js';
import { BareRoom } from './bare-room.js';
import { median, report, table } from './report.js';

// One room of 50, all of whom send audio and simulcast video and receive the others': what it costs the server, with
// all videos on and with 9 visible at a time, and how long a join takes as the room fills. The same load, by the
// same load test, on a bare fan-out with mediasoup in the same run.

const PARTICIPANTS = 50;
/** Joins are shown at these sizes of the room, as the median of the last few up to there. */
const SIZES = [10, 25, 50];
const LAST_FEW = 5;
const LOAD = [
  ...['--publishers', String(PARTICIPANTS), '--join-rate', '4', '--join-timeout', '60'],
  // One packet a frame in either layer: the cost goes by packets, and two cores have to carry the server and the load.
  ...['--layers', '25,65', '--frame-rate', '8', '--speakers', '2'],
  ...['--duration', '15', '--json'],
];
const SAMPLE_MS = 250;
const MEGABYTE = 1024 * 1024;
const command = fileURLToPath(new URL('../bin/atrium.js', import.meta.url));

/** What a run of the load test told, and what it cost meanwhile. */
interface Run {
  name: string;
  summary: LoadSummary;
  /** Milliseconds of processor time a second, of the server's own process (null where there is none) and its media worker's. */
  server: number | null;
  worker: number;
  /** The most bytes of memory that each held. */
  serverMemory: number | null;
  workerMemory: number;
}

let atrium: ServerProcess;
let bare: BareRoom;
beforeAll(async () => {
  atrium = await startServerProcess(['--workers', '1']);
  bare = await BareRoom.start();
});
afterAll(async () => {
  bare?.stop();
  await atrium?.stop();
});

function loadTest(url: string, args: string[]): Promise<LoadSummary> {
  const child = spawn(process.execPath, [command, 'load-test', '--url', url, ...LOAD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)));
  return new Promise((resolve, reject) => {
    child.once('close', (code) => {
      if (output === '') reject(new Error(`the load test ended with ${code}`));
      else resolve(JSON.parse(output) as LoadSummary);
    });
  });
}

/** Loads a server, and takes the processor time of its processes over the part that is measured. */
async function run(name: string, url: string, pids: Pids, args: string[]): Promise<Run> {
  const samples: { at: number; server: number; worker: number }[] = [];
  let [serverMemory, workerMemory]: [number | null, number] = [null, 0];
  const sampler = setInterval(() => {
    samples.push({
      at: Date.now(),
      server: pids.server === null ? 0 : cpuOf(pids.server),
      worker: cpuOf(pids.worker),
    });
    workerMemory = Math.max(workerMemory, memoryOf(pids.worker));
    if (pids.server !== null) serverMemory = Math.max(serverMemory ?? 0, memoryOf(pids.server));
  }, SAMPLE_MS);
  try {
    const summary = await loadTest(url, args);
    const measured = samples.filter(({ at }) => at >= summary.from && at <= summary.to);
    const [first, last] = [measured[0]!, measured.at(-1)!];
    const perSecond = (value: (sample: typeof first) => number): number =>
      ((value(last) - value(first)) * 1000) / (last.at - first.at);
    return {
      name,
      summary,
      server: pids.server === null ? null : perSecond(({ server }) => server),
      worker: perSecond(({ worker }) => worker),
      serverMemory,
      workerMemory,
    };
  } finally {
    clearInterval(sampler);
  }
}

interface Pids {
  server: number | null;
  worker: number;
}

function joinTime({ joins }: LoadSummary, size: number, name: 'subscribed' | 'firstVideo'): number | string {
  const last = joins.filter(({ rank }) => rank < size && rank >= size - LAST_FEW);
  const times = last.flatMap((join) => join[name] ?? []);
  return times.length > 0 ? median(times) : '-';
}

function costs(runs: readonly Run[], base: Run): string {
  const ratio = (run: Run): number => run.worker / base.worker;
  return table([
    ['', ...runs.map(({ name }) => name)],
    ['joined', ...runs.map(({ summary }) => `${summary.joined} of ${summary.participants}`)],
    ["server's process, ms/s", ...runs.map(({ server }) => server ?? '-')],
    ['media worker, ms/s', ...runs.map(({ worker }) => worker)],
    ['  ratio to the bare fan-out', ...runs.map(ratio)],
    ['  ms/s a 1000 packets/s', ...runs.map(({ worker, summary }) => (worker * 1000) / throughput(summary))],
    [
      "server's process, MB",
      ...runs.map((each) => (each.serverMemory === null ? '-' : each.serverMemory / MEGABYTE)),
    ],
    ['media worker, MB', ...runs.map(({ workerMemory }) => workerMemory / MEGABYTE)],
    ['packets/s to the server', ...runs.map(({ summary }) => summary.sent.packetsPerSecond)],
    ['packets/s from the server', ...runs.map(({ summary }) => summary.received.packetsPerSecond)],
    ['Mb/s from the server', ...runs.map(({ summary }) => summary.received.megabitsPerSecond)],
    ['lost, %', ...runs.map(({ summary }) => summary.received.lossPercent)],
    ['videos a participant', ...runs.map(({ summary }) => summary.videosReceived)],
    ['switched off a participant', ...runs.map(({ summary }) => summary.switchedOff)],
    ['load test itself, % of a core', ...runs.map(({ summary }) => summary.generator.cpuPercent)],
    ['frames it could not send', ...runs.map(({ summary }) => summary.generator.framesSkipped)],
  ]);
}

function throughput({ sent, received }: LoadSummary): number {
  return sent.packetsPerSecond + received.packetsPerSecond;
}

test('a room of 50', async () => {
  const [worker] = atrium.children();
  const own = { server: atrium.pid, worker: worker! };
  const bareRun = await run('bare fan-out', bare.url, { server: null, worker: bare.worker.pid }, []);
  const runs = [
    bareRun,
    await run('all on', atrium.wsServer, own, []),
    await run('grid of 9', atrium.wsServer, own, ['--layout', 'grid', '--tiles', '9']),
  ];
  report(
    `room50: ${PARTICIPANTS} participants, ${PARTICIPANTS} audio and ${PARTICIPANTS} simulcast video publishers`,
    costs(runs, bareRun),
  );
  report(
    `room50: milliseconds of a join, as the room fills (the median of ${LAST_FEW} joins)`,
    table([
      ['', ...runs.map(({ name }) => name)],
      ...SIZES.flatMap((size) => [
        [`to all tracks, at ${size}`, ...runs.map(({ summary }) => joinTime(summary, size, 'subscribed'))],
        [
          `to the first video, at ${size}`,
          ...runs.map(({ summary }) => joinTime(summary, size, 'firstVideo')),
        ],
      ]),
    ]),
  );
  for (const { summary } of runs) expect(summary.received.packets).toBeGreaterThan(0);
});
