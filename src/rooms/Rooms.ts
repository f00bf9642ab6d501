import { StoppedClock } from '../clock.js';
import { twilioError } from '../errors.js';
import { isSid } from '../sid.js';
import { DEFAULT_QUOTAS, checkRoomName, resolveRoomOptions } from './options.js';
import type { Quotas, RoomDefaults, RoomRequest, RoomType } from './options.js';
import type { ParticipantRecord, PublishedTrackRecord, RoomRecord } from './records.js';
import { Room } from './Room.js';
import type { RoomEndReason } from './events.js';
import type { RoomOrigin, RoomSurroundings } from './Room.js';

/** The rooms of one account that are in progress. */
interface LiveRooms {
  bySid: Map<string, Room>;
  byName: Map<string, Room>;
  /** The SIDs of those that ended lately, the latest last. */
  ended: Set<string>;
}

/** How many ended rooms of each account a client is told of that they have ended. */
const MOST_ENDED = 1000;

/** Someone who was present in a room when the process was lost. */
export interface LostParticipant {
  participant: ParticipantRecord;
  tracks: readonly PublishedTrackRecord[];
}

/** All rooms in progress, of all accounts, kept apart by account. An ended room leaves at once. */
export class Rooms {
  readonly #surroundings: RoomSurroundings;
  readonly #defaultsOf: (accountSid: string) => RoomDefaults;
  readonly #servedTypes: readonly RoomType[];
  readonly #quotas: Quotas;
  readonly #accounts = new Map<string, LiveRooms>();

  /**
   * @param defaultsOf an account's settings, asked anew for every room
   * @param servedTypes the types for which there is a media plane
   * @param quotas of each account
   */
  constructor(
    surroundings: RoomSurroundings,
    defaultsOf: (accountSid: string) => RoomDefaults,
    servedTypes: readonly RoomType[],
    quotas: Quotas = DEFAULT_QUOTAS,
  ) {
    this.#surroundings = surroundings;
    this.#defaultsOf = defaultsOf;
    this.#servedTypes = servedTypes;
    this.#quotas = quotas;
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

  /** @throws TwilioError 53113 when the name is taken, 53119 when the account has as many as it may, or what is wrong with a parameter */
  create(accountSid: string, request: RoomRequest, origin: RoomOrigin = 'api'): Room {
    const options = resolveRoomOptions(request, this.#defaultsOf(accountSid));
    if (!this.#servedTypes.includes(options.type)) {
      throw twilioError(53103, `rooms of type ${options.type} are not served yet`);
    }
    const live = this.#live(accountSid);
    if (options.uniqueName !== null && this.find(accountSid, options.uniqueName)) throw twilioError(53113);
    if (this.#quotas.rooms !== null && live.bySid.size >= this.#quotas.rooms) throw twilioError(53119);
    const beginning = {
      sid: this.#surroundings.newSid('RM'),
      accountSid,
      origin,
      options,
      createdAt: this.#surroundings.clock.now(),
      mediaRegion: options.mediaRegion,
      recordingRuleSet: { rules: options.recordingRules, createdAt: null, updatedAt: null },
      nextSequence: 0,
      nextCallbackSequence: 0,
    };
    const room = new Room(beginning, this.#surroundings, (it) => this.#checkQuotas(it));
    live.bySid.set(room.sid, room);
    if (options.uniqueName !== null) live.byName.set(options.uniqueName, room);
    room.announce({ type: 'room-created' });
    room.prepareTranscription(request);
    return room;
  }

  /**
   * The room that a client means when it connects: by SID or name, or a new one of that name where the account
   * lets clients create rooms. No name means a new room.
   * @throws TwilioError 53106 when there is none and none may be made, 53118 for one that ended lately, 5310x for the name
   */
  findOrCreate(accountSid: string, name: string | null): Room {
    if (name !== null) {
      checkRoomName(name);
      const room = this.find(accountSid, name);
      if (room) return room;
    }
    const isRoomSid = name !== null && isSid('RM', name);
    if (isRoomSid && this.#live(accountSid).ended.has(name)) throw twilioError(53118);
    if (isRoomSid || !this.#defaultsOf(accountSid).clientSideRoomCreation) throw twilioError(53106);
    return this.create(accountSid, name === null ? {} : { uniqueName: name }, 'ad-hoc');
  }

  /**
   * Ends a room that was in progress when an earlier process was lost, at the time of that: those who were present
   * leave, and all is announced as ever.
   * @param lostAt milliseconds since the epoch
   */
  completeLost(room: RoomRecord, present: readonly LostParticipant[], lostAt: number): void {
    // What is known to have happened was before the end.
    const times = [room.updatedAt, ...present.map(({ participant }) => participant.updatedAt)];
    const clock = new StoppedClock(Math.max(lostAt, ...times));
    const lost = new Room(
      { ...room, origin: 'api', options: room },
      { ...this.#surroundings, clock },
      () => {},
    );
    for (const { participant, tracks } of present) lost.readmit(participant, tracks);
    lost.complete('server-lost');
  }

  /** @throws TwilioError 53206 when one more must not join */
  #checkQuotas({ accountSid, options: { type } }: Room): void {
    const { participants, goParticipants } = this.#quotas;
    if (participants !== null && this.#presentIn(this.of(accountSid)) >= participants)
      throw twilioError(53206);
    if (type !== 'go' || goParticipants === null) return;
    const goRooms = this.of(accountSid).filter(({ options }) => options.type === 'go');
    if (this.#presentIn(goRooms) >= goParticipants) throw twilioError(53206);
  }

  #presentIn(rooms: readonly Room[]): number {
    return rooms.reduce((sum, room) => sum + room.presentCount, 0);
  }

  /** Ends every room. */
  completeAll(reason: RoomEndReason): void {
    for (const room of this.all) room.complete(reason);
  }

  #live(accountSid: string): LiveRooms {
    let live = this.#accounts.get(accountSid);
    if (!live)
      this.#accounts.set(accountSid, (live = { bySid: new Map(), byName: new Map(), ended: new Set() }));
    return live;
  }

  #forget(room: Room): void {
    const live = this.#live(room.accountSid);
    live.bySid.delete(room.sid);
    if (live.byName.get(room.name) === room) live.byName.delete(room.name);
    live.ended.add(room.sid);
    const [oldest] = live.ended;
    if (live.ended.size > MOST_ENDED) live.ended.delete(oldest!);
  }
}

/** A room that is just ending is still in the books until everyone has heard of it. */
function isInProgress(room: Room): boolean {
  return room.status === 'in-progress';
}
