import { describe, expect, test } from 'vitest';
import type { LabPage, TrackSpec } from '../support/browser.js';
import { useLab } from '../support/lab-suite.js';

const suite = useLab();

const OPTIONS = { dominantSpeaker: true };
const LOUD = 0.5;
const SILENT = 0;

/** Joins with a microphone that is silent at first. */
function joinSilent(identity: string, room: string, voice: Partial<TrackSpec> = {}): Promise<LabPage> {
  return suite.lab.join(identity, room, [{ kind: 'audio', name: 'voice', gain: SILENT, ...voice }], OPTIONS);
}

const speak = (page: LabPage): Promise<void> => page.call('setGain', 'voice', LOUD);
const fallSilent = (page: LabPage): Promise<void> => page.call('setGain', 'voice', SILENT);

/** What the server told of who dominates, as identities. */
async function told(page: LabPage, pages: LabPage[]): Promise<(string | null)[]> {
  const sids = await page.call<(string | null)[]>('dominantSidsSoFar');
  return sids.map(
    (sid) =>
      pages.find(({ connected }) => connected?.error === undefined && connected?.participantSid === sid)
        ?.identity ?? null,
  );
}

/** Those whom the server named one after the other. It may have said that nobody speaks between any two of them. */
async function named(page: LabPage, pages: LabPage[]): Promise<(string | null)[]> {
  const names = (await told(page, pages)).filter((identity) => identity !== null);
  return names.filter((identity, index) => identity !== names[index - 1]);
}

describe('the dominant speaker', () => {
  test.each([
    ['a constant tone', {}],
    ['a tone that swells and fades as speech does', { syllables: 4 }],
  ])('follows who speaks, with %s', async (_name, voice) => {
    const room = `following-${JSON.stringify(voice)}`;
    const alice = await joinSilent('alice', room, voice);
    const bob = await joinSilent('bob', room, voice);
    const carol = await joinSilent('carol', room, voice);
    const pages = [alice, bob, carol];
    await carol.untilChannels('active_speaker');
    await carol.flows('alice/voice');

    await speak(alice);
    await bob.untilDominant('alice');
    await carol.untilDominant('alice');
    expect(await alice.call('dominantSpeaker')).toBeNull();

    await speak(bob);
    // To herself, who dominates, bob is the one who speaks beside her.
    await alice.untilDominant('bob');
    await fallSilent(alice);
    await carol.untilDominant('bob');
    await alice.untilDominant('bob');
    await fallSilent(bob);
    for (const page of pages) await page.untilDominant(null);

    await speak(carol);
    await alice.untilDominant('carol');
    await bob.untilDominant('carol');

    expect(await named(alice, pages)).toEqual(['bob', 'carol']);
    expect(await named(bob, pages)).toEqual(['alice', 'carol']);
    expect(await named(carol, pages)).toEqual(['alice', 'bob']);
  });

  test('is nobody when the speaker mutes, unpublishes or leaves', async () => {
    const alice = await joinSilent('alice', 'ending');
    const bob = await joinSilent('bob', 'ending');
    await speak(alice);
    await bob.untilDominant('alice');
    await alice.call('enable', 'voice', false);
    await bob.untilDominant(null);
    await alice.call('enable', 'voice', true);
    await bob.untilDominant('alice');
    await alice.unpublish('voice');
    await bob.untilDominant(null);
    await alice.publish({ kind: 'audio', name: 'voice' });
    await bob.untilDominant('alice');
    await alice.call('disconnect');
    await bob.untilDominant(null);
    await bob.until(
      async () => (await told(bob, [alice])).at(-1) === null,
      async () => 'the server to say so',
    );
  });

  test('is known to one who joins while it speaks', async () => {
    const alice = await joinSilent('alice', 'joining');
    await speak(alice);
    const bob = await joinSilent('bob', 'joining');
    await bob.untilDominant('alice');
    const carol = await joinSilent('carol', 'joining');
    await carol.untilDominant('alice');
    expect(await named(carol, [alice])).toEqual(['alice']);
  });

  test('does not flicker while two talk over each other', async () => {
    const alice = await joinSilent('alice', 'arguing', { syllables: 3 });
    const bob = await joinSilent('bob', 'arguing', { syllables: 5, frequency: 300 });
    const carol = await joinSilent('carol', 'arguing');
    await speak(alice);
    await carol.untilDominant('alice');
    await speak(bob);
    const start = Date.now();
    // Ten seconds of speech.
    await carol.flows('bob/voice', { packets: 500, within: 45_000 });
    const changes = (await told(carol, [alice, bob])).length;
    expect(changes).toBeLessThanOrEqual(2 + (Date.now() - start) / 2500);
  });

  test('is followed on, after the media moved to another worker', async () => {
    const alice = await joinSilent('alice', 'moving');
    const bob = await joinSilent('bob', 'moving');
    await speak(alice);
    await bob.untilDominant('alice');
    for (const pid of suite.atrium.workers.pids) process.kill(pid, 'SIGKILL');
    await bob.logged('trackUnsubscribed', 'alice', 'voice');
    await bob.flows('alice/voice');
    await fallSilent(alice);
    await bob.untilDominant(null);
    await speak(bob);
    await alice.untilDominant('bob');
  });

  test('has the place of its video, where the bandwidth profile has one place and the client asked for speakers', async () => {
    const face: TrackSpec = { kind: 'video', name: 'face' };
    const voice: TrackSpec = { kind: 'audio', name: 'voice', gain: SILENT };
    const bandwidthProfile = { video: { maxTracks: 1, dominantSpeakerPriority: 'high' } };
    const alice = await suite.lab.join('alice', 'places', [face, voice], OPTIONS);
    const bob = await suite.lab.join('bob', 'places', [face, voice], OPTIONS);
    const carol = await suite.lab.join('carol', 'places', [], { ...OPTIONS, bandwidthProfile });
    const dave = await suite.lab.join('dave', 'places', [], { bandwidthProfile });
    for (const page of [carol, dave]) {
      await page.flows('alice/face');
      await page.untilSwitchedOff('bob/face', true);
    }
    await speak(bob);
    await carol.untilSwitchedOff('bob/face', false);
    await carol.untilSwitchedOff('alice/face', true);
    await carol.flows('bob/face');
    await speak(alice);
    await fallSilent(bob);
    await carol.untilSwitchedOff('alice/face', false);
    await carol.untilSwitchedOff('bob/face', true);
    expect(await dave.call('isSwitchedOff', 'bob/face')).toBe(true);
  });

  test('is told to those only who asked for it', async () => {
    const alice = await joinSilent('alice', 'asking');
    const bob = await suite.lab.join('bob', 'asking', []);
    const carol = await joinSilent('carol', 'asking');
    await speak(alice);
    await carol.untilDominant('alice');
    await bob.untilChannels();
    expect(await bob.call('dominantSidsSoFar')).toEqual([]);
  });
});
