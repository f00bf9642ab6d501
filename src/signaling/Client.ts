import type { WebSocket } from 'ws';
import { assertNever } from '../assert-never.js';
import { checkRoomGrant, verifyAccessToken } from '../auth/access-token.js';
import type { AccessToken } from '../auth/access-token.js';
import type { Accounts } from '../auth/accounts.js';
import type { Clock } from '../clock.js';
import { TwilioError, twilioError } from '../errors.js';
import type { IceServers } from '../ice/IceServers.js';
import { errorForLog } from '../log.js';
import type { Logger } from '../log.js';
import type { MediaPlaneOf } from '../rooms/media.js';
import type { MediaRegion } from '../rooms/options.js';
import type { Participant } from '../rooms/Participant.js';
import type { Room } from '../rooms/Room.js';
import type { Rooms } from '../rooms/Rooms.js';
import type { SignalingLimits } from './limits.js';
import { parseClientMessage } from './messages.js';
import type { ClientMessage } from './messages.js';
import { Session, errorMessage } from './Session.js';
import type { Sessions } from './Sessions.js';
import { TcmpConnection } from './tcmp.js';
import type { ConnectionEnd } from './tcmp.js';

/** What the SDK face needs of the house. */
export interface SignalingHouse {
  accounts: Accounts;
  rooms: Rooms;
  clock: Clock;
  iceServers: IceServers;
  mediaPlaneOf: MediaPlaneOf;
  limits: SignalingLimits;
  /** Seconds for which a client that lost its connection may come back. */
  sessionTimeout: number;
  log: Logger;
}

const ICE_VERSION = 1;

