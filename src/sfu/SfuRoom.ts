import type { types } from 'mediasoup';
import { SystemClock } from '../clock.js';
import { errorForLog } from '../log.js';
import type { Logger } from '../log.js';
import type { SequencedRoomEvent } from '../rooms/events.js';
import type { MediaRequest } from '../rooms/media.js';
import type { Participant } from '../rooms/Participant.js';
import type { PublishedTrack } from '../rooms/PublishedTrack.js';
import type { Room } from '../rooms/Room.js';
import type { TranscriptionText } from '../rooms/Transcription.js';
import { routerCodecs } from './codecs.js';
import { TranscriptionsChannel } from './control/TranscriptionsChannel.js';
import type { Incoming } from './MediaSection.js';
import type { PeerConnectionSurroundings } from './PeerConnection.js';
import type { Outgoing } from './Outgoing.js';
import { QuietAudio } from './QuietAudio.js';
import { RoomMeter } from './RoomMeter.js';
import { ProducerStats } from './quality/ProducerStats.js';
import type { Quality } from './quality/report.js';
import { SfuParticipant } from './SfuParticipant.js';
import { ActiveSpeakers } from './speakers/ActiveSpeakers.js';
import { SpeakerObserver } from './speakers/SpeakerObserver.js';
import type { WorkerPool } from './WorkerPool.js';

/** The media of one room: a router on one of the workers, and everyone's peer connection to it. */
export class SfuRoom {
  readonly #room: Room;
  readonly #workers: WorkerPool;
  readonly #log: Logger;
  readonly #participants = new Map<string, SfuParticipant>();
  #surroundings: Promise<PeerConnectionSurroundings> | null = null;
  readonly #meter: RoomMeter;
  #quietAudio: QuietAudio | null = null;
  #router: types.Router | null = null;
  /** Who speaks; that is of the wire, and lives by real time. */
  readonly #speakers = new ActiveSpeakers<Participant>(new SystemClock(), () => this.#tellSpeakers());
  #speakerObserver: SpeakerObserver<Participant> | null = null;
  readonly producerStats = new ProducerStats();
  #closed = false;

  constructor(room: Room, workers: WorkerPool, log: Logger) {
    this.#room = room;
    this.#workers = workers;
    this.#log = log.child({ room: room.sid });
    this.#meter = this.#createMeter();
  }

  #createMeter(): RoomMeter {
    return new RoomMeter(
      {
        subscribers: () => [...this.#participants.values()],
        videos: () => this.#producers('video'),
      },
      this.producerStats,
    );
  }

