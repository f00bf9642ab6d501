import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rawRequest } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';

interface RoomList {
  rooms: { sid: string; unique_name: string }[];
  meta: {
    page: number;
    page_size: number;
    first_page_url: string;
    previous_page_url: string | null;
    url: string;
    next_page_url: string | null;
    key: string;
  };
}

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ historySize: 1000 });
});
afterEach(() => server.tidy());
afterAll(() => server.stop());

const rooms = () => server.twilio.video.v1.rooms;

/** Creates rooms called by their numbers, each a second after the one before. */
async function createRooms(from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    await rooms().create({ uniqueName: `room-${number}` });
    server.clock.advance(1000);
  }
}

const names = (...numbers: number[]): string[] => numbers.map((number) => `room-${number}`);
const countdown = (from: number, to: number): number[] =>
  Array.from({ length: from - to + 1 }, (_, index) => from - index);

async function list(pathOrUrl: string): Promise<RoomList> {
  const answer = await rawRequest(server.url, pathOrUrl.replace(server.url, ''));
  expect(answer.status).toBe(200);
  return answer.json as RoomList;
}

const namesOf = (page: RoomList): string[] => page.rooms.map(({ unique_name }) => unique_name);

describe('a list of rooms', () => {
  test('is an empty page when there are none', async () => {
    expect(await list('/v1/Rooms?UniqueName=nothing')).toEqual({
      rooms: [],
      meta: {
        page: 0,
        page_size: 50,
        first_page_url: `${server.url}/v1/Rooms?UniqueName=nothing&PageSize=50&Page=0`,
        previous_page_url: null,
        url: `${server.url}/v1/Rooms?UniqueName=nothing&PageSize=50&Page=0`,
        next_page_url: null,
        key: 'rooms',
      },
    });
  });

  test('has the rooms in progress, newest first, unless another status is asked for', async () => {
    await createRooms(1, 3);
    await rooms()('room-2').update({ status: 'completed' });
    expect((await rooms().list()).map(({ uniqueName }) => uniqueName)).toEqual(names(3, 1));
    expect((await rooms().list({ status: 'in-progress' })).length).toBe(2);
    const completed = await rooms().list({ status: 'completed', uniqueName: 'room-2' });
    expect(completed.map(({ uniqueName, status }) => [uniqueName, status])).toEqual([
      ['room-2', 'completed'],
    ]);
    expect(await rooms().list({ status: 'failed' })).toEqual([]);
  });

  test('is walked back to the items just before, though newer ones have ended', async () => {
    await createRooms(1, 9);
    const first = await list('/v1/Rooms?PageSize=4');
    const second = await list(first.meta.next_page_url!);
    expect(namesOf(second)).toEqual(names(5, 4, 3, 2));
    for (const name of ['room-9', 'room-8']) await rooms()(name).update({ status: 'completed' });
    expect(namesOf(await list(second.meta.previous_page_url!))).toEqual(names(7, 6));
  });

  test('shows a room as it shows when it is fetched', async () => {
    const { sid } = await rooms().create({ uniqueName: 'same' });
    const { rooms: listed } = await list('/v1/Rooms?UniqueName=same');
    expect(listed).toEqual([(await rawRequest(server.url, `/v1/Rooms/${sid}`)).json]);
  });

  test('can be narrowed to a unique name, exactly', async () => {
    await createRooms(1, 2);
    await rooms().create({ uniqueName: 'room-1 and more' });
    expect((await rooms().list({ uniqueName: 'room-1' })).map(({ uniqueName }) => uniqueName)).toEqual(
      names(1),
    );
    await rooms()('room-1').update({ status: 'completed' });
    expect(await rooms().list({ uniqueName: 'room-1' })).toEqual([]);
  });

  test('can be narrowed to a time, the start of which belongs to it and the end does not', async () => {
    const start = server.clock.now();
    await createRooms(1, 4);
    const found = await rooms().list({
      dateCreatedAfter: new Date(start + 1000),
      dateCreatedBefore: new Date(start + 3000),
    });
    expect(found.map(({ uniqueName }) => uniqueName)).toEqual(names(3, 2));
  });

  test('takes bare dates, and times with an offset', async () => {
    await createRooms(1, 1);
    const day = 24 * 60 * 60 * 1000;
    const dateOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
    const now = server.clock.now();
    expect(namesOf(await list(`/v1/Rooms?DateCreatedAfter=${dateOf(now)}`))).toEqual(names(1));
    expect(namesOf(await list(`/v1/Rooms?DateCreatedAfter=${dateOf(now + day)}`))).toEqual([]);
    const inTokyo = new Date(now + 9 * 3_600_000).toISOString().replace('Z', '%2B09:00');
    expect(namesOf(await list(`/v1/Rooms?DateCreatedBefore=${inTokyo}`))).toEqual(names(1));
    const longAgo = new Date(now - 60_000 + 9 * 3_600_000).toISOString().replace('Z', '%2B09:00');
    expect(namesOf(await list(`/v1/Rooms?DateCreatedBefore=${longAgo}`))).toEqual([]);
  });

  test('gives at most 1000 a page, whatever is asked for', async () => {
    const { meta } = await list('/v1/Rooms?PageSize=5000');
    expect(meta).toMatchObject({ page_size: 1000, url: `${server.url}/v1/Rooms?PageSize=1000&Page=0` });
  });
});

