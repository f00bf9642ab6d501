import type { Rooms } from '../rooms/Rooms.js';
import type { Store } from './Store.js';

/**
 * Completes the rooms that were in progress when the last process was lost, at the time of its last sign of life.
 * @returns how many there were
 */
export async function completeLostRooms(store: Store, rooms: Rooms): Promise<number> {
  const [interrupted, lastSign] = await Promise.all([store.interruptedRooms(), store.lastSignOfLife()]);
  for (const { room, participants, tracks } of interrupted) {
    const present = participants
      .filter(({ status }) => status !== 'disconnected')
      .map((participant) => ({
        participant,
        tracks: tracks.filter(({ participantSid }) => participantSid === participant.sid),
      }));
    rooms.completeLost(room, present, lastSign ?? room.updatedAt);
  }
  return interrupted.length;
}

/** How often a sign of life is kept, in milliseconds of real time: that exact is the end of what was lost. */
const SIGN_EVERY = 1_000;

/** Keeps a sign of life of the process every second, until the returned function is called. */
export function keepSignsOfLife(
  store: Store,
  now: () => number,
  onError: (error: unknown) => void,
): () => void {
  const timer = setInterval(() => {
    store.signOfLife(now()).catch(onError);
  }, SIGN_EVERY);
  return () => clearInterval(timer);
}
