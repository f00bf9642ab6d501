import { describe, expect, test } from 'vitest';
import type { LabPage, TrackSpec } from '../support/browser.js';
import { useShapedLab } from '../support/lab-suite.js';

const suite = useShapedLab();

/** Which peer of the link is whose: in the order of joining. */
const BOB = 1;
/** Little to do for a machine that may have other things to do: its own slowness is measured too. */
const MEDIA: TrackSpec[] = [
  { kind: 'audio', name: 'voice' },
  { kind: 'video', name: 'face', width: 160, height: 90, fps: 5 },
];
const isFive = (level: number): boolean => level === 5;

interface Answer {
  level: number | null;
  levels: Record<'audio' | 'video', { send: number; recv: number; sendStats?: object }> | null;
  others: Record<string, { level: number; audio?: { sendStats?: object } }>;
}

const join = (identity: string, room: string, networkQuality: unknown): Promise<LabPage> =>
  suite.lab.join(identity, room, MEDIA, { networkQuality });

/** Waits until each of these pages is shown level 5 of each. */
async function untilAllFive(...pages: LabPage[]): Promise<void> {
  for (const page of pages) for (const { identity } of pages) await page.untilLevel(identity, isFive);
}

/** The levels of a participant that a page was shown, one after the other. */
async function levelsOf(identity: string, page: LabPage): Promise<number[]> {
  const log = await page.log();
  return log
    .filter(([event, whose]) => event === 'networkQualityLevelChanged' && whose === identity)
    .map(([, , level]) => level as number);
}

/** Waits for an answer of the server that a test wants to see. */
async function untilAnswer(page: LabPage, wanted: (answer: Answer) => boolean): Promise<Answer> {
  let answer: Answer | undefined;
  await page.until(
    async () => wanted((answer = await page.call<Answer>('lastQualityAnswer'))),
    async () => `another answer than ${JSON.stringify(answer)}`,
    120_000,
  );
  return answer!;
}

