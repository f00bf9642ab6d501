import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';

/** What happens to the packets of one direction of a flow. */
export interface Shape {
  /** Nothing passes. */
  blocked?: boolean;
  /** Bits a second; what does not fit into the queue is dropped. */
  rate?: number;
  /** Part of the packets that is lost, 0 to 1. */
  loss?: number;
  /** Milliseconds. */
  delay?: number;
}

/** Milliseconds of packets that wait at most, where the rate is limited. */
const LONGEST_QUEUE = 300;

/** One direction of a flow: packets go in, and come out shaped. */
class Pipe {
  shape: Shape = {};
  bytes = 0;
  #freeAt = 0;
  readonly #deliver: (packet: Buffer) => void;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(deliver: (packet: Buffer) => void) {
    this.#deliver = deliver;
  }

  push(packet: Buffer): void {
    const { blocked, rate, loss = 0, delay = 0 } = this.shape;
    if (blocked || Math.random() < loss) return;
    const now = performance.now();
    let due = now + delay;
    if (rate !== undefined) {
      const start = Math.max(now, this.#freeAt);
      if (start - now > LONGEST_QUEUE) return;
      this.#freeAt = start + (packet.length * 8 * 1000) / rate;
      due = this.#freeAt + delay;
    }
    this.bytes += packet.length;
    if (due <= now) return this.#deliver(packet);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#deliver(packet);
    }, due - now);
    this.#timers.add(timer);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

/** The packets between one client address and the server. */
class Flow {
  readonly up: Pipe;
  readonly down: Pipe;
  readonly #upstream: Socket;

  constructor(link: Socket, client: RemoteInfo, target: { address: string; port: number }) {
    this.#upstream = createSocket('udp4');
    this.up = new Pipe((packet) => this.#upstream.send(packet, target.port, target.address));
    this.down = new Pipe((packet) => link.send(packet, client.port, client.address));
    this.#upstream.on('message', (packet) => this.down.push(packet));
  }

  close(): void {
    this.up.stop();
    this.down.stop();
    this.#upstream.close();
  }
}

/**
 * A network between the clients and the media port: the server announces the link's address, the link passes
 * everything on, and drops, delays and limits as a test wants. The kernel may have no means for that.
 */
export class MediaLink {
  readonly #socket: Socket;
  readonly #target: { address: string; port: number };
  readonly #flows = new Map<string, Flow>();
  /** The first flows of each peer connection, in the order of their appearance. */
  readonly #peers = new Map<string, Set<Flow>>();

  private constructor(socket: Socket, target: { address: string; port: number }) {
    this.#socket = socket;
    this.#target = target;
    socket.on('message', (packet, client) => this.#onPacket(packet, client));
  }

  /** Listens on `address` at the same port number at which the server listens on 127.0.0.1. */
  static async open(address: string, port: number): Promise<MediaLink> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, resolve);
    });
    return new MediaLink(socket, { address: '127.0.0.1', port });
  }

  /** Shapes a peer connection's packets; peers count from 0 in the order in which they appeared. */
  shape(peer: number, shapes: { up?: Shape; down?: Shape }): void {
    const flows = [...this.#peers.values()][peer];
    if (!flows) throw new Error(`no peer ${peer} has appeared`);
    for (const flow of flows) {
      if (shapes.up) flow.up.shape = shapes.up;
      if (shapes.down) flow.down.shape = shapes.down;
    }
  }

  shapeAll(shapes: { up?: Shape; down?: Shape }): void {
    for (const index of [...this.#peers.keys()].keys()) this.shape(index, shapes);
  }

  /** Bytes that went down to a peer so far. */
  bytesDown(peer: number): number {
    return [...([...this.#peers.values()][peer] ?? [])].reduce((sum, flow) => sum + flow.down.bytes, 0);
  }

  /** Forgets all flows: between tests. */
  reset(): void {
    for (const flow of this.#flows.values()) flow.close();
    this.#flows.clear();
    this.#peers.clear();
  }

  close(): void {
    this.reset();
    this.#socket.close();
  }

  #onPacket(packet: Buffer, client: RemoteInfo): void {
    const key = `${client.address}:${client.port}`;
    let flow = this.#flows.get(key);
    if (!flow) this.#flows.set(key, (flow = new Flow(this.#socket, client, this.#target)));
    const ufrag = stunUserName(packet)?.split(':')[1];
    if (ufrag !== undefined) {
      const flows = this.#peers.get(ufrag) ?? new Set<Flow>();
      this.#peers.set(ufrag, flows.add(flow));
    }
    flow.up.push(packet);
  }
}

/** The USERNAME of a STUN binding request (RFC 8489). */
function stunUserName(packet: Buffer): string | null {
  if (packet.length < 20 || packet.readUInt16BE(0) !== 0x0001) return null;
  for (let at = 20; at + 4 <= packet.length;) {
    const type = packet.readUInt16BE(at);
    const length = packet.readUInt16BE(at + 2);
    if (type === 0x0006) return packet.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return null;
}
