// The thread of a MediaLink: it passes packets on with a clock of its own, whatever the tests' thread is busy with.
import { createSocket } from 'node:dgram';
import { parentPort, workerData } from 'node:worker_threads';

/** Milliseconds of packets that wait at most, where the rate is limited. */
const LONGEST_QUEUE = 300;

/** One direction of a flow: packets go in, and come out shaped. */
class Pipe {
  shape = {};
  bytes = 0;
  #freeAt = 0;
  #deliver;
  #timers = new Set();

  constructor(deliver) {
    this.#deliver = deliver;
  }

  push(packet) {
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
    if (due <= now) {
      this.#deliver(packet);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#deliver(packet);
    }, due - now);
    this.#timers.add(timer);
  }

  stop() {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

/** The packets between one client address and the server. */
class Flow {
  constructor(link, client, target) {
    this.upstream = createSocket('udp4');
    this.up = new Pipe((packet) => this.upstream.send(packet, target.port, target.address));
    this.down = new Pipe((packet) => link.send(packet, client.port, client.address));
    this.upstream.on('message', (packet) => this.down.push(packet));
  }

  takeShapes({ up, down }) {
    if (up) this.up.shape = up;
    if (down) this.down.shape = down;
  }

  close() {
    this.up.stop();
    this.down.stop();
    this.upstream.close();
  }
}

/** The USERNAME of a STUN binding request (RFC 8489). */
function stunUserName(packet) {
  if (packet.length < 20 || packet.readUInt16BE(0) !== 0x0001) return null;
  for (let at = 20; at + 4 <= packet.length;) {
    const type = packet.readUInt16BE(at);
    const length = packet.readUInt16BE(at + 2);
    if (type === 0x0006) return packet.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return null;
}

const { address, port } = workerData;
const socket = createSocket('udp4');
const flows = new Map();
/** The flows of each peer connection, in the order of their appearance. */
const peers = new Map();
/** The shapes of flows that have yet to appear. */
let ofNewFlows = {};

socket.on('message', (packet, client) => {
  const key = `${client.address}:${client.port}`;
  let flow = flows.get(key);
  if (!flow) {
    flows.set(key, (flow = new Flow(socket, client, { address: '127.0.0.1', port })));
    flow.takeShapes(ofNewFlows);
  }
  const ufrag = stunUserName(packet)?.split(':')[1];
  if (ufrag !== undefined) peers.set(ufrag, (peers.get(ufrag) ?? new Set()).add(flow));
  flow.up.push(packet);
});

const commands = {
  shape({ peer, ...shapes }) {
    const shaped = peer === null ? [...peers.values()] : [...peers.values()].slice(peer, peer + 1);
    if (shaped.length === 0) throw new Error(`no peer ${peer} has appeared`);
    for (const flow of shaped.flatMap((set) => [...set])) flow.takeShapes(shapes);
  },
  shapeNew(shapes) {
    ofNewFlows = shapes;
  },
  reset() {
    ofNewFlows = {};
    for (const flow of flows.values()) flow.close();
    flows.clear();
    peers.clear();
  },
};

parentPort.on('message', ({ id, command, ...parameters }) => {
  try {
    parentPort.postMessage({ id, result: commands[command](parameters) });
  } catch (error) {
    parentPort.postMessage({ id, error: error.message });
  }
});
socket.bind(port, address, () => parentPort.postMessage({ id: 0 }));
