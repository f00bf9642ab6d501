import { pino } from 'pino';
import { expect, test } from 'vitest';
import { MemoryStore } from '../../src/store/MemoryStore.js';
import { recordRooms } from '../../src/store/record-rooms.js';
import type { Change } from '../../src/store/Store.js';
import { WriteQueue } from '../../src/store/WriteQueue.js';
import { claim, join, testRooms } from '../support/model.js';

/** Keeps what is written. */
class WatchedStore extends MemoryStore {
  readonly written: Change[] = [];

  override async write(changes: readonly Change[]): Promise<void> {
    this.written.push(...changes);
    return super.write(changes);
  }
}

function recordedHouse() {
  const model = testRooms();
  const store = new WatchedStore(100);
  const queue = new WriteQueue(store, pino({ level: 'silent' }));
  recordRooms(model.stream, queue);
  return { model, store, queue };
}

test('a track is written down with the priority that it has come to', async () => {
  const { model, store, queue } = recordedHouse();
  const alice = join(model.create(), 'alice', [claim('mic')]);
  await queue.settled();
  alice.updateTracks([claim('mic', { priority: 'high' })]);
  await queue.settled();
  const tracks = store.written.flatMap((change) => (change.type === 'track' ? [change.track.priority] : []));
  expect(tracks).toEqual(['standard', 'high']);
});

test('who receives what is not written down', async () => {
  const { model, store, queue } = recordedHouse();
  const room = model.create();
  const alice = join(room, 'alice', [claim('mic')]);
  const bob = join(room, 'bob');
  await queue.settled();
  const before = store.written.length;
  const [mic] = alice.tracks;
  bob.subscribed(mic!, 'receiver');
  bob.unsubscribed(mic!.sid);
  await queue.settled();
  expect(store.written.slice(before)).toEqual([]);
  expect(model.types.slice(-2)).toEqual(['track-subscribed', 'track-unsubscribed']);
});
