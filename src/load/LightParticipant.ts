import { randomUUID } from 'node:crypto';
import { readDescription, writeAnswer, writeOffer } from './descriptions.js';
import { bandwidthProfile, channelsOf, renderHints } from './layouts.js';
import { LightTransport } from './LightTransport.js';
import { MediaChannels } from './MediaChannels.js';
import { MediaReceiver } from './MediaReceiver.js';
import { MediaSender } from './MediaSender.js';
import type { JoinTimes, LoadPlan, Seat } from './plan.js';
import { readRtcp } from './rtcp.js';
import { SignalingLink } from './SignalingLink.js';
import type { ServerMessage } from './SignalingLink.js';

export interface LightParticipantListener {
  onJoined(times: JoinTimes): void;
  /** It could not join, or was thrown out. Called once. */
  onFailed(reason: string): void;
}

/**
 * A participant without a browser: it speaks the SDK's signalling, sends packets that were encoded before, and
 * counts what it receives.
 */
export class LightParticipant {
  readonly receiver = new MediaReceiver();
  readonly sender: MediaSender | null;
  readonly channels: MediaChannels;
  readonly #plan: LoadPlan;
  readonly #seat: Seat;
  readonly #listener: LightParticipantListener;
  readonly #peerConnection = randomUUID();
  readonly #publishedIds = new Map<string, string>();
  readonly #offered = new Set<string>();
  /** SIDs of the others' videos, in the order in which they came. */
  readonly #videos = new Set<string>();
  #transport: LightTransport | null = null;
  #link: SignalingLink | null = null;
  #session: string | undefined;
  #answered = 0;
  #startedAt = 0;
  #connected: number | null = null;
  #transportOpen: number | null = null;
  #subscribed: number | null = null;
  /** SIDs of the tracks that were there at the connect and are not received yet. */
  #expected: Set<string> | null = null;
  #awaitsVideo = false;
  #joined = false;
  #ended = false;

