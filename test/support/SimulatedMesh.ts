import { MeshPlane } from '../../src/mesh/MeshPlane.js';
import type { Participant } from '../../src/rooms/Participant.js';
import type { Room } from '../../src/rooms/Room.js';
import { signalingLimitsSchema } from '../../src/signaling/limits.js';
import { parseClientMessage } from '../../src/signaling/messages.js';
import { Session } from '../../src/signaling/Session.js';
import type { TcmpConnection } from '../../src/signaling/tcmp.js';
import { join, testRooms } from './model.js';
import { SimulatedSdk } from './SimulatedSdk.js';

const limits = signalingLimitsSchema.parse({});

/** A client, its session, and what is under way between them. */
export class Seat {
  readonly sdk: SimulatedSdk;
  readonly participant: Participant;
  inbox: string[] = [];
  session!: Session;
  /** Set in each connection's life; what is sent over a lost one is lost. */
  connection: TcmpConnection | null = null;

  constructor(sdk: SimulatedSdk, participant: Participant) {
    this.sdk = sdk;
    this.participant = participant;
  }

  connect(): TcmpConnection {
    const connection = {
      send: (message: object) => {
        if (this.connection === connection) this.inbox.push(JSON.stringify(message));
      },
      close: () => {},
    } as unknown as TcmpConnection;
    this.connection = connection;
    return connection;
  }
}

/** A peer-to-peer room with its mesh and its sessions, and simulated clients whose messages a test delivers. */
export class SimulatedMesh {
  readonly #house = testRooms();
  readonly #plane = new MeshPlane(this.#house.stream);
  readonly room: Room;
  readonly seats: Seat[] = [];
  /** A connection was lost on the way: candidates of then may be missing. */
  wasCut = false;
  #count = 0;

  constructor() {
    this.room = this.#house.create({ type: 'peer-to-peer' });
    this.#house.stream.subscribe((event) => {
      for (const { session } of this.seats) session?.onRoomEvent(event);
    });
  }

  /** Lets the sessions tell what has changed. */
  tick(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async join(): Promise<void> {
    if (this.seats.length === this.room.options.maxParticipants) return;
    const name = `client-${++this.#count}`;
    const sdk = new SimulatedSdk(name);
    const message = parseClientMessage(sdk.outbox.shift(), limits);
    if (message.type !== 'connect') throw new Error('a client begins with a connect');
    const request = {
      peerConnections: message.peerConnections,
      channels: message.channels,
      bandwidthProfile: null,
    };
    this.#plane.check(request);
    const participant = join(this.room, name);
    const seat = new Seat(sdk, participant);
    const options = { sessionTimeout: 30, signalingRegion: 'us1' };
    const session = new Session(participant, seat.connect(), message.participant.revision, options);
    seat.session = session;
    this.seats.push(seat);
    session.start(await this.#plane.join(participant, request, () => session.changed()));
  }

  leave(seat: Seat): void {
    this.seats.splice(this.seats.indexOf(seat), 1);
    seat.participant.disconnect({ type: 'left' });
  }

  cut(seat: Seat): void {
    if (!seat.connection || seat.sdk.session === null) return;
    this.wasCut = true;
    const { connection } = seat;
    seat.connection = null;
    seat.inbox = [];
    seat.sdk.cut();
    seat.session.connectionLost(connection);
  }

  comeBack(seat: Seat): void {
    if (seat.connection) return;
    seat.connect();
    seat.sdk.comeBack();
  }

  /** Delivers a client's oldest message to the server. Returns whether there was one. */
  deliverUp(seat: Seat): boolean {
    const message = seat.sdk.outbox.shift();
    if (!message) return false;
    const parsed = parseClientMessage(JSON.parse(JSON.stringify(message)), limits);
    if (parsed.type === 'update') seat.session.update(parsed);
    else if (parsed.type === 'sync') seat.session.resume(seat.connection!, parsed);
    return true;
  }

  deliverDown(seat: Seat): boolean {
    const message = seat.inbox.shift();
    if (message) seat.sdk.hear(JSON.parse(message));
    return message !== undefined;
  }

  /** Everyone comes back, and everything that is under way arrives. */
  async settle(): Promise<void> {
    for (const seat of this.seats) this.comeBack(seat);
    for (let quiet = 0, rounds = 0; quiet < 2; rounds++) {
      if (rounds > 1000) throw new Error('the clients never come to an end');
      await this.tick();
      const moved = this.seats.map((seat) => {
        const up = this.deliverUp(seat);
        return this.deliverDown(seat) || up;
      });
      quiet = moved.includes(true) ? 0 : quiet + 1;
    }
  }
}
