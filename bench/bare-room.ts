import { createWorker } from 'mediasoup';
import type { types } from 'mediasoup';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { workerPath } from '../native/worker.mjs';
import { AUDIO_FEEDBACK, VIDEO_FEEDBACK, routerCodecs } from '../src/sfu/codecs.js';
import { HeaderExtensions } from '../src/sfu/header-extensions.js';
import { DescriptionReader } from '../src/sfu/sdp/parse.js';
import type { RemoteMediaSection } from '../src/sfu/sdp/parse.js';
import { DescriptionWriter } from '../src/sfu/sdp/render.js';
import type { LocalMediaSection, LocalTransport } from '../src/sfu/sdp/render.js';

/** As the server has it: without it, the bare fan-out loses what the server does not. */
const SOCKET_BUFFER = 4 * 1024 * 1024;

/**
 * The least that forwards everyone's audio and video to everyone with mediasoup: one router, and of the signalling
 * as much as the load test's participants need. No tokens, no model, no switching off, no data.
 */
export class BareRoom {
  readonly worker: types.Worker;
  readonly #router: types.Router;
  readonly #server: types.WebRtcServer;
  readonly #sockets: WebSocketServer;
  readonly #peers = new Set<BarePeer>();

  private constructor(worker: types.Worker, router: types.Router, server: types.WebRtcServer) {
    this.worker = worker;
    this.#router = router;
    this.#server = server;
    this.#sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    this.#sockets.on('connection', (socket) => {
      socket.on('message', (data) => this.#onFrame(socket, JSON.parse(String(data)) as Frame));
    });
  }

  static async start(): Promise<BareRoom> {
    const worker = await createWorker({ workerBin: workerPath()! });
    const router = await worker.createRouter({ mediaCodecs: routerCodecs(['VP8']) });
    const server = await worker.createWebRtcServer({
      listenInfos: [
        { protocol: 'udp', ip: '127.0.0.1', recvBufferSize: SOCKET_BUFFER, sendBufferSize: SOCKET_BUFFER },
      ],
    });
    const room = new BareRoom(worker, router, server);
    await new Promise((resolve) => room.#sockets.once('listening', resolve));
    return room;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#sockets.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.worker.close();
  }

  #onFrame(socket: WebSocket, { type, body }: Frame): void {
    if (type === 'heartbeat') socket.send(JSON.stringify({ type }));
    if (type === 'hello') {
      socket.send(JSON.stringify({ type: 'welcome', negotiatedTimeout: 5000 }));
      socket.send(JSON.stringify({ type: 'msg', body: { type: 'iced' } }));
    }
    if (type === 'msg' && body?.type === 'connect') void this.#join(socket, body);
  }

  async #join(socket: WebSocket, body: Body): Promise<void> {
    const transport = await this.#router.createWebRtcTransport({
      webRtcServer: this.#server,
      initialAvailableOutgoingBitrate: 2_000_000,
    });
    const peer = new BarePeer(socket, transport, this.#router);
    socket.on('message', (data) => {
      const { type, body: update } = JSON.parse(String(data)) as Frame;
      if (type === 'msg' && update?.type === 'update') void peer.answered();
    });
    socket.on('close', () => {
      this.#peers.delete(peer);
      transport.close();
    });
    const others = [...this.#peers];
    this.#peers.add(peer);
    await peer.join(body, others);
    for (const other of others) {
      peer.subscribe(other);
      other.subscribe(peer);
    }
  }
}

interface Body {
  type: string;
  peer_connections: { id: string; description: { sdp: string } }[];
}
interface Frame {
  type: string;
  body?: Body;
}
interface Track {
  sid: string;
  kind: types.MediaKind;
  producer: types.Producer;
}

class BarePeer {
  readonly sid = randomUUID();
  tracks: Track[] = [];
  readonly #socket: WebSocket;
  readonly #transport: types.WebRtcTransport;
  readonly #router: types.Router;
  readonly #extensions = new HeaderExtensions();
  readonly #writer = new DescriptionWriter();
  readonly #sections: LocalMediaSection[] = [];
  readonly #received: { sid: string; id: string }[] = [];
  #wanted: Track[] = [];
  #offered: types.Consumer[] = [];
  #id = '';
  #revision = 0;
  #busy = true;

  constructor(socket: WebSocket, transport: types.WebRtcTransport, router: types.Router) {
    this.#socket = socket;
    this.#transport = transport;
    this.#router = router;
  }

