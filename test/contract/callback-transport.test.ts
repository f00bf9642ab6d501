import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DeliveryFailure } from '../../src/webhooks/failures.js';
import { httpTransport } from '../../src/webhooks/transport.js';
import type { OutgoingRequest } from '../../src/webhooks/transport.js';
import { CallbackReceiver, answer } from '../support/callback-receiver.js';
import { freePort } from '../support/ports.js';

let receiver: CallbackReceiver;

beforeEach(async () => {
  receiver = await CallbackReceiver.start();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  receiver.violations.length = 0;
  await receiver.stop();
});

/** Waits without moving the timers, which vitest's own waiting would. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const send = httpTransport({ checkCertificates: true });
const request = (changes: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  origin: receiver.url,
  path: '/',
  method: 'POST',
  headers: {},
  body: 'a=1',
  connectTimeout: 5_000,
  readTimeout: 5_000,
  serverName: true,
  ...changes,
});

test('a request leaves no timer behind, however it ends', async () => {
  const { signal } = new AbortController();
  expect(await send(request(), signal)).toBe(204);
  expect(vi.getTimerCount()).toBe(0);
  const refused = request({ origin: `http://127.0.0.1:${await freePort()}` });
  await expect(send(refused, signal)).rejects.toMatchObject({ code: 11205, retriedOn: 'ct' });
  expect(vi.getTimerCount()).toBe(0);
  receiver.behaviour = (response) => void response.destroy();
  await expect(send(request(), signal)).rejects.toMatchObject({ code: 11205, retriedOn: 'rt' });
  expect(vi.getTimerCount()).toBe(0);
});

test('a request that is ended while it waits fails at once, and leaves neither timer nor connection', async () => {
  const abort = new AbortController();
  receiver.behaviour = () => abort.abort();
  await expect(send(request(), abort.signal)).rejects.toBeInstanceOf(DeliveryFailure);
  expect(vi.getTimerCount()).toBe(0);
  await until(() => receiver.connections === 0);
});

test('a request that was ended before it began is not made', async () => {
  await expect(send(request(), AbortSignal.abort())).rejects.toBeInstanceOf(DeliveryFailure);
  expect(receiver.received).toEqual([]);
});

test('an answer is awaited for as long as the read timeout says, no longer', async () => {
  receiver.behaviour = () => {};
  const { signal } = new AbortController();
  let failure: unknown = null;
  const sent = send(request({ readTimeout: 2_000 }), signal).catch((error: unknown) => (failure = error));
  await until(() => receiver.received.length === 1);
  vi.advanceTimersByTime(1_999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(failure).toBeNull();
  vi.advanceTimersByTime(1);
  await sent;
  expect(failure).toMatchObject({ code: 11200, retriedOn: 'rt' });
});

test('the answers of a request are its own, though the next one goes to the same place', async () => {
  const { signal } = new AbortController();
  for (const status of [200, 500, 302]) {
    receiver.behaviour = answer(status);
    expect(await send(request(), signal)).toBe(status);
  }
  expect(receiver.received.map(({ body }) => body)).toEqual(['a=1', 'a=1', 'a=1']);
});
