import type { types } from 'mediasoup';
import { randomUUID } from 'node:crypto';
import { twilioError } from '../errors.js';
import type { TwilioError } from '../errors.js';
import type {
  BandwidthProfile,
  Description,
  MediaChannel,
  MediaRequest,
  ParticipantMedia,
  PeerConnectionState,
} from '../rooms/media.js';
import type { Participant } from '../rooms/Participant.js';
import type { PublishedTrack, TrackPriority } from '../rooms/PublishedTrack.js';
import { parametersOf } from './codecs.js';
import { ActiveSpeakerChannel } from './control/ActiveSpeakerChannel.js';
import type { ControlChannel } from './control/ControlChannel.js';
import { ControlChannels } from './control/ControlChannels.js';
import type { ClientChannel, ServerChannel } from './data/DataChannels.js';
import { PublisherHintsChannel } from './control/PublisherHintsChannel.js';
import type { HintResult, TrackHint } from './control/RenderHintsChannel.js';
import { TrackSwitchOffChannel } from './control/TrackSwitchOffChannel.js';
import type { Incoming } from './MediaSection.js';
import type { Outgoing } from './Outgoing.js';
import { PeerConnection } from './PeerConnection.js';
import type { PeerConnectionDelegate, PeerConnectionSurroundings } from './PeerConnection.js';
import { PublisherHints } from './PublisherHints.js';
import type { LayeredTrack } from './PublisherHints.js';
import type { MeteredSubscriber } from './RoomMeter.js';
import { QualityMonitor } from './quality/QualityMonitor.js';
import type { QualitySource } from './quality/QualityMonitor.js';
import { clientMeasures, qualityAnswer } from './quality/report.js';
import type { Quality, QualityMessage } from './quality/report.js';
import type { Received } from './quality/streams.js';
import type { SfuRoom } from './SfuRoom.js';
import { VideoAllocator } from './VideoAllocator.js';

/** A data track on its way to this participant. */
interface Relay {
  readonly source: ClientChannel;
  readonly receiverId: string;
  readonly channel: ServerChannel;
}

const NO_CHANNELS: ReadonlyMap<MediaChannel, string> = new Map();

/**
 * A participant's media: what it sends, and what it receives of the others. What it should receive is what the
 * model says; {@link reconcile} brings what it does receive in line with that, whatever happened in between.
 */
