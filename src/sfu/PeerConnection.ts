import type { types } from 'mediasoup';
import { twilioError } from '../errors.js';
import type { TwilioError } from '../errors.js';
import { errorForLog } from '../log.js';
import type { Logger } from '../log.js';
import type { Description, PeerConnectionState } from '../rooms/media.js';
import type { PublishedTrack } from '../rooms/PublishedTrack.js';
import { AUDIO_FEEDBACK, VIDEO_FEEDBACK, capabilitiesOf, isSameCodec, parametersOf } from './codecs.js';
import { DataChannels } from './data/DataChannels.js';
import type { ClientChannel, DataHub } from './data/DataChannels.js';
import { HeaderExtensions, consumerHeaderExtensions } from './header-extensions.js';
import { MediaSection } from './MediaSection.js';
import type { Incoming } from './MediaSection.js';
import { Negotiation } from './Negotiation.js';
import { Outgoing } from './Outgoing.js';
import { PayloadTypes } from './PayloadTypes.js';
import { DescriptionReader } from './sdp/parse.js';
import type { RemoteCodec, RemoteDescription, RemoteMediaSection, RemoteSource } from './sdp/parse.js';
import { DescriptionWriter } from './sdp/render.js';
import type { LocalSection } from './sdp/render.js';
import { TaskQueue } from './TaskQueue.js';

/** What a peer connection needs of its room's media. */
export interface PeerConnectionSurroundings {
  router: types.Router;
  webRtcServer: types.WebRtcServer;
  hub: DataHub;
  log: Logger;
}

/** Who hears of what a peer connection does. */
export interface PeerConnectionDelegate {
  /** There is a new description to be sent. */
  onDescription(): void;
  /** Between two negotiations: the time to bring what is sent in line with what should be. */
  reconcile(): Promise<void>;
  onIncoming(incoming: Incoming): void;
  onIncomingEnded(incoming: Incoming): void;
  onClientChannel(channel: ClientChannel): void;
  /** The client gave the connection up. */
  onClosedByClient(): void;
  onError(error: TwilioError): void;
}

/** Bits a second: what a subscriber is taken to have until it was measured. */
const INITIAL_OUTGOING_BITRATE = 2_000_000;
/** Bits a second: between these, mediasoup can be told a limit. */
const LEAST_LIMIT = 30_000;
const MOST_LIMIT = 2 ** 31;
/** Milliseconds between two requests for a key frame of the same producer. */
const KEY_FRAME_REQUEST_DELAY = 500;
/** Tracks that a client may send at once, published or not. */
const MOST_INCOMING = 200;
/** What mediasoup assumes of a layer of simulcast: without it, it would not switch temporal layers. */
const SIMULCAST_LAYER_MODE = 'L1T3';

type Section = MediaSection | { mid: string; kind: 'application'; agreed: boolean };

const isMedia = (section: Section): section is MediaSection => section.kind !== 'application';

/**
 * The server's end of a participant's one peer connection: it answers the client's offers, makes offers of its
 * own, and has producers and consumers follow what was agreed. Everything that touches the description runs in
 * one queue.
 */
export class PeerConnection {
  readonly id: string;
  readonly #router: types.Router;
  readonly #log: Logger;
  readonly #delegate: PeerConnectionDelegate;
  readonly #queue: TaskQueue;
  readonly #negotiation = new Negotiation();
  readonly #reader = new DescriptionReader();
  readonly #writer = new DescriptionWriter();
  readonly #extensions = new HeaderExtensions();
  readonly #payloadTypes: PayloadTypes;
  readonly #transport: types.WebRtcTransport;
  readonly #dataChannels: DataChannels;
  readonly #clientCodecs = new Map<types.MediaKind, RemoteCodec[]>();
  #sections: Section[] = [];
  #remoteUfrag: string | null = null;
  /** The last answer; and, until it is answered, the own offer, which is to be told after it. */
  #answer: Description | null = null;
  #offer: Description | null = null;
  #version = 0;
  #offerNeeded = false;
  #nextMid = 0;
  #reconcileQueued = false;

