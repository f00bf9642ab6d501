import { WebSocket } from 'ws';
import { RoomView } from './room-view.js';
import type { LocalTrack, PeerConnectionState, ServerFrame, ServerMessage } from './rsp.js';

const PATIENCE = 10_000;
const FINAL = ['error', 'disconnected'];

export interface OpenOptions {
  /** What stands in `Host`, and with it the region. */
  host?: string;
  /** False for a client that falls silent after its hello. */
  heartbeats?: boolean;
  /** The client whose session is to be gone on with: what it knew is known. */
  after?: SignalingClient;
}

export interface ConnectOptions {
  token: string;
  /** The room's name or SID. */
  name?: unknown;
  tracks?: LocalTrack[];
  peerConnections?: PeerConnectionState[];
  /** Further members of the message, or others in place of those above. */
  changes?: object;
}

/** A client that speaks TCMP v2 and RSP v2 by hand, and keeps whatever it hears. */
export class SignalingClient {
  readonly frames: ServerFrame[] = [];
  readonly messages: ServerMessage[] = [];
  readonly view: RoomView;
  readonly socket: WebSocket;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #heartbeats: boolean;
  readonly #taken = new Set<object>();
  readonly #waiting = new Set<() => void>();
  #heartbeat: NodeJS.Timeout | undefined;
  #ended = false;
  #revision: number;

  private constructor(socket: WebSocket, { heartbeats = true, after }: OpenOptions) {
    this.socket = socket;
    this.#heartbeats = heartbeats;
    this.view = after?.view ?? new RoomView();
    this.#revision = after ? after.#revision : 0;
    socket.on('message', (data) => this.#take(JSON.parse(String(data)) as ServerFrame));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#ended = true;
        clearInterval(this.#heartbeat);
        this.#lookAgain();
        resolve({ code, reason: String(reason) });
      });
    });
  }

  static open(url: string, options: OpenOptions = {}): Promise<SignalingClient> {
    const { host } = options;
    const socket = new WebSocket(url, { headers: host === undefined ? {} : { Host: host } });
    const client = new SignalingClient(socket, options);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(client));
      socket.once('error', reject);
    });
  }

  // --- what the client says

  hello(body?: object, changes: object = {}): void {
    this.frame({
      type: 'hello',
      id: 'hello-1',
      timeout: 5000,
      version: 2,
      ...(body && { body }),
      ...changes,
    });
  }

  send(body: object): void {
    this.frame({ type: 'msg', body });
  }

  frame(frame: unknown): void {
    this.raw(JSON.stringify(frame));
  }

  raw(data: string | Buffer): void {
    this.socket.send(data);
  }

  connectMessage({ token, name = null, tracks = [], peerConnections = [], changes }: ConnectOptions): object {
    return {
      type: 'connect',
      version: 2,
      name,
      token,
      format: 'unified',
      ice_servers: 'acquire',
      participant: { revision: ++this.#revision, tracks },
      peer_connections: peerConnections,
      publisher: { name: 'twilio-video.js', sdk_version: '2.36.0', user_agent: 'none' },
      subscribe: { rules: [{ type: 'include', all: true }], revision: 0 },
      media_signaling: {},
      ...changes,
    };
  }

  /** Greets and connects with one frame, as the SDK does. */
  async join(options: ConnectOptions, helloChanges: object = {}): Promise<ServerMessage> {
    this.hello(this.connectMessage(options), helloChanges);
    return this.next('connected');
  }

  /** Announces all of its tracks; a number in place of the next revision can be given. */
  announce(tracks: LocalTrack[], revision = ++this.#revision): void {
    this.update({ participant: { revision, tracks } });
  }

  update(changes: object): void {
    this.send({ type: 'update', version: 2, session: this.view.session, ...changes });
  }

  syncMessage(token: string, changes: object = {}): object {
    return { type: 'sync', version: 2, name: this.view.name, token, session: this.view.session, ...changes };
  }

  /** Greets and goes on with the session, as the SDK does on a new socket. */
  async sync(token: string, tracks?: LocalTrack[]): Promise<ServerMessage> {
    const participant = tracks && { revision: ++this.#revision, tracks };
    this.hello(this.syncMessage(token, { ...(participant && { participant }), peer_connections: [] }));
    return this.next('synced');
  }

  disconnect(): void {
    this.send({ type: 'disconnect', version: 2, session: this.view.session });
  }

  bye(): void {
    this.frame({ type: 'bye' });
  }

  /** The socket dies without a word. */
  async drop(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }

  // --- what the client hears

  /** The next message of this type; fails when the session ends, or the connection does, before it comes. */
  next(type: string): Promise<ServerMessage> {
    return this.#wait(`a message '${type}'`, () => {
      const found = this.messages.find((message) => message.type === type && !this.#taken.has(message));
      if (found) {
        this.#taken.add(found);
        return found;
      }
      const final = this.messages.find(
        (message) => FINAL.includes(message.type) && !this.#taken.has(message),
      );
      if (final) throw new Error(`waited for '${type}' and got ${JSON.stringify(final)}`);
      return undefined;
    });
  }

  nextFrame(type: string): Promise<ServerFrame> {
    return this.#wait(`a frame '${type}'`, () => {
      const found = this.frames.find((frame) => frame.type === type && !this.#taken.has(frame));
      if (found) this.#taken.add(found);
      return found;
    });
  }

  /** Waits until what the client knows of the room is so. */
  async until(what: string, condition: (view: RoomView) => unknown): Promise<void> {
    await this.#wait(what, () => (condition(this.view) ? true : undefined));
  }

  /** Waits until the server has handled everything that was said so far, and its consequences were sent. */
  async settled(token: string): Promise<void> {
    const asked = this.messages.filter(({ type }) => type === 'iced').length;
    this.send({ type: 'ice', version: 1, edge: 'roaming', token });
    await this.#wait(
      "the answer to 'ice'",
      () => this.messages.filter(({ type }) => type === 'iced').length > asked || undefined,
    );
  }

  #take(frame: ServerFrame): void {
    this.frames.push(frame);
    if (frame.type === 'welcome') this.#startHeartbeats(frame.negotiatedTimeout!);
    if (frame.type === 'msg' && frame.body) {
      this.messages.push(frame.body);
      this.view.take(frame.body);
    }
    this.#lookAgain();
  }

  #startHeartbeats(timeout: number): void {
    if (!this.#heartbeats) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => this.frame({ type: 'heartbeat' }), timeout / 2);
  }

  #lookAgain(): void {
    for (const look of this.#waiting) look();
  }

  #wait<T>(what: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      const fail = (reason: unknown): void => {
        done();
        reject(reason instanceof Error ? reason : new Error(String(reason)));
      };
      const look = (): void => {
        try {
          const found = find();
          if (found !== undefined) {
            done();
            resolve(found);
          } else if (this.#ended) fail(`the connection ended before ${what} came`);
        } catch (error) {
          fail(error);
        }
      };
      const timer = setTimeout(
        () => fail(`waited ${PATIENCE} ms for ${what}; heard ${JSON.stringify(this.frames.slice(-5))}`),
        PATIENCE,
      );
      this.#waiting.add(look);
      look();
    });
  }
}
