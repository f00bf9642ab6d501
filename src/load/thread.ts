import { parentPort, workerData } from 'node:worker_threads';
import { assertNever } from '../assert-never.js';
import { LightParticipant } from './LightParticipant.js';
import { addCounts, noCounts } from './plan.js';
import type { Counts, FromThread, LoadPlan, Seat, ToThread } from './plan.js';

// One thread of a load test, with a share of its participants.

/** Milliseconds. */
const TICK = 5;

const { plan, seats } = workerData as { plan: LoadPlan; seats: readonly Seat[] };
const participants: LightParticipant[] = [];
const timers: NodeJS.Timeout[] = [];
const tell = (message: FromThread): void => parentPort!.postMessage(message);

function start(at: number): void {
  for (const seat of seats) {
    timers.push(setTimeout(() => join(seat), Math.max(0, at + seat.joinAt - Date.now())));
  }
  timers.push(setInterval(tick, TICK));
}

function join(seat: Seat): void {
  const participant = new LightParticipant(plan, seat, {
    onJoined: (times) => tell({ type: 'joined', seat: seat.id, times }),
    onFailed: (reason) => {
      participants.splice(participants.indexOf(participant), 1);
      tell({ type: 'failed', seat: seat.id, reason });
    },
  });
  participants.push(participant);
  participant
    .join()
    .catch((error: unknown) => tell({ type: 'failed', seat: seat.id, reason: String(error) }));
}

function tick(): void {
  for (const participant of participants) participant.tick(Date.now());
}

function count(): Counts {
  const now = Date.now();
  return participants
    .map(({ receiver, sender, channels }): Counts => ({
      received: receiver.counts,
      sent: sender?.counts ?? noCounts().sent,
      videosReceived: receiver.videosAt(now),
      switchedOff: channels.switchedOff.size,
      keyFrames: sender?.keyFrames ?? 0,
      framesSkipped: sender?.framesSkipped ?? 0,
    }))
    .reduce(addCounts, noCounts());
}

parentPort!.on('message', (message: ToThread) => {
  switch (message.type) {
    case 'start':
      return start(message.at);
    case 'measure':
      for (const { receiver, sender } of participants) {
        receiver.reset();
        sender?.reset();
      }
      return;
    case 'count':
      return tell({ type: 'counts', counts: count() });
    case 'stop':
      for (const timer of timers) clearTimeout(timer);
      for (const participant of [...participants]) participant.leave();
      parentPort!.close();
      return;
    default:
      assertNever(message);
  }
});
tell({ type: 'ready' });