  private constructor(
    id: string,
    transport: types.WebRtcTransport,
    { router, hub, log }: PeerConnectionSurroundings,
    delegate: PeerConnectionDelegate,
  ) {
    this.id = id;
    this.#router = router;
    this.#log = log;
    this.#delegate = delegate;
    this.#transport = transport;
    this.#payloadTypes = new PayloadTypes(router);
    this.#queue = new TaskQueue((error) => this.#onError(error));
    this.#dataChannels = new DataChannels(transport, hub, {
      onClientChannel: (channel) => delegate.onClientChannel(channel),
    });
    transport.on('dtlsstatechange', (state) => {
      if (state === 'failed') log.warn({ peerConnection: id }, 'DTLS failed');
    });
  }

  static async create(
    id: string,
    surroundings: PeerConnectionSurroundings,
    delegate: PeerConnectionDelegate,
  ): Promise<PeerConnection> {
    const transport = await surroundings.router.createWebRtcTransport({
      webRtcServer: surroundings.webRtcServer,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      enableSctp: true,
      initialAvailableOutgoingBitrate: INITIAL_OUTGOING_BITRATE,
    });
    const peerConnection = new PeerConnection(id, transport, surroundings, delegate);
    await peerConnection.#dataChannels.prepare();
    return peerConnection;
  }

  get closed(): boolean {
    return this.#queue.closed;
  }

  get transport(): types.WebRtcTransport {
    return this.#transport;
  }

  get dataChannels(): DataChannels {
    return this.#dataChannels;
  }

  /** What the server has said of this connection and the client may still have to hear, in order. */
  get states(): PeerConnectionState[] {
    const descriptions = [this.#answer, this.#offer].filter((description) => description !== null);
    return descriptions.length > 0
      ? descriptions.map((description) => ({ id: this.id, description }))
      : [{ id: this.id }];
  }

  /** The media sections of the description, now. */
  get sectionCount(): number {
    return this.#sections.length;
  }

  /** Asks the client for the first offer, where it is the server that wants this connection. */
  invite(): void {
    this.#offer = { type: 'create-offer', revision: 1 };
  }

  /** Takes what the client says; resolves when it was handled. */
  receive(description: Description): Promise<void> {
    return this.#queue.run(() => this.#onDescription(description));
  }

  /** Asks for {@link PeerConnectionDelegate.reconcile} as soon as the negotiation is stable. */
  requestReconcile(): void {
    if (this.#reconcileQueued || this.closed) return;
    this.#reconcileQueued = true;
    void this.#queue.run(async () => {
      this.#reconcileQueued = false;
      await this.#reconcile();
    });
  }

  close(): void {
    if (this.closed) return;
    this.#queue.close();
    this.#answer = null;
    this.#offer = { type: 'close' };
    this.#transport.close();
  }

  // --- what the client says

  async #onDescription(description: Description): Promise<void> {
    switch (description.type) {
      case 'offer':
        return this.#onOffer(description.revision, description.sdp);
      case 'answer':
        return this.#onAnswer(description.revision, description.sdp);
      case 'close':
        return this.#delegate.onClosedByClient();
      case 'pranswer':
      case 'create-offer':
        // Nothing that a client says to a server.
        return;
    }
  }

  async #onOffer(revision: number, sdp: string): Promise<void> {
    const verdict = this.#negotiation.judgeOffer(revision);
    if (verdict === 'stale' || verdict === 'glare') return;
    if (verdict === 'answer-and-forget-own') this.#forgetOffer();
    const remote = this.#reader.read(sdp);
    await this.#followTransport(remote);
    await this.#followSections(remote);
    const answer = this.#writer.write({
      type: 'answer',
      version: ++this.#version,
      transport: this.#localTransport,
      sections: this.#sections.map((section, index) =>
        this.#describe(section, remote.sections[index] as RemoteMediaSection),
      ),
    });
    this.#negotiation.answered(revision);
    this.#answer = { type: 'answer', revision, sdp: answer };
    this.#offer = null;
    this.#settle();
    this.#delegate.onDescription();
    // The first offer of the server follows at once: it brings the data channels and the header extensions.
    if (!this.#sections.some(({ kind }) => kind === 'application')) this.#offerNeeded = true;
    this.requestReconcile();
  }

  async #onAnswer(revision: number, sdp: string): Promise<void> {
    if (revision !== this.#negotiation.pending) return;
    const remote = this.#reader.read(sdp);
    if (remote.sections.length !== this.#sections.length)
      throw twilioError(53403, 'an answer with other sections than the offer');
    this.#negotiation.acceptAnswer(revision);
    this.#offer = null;
    for (const [index, section] of this.#sections.entries()) {
      const answered = remote.sections[index]!;
      if (!isMedia(section) || answered.kind === 'application') continue;
      if (!answered.source && section.incoming) this.#endIncoming(section);
      if (answered.direction !== 'sendrecv' && answered.direction !== 'recvonly')
        section.sendingOffered = false;
    }
    this.#settle();
    this.requestReconcile();
  }

  /** The own offer will not be answered: the sections that only it brought are gone, and come again. */
  #forgetOffer(): void {
    for (const section of this.#sections) {
      if (isMedia(section) && !section.agreed && section.outgoing) section.outgoing.consumer.close();
    }
    this.#sections = this.#sections.filter(({ agreed }) => agreed);
    this.#offerNeeded = true;
  }

  #settle(): void {
    for (const section of this.#sections) {
      if (!isMedia(section)) {
        section.agreed = true;
        continue;
      }
      section.settle();
    }
  }

  async #followTransport({ fingerprint, iceUfrag }: RemoteDescription): Promise<void> {
    if (this.#remoteUfrag === null) {
      this.#remoteUfrag = iceUfrag;
      await this.#transport.connect({ dtlsParameters: { role: 'client', fingerprints: [fingerprint] } });
    } else if (this.#remoteUfrag !== iceUfrag) {
      this.#remoteUfrag = iceUfrag;
      await this.#transport.restartIce();
    }
  }

  async #followSections({ sections }: RemoteDescription): Promise<void> {
    if (sections.length < this.#sections.length) throw twilioError(53403, 'fewer sections than before');
    for (const [index, remote] of sections.entries()) {
      const known = this.#sections[index];
      if (known && (known.mid !== remote.mid || known.kind !== remote.kind))
        throw twilioError(53403, 'sections in another order');
      if (remote.kind === 'application') {
        if (!known) this.#sections.push({ mid: remote.mid, kind: 'application', agreed: true });
        continue;
      }
      const section =
        (known as MediaSection | undefined) ?? new MediaSection(remote.mid, remote.kind, 'client');
      if (!known) this.#sections.push(section);
      if (!this.#clientCodecs.has(remote.kind)) this.#clientCodecs.set(remote.kind, remote.codecs);
      this.#extensions.learn(remote.kind, remote.extensions);
      await this.#followSource(section, remote);
    }
  }

  /** Has the section's producer follow what the client sends there. */
  async #followSource(section: MediaSection, remote: RemoteMediaSection): Promise<void> {
    const key = remote.source && JSON.stringify(remote.source);
    if (section.incoming && section.incoming.key !== key) this.#endIncoming(section);
    // A section in which the server sends keeps the server's codecs, which the client has agreed to.
    const bound = section.outgoing !== null || section.sendingAgreed;
    const codecs = this.#agreeOnCodecs(remote, bound ? section.codecs[0] : undefined);
    if (codecs && !bound) section.codecs = codecs;
    // Without a common codec the section stays idle, with what the client offered: a rejected one would be lost.
    else if (section.codecs.length === 0) section.codecs = remote.codecs.slice(0, 1).map(toParameters);
    if (!remote.source || !codecs || section.incoming) return;
    if (this.#incomingCount >= MOST_INCOMING)
      throw twilioError(53403, 'more tracks than a participant may send');
    section.incoming = await this.#produce(remote.kind, codecs, remote.source, key!);
    this.#delegate.onIncoming(section.incoming);
  }

  get #incomingCount(): number {
    return this.#sections.filter((section) => isMedia(section) && section.incoming !== null).length;
  }

  #endIncoming(section: MediaSection): void {
    const { incoming } = section;
    if (!incoming) return;
    section.incoming = null;
    incoming.producer.close();
    this.#delegate.onIncomingEnded(incoming);
  }

  /**
   * The first of the client's codecs that the room takes, with its retransmissions. Null if there is none.
   * @param only the one codec that is possible, where there is such a one
   */
  #agreeOnCodecs(
    remote: RemoteMediaSection,
    only?: types.RtpCodecParameters,
  ): types.RtpCodecParameters[] | null {
    const own = capabilitiesOf(this.#router).codecs ?? [];
    for (const codec of remote.codecs) {
      if (only && codec.payloadType !== only.payloadType) continue;
      const parameters = toParameters(codec);
      if (!own.some((capability) => isSameCodec(codec, capability))) continue;
      if (!this.#payloadTypes.claim(codec.payloadType, parameters.mimeType)) continue;
      const codecs = [parameters];
      const rtxParameters = { apt: codec.payloadType };
      if (
        codec.rtxPayloadType !== undefined &&
        remote.kind === 'video' &&
        this.#payloadTypes.claim(codec.rtxPayloadType, 'video/rtx', rtxParameters)
      ) {
        codecs.push({
          mimeType: 'video/rtx',
          payloadType: codec.rtxPayloadType,
          clockRate: codec.clockRate,
          parameters: rtxParameters,
          rtcpFeedback: [],
        });
      }
      return codecs;
    }
    return null;
  }

  async #produce(
    kind: types.MediaKind,
    codecs: types.RtpCodecParameters[],
    source: RemoteSource,
    key: string,
  ): Promise<Incoming> {
    const hasRtx = codecs.length > 1;
    const simulcast = source.encodings.length > 1;
    const options: types.ProducerOptions = {
      kind,
      keyFrameRequestDelay: KEY_FRAME_REQUEST_DELAY,
      rtpParameters: {
        codecs,
        headerExtensions: this.#extensions.of(kind),
        encodings: source.encodings.map(({ ssrc, rtx }) => ({
          ssrc,
          ...(hasRtx && rtx && { rtx }),
          ...(simulcast && { scalabilityMode: SIMULCAST_LAYER_MODE }),
        })),
        rtcp: { cname: source.cname },
      },
    };
    try {
      return { producer: await this.#transport.produce(options), trackId: source.trackId, key };
    } catch (error) {
      if (this.#transport.closed) throw error;
      // What mediasoup refuses of a description that was understood: an SSRC twice, say.
      throw twilioError(53403, (error as Error).message);
    }
  }

  // --- what the server sends

  /** Whether this client can decode what a producer sends. Until its first offer is known, it is taken to. */
  canReceive(producer: types.Producer): boolean {
    const rtpCapabilities = this.#capabilities(producer.kind);
    return !producer.closed && this.#router.canConsume({ producerId: producer.id, rtpCapabilities });
  }

  #capabilities(kind: types.MediaKind): types.RtpCapabilities {
    const offered = this.#clientCodecs.get(kind);
    const codecs = (capabilitiesOf(this.#router).codecs ?? []).filter(
      (codec) =>
        codec.mimeType.endsWith('/rtx') || !offered || offered.some((remote) => isSameCodec(remote, codec)),
    );
    return { codecs, headerExtensions: consumerHeaderExtensions(this.#router, kind) };
  }

  /** Starts to send a track; to be called while reconciling. It flows once the client has agreed. */
  async addOutgoing(producer: types.Producer, track: PublishedTrack, receiverId: string): Promise<Outgoing> {
    const consumer = await this.#transport.consume({
      producerId: producer.id,
      rtpCapabilities: this.#capabilities(producer.kind),
      // Media that comes before its section would be taken for something else, and its key frame wasted.
      paused: true,
      enableRtx: producer.kind === 'video' && this.#hasRtx('video'),
    });
    const outgoing = new Outgoing(consumer, track, receiverId);
    const section =
      this.#sections.filter(isMedia).find((candidate) => candidate.isFreeFor(consumer)) ??
      this.#addSection(consumer.kind);
    section.outgoing = outgoing;
    section.codecs = parametersOf(consumer).codecs;
    this.#offerNeeded = true;
    return outgoing;
  }

  /** Limits what is sent, in bits a second; null takes the limit away. */
  limitOutgoingBitrate(bitrate: number | null): void {
    const limit = bitrate === null ? 0 : Math.round(Math.min(Math.max(bitrate, LEAST_LIMIT), MOST_LIMIT));
    if (!this.#transport.closed) this.#transport.setMaxOutgoingBitrate(limit).catch(() => {});
  }

  /** Stops to send a track. */
  removeOutgoing(outgoing: Outgoing): void {
    outgoing.consumer.close();
    const section = this.#sections.filter(isMedia).find((candidate) => candidate.outgoing === outgoing);
    if (!section) return;
    section.outgoing = null;
    this.#offerNeeded = true;
  }

  #addSection(kind: types.MediaKind): MediaSection {
    const section = new MediaSection(`s${this.#nextMid++}`, kind, 'server');
    this.#sections.push(section);
    return section;
  }

  /** Whether the client takes retransmissions apart from the media (Firefox, with this SDK, does not). */
  #hasRtx(kind: types.MediaKind): boolean {
    const offered = this.#clientCodecs.get(kind);
    return !offered || offered.some(({ rtxPayloadType }) => rtxPayloadType !== undefined);
  }

  async #reconcile(): Promise<void> {
    if (!this.#negotiation.mayOffer) return;
    await this.#delegate.reconcile();
    if (!this.#offerNeeded || this.closed) return;
    this.#offerNeeded = false;
    if (!this.#sections.some(({ kind }) => kind === 'application')) {
      this.#sections.push({ mid: `s${this.#nextMid++}`, kind: 'application', agreed: false });
    }
    const sections = this.#sections.map((section) => this.#describe(section, null));
    const sdp = this.#writer.write({
      type: 'offer',
      version: ++this.#version,
      transport: this.#localTransport,
      sections,
    });
    this.#offer = { type: 'offer', revision: this.#negotiation.offer(), sdp };
    this.#delegate.onDescription();
  }

  // --- descriptions

  get #localTransport(): {
    iceParameters: types.IceParameters;
    iceCandidates: types.IceCandidate[];
    fingerprint: types.DtlsFingerprint;
  } {
    const { iceParameters, iceCandidates, dtlsParameters } = this.#transport;
    const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
    if (!fingerprint) throw twilioError(53401);
    return { iceParameters, iceCandidates, fingerprint };
  }

  /** @param remote the client's section in an offer that is answered; null in an own offer */
  #describe(section: Section, remote: RemoteMediaSection | null): LocalSection {
    if (!isMedia(section)) return { mid: section.mid, kind: 'application' };
    const all = this.#extensions.of(section.kind);
    const extensions = remote
      ? all.filter(({ uri, id }) =>
          remote.extensions.some((offered) => offered.uri === uri && offered.id === id),
        )
      : all;
    return section.describe(extensions, remote?.direction ?? null);
  }

  #onError(error: unknown): void {
    if (error instanceof Error && error.name === 'TwilioError')
      return this.#delegate.onError(error as TwilioError);
    // A request that met a transport that was just closing.
    if (this.#transport.closed) return;
    this.#log.error({ err: errorForLog(error), peerConnection: this.id }, 'negotiation failed');
    this.#delegate.onError(twilioError(53401));
  }
}

function toParameters(codec: RemoteCodec): types.RtpCodecParameters {
  return {
    mimeType: `${codec.kind}/${codec.name}`,
    payloadType: codec.payloadType,
    clockRate: codec.clockRate,
    ...(codec.channels !== undefined && { channels: codec.channels }),
    parameters: codec.parameters,
    rtcpFeedback: codec.kind === 'video' ? VIDEO_FEEDBACK : AUDIO_FEEDBACK,
  };
}