  async join(participant: Participant, request: MediaRequest, onChange: () => void): Promise<SfuParticipant> {
    const media = new SfuParticipant(participant, this, onChange);
    this.#participants.set(participant.sid, media);
    await media.start(request, await this.#media());
    return media;
  }

  /** The router and what belongs to it, made at the first need. */
  #media(): Promise<PeerConnectionSurroundings> {
    return (this.#surroundings ??= this.#createMedia());
  }

  async #createMedia(): Promise<PeerConnectionSurroundings> {
    const worker = await this.#workers.assign();
    const router = await worker.createRouter({ mediaCodecs: routerCodecs(this.#room.options.videoCodecs) });
    this.#router = router;
    if (this.#closed) router.close();
    router.on('workerclose', () => void this.#restart());
    const direct = await router.createDirectTransport();
    const silence = await direct.produceData({ label: 'silence' });
    this.#quietAudio?.close();
    this.#quietAudio = this.#closed ? null : this.#createQuietAudio(router, direct);
    this.#speakerObserver = await SpeakerObserver.create(router, this.#speakers);
    return { router, webRtcServer: worker.webRtcServer, hub: { direct, silence }, log: this.#log };
  }

  #createQuietAudio(router: types.Router, direct: types.DirectTransport): QuietAudio {
    const consumersOf = (audio: types.Producer) =>
      [...this.#participants.values()]
        .flatMap(({ outgoing }) => outgoing)
        .filter(({ consumer }) => consumer.producerId === audio.id);
    const host = {
      size: () => this.#participants.size,
      audios: () => this.#producers('audio'),
      hold: (audio: types.Producer) => consumersOf(audio).forEach((outgoing) => outgoing.hold('silence')),
      release: (audio: types.Producer) =>
        consumersOf(audio).forEach((outgoing) => outgoing.release('silence')),
    };
    return new QuietAudio(router, direct, host, this.#log);
  }

  /** What is sent to the room of a kind. */
  #producers(kind: types.MediaKind): types.Producer[] {
    return [...this.#participants.values()].flatMap((media) => media.producers(kind));
  }

  /** Whether nothing has been to be heard for so long that it is not sent. */
  isSilent(audio: types.Producer): boolean {
    return this.#quietAudio?.isSilent(audio) ?? false;
  }

  /** The worker died: the room goes on with another one, and everyone with a new peer connection. */
  async #restart(): Promise<void> {
    if (this.#closed) return;
    this.#log.warn('the media worker died; the room moves to another one');
    this.#surroundings = null;
    try {
      const surroundings = await this.#media();
      await Promise.all([...this.#participants.values()].map((media) => media.restart(surroundings)));
    } catch (error) {
      this.#log.error({ err: errorForLog(error) }, 'the room could not be moved');
    }
  }

  /** What everyone is sent, or would be. */
  get streams(): { kind: types.MediaKind; flows: boolean }[] {
    return [...this.#participants.values()].flatMap((media) =>
      media.outgoing.map(({ consumer, flows }) => ({ kind: consumer.kind, flows })),
    );
  }

  /** The media of a track's publisher. */
  mediaOf(track: PublishedTrack): SfuParticipant | undefined {
    return this.#participants.get(track.publisherSid);
  }

  /** What the others publish, by SID. */
  othersTracks(subscriber: Participant): ReadonlyMap<string, PublishedTrack> {
    const publishers = this.#room.present.filter((publisher) => publisher !== subscriber);
    return new Map(publishers.flatMap(({ tracks }) => tracks.map((track) => [track.sid, track])));
  }

  /** Bits a second of each layer of a video that someone is sent, the lowest first. */
  layerRates({ track }: Outgoing): readonly number[] {
    const producer = this.mediaOf(track)?.producerOf(track);
    return producer ? this.#meter.layerRates(producer) : [0];
  }

  /** The best layer of a video that anyone is to be sent; null where nobody is. */
  neededLayer(trackSid: string): number | null {
    let needed: number | null = null;
    for (const { allocator } of this.#participants.values()) {
      const layer = allocator.neededLayer(trackSid);
      if (layer !== null) needed = Math.max(needed ?? 0, layer);
    }
    return needed;
  }

  /** Has everyone decide anew what they are sent of a video. */
  #reallocate(track: PublishedTrack): void {
    if (track.kind !== 'video') return;
    for (const { allocator, participant } of this.#participants.values())
      if (participant.sid !== track.publisherSid) allocator.update();
  }

  /** Listens to the audio that a participant sends, for who speaks. */
  listenTo({ producer, trackId }: Incoming, participant: Participant): void {
    const isPublished = (): boolean => participant.trackByClientId(trackId) !== undefined;
    this.#speakerObserver?.watch(producer, participant, isPublished);
  }

  /** The dominant speaker, for this listener: never itself, null while nobody speaks. */
  speakerHeardBy(listener: Participant): Participant | null {
    return this.#speakers.heardBy(listener);
  }

  #tellSpeakers(): void {
    for (const media of this.#participants.values())
      media.setDominantSpeaker(this.speakerHeardBy(media.participant));
  }

  /** The network quality of those who are connected, by SID; but for the one who asks. */
  async qualityOfOthers(except: SfuParticipant): Promise<Map<string, Quality>> {
    const others = [...this.#participants.values()].filter((media) => media !== except);
    const known = await Promise.all(
      others.map(async ({ participant, quality }) => [participant.sid, await quality.quality()] as const),
    );
    return new Map(known.flatMap(([sid, quality]) => (quality ? [[sid, quality]] : [])));
  }

  /** Has everyone look again at what they should receive; but for the one that it comes from. */
  requestReconcile(except?: SfuParticipant): void {
    for (const media of this.#participants.values()) {
      if (media !== except) media.requestReconcile();
    }
  }

  onRoomEvent(event: SequencedRoomEvent): void {
    if (event.type === 'room-ended') return this.close();
    if (event.type === 'transcription-text') return this.#tellTranscription(event.text);
    if (!('participant' in event)) return;
    const media = this.#participants.get(event.participant.sid);
    switch (event.type) {
      case 'track-published':
        media?.followMute(event.track);
        media?.hints.changed();
        return this.requestReconcile(media);
      case 'track-unpublished':
        media?.unpublished(event.track);
        for (const { allocator } of this.#participants.values()) allocator.unpublished(event.track.sid);
        return this.requestReconcile(media);
      case 'track-enabled':
      case 'track-disabled':
        media?.followMute(event.track);
        return this.#reallocate(event.track);
      case 'track-priority-changed':
        this.#reallocate(event.track);
        // A subscribe rule may ask for the priority.
        return this.requestReconcile(media);
      case 'subscribe-rules-changed':
        return media?.requestReconcile();
      case 'participant-anonymized':
        // A subscribe rule may name the identity that it had.
        return this.requestReconcile(media);
      case 'participant-disconnected':
        this.#participants.delete(event.participant.sid);
        media?.close();
        for (const { allocator, hints } of this.#participants.values()) {
          allocator.left(event.participant);
          // What only it received is of no more use.
          hints.changed();
        }
        return this.requestReconcile();
      default:
        return;
    }
  }

  #tellTranscription(text: TranscriptionText): void {
    for (const media of this.#participants.values()) media.channel(TranscriptionsChannel)?.tell(text);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#meter.close();
    this.#quietAudio?.close();
    this.#speakers.close();
    for (const media of this.#participants.values()) media.close();
    this.#participants.clear();
    this.#router?.close();
  }
}
