import { randomUUID } from 'node:crypto';
import type { CallbackRecord } from '../store/Store.js';
import { parametersOf } from './parameters.js';
import type { Occurrence } from './parameters.js';

/**
 * The callback that tells of an occurrence, as it is stored and delivered; null where the room has no status
 * callback, and then no number is taken.
 * @param nextSequence gives the next of the room's `SequenceNumber`s
 */
export function callbackOf(occurrence: Occurrence, nextSequence: () => number): CallbackRecord | null {
  const { room, at } = occurrence;
  if (room.statusCallback === null) return null;
  return {
    id: randomUUID(),
    accountSid: room.accountSid,
    roomSid: room.sid,
    url: room.statusCallback,
    method: room.statusCallbackMethod,
    parameters: parametersOf(occurrence, nextSequence()),
    createdAt: at,
  };
}