  constructor(plan: LoadPlan, seat: Seat, listener: LightParticipantListener) {
    this.#plan = plan;
    this.#seat = seat;
    this.#listener = listener;
    this.sender = seat.publishes ? new MediaSender(plan, seat, () => this.#transport) : null;
    this.channels = new MediaChannels({
      onLayer: (trackSid, index, sending) =>
        this.#publishedIds.has(trackSid) && (this.sender?.setLayer(index, sending) ?? false),
    });
  }

  /** Begins to join; the listener hears how it went. */
  async join(): Promise<void> {
    this.#startedAt = performance.now();
    this.#transport = await LightTransport.create({
      onRtp: (packet) => this.receiver.take(packet),
      onRtcp: (packet) => {
        const feedback = readRtcp(packet);
        this.receiver.takeReports(feedback);
        for (const ssrc of feedback.keyFrames) this.sender?.requestKeyFrame(ssrc);
      },
      onChannel: (channel) => this.channels.onChannel(channel),
    });
    if (this.#ended) return this.#transport.close();
    const hello = { type: 'ice', version: 1, edge: 'roaming', token: this.#seat.token };
    this.#link = new SignalingLink(this.#plan.url, hello, {
      onMessage: (message) => this.#onMessage(message),
      onLost: (reason) => this.#fail(reason),
    });
  }

  /** Does what is due: to be called every few milliseconds, with the milliseconds since 1970. */
  tick(now: number): void {
    const transport = this.#transport;
    if (this.#ended || !transport?.isOpen) return;
    this.sender?.send(now);
    this.receiver.report(transport, now);
    if (!this.#joined) this.#checkJoined();
  }

  leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#link?.send({ type: 'disconnect', version: 2, session: this.#session });
    this.#link?.close();
    this.#transport?.close();
  }

  #fail(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#link?.close();
    this.#transport?.close();
    this.#listener.onFailed(reason);
  }

  // --- signalling

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'iced':
        return this.#connect();
      case 'connected':
        this.#connected = this.#elapsed;
        this.#session = message.session;
        this.#expect(message);
        return this.#follow(message);
      case 'update':
      case 'synced':
        return this.#follow(message);
      case 'error':
        return this.#fail(`${message.code ?? ''} ${message.message ?? 'error'}`.trim());
      case 'disconnected':
        return this.#fail('the server ended the session');
      default:
        return;
    }
  }

  /** What was there when it came is what it waits for. */
  #expect({ participants }: ServerMessage): void {
    const tracks = participants.flatMap((participant) => participant.tracks);
    this.#awaitsVideo = tracks.some(({ kind }) => kind === 'video');
    this.#expected = new Set(tracks.filter(({ kind }) => kind !== 'data').map(({ sid }) => sid));
  }

  #connect(): void {
    const tracks = this.#tracks.map(({ id, kind }) => ({
      id,
      kind,
      name: kind,
      enabled: true,
      priority: 'standard',
    }));
    const profile = bandwidthProfile(this.#plan);
    const channels = channelsOf(this.#plan).map((name) => [name, { transports: [{ type: 'data-channel' }] }]);
    this.#link!.send({
      type: 'connect',
      version: 2,
      name: this.#seat.room,
      token: this.#seat.token,
      format: 'unified',
      ice_servers: 'acquire',
      participant: { revision: 1, tracks },
      peer_connections: [
        { id: this.#peerConnection, description: { type: 'offer', revision: 1, sdp: this.#offer() } },
      ],
      publisher: { name: 'atrium load-test', sdk_version: '2', user_agent: 'none' },
      subscribe: { rules: [{ type: 'include', all: true }], revision: 0 },
      media_signaling: Object.fromEntries(channels) as object,
      ...(profile && { bandwidth_profile: profile }),
    });
  }

  get #tracks(): MediaSender['tracks'] {
    return this.sender?.tracks ?? [];
  }

  #offer(): string {
    return writeOffer(this.#transport!.local, this.#tracks);
  }

  #follow(message: ServerMessage): void {
    if (message.media_signaling) this.channels.grant(message.media_signaling);
    for (const { id, sid } of message.published?.tracks ?? []) if (sid) this.#publishedIds.set(sid, id);
    for (const { tracks } of message.participants) {
      for (const { sid, kind } of tracks) if (kind === 'video') this.#videos.add(sid);
    }
    for (const { id, description } of message.peer_connections) {
      if (id !== this.#peerConnection || !description) continue;
      this.#describe(description);
    }
    if (message.subscribed) this.#followSubscriptions(message.subscribed.tracks);
  }

  #describe({ type, revision, sdp }: { type: string; revision?: number; sdp?: string }): void {
    // The server wants another peer connection, or ended this one: media on it are over.
    if (type === 'create-offer' || type === 'close') return this.#fail('the server lost its media');
    if (sdp === undefined || revision === undefined || revision < this.#answered) return;
    const description = readDescription(sdp);
    const transport = this.#transport!;
    if (type === 'answer') {
      transport
        .connect(description.transport)
        .then(() => this.#onTransport())
        .catch((error: unknown) => this.#fail((error as Error).message));
      return;
    }
    if (type !== 'offer' || revision === this.#answered) return;
    this.#answered = revision;
    this.receiver.expect(description);
    this.#offered.clear();
    for (const { trackId } of description.sources) this.#offered.add(trackId);
    const answer = writeAnswer(sdp, revision, transport.local, this.#tracks);
    this.#link!.send({
      type: 'update',
      version: 2,
      session: this.#session,
      participant: undefined,
      peer_connections: [
        { id: this.#peerConnection, description: { type: 'answer', revision, sdp: answer } },
      ],
    });
  }

  #onTransport(): void {
    if (this.#ended) return;
    this.#transportOpen = this.#elapsed;
    this.#transport!.openDataChannels();
    this.#checkJoined();
  }

  #followSubscriptions(tracks: readonly { sid: string; id?: string }[]): void {
    const received = new Map(tracks.map(({ sid, id }) => [sid, id]));
    for (const sid of this.#expected ?? []) {
      const id = received.get(sid);
      if (id !== undefined && this.#offered.has(id)) this.#expected!.delete(sid);
    }
    if (this.#plan.layout !== 'everyone') {
      const shown = [...this.#videos].filter((sid) => received.has(sid));
      this.channels.show(renderHints(this.#plan, shown));
    }
    this.#checkJoined();
  }

  #checkJoined(): void {
    if (this.#expected?.size === 0) this.#subscribed ??= this.#elapsed;
    if (this.#joined || this.#transportOpen === null || this.#subscribed === null) return;
    const { firstVideoAt } = this.receiver;
    if (this.#awaitsVideo && firstVideoAt === null) return;
    this.#joined = true;
    this.#listener.onJoined({
      connected: this.#connected!,
      transport: this.#transportOpen,
      subscribed: this.#subscribed,
      firstVideo: this.#awaitsVideo ? firstVideoAt! - this.#startedAt : null,
    });
  }

  get #elapsed(): number {
    return performance.now() - this.#startedAt;
  }
}