export class SfuParticipant
  implements ParticipantMedia, PeerConnectionDelegate, MeteredSubscriber, QualitySource
{
  readonly participant: Participant;
  /** How good its network is. */
  readonly quality: QualityMonitor;
  readonly #room: SfuRoom;
  readonly #onChange: () => void;
  /** The channels of media signalling that the client asked for. */
  #wantedChannels: readonly MediaChannel[] = [];
  #control: ControlChannels | null = null;
  #controlCount = 0;
  #peerConnection: PeerConnection | null = null;
  /** Connections that are closed, by id: the client is told for as long as it may not know. */
  readonly #closed: PeerConnectionState[] = [];
  /** What it sends, by the client's id of the track. */
  readonly #incoming = new Map<string, Incoming>();
  readonly #clientChannels = new Map<string, ClientChannel>();
  /** What it receives, by the track's SID. */
  readonly #outgoing = new Map<string, Outgoing>();
  readonly #relays = new Map<string, Relay>();
  #nextReceiver = 1;
  /** Decides what of the videos that it receives is sent. */
  readonly allocator: VideoAllocator;
  /** Which layers of its own videos it is to send. */
  readonly hints: PublisherHints;

  constructor(participant: Participant, room: SfuRoom, onChange: () => void) {
    this.participant = participant;
    this.#room = room;
    this.#onChange = onChange;
    this.allocator = this.#createAllocator();
    this.hints = this.#createHints();
    this.quality = new QualityMonitor(this, room.producerStats);
  }

  get peerConnections(): readonly PeerConnectionState[] {
    return [...this.#closed, ...(this.#peerConnection?.states ?? [])];
  }

  /**
   * The channels of media signalling that are served, each with the label of its data channel. None while the
   * client has yet to offer a new peer connection in place of a lost one: the channels of the old one must have
   * closed before it hears of others.
   */
  get channels(): ReadonlyMap<MediaChannel, string> {
    return this.#control?.labels ?? NO_CHANNELS;
  }

  /** The channel of media signalling of this class, if it is served. */
  channel<C extends ControlChannel>(kind: abstract new (...args: never[]) => C): C | undefined {
    return this.#control?.get(kind);
  }

  /** Sets up the peer connection that the client offers, and answers. */
  async start(request: MediaRequest, surroundings: PeerConnectionSurroundings): Promise<void> {
    this.#wantedChannels = request.channels;
    this.allocator.setProfile(request.bandwidthProfile);
    this.setDominantSpeaker(this.dominantSpeaker);
    const offered = request.peerConnections.find(({ description }) => description?.type === 'offer');
    if (!offered?.description) return;
    const peerConnection = await PeerConnection.create(offered.id, surroundings, this);
    // The participant may be gone by now.
    if (this.participant.status === 'disconnected') return peerConnection.close();
    this.#adopt(peerConnection);
    await peerConnection.receive(offered.description);
    this.#openChannels(peerConnection);
  }

  /**
   * Begins anew on other media, after those in use were lost: closes the peer connection and has the client
   * offer another one.
   */
  async restart(surroundings: PeerConnectionSurroundings): Promise<void> {
    const lost = this.#peerConnection;
    if (!lost) return;
    lost.close();
    this.#peerConnection = null;
    this.#closeChannels();
    this.#closed.push(...lost.states);
    this.#forgetAll();
    const fresh = await PeerConnection.create(randomUUID(), surroundings, this);
    if (this.participant.status === 'disconnected') return fresh.close();
    this.#adopt(fresh);
    fresh.invite();
    this.#onChange();
  }

  #adopt(peerConnection: PeerConnection): void {
    this.#peerConnection = peerConnection;
    if (this.allocator.maxBitrate !== null) peerConnection.limitOutgoingBitrate(this.allocator.maxBitrate);
  }

  #forgetAll(): void {
    for (const trackSid of [...this.#outgoing.keys(), ...this.#relays.keys()])
      this.participant.unsubscribed(trackSid);
    this.#outgoing.clear();
    this.#relays.clear();
    this.#incoming.clear();
    this.#clientChannels.clear();
  }

  update(states: readonly PeerConnectionState[]): void {
    for (const { id, description } of states) {
      if (id === this.#peerConnection?.id && description)
        void this.#receive(this.#peerConnection, description);
    }
  }

  async #receive(peerConnection: PeerConnection, description: Description): Promise<void> {
    await peerConnection.receive(description);
    if (description.type === 'offer') this.#openChannels(peerConnection);
  }

  /** Opens the channels of media signalling, once the client has offered the connection that carries them. */
  #openChannels(peerConnection: PeerConnection): void {
    if (this.#control || peerConnection.closed || peerConnection !== this.#peerConnection) return;
    this.#control = new ControlChannels(this.#wantedChannels, String(++this.#controlCount), this);
    this.#onChange();
    this.#control.open(peerConnection.dataChannels).catch(() => {
      // The connection may have ended meanwhile.
      if (!peerConnection.transport.closed) this.onError(twilioError(53401));
    });
  }

  #closeChannels(): void {
    this.#control?.close();
    this.#control = null;
  }

  setBandwidthProfile(profile: BandwidthProfile | null): void {
    this.allocator.setProfile(profile);
  }

  /** The client says how much it cares for a track; null takes that back. */
  setSubscribePriority(trackSid: string, priority: TrackPriority | null): void {
    if (this.#room.othersTracks(this.participant).has(trackSid))
      this.allocator.setPriority(trackSid, priority);
  }

  /** The client says which tracks are seen, and how large. Returns, in their order, what became of the hints. */
  setRenderHints(hints: readonly TrackHint[]): HintResult[] {
    const tracks = this.#room.othersTracks(this.participant);
    const judged = hints.map((entry): HintResult => {
      const track = tracks.get(entry.trackSid);
      if (!track) return 'UNKNOWN_TRACK';
      return track.kind === 'video' ? 'OK' : 'INVALID_HINT';
    });
    this.allocator.setHints(hints.filter((_, index) => judged[index] === 'OK'));
    return judged;
  }

  /** Who speaks, as this participant hears it: never itself, null while nobody does. */
  setDominantSpeaker(speaker: Participant | null): void {
    // As in the SDK, only whoever asks for the dominant speaker has it count for its videos.
    if (this.#wantedChannels.includes('active_speaker')) this.allocator.setDominantSpeaker(speaker);
    this.channel(ActiveSpeakerChannel)?.tell();
  }

  /** The same, asked for. */
  get dominantSpeaker(): Participant | null {
    return this.#room.speakerHeardBy(this.participant);
  }

  close(): void {
    this.hints.close();
    this.#closeChannels();
    this.#peerConnection?.close();
    this.#incoming.clear();
    this.#outgoing.clear();
    this.#relays.clear();
    this.#clientChannels.clear();
  }

  requestReconcile(): void {
    this.#peerConnection?.requestReconcile();
  }

  // --- what it sends

  /** The producer of one of its tracks, once its media are there. */
  producerOf(track: PublishedTrack): types.Producer | undefined {
    return this.#incoming.get(track.clientId)?.producer;
  }

  /** The producers of what it sends of a kind, published or not. */
  producers(kind: types.MediaKind): types.Producer[] {
    return [...this.#incoming.values()].map(({ producer }) => producer).filter((one) => one.kind === kind);
  }

  clientChannelOf(track: PublishedTrack): ClientChannel | undefined {
    return this.#clientChannels.get(track.clientId);
  }

  onIncoming(incoming: Incoming): void {
    this.#incoming.set(incoming.trackId, incoming);
    const track = this.participant.trackByClientId(incoming.trackId);
    if (track) this.followMute(track);
    this.hints.changed();
    if (incoming.producer.kind === 'audio') this.#room.listenTo(incoming, this.participant);
    this.#room.requestReconcile(this);
  }

  onIncomingEnded(incoming: Incoming): void {
    if (this.#incoming.get(incoming.trackId) === incoming) this.#incoming.delete(incoming.trackId);
    this.#room.requestReconcile(this);
  }

  onClientChannel(channel: ClientChannel): void {
    this.#clientChannels.set(channel.label, channel);
    this.#room.requestReconcile(this);
  }

  /** Stops or resumes what a track sends, as it is muted or not. */
  followMute(track: PublishedTrack): void {
    const producer = this.producerOf(track);
    if (!producer || producer.closed || producer.paused === !track.enabled) return;
    (track.enabled ? producer.resume() : producer.pause()).catch(ignoreClosed);
  }

  /** Its media stop at once; the client's own description follows later. */
  unpublished(track: PublishedTrack): void {
    this.#clientChannels.delete(track.clientId);
    this.producerOf(track)?.close();
    this.#incoming.delete(track.clientId);
    this.hints.unpublished(track.sid);
  }

  #createHints(): PublisherHints {
    return new PublisherHints({
      hintsChannel: () => this.channel(PublisherHintsChannel),
      layeredTracks: () => this.#layeredTracks(),
      neededLayer: (trackSid) => this.#room.neededLayer(trackSid),
    });
  }

  #layeredTracks(): LayeredTrack[] {
    return this.participant.tracks.flatMap((track) => {
      const producer = this.producerOf(track);
      if (producer?.type !== 'simulcast' || producer.closed) return [];
      return [{ sid: track.sid, layerCount: parametersOf(producer).encodings!.length }];
    });
  }

  // --- what it receives

  /** What it receives of a kind, once the client has agreed to it. */
  received(kind: types.MediaKind): Received[] {
    return this.outgoing.flatMap(({ consumer, track }) => {
      const producer = consumer.kind === kind ? this.#room.mediaOf(track)?.producerOf(track) : undefined;
      return producer?.id === consumer.producerId ? [{ consumer, producer }] : [];
    });
  }

  /** Answers what the client tells of its network. */
  async answerQuality(message: QualityMessage): Promise<object> {
    this.quality.report(clientMeasures(message));
    const [own, others] = await Promise.all([
      this.quality.quality(),
      message.remoteReportLevel > 0 ? this.#room.qualityOfOthers(this) : new Map<string, Quality>(),
    ]);
    return qualityAnswer(message, own, others);
  }

  async reconcile(): Promise<void> {
    const peerConnection = this.#peerConnection;
    if (!peerConnection || this.participant.status === 'disconnected') return;
    const wanted = new Map(
      this.participant.room.wantedBy(this.participant).map((track) => [track.sid, track]),
    );
    this.#dropUnwanted(wanted, peerConnection);
    const added = await Promise.all(
      [...wanted.values()].map((track) => this.#subscribe(track, peerConnection)),
    );
    if (peerConnection.closed) return;
    this.allocator.update();
    // Told all together, in the tick in which the offer goes out that brings the media.
    for (const announce of added) announce?.();
  }

  #dropUnwanted(wanted: ReadonlyMap<string, PublishedTrack>, peerConnection: PeerConnection): void {
    for (const [trackSid, outgoing] of this.#outgoing) {
      const track = wanted.get(trackSid);
      const producer = track && this.#room.mediaOf(track)?.producerOf(track);
      if (producer && !outgoing.consumer.closed && outgoing.consumer.producerId === producer.id) continue;
      this.#outgoing.delete(trackSid);
      this.allocator.unsubscribed(trackSid);
      peerConnection.removeOutgoing(outgoing);
      this.participant.unsubscribed(trackSid);
    }
    for (const [trackSid, relay] of this.#relays) {
      const track = wanted.get(trackSid);
      if (track && this.#room.mediaOf(track)?.clientChannelOf(track) === relay.source) continue;
      this.#relays.delete(trackSid);
      relay.channel.close();
      this.participant.unsubscribed(trackSid);
    }
    for (const [trackSid, { receiver }] of this.participant.subscriptions) {
      if ('error' in receiver && !wanted.has(trackSid)) this.participant.unsubscribed(trackSid);
    }
  }

  /** Begins to receive a track, if its media are there. Returns what tells the model so. */
  async #subscribe(track: PublishedTrack, peerConnection: PeerConnection): Promise<(() => void) | null> {
    const publisher = this.#room.mediaOf(track);
    if (!publisher || this.participant.subscriptions.has(track.sid)) return null;
    if (track.kind === 'data') {
      const source = publisher.clientChannelOf(track);
      return source ? this.#subscribeToData(track, source, peerConnection) : null;
    }
    const producer = publisher.producerOf(track);
    return producer && !producer.closed ? this.#subscribeToMedia(track, producer, peerConnection) : null;
  }

  async #subscribeToMedia(
    track: PublishedTrack,
    producer: types.Producer,
    peerConnection: PeerConnection,
  ): Promise<(() => void) | null> {
    if (!peerConnection.canReceive(producer)) {
      return () => this.participant.subscriptionFailed(track, twilioError(53404));
    }
    const receiverId = this.#newReceiverId(track);
    const outgoing = await unlessClosed(peerConnection.addOutgoing(producer, track, receiverId), producer);
    if (!outgoing) return null;
    this.#outgoing.set(track.sid, outgoing);
    if (this.#room.isSilent(producer)) outgoing.hold('silence');
    // The publisher's media end before its track does: the receiver is told, and the section becomes free.
    outgoing.consumer.on('producerclose', () => this.requestReconcile());
    return () => this.participant.subscribed(track, receiverId);
  }

  async #subscribeToData(
    track: PublishedTrack,
    source: ClientChannel,
    peerConnection: PeerConnection,
  ): Promise<(() => void) | null> {
    const receiverId = this.#newReceiverId(track);
    const channel = await peerConnection.dataChannels.openRelay(receiverId, source);
    this.#relays.set(track.sid, { source, receiverId, channel });
    return () => this.participant.subscribed(track, receiverId);
  }

  /** A fresh one for each subscription: under an old one the client would find the receiver of before. */
  #newReceiverId(track: PublishedTrack): string {
    return `${track.sid}-${this.#nextReceiver++}`;
  }

  #createAllocator(): VideoAllocator {
    return new VideoAllocator({
      videos: () => [...this.#outgoing.values()].filter(({ track }) => track.kind === 'video'),
      layerRates: (video) => this.#room.layerRates(video),
      limitBitrate: (bitrate) => this.#peerConnection?.limitOutgoingBitrate(bitrate),
      onSwitched: (off, on) => this.channel(TrackSwitchOffChannel)?.tell(off, on),
      onNeedChanged: (track) => this.#room.mediaOf(track)?.hints.changed(),
    });
  }

  /** The audio and video that it receives, held back or not. */
  get outgoing(): Outgoing[] {
    return [...this.#outgoing.values()];
  }

  get followsBandwidth(): boolean {
    return this.allocator.followsBandwidth;
  }

  sampleDownlink(sample: Parameters<VideoAllocator['sampleDownlink']>[0]): void {
    this.allocator.sampleDownlink(sample);
  }

  /** The transport that its media come through. */
  get transport(): types.WebRtcTransport | undefined {
    return this.#peerConnection?.transport;
  }

  // --- the peer connection

  onDescription(): void {
    this.#onChange();
  }

  onClosedByClient(): void {
    this.#closeChannels();
    this.#peerConnection?.close();
  }

  onError(error: TwilioError): void {
    this.participant.disconnect({ type: 'failed', error });
  }
}

/** For requests whose object may be closed by the time the worker gets them: there is nothing left to do. */
function ignoreClosed(): void {}

/** Waits for what is made of a producer; null when that was closed meanwhile. */
async function unlessClosed<T>(making: Promise<T>, producer: types.Producer): Promise<T | null> {
  try {
    return await making;
  } catch (error) {
    if (producer.closed) return null;
    throw error;
  }
}
