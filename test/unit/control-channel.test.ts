import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { ControlChannel } from '../../src/sfu/control/ControlChannel.js';
import type { DataChannels, ServerChannelListener } from '../../src/sfu/data/DataChannels.js';

const schema = z.object({ type: z.literal('count'), count: z.number() });

class CountChannel extends ControlChannel<z.infer<typeof schema>> {
  readonly counts: number[] = [];
  readies = 0;
  ends = 0;

  constructor() {
    super(schema);
  }

  tell(message: object): void {
    this.send(message);
  }

  protected onReady(): void {
    this.readies++;
  }

  protected onMessage({ count }: z.infer<typeof schema>): void {
    this.counts.push(count);
  }

  protected override onClosed(): void {
    this.ends++;
  }
}

const message = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const count = (value: number): Buffer => message({ type: 'count', count: value });

let channel: CountChannel;
let sent: (string | Buffer)[];
let dataChannelClosed: boolean;
let dataChannels: DataChannels;
let listener: ServerChannelListener;

beforeEach(() => {
  vi.useFakeTimers();
  channel = new CountChannel();
  sent = [];
  dataChannelClosed = false;
  dataChannels = {
    open: async (_label: string, aListener: ServerChannelListener) => {
      listener = aListener;
      return {
        send: (text: string | Buffer) => sent.push(text),
        close: () => (dataChannelClosed = true),
      };
    },
  } as unknown as DataChannels;
});
afterEach(() => {
  channel.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a channel of media signalling', () => {
  test('reads what its schema knows', () => {
    channel.receive(count(1));
    channel.receive(count(2));
    expect(channel.counts).toEqual([1, 2]);
  });

  test.each([
    ['text that is no JSON', Buffer.from('{"type":"count"')],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00])],
    ['nothing', Buffer.alloc(0)],
    ['another type', message({ type: 'other' })],
    ['a value of another kind', message({ type: 'count', count: 'one' })],
    ['null', message(null)],
    ['a giant', message({ type: 'count', count: 1, ballast: 'x'.repeat(65_536) })],
  ])('drops %s', (_name, garbage) => {
    channel.receive(garbage);
    channel.receive(count(2));
    expect(channel.counts).toEqual([2]);
  });

  test('bears a flood, and drops most of it', () => {
    for (let n = 0; n < 10_000; n++) channel.receive(count(n));
    expect(channel.counts.length).toBeGreaterThanOrEqual(400);
    expect(channel.counts.length).toBeLessThan(5_000);
  });

  test('sends once the client listens', async () => {
    await channel.open(dataChannels, 'label');
    channel.tell({ type: 'early' });
    channel.receive(message({ type: 'ready' }));
    channel.tell({ type: 'news' });
    expect(channel.readies).toBe(1);
    expect(sent).toEqual(['{"type":"news"}']);
  });

  test('tells its state also to a client that is ready before the channel is known to be open', async () => {
    const opening = channel.open(dataChannels, 'label');
    channel.receive(message({ type: 'ready' }));
    expect({ isReady: channel.isReady, readies: channel.readies }).toEqual({ isReady: false, readies: 0 });
    await opening;
    expect({ isReady: channel.isReady, readies: channel.readies }).toEqual({ isReady: true, readies: 1 });
    channel.tell({ type: 'state' });
    expect(sent).toEqual(['{"type":"state"}']);
  });

  test('takes a client that speaks for one that listens', async () => {
    await channel.open(dataChannels, 'label');
    listener.onMessage(count(1));
    listener.onMessage(count(2));
    expect({ readies: channel.readies, counts: channel.counts }).toEqual({ readies: 1, counts: [1, 2] });
  });

  test('takes a client that has had the channel for a while for one that listens', async () => {
    await channel.open(dataChannels, 'label');
    listener.onAcknowledged();
    vi.advanceTimersByTime(999);
    expect(channel.isReady).toBe(false);
    vi.advanceTimersByTime(1);
    expect({ isReady: channel.isReady, readies: channel.readies }).toEqual({ isReady: true, readies: 1 });
    listener.onMessage(message({ type: 'ready' }));
    expect(channel.readies).toBe(2);
  });

  test('does not tell its state again to a client that said in time that it listens', async () => {
    await channel.open(dataChannels, 'label');
    listener.onAcknowledged();
    listener.onMessage(message({ type: 'ready' }));
    vi.advanceTimersByTime(5_000);
    expect(channel.readies).toBe(1);
  });

  test('is over when it is closed', async () => {
    await channel.open(dataChannels, 'label');
    channel.receive(message({ type: 'ready' }));
    channel.close();
    channel.close();
    channel.tell({ type: 'late' });
    channel.receive(count(1));
    expect({ sent, counts: channel.counts, ends: channel.ends, dataChannelClosed }).toEqual({
      sent: [],
      counts: [],
      ends: 1,
      dataChannelClosed: true,
    });
  });

  test('closes its data channel even when that opens only afterwards', async () => {
    const opening = channel.open(dataChannels, 'label');
    channel.close();
    await opening;
    expect(dataChannelClosed).toBe(true);
  });
});
