import { VirtualClock } from '../../src/clock.js';
import { TwilioError } from '../../src/errors.js';
import type { ErrorCode } from '../../src/errors.js';
import { EventStream } from '../../src/rooms/events.js';
import type { RoomEventType, SequencedRoomEvent } from '../../src/rooms/events.js';
import { DEFAULT_QUOTAS, ROOM_DEFAULTS, ROOM_TYPES } from '../../src/rooms/options.js';
import type { Quotas, RoomDefaults, RoomRequest, RoomType } from '../../src/rooms/options.js';
import type { Participant, TrackClaim } from '../../src/rooms/Participant.js';
import type { TrackAnnouncement } from '../../src/rooms/PublishedTrack.js';
import type { Room, RoomOrigin } from '../../src/rooms/Room.js';
import { Rooms } from '../../src/rooms/Rooms.js';
import { INCLUDE_ALL } from '../../src/rooms/rules.js';
import type { Rule } from '../../src/rooms/rules.js';
import type { SidSource } from '../../src/sid.js';

export const ACCOUNT = `AC${'a'.repeat(32)}`;
export const OTHER_ACCOUNT = `AC${'b'.repeat(32)}`;
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** SIDs that can be foretold: they count. */
export function countingSids(): SidSource {
  let count = 0;
  return (prefix) => prefix + (++count).toString(16).padStart(32, '0');
}

export interface TestRoomsOptions {
  defaults?: Partial<RoomDefaults>;
  servedTypes?: readonly RoomType[];
  quotas?: Partial<Quotas>;
}

/** The model alone, on a clock that tests move, with everything that it announced. */
export class TestRooms {
  readonly clock = new VirtualClock();
  readonly events: SequencedRoomEvent[] = [];
  readonly listenerErrors: unknown[] = [];
  readonly stream = new EventStream((error) => this.listenerErrors.push(error));
  readonly rooms: Rooms;

  constructor({ defaults, servedTypes = ROOM_TYPES, quotas }: TestRoomsOptions) {
    const surroundings = { clock: this.clock, newSid: countingSids(), events: this.stream };
    this.stream.subscribe((event) => this.events.push(event));
    this.rooms = new Rooms(surroundings, () => ({ ...ROOM_DEFAULTS, ...defaults }), servedTypes, {
      ...DEFAULT_QUOTAS,
      ...quotas,
    });
  }

  create(request: RoomRequest = {}, origin?: RoomOrigin): Room {
    return this.rooms.create(ACCOUNT, request, origin);
  }

  /** A room as a client's connect makes it. */
  adHoc(name: string | null = null): Room {
    return this.rooms.findOrCreate(ACCOUNT, name);
  }

  /** The types of all events, in their order. */
  get types(): RoomEventType[] {
    return this.events.map(({ type }) => type);
  }

  /** All events of a type. */
  all<T extends RoomEventType>(type: T): Extract<SequencedRoomEvent, { type: T }>[] {
    return this.events.filter(
      (event): event is Extract<SequencedRoomEvent, { type: T }> => event.type === type,
    );
  }

  /** The last event of a type. */
  last<T extends RoomEventType>(type: T): Extract<SequencedRoomEvent, { type: T }> | undefined {
    return this.all(type).at(-1);
  }

  /** Forgets what was announced so far. */
  forgetEvents(): void {
    this.events.length = 0;
  }
}

export function testRooms(options: TestRoomsOptions = {}): TestRooms {
  return new TestRooms(options);
}

export function join(
  room: Room,
  identity: string,
  tracks: readonly TrackClaim[] = [],
  subscribeRules: readonly Rule[] = INCLUDE_ALL,
): Participant {
  return room.join({ identity, tracks, subscribeRules, signalingRegion: 'us1' });
}

/** A track as its publisher announces it: audio, called by its id, not muted. */
export function claim(clientId: string, changes: Partial<TrackAnnouncement> = {}): TrackAnnouncement {
  return { clientId, kind: 'audio', name: clientId, enabled: true, priority: 'standard', ...changes };
}

/** The code of the TwilioError with which an action fails; null when it succeeds. Other errors go through. */
export function codeOf(action: () => unknown): ErrorCode | null {
  try {
    action();
    return null;
  } catch (error) {
    if (error instanceof TwilioError) return error.code;
    throw error;
  }
}

/** The same for a promise. */
export async function rejectionCodeOf(promise: Promise<unknown>): Promise<ErrorCode | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    if (error instanceof TwilioError) return error.code;
    throw error;
  }
}