describe('a list of more than a page', () => {
  beforeEach(() => createRooms(1, 120));

  test('is walked page by page through next_page_url, each room once', async () => {
    const first = await list('/v1/Rooms');
    const second = await list(first.meta.next_page_url!);
    const third = await list(second.meta.next_page_url!);
    expect([first, second, third].map(({ rooms: page }) => page.length)).toEqual([50, 50, 20]);
    expect([first, second, third].flatMap(namesOf)).toEqual(names(...countdown(120, 1)));
    expect([first, second, third].map(({ meta }) => meta.page)).toEqual([0, 1, 2]);
    expect(third.meta.next_page_url).toBeNull();
    expect(first.meta.previous_page_url).toBeNull();
  });

  test('filters by a text with a question mark in it', async () => {
    await rooms().create({ uniqueName: 'what?now' });
    await rooms().create({ uniqueName: 'what' });
    const page = await list('/v1/Rooms?UniqueName=what?now&PageSize=1');
    expect(namesOf(page)).toEqual(['what?now']);
  });

  test('is walked back through previous_page_url', async () => {
    const first = await list('/v1/Rooms');
    const second = await list(first.meta.next_page_url!);
    const third = await list(second.meta.next_page_url!);
    const secondAgain = await list(third.meta.previous_page_url!);
    expect(namesOf(secondAgain)).toEqual(namesOf(second));
    const firstAgain = await list(secondAgain.meta.previous_page_url!);
    expect(namesOf(firstAgain)).toEqual(namesOf(first));
    expect(firstAgain.meta).toMatchObject({ page: 0, previous_page_url: null });
    expect(namesOf(await list(firstAgain.meta.next_page_url!))).toEqual(namesOf(second));
  });

  test('misses no room and repeats none while others come and go', async () => {
    const first = await list('/v1/Rooms?PageSize=40');
    await createRooms(121, 130);
    for (const number of [120, 100, 81, 80]) await rooms()(`room-${number}`).update({ status: 'completed' });
    const second = await list(first.meta.next_page_url!);
    expect(namesOf(second)).toEqual(names(...countdown(79, 40)));
    const third = await list(second.meta.next_page_url!);
    expect(namesOf(third)).toEqual(names(...countdown(39, 1)));
    expect(third.meta.next_page_url).toBeNull();
  });

  test('keeps its filters and page size from page to page', async () => {
    await Promise.all(
      [...names(...countdown(120, 101))].map((name) => rooms()(name).update({ status: 'completed' })),
    );
    const after = new Date(server.clock.now() - 1000 * 1000).toISOString();
    const first = await list(`/v1/Rooms?Status=completed&DateCreatedAfter=${after}&PageSize=15`);
    const wanted = new URLSearchParams({
      Status: 'completed',
      DateCreatedAfter: after,
      PageSize: '15',
      Page: '0',
    });
    expect(first.meta.url).toBe(`${server.url}/v1/Rooms?${wanted}`);
    const second = await list(first.meta.next_page_url!);
    expect([...namesOf(first), ...namesOf(second)].slice(0, 20)).toEqual(names(...countdown(120, 101)));
    expect(second.meta).toMatchObject({ page: 1, page_size: 15 });
  });

  test('can be entered at a page by its number', async () => {
    expect(namesOf(await list('/v1/Rooms?Page=2&PageSize=50'))).toEqual(names(...countdown(20, 1)));
    expect(namesOf(await list('/v1/Rooms?Page=3&PageSize=50'))).toEqual([]);
  });

  test('comes whole, or as far as asked, from the helper library', async () => {
    const all = await rooms().list();
    expect(all.map(({ uniqueName }) => uniqueName)).toEqual(names(...countdown(120, 1)));
    const some = await rooms().list({ limit: 60 });
    expect(some.map(({ uniqueName }) => uniqueName)).toEqual(names(...countdown(120, 61)));
    const inSmallPages = await rooms().list({ limit: 60, pageSize: 7 });
    expect(inSmallPages.map(({ sid }) => sid)).toEqual(some.map(({ sid }) => sid));
  });

  test('comes one by one from the helper library, until it is told to stop', async () => {
    const seen: string[] = [];
    await new Promise<void>((resolve, reject) => {
      rooms().each({
        pageSize: 30,
        callback: (room, done) => {
          seen.push(room.uniqueName);
          if (seen.length === 70) done();
        },
        done: (error?: Error) => (error ? reject(error) : resolve()),
      });
    });
    expect(seen).toEqual(names(...countdown(120, 51)));
  });

  test("is walked both ways with the helper library's pages", async () => {
    const first = await rooms().page({ pageSize: 100 });
    const second = await first.nextPage();
    expect(second!.instances.map(({ uniqueName }) => uniqueName)).toEqual(names(...countdown(20, 1)));
    expect(second!.nextPage()).toBeUndefined();
    const back = await second!.previousPage();
    expect(back!.instances.length).toBe(100);
    const direct = await rooms().getPage(first.nextPageUrl!);
    expect(direct.instances.length).toBe(20);
  });
});

