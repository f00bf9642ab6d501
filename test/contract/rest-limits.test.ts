import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DEV_CREDENTIALS } from '../../src/index.js';
import { FORM, basic, rawRequest } from '../support/raw-http.js';
import type { RawAnswer } from '../support/raw-http.js';
import { TestServer } from '../support/test-server.js';

const account = (digit: string) => ({
  sid: `AC${digit.repeat(32)}`,
  authToken: `token${digit}`.repeat(4),
  keys: [{ sid: `SK${digit.repeat(32)}`, secret: `secret${digit}`.repeat(4) }],
});
const main = account('1');
const sub = { ...account('2'), ownerSid: main.sid };
const SECOND = 1000;

const by = ({ sid, authToken }: typeof main) => basic(sid, authToken);
const statuses = (answers: RawAnswer[]) => answers.map(({ status }) => status);
const times = async (count: number, ask: () => Promise<RawAnswer>): Promise<RawAnswer[]> => {
  const answers: RawAnswer[] = [];
  for (let n = 0; n < count; n++) answers.push(await ask());
  return answers;
};

describe('A strict server', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start({ accounts: [main, sub], strict: true });
  });
  afterEach(async () => {
    await server.tidy();
    server.clock.advance(SECOND);
  });
  afterAll(() => server.stop());

  const read = (authorization: string, path = '/v1/Rooms') => rawRequest(server.url, path, { authorization });
  const write = (authorization: string, method = 'POST') =>
    rawRequest(server.url, '/v1/Rooms', { method, authorization, headers: FORM, body: '' });

  test('lets an account read 80 times a second, whatever its credentials, and others beside it', async () => {
    const [key] = main.keys;
    const byKey = basic(key!.sid, key!.secret);
    expect(new Set(statuses(await times(40, () => read(by(main)))))).toEqual(new Set([200]));
    expect(new Set(statuses(await times(40, () => read(byKey, '/v1/Rooms/none'))))).toEqual(new Set([404]));
    for (const authorization of [by(main), byKey]) {
      const refused = await read(authorization);
      expect(refused).toMatchObject({
        status: 429,
        json: {
          code: 20429,
          message: 'Too Many Requests',
          more_info: 'https://www.twilio.com/docs/errors/20429',
          status: 429,
        },
      });
      expect(refused.headers['retry-after']).toBe('1');
    }
    expect((await read(by(sub))).status).toBe(200);
    expect((await write(by(main))).status).toBe(201);
    server.clock.advance(SECOND);
    expect((await read(by(main))).status).toBe(200);
  });

  test('lets an account write 20 times a second', async () => {
    expect(new Set(statuses(await times(20, () => write(by(main)))))).toEqual(new Set([201]));
    expect(statuses(await times(2, () => write(by(main))))).toEqual([429, 429]);
    expect(statuses(await times(1, () => write(by(main), 'DELETE')))).toEqual([429]);
    expect(server.atrium.rooms.of(main.sid)).toHaveLength(20);
    expect((await read(by(main))).status).toBe(200);
    expect((await write(by(sub))).status).toBe(201);
    server.clock.advance(SECOND);
    expect((await write(by(main))).status).toBe(201);
  });

  test('does not count whom it does not know', async () => {
    const stranger = basic(main.sid, 'wrong');
    expect(new Set(statuses(await times(90, () => read(stranger))))).toEqual(new Set([401]));
    expect((await read(by(main))).status).toBe(200);
  });

  test('lets an account have 10,000 rooms at once, its sub-accounts apart', async () => {
    const { rooms } = server.atrium;
    const [first] = Array.from({ length: 10_000 }, () => rooms.create(main.sid, {}));
    expect(await write(by(main))).toMatchObject({ status: 400, json: { code: 53119, status: 400 } });
    expect((await write(by(sub))).status).toBe(201);
    first!.complete('completed-by-api');
    expect((await write(by(main))).status).toBe(201);
    expect((await write(by(main))).json).toMatchObject({ code: 53119 });
  });
});

test('Limits are off where nobody asks for them', async () => {
  const server = await TestServer.start();
  const authorization = basic(DEV_CREDENTIALS.accountSid, DEV_CREDENTIALS.authToken);
  try {
    const answers = await times(100, () => rawRequest(server.url, '/v1/Rooms', { authorization }));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
  } finally {
    await server.end();
  }
});
