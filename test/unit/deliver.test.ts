import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import type { CallbackRecord } from '../../src/store/Store.js';
import { deliver, requestOf } from '../../src/webhooks/deliver.js';
import type { DeliveryAttempt } from '../../src/webhooks/DeliveryLog.js';
import { DeliveryFailure } from '../../src/webhooks/failures.js';
import { signatureOf } from '../../src/webhooks/signature.js';
import { parseTarget } from '../../src/webhooks/target.js';
import { ACCOUNT } from '../support/model.js';

const REFUSED = new DeliveryFailure(11205, 'ct', 'refused');
const SILENT = new DeliveryFailure(11200, 'rt', 'silent');

function callback(changes: Partial<CallbackRecord> = {}): CallbackRecord {
  return {
    id: 'an-id',
    accountSid: ACCOUNT,
    roomSid: 'RM',
    url: 'http://example.com/events',
    method: 'POST',
    parameters: { RoomName: 'a b&c', StatusCallbackEvent: 'room-created' },
    createdAt: 0,
    ...changes,
  };
}

/** A delivery whose attempts end as foretold, each after so many milliseconds. */
class Trial {
  readonly clock = new VirtualClock(0);
  readonly attempts: DeliveryAttempt[] = [];
  readonly stop = new AbortController();
  readonly result: Promise<DeliveryFailure | null>;
  ended = false;

  constructor(fragment: string, results: (number | DeliveryFailure)[], duration = 0) {
    const target = parseTarget(`http://example.com/#${fragment}`)!;
    this.result = deliver(callback(), target, 'token', {
      transport: async (_request, signal) => {
        const result = results.shift() ?? SILENT;
        if (duration > 0) await this.#wait(duration, signal);
        if (signal.aborted) throw SILENT;
        if (typeof result === 'number') return result;
        throw result;
      },
      clock: this.clock,
      signal: this.stop.signal,
      onAttempt: (attempt) => this.attempts.push(attempt),
    }).finally(() => (this.ended = true));
  }

  /** Lets time pass in steps of ten milliseconds until the delivery ends. */
  async run(): Promise<DeliveryFailure | null> {
    for (let step = 0; step < 5_000 && !this.ended; step++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(10);
    }
    return this.result;
  }

  #wait(duration: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(duration, resolve);
      signal.addEventListener('abort', () => resolve());
    });
  }
}

describe('A delivery', () => {
  it('has arrived with the first answer of 2xx', async () => {
    const trial = new Trial('rc=5&rp=all', [204, 200]);
    expect(await trial.run()).toBeNull();
    expect(trial.attempts).toEqual([{ startedAt: 0, duration: 0, status: 204, error: null }]);
    expect(trial.clock.pending).toBe(0);
  });

  it('is tried once more when there is no connection, and only then', async () => {
    const refused = new Trial('', [REFUSED, REFUSED, 200]);
    expect(await refused.run()).toBe(REFUSED);
    expect(refused.attempts).toHaveLength(2);
    for (const result of [SILENT, 500, 404, 302]) {
      const trial = new Trial('', [result, 200]);
      expect(await trial.run()).not.toBeNull();
      expect(trial.attempts).toHaveLength(1);
    }
  });

  it.each([
    ['4xx', [404, 200]],
    ['5xx', [500, 200]],
    ['ct', [REFUSED, 200]],
    ['rt', [SILENT, 200]],
    ['5xx,rt', [500, SILENT, 200]],
    ['all', [404, 500, REFUSED, SILENT, 200]],
  ])('is tried again under the policy %s', async (policy, results) => {
    const trial = new Trial(`rc=5&rp=${policy}`, [...results]);
    expect(await trial.run()).toBeNull();
    expect(trial.attempts).toHaveLength(results.length);
  });

  it('is tried again after pauses that double, as often as is allowed', async () => {
    const trial = new Trial('rc=5&rp=5xx', [500, 501, 502, 503, 504, 505, 200]);
    expect((await trial.run())?.code).toBe(11200);
    expect(trial.attempts.map(({ status }) => status)).toEqual([500, 501, 502, 503, 504, 505]);
    expect(trial.attempts.map(({ startedAt }) => startedAt)).toEqual([0, 100, 300, 700, 1_500, 3_100]);
  });

  it('ends when its total time is over, in an attempt or between two', async () => {
    const within = new Trial('tt=1000&rc=5&rp=all', [500, 200], 600);
    expect(await within.run()).toBe(SILENT);
    expect(within.attempts.map(({ startedAt, duration }) => [startedAt, duration])).toEqual([
      [0, 600],
      [700, 300],
    ]);
    const between = new Trial('tt=1000&rc=5&rp=all', [500, 500, 500, 500, 200], 20);
    expect((await between.run())?.message).toContain('500');
    // At 0, 120, 340 and 760; the next would be at 1580.
    expect(between.attempts).toHaveLength(4);
    expect(between.clock.now()).toBeLessThan(1_500);
  });

  it('ends at once when it is stopped', async () => {
    const trial = new Trial('rc=5&rp=all', [500, 200]);
    await expect.poll(() => trial.attempts.length).toBe(1);
    trial.stop.abort();
    expect((await trial.result)?.code).toBe(11200);
    expect(trial.attempts).toHaveLength(1);
    expect(trial.clock.pending).toBe(0);
  });
});

describe('The request of a callback', () => {
  const target = (url: string) => parseTarget(url)!;

  it('by POST has the parameters as a form', () => {
    const url = 'https://me:secret@example.com/events?a=1';
    const request = requestOf(callback({ url }), target(url), 'token');
    expect(request).toEqual({
      origin: 'https://example.com',
      path: '/events?a=1',
      method: 'POST',
      headers: {
        Accept: '*/*',
        Authorization: 'Basic bWU6c2VjcmV0',
        'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8',
        'I-Twilio-Idempotency-Token': 'an-id',
        'User-Agent': 'TwilioProxy/1.1',
        'X-Twilio-Signature': signatureOf('token', 'https://example.com/events?a=1', callback().parameters),
      },
      body: 'RoomName=a+b%26c&StatusCallbackEvent=room-created',
      connectTimeout: 5_000,
      readTimeout: 15_000,
      serverName: true,
    });
  });

  it.each([
    ['/events', '/events?'],
    ['/events?', '/events?'],
    ['/events?a=1', '/events?a=1&'],
    ['/events?a=1&', '/events?a=1&'],
  ])('by GET has them behind the query of %s', (path, before) => {
    const url = `https://example.com${path}`;
    const request = requestOf(callback({ url, method: 'GET' }), target(url), 'token');
    expect(request.path).toBe(`${before}RoomName=a%20b%26c&StatusCallbackEvent=room-created`);
    expect(request.body).toBeNull();
    expect(request.headers).not.toHaveProperty('Content-Type');
    expect(request.headers['X-Twilio-Signature']).toBe(
      signatureOf('token', `https://example.com${request.path}`),
    );
  });
});