test('rooms of the very same time are told apart from page to page', async () => {
  const created = await Promise.all(Array.from({ length: 55 }, () => rooms().create()));
  const first = await list('/v1/Rooms?PageSize=20');
  const second = await list(first.meta.next_page_url!);
  const third = await list(second.meta.next_page_url!);
  const seen = [first, second, third].flatMap(({ rooms: page }) => page.map(({ sid }) => sid));
  expect(seen.toSorted()).toEqual(created.map(({ sid }) => sid).toSorted());
});

test('participants are listed page by page in the order of joining', async () => {
  const { sid } = await rooms().create({ maxParticipants: 10 });
  for (const identity of ['eve', 'dan', 'cem', 'bob', 'ann']) {
    await server.join(identity, sid);
    server.clock.advance(1000);
  }
  const participants = rooms()(sid).participants;
  const all = await participants.list({ pageSize: 2 });
  expect(all.map(({ identity }) => identity)).toEqual(['eve', 'dan', 'cem', 'bob', 'ann']);
  const first = await rawRequest(server.url, `/v1/Rooms/${sid}/Participants?PageSize=2`);
  expect(first.json).toMatchObject({
    meta: {
      key: 'participants',
      url: `${server.url}/v1/Rooms/${sid}/Participants?PageSize=2&Page=0`,
      next_page_url: expect.stringContaining(`${server.url}/v1/Rooms/${sid}/Participants?`) as string,
    },
  });
});
