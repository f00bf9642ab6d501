import { expect } from 'vitest';
import type { LabPage, TrackSpec } from './browser.js';

/** Many pages on few cores take their time to begin. */
const PATIENT = { within: 30_000 };

/** A microphone, a camera and a chat. */
export const everything = (hue: number): TrackSpec[] => [
  { kind: 'audio', name: 'voice' },
  { kind: 'video', name: 'face', hue },
  { kind: 'data', name: 'chat' },
];

/** Everyone receives everyone else's sound, picture and messages. */
export async function expectFullExchange(pages: LabPage[]): Promise<void> {
  for (const page of pages) {
    for (const other of pages.filter((candidate) => candidate !== page)) {
      await page.flows(`${other.identity}/voice`, PATIENT);
      expect(await page.flows(`${other.identity}/face`, PATIENT)).toMatchObject({
        kind: 'video',
        width: 320,
        height: 180,
      });
      await page.logged('trackSubscribed', other.identity, 'chat');
    }
  }
  for (const page of pages) await page.call('send', 'chat', `hello from ${page.identity}`);
  for (const page of pages) {
    await page.untilMessages(pages.length - 1);
    const expected = pages
      .filter((candidate) => candidate !== page)
      .map(({ identity }) => ({ from: identity, track: 'chat', data: `hello from ${identity}` }));
    const received = await page.messages();
    expect(received.sort((a, b) => (a.from < b.from ? -1 : 1))).toEqual(
      expected.sort((a, b) => (a.from < b.from ? -1 : 1)),
    );
  }
}
