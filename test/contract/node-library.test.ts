import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { track } from '../support/rsp.js';
import { TestServer } from '../support/test-server.js';
import { answerOffer, joinPublishing, joinSubscribing } from '../support/tracks-of-clients.js';

// The methods that every list of the official library for Node has, at every list of the APIs that are served. What
// the resources' own methods do is tested where the resources are.

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
  const { video } = server.twilio;
  for (let count = 0; count < 2; count++) await video.v1.rooms.create();
  await video.v1.rooms.create({ uniqueName: 'room' });
  const alice = await joinPublishing(server);
  alice.announce([track('mic', { name: 'voice' }), track('cam', { kind: 'video', name: 'my face' })]);
  await answerOffer(await joinSubscribing(server));
  await video.v1.rooms('room').transcriptions.create();
  await server.twilio.newKeys.create();
});
afterAll(() => server.stop());

interface Listed {
  sid?: string;
  ttid?: string;
}
interface Page {
  instances: Listed[];
  getNextPageUrl(): string | undefined;
}
interface List {
  list(options: object): Promise<Listed[]>;
  each(options: object, callback: (item: Listed, done: () => void) => void): void;
  page(options: object): Promise<Page>;
  getPage(url: string): Promise<Page>;
}

const room = () => server.twilio.video.v1.rooms('room');
const LISTS: [name: string, items: number, of: () => unknown][] = [
  ['rooms', 3, () => server.twilio.video.v1.rooms],
  ['participants', 2, () => room().participants],
  ['publishedTracks', 2, () => room().participants('alice').publishedTracks],
  ['subscribedTracks', 2, () => room().participants('bob').subscribedTracks],
  ['transcriptions', 1, () => room().transcriptions],
  ['recordings', 0, () => server.twilio.video.v1.recordings],
  ['compositions', 0, () => server.twilio.video.v1.compositions],
  ['compositionHooks', 0, () => server.twilio.video.v1.compositionHooks],
  ['keys', 2, () => server.twilio.keys],
  ['signingKeys', 2, () => server.twilio.signingKeys],
  ['accounts', 1, () => server.twilio.api.v2010.accounts],
];

describe("Twilio's library for Node", () => {
  test.each(LISTS)('walks through the list of %s in each of its ways', async (_name, items, of) => {
    const resource = of() as List;
    const idOf = ({ sid, ttid }: Listed) => sid ?? ttid;
    const all = (await resource.list({})).map(idOf);
    expect(new Set(all).size).toBe(items);
    expect((await resource.list({ pageSize: 1 })).map(idOf)).toEqual(all);
    expect((await resource.list({ limit: 1 })).map(idOf)).toEqual(all.slice(0, 1));

    const seen: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error): void => (error ? reject(error) : resolve());
      resource.each({ pageSize: 1, done }, (item) => seen.push(idOf(item)));
    });
    expect(seen).toEqual(all);

    const byPages: unknown[] = [];
    let page = await resource.page({ pageSize: 1 });
    for (;;) {
      byPages.push(...page.instances.map(idOf));
      const next = page.getNextPageUrl();
      if (next === undefined) break;
      page = await resource.getPage(next);
    }
    expect(byPages).toEqual(all);
  });
});