/** One connected SDK, from its first message to the end of its connection: it enters a session, or resumes one. */
export class Client {
  readonly #house: SignalingHouse;
  readonly #sessions: Sessions;
  readonly #region: MediaRegion;
  readonly #log: Logger;
  readonly #connection: TcmpConnection;
  readonly #idleTimer: NodeJS.Timeout;
  #session: Session | null = null;
  #ended = false;
  /** Messages are handled one after the other, in the order of their arrival. */
  #handling: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** @param region of the signalling, as the host name of the request has it */
  constructor(
    socket: WebSocket,
    region: MediaRegion,
    sessions: Sessions,
    house: SignalingHouse,
    onEnd: (client: Client) => void,
  ) {
    this.#house = house;
    this.#sessions = sessions;
    this.#region = region;
    this.#log = house.log;
    this.#idleTimer = setTimeout(() => this.close(), house.limits.idleTimeoutMs);
    this.#connection = new TcmpConnection(socket, house.limits, {
      onMessage: (body) => this.#enqueue(body),
      onEnd: (end) => {
        this.#onEnd(end);
        onEnd(this);
      },
    });
    socket.once('close', () => {
      clearTimeout(this.#idleTimer);
      onEnd(this);
    });
  }

  /** Closes the connection from this side; a session it may have goes on without. */
  close(): void {
    this.#connection.close();
    this.#onEnd('lost');
  }

  goAway(): void {
    this.#connection.goAway();
    this.#onEnd('lost');
  }

  #enqueue(body: unknown): void {
    // While a room is being entered, nothing but a few messages can be waiting.
    if (++this.#waiting > this.#house.limits.maxFramesPerSecond) return this.close();
    this.#handling = this.#handling.then(async () => {
      this.#waiting--;
      if (this.#ended) return;
      try {
        await this.#handle(parseClientMessage(body, this.#house.limits));
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  /** Any error ends the session: that is how the SDK takes it. */
  #fail(error: unknown): void {
    const known = error instanceof TwilioError ? error : twilioError(53000);
    if (known !== error) this.#log.error({ err: errorForLog(error) }, 'signalling failed');
    const session = this.#session;
    if (session && !session.farewell) session.participant.disconnect({ type: 'failed', error: known });
    else this.#connection.send(errorMessage(known));
  }

  #onEnd(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#idleTimer);
    if (!this.#session) return;
    if (end === 'bye') this.#session.participant.disconnect({ type: 'left' });
    else this.#session.connectionLost(this.#connection);
  }

  async #handle(message: ClientMessage): Promise<void> {
    switch (message.type) {
      case 'ice':
        return this.#onIce(message);
      case 'connect':
        return this.#onConnect(message);
      case 'sync':
        return this.#onSync(message);
      case 'update':
        return this.#livingSession(message.session).update(message);
      case 'disconnect':
        this.#session?.participant.disconnect({ type: 'left' });
        return;
      default:
        assertNever(message);
    }
  }

  #livingSession(id: string | undefined): Session {
    const session = this.#session;
    if (!session) throw twilioError(53004, 'not in a room');
    if (id !== undefined && id !== session.id) throw twilioError(53004, 'not this session');
    return session;
  }

  #verify(token: string): Promise<AccessToken> {
    return verifyAccessToken(token, this.#house.accounts, this.#house.clock);
  }

  async #onIce(message: ClientMessage & { type: 'ice' }): Promise<void> {
    const { accountSid, identity } = await this.#verify(message.token);
    const servers = this.#house.iceServers.forClient(accountSid, identity);
    this.#connection.send({ type: 'iced', version: ICE_VERSION, ice_servers: servers });
  }

  async #onConnect(message: ClientMessage & { type: 'connect' }): Promise<void> {
    if (this.#session) throw twilioError(53004, 'connected already');
    const token = await this.#verify(message.token);
    // The socket may be gone by now: nobody would ever leave.
    if (this.#ended) return;
    const room = this.#findRoom(message, token);
    const plane = this.#house.mediaPlaneOf(room);
    const media = {
      peerConnections: message.peerConnections,
      channels: message.channels,
      bandwidthProfile: message.bandwidthProfile,
    };
    let participant: Participant;
    try {
      plane.check(media);
      participant = room.join({
        identity: token.identity,
        tracks: message.participant.tracks,
        subscribeRules: message.subscribeRules,
        signalingRegion: this.#region,
      });
    } catch (error) {
      // A room that was made for this join goes with it.
      if (room.origin === 'ad-hoc' && room.participants.length === 0) room.complete('last-participant-left');
      throw error;
    }
    clearTimeout(this.#idleTimer);
    const session = new Session(participant, this.#connection, message.participant.revision, {
      sessionTimeout: this.#house.sessionTimeout,
      signalingRegion: this.#region,
    });
    this.#session = session;
    this.#sessions.add(session);
    try {
      session.start(await plane.join(participant, media, () => session.changed()));
    } catch (error) {
      // Whoever left meanwhile has taken the media along.
      if (participant.status !== 'disconnected') throw error;
    }
  }

  #findRoom(message: ClientMessage & { type: 'connect' }, token: AccessToken): Room {
    const { rooms } = this.#house;
    // Without a name, a token for one room means that room.
    const name = message.name ?? token.room;
    checkRoomGrant(token, name, name === null ? undefined : rooms.find(token.accountSid, name));
    return rooms.findOrCreate(token.accountSid, name);
  }

  async #onSync(message: ClientMessage & { type: 'sync' }): Promise<void> {
    if (this.#session) throw twilioError(53004, 'connected already');
    const token = await this.#verify(message.token);
    const { accountSid, identity } = token;
    if (this.#ended) return;
    const session = this.#sessions.find(message.session, accountSid, identity);
    if (!session) {
      // Unknown after a restart of the server: the SDK is to learn at once that there is nothing to wait for.
      const last =
        this.#sessions.farewellOf(message.session, accountSid, identity) ?? errorMessage(twilioError(53001));
      return this.#connection.send(last);
    }
    const { room } = session.participant;
    checkRoomGrant(token, room.name, room);
    clearTimeout(this.#idleTimer);
    this.#session = session;
    session.resume(this.#connection, message);
  }
}