describe('the network quality', () => {
  test('is 5 on a clean link, for oneself and the others, with the measures that it comes from', async () => {
    const alice = await join('alice', 'clean', { local: 3, remote: 3 });
    const bob = await join('bob', 'clean', { local: 3, remote: 3 });
    await alice.flows('bob/face');
    await untilAllFive(alice, bob);

    const level = expect.any(Number) as number;
    const known = expect.any(Number) as number;
    const path = {
      bandwidth: { actual: known, available: known, level },
      fractionLost: { fractionLost: known, level },
      latency: { jitter: known, rtt: known, level },
    };
    const medium = { send: level, recv: level, sendStats: path, recvStats: path };
    const whole = { level, audio: medium, video: medium };
    await untilAnswer(alice, ({ levels }) => matches(levels, whole));
    await untilAnswer(bob, ({ others }) => matches(others['alice'], whole));
    // What the SDK made of the first answers.
    expect((await alice.quality('alice')).stats).toMatchObject({ level: 5, audio: { send: 5, recv: 5 } });
    expect((await alice.quality('bob')).stats).toMatchObject({ level: 5, video: { send: 5, recv: 5 } });
  }, 300_000);

  test('falls step by step while a link is bad, for the one who has it, and rises again after', async () => {
    const alice = await join('alice', 'shaped', { local: 1, remote: 1 });
    const bob = await join('bob', 'shaped', { local: 1, remote: 1 });
    await alice.flows('bob/face');
    await untilAllFive(alice, bob);

    await suite.link.shape(BOB, { up: { loss: 0.12, delay: 50 }, down: { loss: 0.12, delay: 50 } });
    await bob.untilLevel('bob', (level) => level <= 2);
    await alice.untilLevel('bob', (level) => level <= 2);
    const fall = await levelsOf('bob', alice);
    expect(fall.some((level) => level === 3 || level === 4)).toBe(true);
    await alice.until(
      async () => (await alice.quality('alice')).level! > (await alice.quality('bob')).level!,
      async () => `alice's own network to be better: ${JSON.stringify(await alice.log())}`,
      60_000,
    );

    await suite.link.shape(BOB, { up: {}, down: {} });
    await untilAllFive(bob, alice);
    const rise = (await levelsOf('bob', alice)).slice(fall.length);
    expect(rise.some((level) => level === 3 || level === 4)).toBe(true);
  }, 400_000);

  test('falls when a link carries too little, in the direction in which it does', async () => {
    const camera: TrackSpec[] = [
      { kind: 'audio', name: 'voice' },
      { kind: 'video', name: 'face', source: 'camera', width: 640, height: 360 },
    ];
    const options = { networkQuality: { local: 2, remote: 1 } };
    const alice = await suite.lab.join('alice', 'narrow', camera, options);
    const bob = await suite.lab.join('bob', 'narrow', camera, options);
    await alice.flows('bob/face');
    await bob.untilLevel('bob', isFive);
    await suite.link.shape(BOB, { up: { rate: 150_000 } });
    await untilAnswer(
      bob,
      ({ levels }) => levels !== null && levels.video.send <= 3 && levels.video.recv === 5,
    );
    await alice.untilLevel('bob', (level) => level <= 3);

    await suite.link.shape(BOB, { up: {} });
    await alice.untilLevel('bob', isFive);
    await bob.untilLevel('bob', isFive);
  }, 400_000);

  test('is 0 for the others when a connection is lost, and rises when it is back', async () => {
    const alice = await join('alice', 'lost', { local: 1, remote: 1 });
    const bob = await join('bob', 'lost', { local: 1, remote: 1 });
    await alice.flows('bob/face');
    await alice.untilLevel('bob', isFive);
    const cut = { up: { blocked: true }, down: { blocked: true } };
    await suite.link.shapeNew(cut);
    await suite.link.shape(BOB, cut);
    await alice.untilLevel('bob', (level) => level === 0);
    await suite.link.shapeNew({});
    await suite.link.shapeAll({ up: {}, down: {} });
    await alice.untilLevel('bob', (level) => level > 0);
    await bob.flows('alice/face', { within: 30_000 });
  }, 400_000);

  test('comes in the detail that is asked for, also when that changes', async () => {
    const alice = await join('alice', 'detail', true);
    const bob = await join('bob', 'detail', { local: 2, remote: 1 });
    await alice.untilLevel('alice', () => true);
    expect(await alice.quality('alice')).toMatchObject({ stats: null });
    expect(await alice.quality('bob')).toEqual({ level: null, stats: null });

    await bob.untilLevel('bob', () => true);
    await bob.untilLevel('alice', () => true);
    expect((await bob.quality('bob')).stats).toMatchObject({
      audio: { send: expect.any(Number) as number, sendStats: null },
      video: { recv: expect.any(Number) as number, recvStats: null },
    });
    expect((await bob.quality('alice')).stats).toBeNull();

    await alice.call('configureNetworkQuality', { local: 3, remote: 2 });
    await untilAnswer(
      alice,
      ({ levels, others }) =>
        levels?.audio.sendStats !== undefined &&
        others['bob']?.audio !== undefined &&
        others['bob'].audio.sendStats === undefined,
    );
  }, 300_000);

  test('is told of those who have not asked for it, and to nobody who has not', async () => {
    const alice = await join('alice', 'asking', { local: 1, remote: 1 });
    const bob = await join('bob', 'asking', false);
    await alice.untilLevel('bob', isFive);
    await bob.untilChannels();
    expect(await bob.quality('bob')).toEqual({ level: null, stats: null });
  }, 300_000);
});

/** Whether a value has the shape that is wanted. */
function matches(value: unknown, shape: object): boolean {
  try {
    expect(value).toEqual(shape);
    return true;
  } catch {
    return false;
  }
}