  async join({ peer_connections: [connection] }: Body, others: BarePeer[]): Promise<void> {
    this.#id = connection!.id;
    const { fingerprint, sections } = new DescriptionReader().read(connection!.description.sdp);
    await this.#transport.connect({ dtlsParameters: { role: 'client', fingerprints: [fingerprint] } });
    for (const section of sections) await this.#take(section as RemoteMediaSection);
    this.#tell('connected', 'answer', {
      session: this.sid,
      participants: others.map(({ sid, tracks }) => ({
        sid,
        state: 'connected',
        tracks: tracks.map((track) => ({ sid: track.sid, kind: track.kind })),
      })),
    });
    this.#busy = false;
    void this.#offer();
  }

  async #take({ mid, kind, codecs: offered, extensions, source }: RemoteMediaSection): Promise<void> {
    this.#extensions.learn(kind, extensions);
    const { name, payloadType, clockRate, channels, rtxPayloadType } = offered[0]!;
    const rtcpFeedback = kind === 'video' ? VIDEO_FEEDBACK : AUDIO_FEEDBACK;
    const codecs: types.RtpCodecParameters[] = [
      { mimeType: `${kind}/${name}`, payloadType, clockRate, channels, rtcpFeedback },
    ];
    if (rtxPayloadType !== undefined) {
      const parameters = { apt: payloadType };
      codecs.push({ mimeType: 'video/rtx', payloadType: rtxPayloadType, clockRate, parameters });
    }
    const headerExtensions = this.#extensions.of(kind);
    this.#sections.push({
      mid,
      kind,
      direction: source ? 'recvonly' : 'inactive',
      codecs,
      extensions: headerExtensions,
      source: null,
    });
    if (!source) return;
    const encodings = source.encodings.map((encoding) =>
      source.encodings.length > 1 ? { ...encoding, scalabilityMode: 'L1T3' } : encoding,
    );
    const producer = await this.#transport.produce({
      kind,
      keyFrameRequestDelay: 500,
      rtpParameters: { codecs, headerExtensions, encodings, rtcp: { cname: source.cname } },
    });
    this.tracks.push({ sid: randomUUID(), kind, producer });
  }

  subscribe(other: BarePeer): void {
    this.#wanted.push(...other.tracks);
    void this.#offer();
  }

  /** Everything that is wanted, in one offer; the next one after its answer. */
  async #offer(): Promise<void> {
    if (this.#busy || this.#wanted.length === 0 || this.#transport.closed) return;
    this.#busy = true;
    const wanted = this.#wanted.splice(0);
    const { codecs, headerExtensions } = this.#router.rtpCapabilities;
    for (const { sid, kind, producer } of wanted) {
      const fixed = new Set(this.#extensions.of(kind).map(({ uri }) => uri));
      const rtpCapabilities = {
        codecs,
        headerExtensions: headerExtensions!.filter((each) => each.kind === kind && fixed.has(each.uri)),
      };
      const consumer = await this.#transport.consume({
        producerId: producer.id,
        rtpCapabilities,
        paused: true,
      });
      this.#offered.push(consumer);
      this.#received.push({ sid, id: sid });
      const parameters = consumer.rtpParameters;
      const { ssrc, rtx } = parameters.encodings![0]!;
      const source = { streamId: 'bare', trackId: sid, cname: 'bare', ssrc: ssrc! };
      this.#sections.push({
        mid: `s${this.#sections.length}`,
        kind,
        direction: 'sendonly',
        codecs: parameters.codecs,
        extensions: this.#extensions.of(kind),
        source: rtx ? { ...source, rtxSsrc: rtx.ssrc } : source,
      });
    }
    this.#tell('update', 'offer', { subscribed: { tracks: this.#received } });
  }

  async answered(): Promise<void> {
    await Promise.all(this.#offered.splice(0).map((consumer) => consumer.resume()));
    this.#busy = false;
    await this.#offer();
  }

  #tell(message: string, type: 'offer' | 'answer', state: object): void {
    const revision = ++this.#revision;
    const transport = describe(this.#transport);
    const sdp = this.#writer.write({ type, version: revision, transport, sections: this.#sections });
    const peer_connections = [{ id: this.#id, description: { type, revision, sdp } }];
    this.#socket.send(JSON.stringify({ type: 'msg', body: { type: message, ...state, peer_connections } }));
  }
}

function describe({ iceParameters, iceCandidates, dtlsParameters }: types.WebRtcTransport): LocalTransport {
  const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256')!;
  return { iceParameters, iceCandidates, fingerprint };
}
