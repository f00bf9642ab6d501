import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { MEDIA_REGIONS } from '../rooms/options.js';
import type { MediaRegion } from '../rooms/options.js';
import type { EventStream } from '../rooms/events.js';
import { serveWithoutUpgrade } from './http-upgrades.js';
import { Client } from './Client.js';
import type { SignalingHouse } from './Client.js';
import { serveEventsGateway } from './events-gateway.js';
import { Sessions } from './Sessions.js';

const SIGNALING_PATH = '/signaling';
const EVENTS_PATH = '/v1/VideoEvents';
/** The region for hosts that name none, and for `global` and `gll`, which leave the choice to the server. */
const DEFAULT_REGION: MediaRegion = 'us1';
const SOCKET_TIMEOUT = 5_000;

/** The SDK face: takes WebSockets from the HTTP server and makes a {@link Client} of each. */
export class SignalingFace {
  readonly #house: SignalingHouse;
  readonly #sockets: WebSocketServer;
  readonly #sessions = new Sessions();
  readonly #clients = new Set<Client>();
  readonly #unsubscribe: () => void;
  #closing = false;

  constructor(house: SignalingHouse, events: EventStream) {
    this.#house = house;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: house.limits.maxFrameBytes,
      clientTracking: true,
    });
    this.#unsubscribe = events.subscribe((event) => this.#sessions.onRoomEvent(event));
  }

  /** Connections that are open now. */
  get connectionCount(): number {
    return this.#sockets.clients.size;
  }

  /** Sessions that live, whether connected or not. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Serves the WebSockets that come to this HTTP server. */
  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      if (request.headers.upgrade?.toLowerCase() === 'websocket') this.#onUpgrade(request, socket, head);
      else serveWithoutUpgrade(server, request, socket, head);
    });
  }

  /** Closes all connections; resolves when their sockets are gone. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#unsubscribe();
    for (const client of this.#clients) client.goAway();
    const gone = [...this.#sockets.clients].map(
      (socket) =>
        new Promise<void>((resolve) => {
          const timer = setTimeout(() => socket.terminate(), SOCKET_TIMEOUT);
          socket.once('close', () => {
            clearTimeout(timer);
            resolve();
          });
          if (socket.readyState === socket.OPEN) socket.close(1001);
        }),
    );
    this.#sockets.close();
    await Promise.all(gone);
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const path = request.url?.split('?', 1)[0];
    const region = regionOf(request.headers.host ?? '');
    const { limits } = this.#house;
    if (path !== SIGNALING_PATH && path !== EVENTS_PATH) return refuse(socket, '404 Not Found');
    if (region === null) return refuse(socket, '403 Forbidden');
    if (this.#closing || this.connectionCount >= limits.maxConnections)
      return refuse(socket, '503 Service Unavailable');
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (path === EVENTS_PATH) return serveEventsGateway(webSocket, this.#house);
      const client = new Client(webSocket, region, this.#sessions, this.#house, () =>
        this.#clients.delete(client),
      );
      this.#clients.add(client);
      return undefined;
    });
  }
}

/**
 * The signalling region that a host name asks for (`us1.vss.twilio.com`), or null for one that does not exist.
 * Hosts that are not Twilio's name no region.
 */
export function regionOf(host: string): MediaRegion | null {
  const region = /^([^.]+)\.vss\./.exec(host.toLowerCase())?.[1];
  if (region === undefined || region === 'global' || region === 'gll') return DEFAULT_REGION;
  return MEDIA_REGIONS.find((known) => known === region) ?? null;
}

function refuse(socket: Duplex, status: string): void {
  // A peer that keeps its half of the connection open keeps no socket.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
