import { twilioError } from '../errors.js';
import { isSid } from '../sid.js';
import { checkRoomName, resolveRoomOptions } from './options.js';
import type { RoomDefaults, RoomRequest, RoomType } from './options.js';
import { Room } from './Room.js';
import type { RoomEndReason } from './events.js';
import type { RoomOrigin, RoomSurroundings } from './Room.js';

/** The rooms of one account that are in progress. */
interface LiveRooms {
  bySid: Map<string, Room>;
  byName: Map<string, Room>;
}

/** All rooms in progress, of all accounts, kept apart by account. An ended room leaves at once. */
export class Rooms {
  readonly #surroundings: RoomSurroundings;
  readonly #defaultsOf: (accountSid: string) => RoomDefaults;
  readonly #servedTypes: readonly RoomType[];
  readonly #accounts = new Map<string, LiveRooms>();

  /**
   * @param defaultsOf an account's settings, asked anew for every room
   * @param servedTypes the types for which there is a media plane
   */
  constructor(
    surroundings: RoomSurroundings,
    defaultsOf: (accountSid: string) => RoomDefaults,
    servedTypes: readonly RoomType[],
  ) {
    this.#surroundings = surroundings;
    this.#defaultsOf = defaultsOf;
    this.#servedTypes = servedTypes;
    surroundings.events.subscribe((event) => {
      if (event.type === 'room-ended') this.#forget(event.room);
    });
  }

  /** An account's rooms in progress, oldest first. */
  of(accountSid: string): readonly Room[] {
    return [...this.#live(accountSid).bySid.values()].filter(isInProgress);
  }

  get all(): readonly Room[] {
    return [...this.#accounts.values()].flatMap((live) => [...live.bySid.values()]).filter(isInProgress);
  }

  /** Finds a room in progress by its SID or its unique name. */
  find(accountSid: string, sidOrName: string): Room | undefined {
    const live = this.#live(accountSid);
    const room = live.bySid.get(sidOrName) ?? live.byName.get(sidOrName);
    return room && isInProgress(room) ? room : undefined;
  }

  /** @throws TwilioError 53113 when the name is taken, or what is wrong with a parameter */
  create(accountSid: string, request: RoomRequest, origin: RoomOrigin = 'api'): Room {
    const options = resolveRoomOptions(request, this.#defaultsOf(accountSid));
    if (!this.#servedTypes.includes(options.type)) {
      throw twilioError(53103, `rooms of type ${options.type} are not served yet`);
    }
    const live = this.#live(accountSid);
    if (options.uniqueName !== null && this.find(accountSid, options.uniqueName)) throw twilioError(53113);
    const room = new Room(accountSid, options, origin, this.#surroundings);
    live.bySid.set(room.sid, room);
    if (options.uniqueName !== null) live.byName.set(options.uniqueName, room);
    room.announce({ type: 'room-created' });
    return room;
  }

  /**
   * The room that a client means when it connects: by SID or name, or a new one of that name where the account
   * lets clients create rooms. No name means a new room.
   * @throws TwilioError 53106 when there is none and none may be made, 5310x for the name
   */
  findOrCreate(accountSid: string, name: string | null): Room {
    if (name !== null) {
      checkRoomName(name);
      const room = this.find(accountSid, name);
      if (room) return room;
    }
    const mayCreate =
      this.#defaultsOf(accountSid).clientSideRoomCreation && !(name !== null && isSid('RM', name));
    if (!mayCreate) throw twilioError(53106);
    return this.create(accountSid, name === null ? {} : { uniqueName: name }, 'ad-hoc');
  }

  /** Ends every room. */
  completeAll(reason: RoomEndReason): void {
    for (const room of this.all) room.complete(reason);
  }

  #live(accountSid: string): LiveRooms {
    let live = this.#accounts.get(accountSid);
    if (!live) this.#accounts.set(accountSid, (live = { bySid: new Map(), byName: new Map() }));
    return live;
  }

  #forget(room: Room): void {
    const live = this.#live(room.accountSid);
    live.bySid.delete(room.sid);
    if (live.byName.get(room.name) === room) live.byName.delete(room.name);
  }
}

/** A room that is just ending is still in the books until everyone has heard of it. */
function isInProgress(room: Room): boolean {
  return room.status === 'in-progress';
}
