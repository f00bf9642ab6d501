import { expect, test } from 'vitest';
import { useLab } from '../support/lab-suite.js';

const suite = useLab();

test('what is said in a transcribed room is told to the clients that want it, and to them alone', async () => {
  const alice = await suite.lab.join('alice', 'minutes', [{ kind: 'audio', name: 'voice' }]);
  const bob = await suite.lab.join('bob', 'minutes', [], { receiveTranscriptions: true });
  await bob.flows('alice/voice');

  const room = suite.atrium.rooms.all.find(({ name }) => name === 'minutes')!;
  const speaker = room.participant('alice')!;
  const voice = speaker.track('voice')!;
  const transcription = room.startTranscription({ languageCode: 'de-DE' });
  const heard = (): Promise<object[]> => bob.call<object[]>('heardTexts');
  // His channel comes up a little later than he does: what is said before, he misses.
  await expect
    .poll(
      () => {
        transcription.transcribe(speaker, voice, { text: 'Guten', partial: true, stability: 0.5 });
        return heard();
      },
      { timeout: 30_000 },
    )
    .not.toEqual([]);
  transcription.transcribe(speaker, voice, { text: 'Guten Tag' });
  await expect.poll(async () => (await heard()).at(-1)).toMatchObject({ transcription: 'Guten Tag' });

  const texts = (await heard()) as Record<string, unknown>[];
  const last = texts.at(-1)!;
  expect(last).toEqual({
    type: 'extension_transcriptions',
    version: 1,
    participant: speaker.sid,
    track: voice.sid,
    sequence_number: expect.any(Number) as number,
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    language_code: 'de-DE',
    transcription: 'Guten Tag',
    partial_results: false,
  });
  expect(texts[0]).toMatchObject({ transcription: 'Guten', partial_results: true, stability: 0.5 });
  const numbers = texts.map((text) => text['sequence_number'] as number);
  expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
  expect(await alice.call<object[]>('heardTexts')).toEqual([]);
});
