import type { types } from 'mediasoup';
import type { ActiveSpeakers } from './ActiveSpeakers.js';

/**
 * Milliseconds between two looks at the audio levels. mediasoup leaves out who sent fewer than ten packets since
 * the last, and a packet is 20 ms of speech.
 */
const INTERVAL = 250;
/** dBov; what is softer is no speech: the noise of a room, or a microphone's own. */
const SOFTEST = -55;
/** Of more speakers at once, the loudest are looked at. */
const MOST_SPEAKERS = 10;

/** A producer, whose it is, and whether anyone may hear it. */
interface Watched<Speaker> {
  readonly producer: types.Producer;
  readonly speaker: Speaker;
  readonly isPublished: () => boolean;
}

/** Watches the audio levels in one router, and tells {@link ActiveSpeakers} what it sees. It ends with the router. */
export class SpeakerObserver<Speaker> {
  readonly #observers: readonly types.RtpObserver[];
  readonly #speakers: ActiveSpeakers<Speaker>;
  readonly #watched = new Map<string, Watched<Speaker>>();

  private constructor(
    levels: types.AudioLevelObserver,
    dominance: types.ActiveSpeakerObserver,
    speakers: ActiveSpeakers<Speaker>,
  ) {
    this.#observers = [levels, dominance];
    this.#speakers = speakers;
    levels.on('volumes', (volumes) =>
      speakers.heard(
        volumes.flatMap(({ producer, volume }) => {
          const speaker = this.#speakerOf(producer);
          return speaker === null ? [] : [[speaker, volume] as const];
        }),
      ),
    );
    dominance.on('dominantspeaker', ({ producer }) => {
      const speaker = this.#speakerOf(producer);
      if (speaker !== null) speakers.dominates(speaker);
    });
  }

  static async create<Speaker>(
    router: types.Router,
    speakers: ActiveSpeakers<Speaker>,
  ): Promise<SpeakerObserver<Speaker>> {
    const [levels, dominance] = await Promise.all([
      router.createAudioLevelObserver({ interval: INTERVAL, threshold: SOFTEST, maxEntries: MOST_SPEAKERS }),
      router.createActiveSpeakerObserver({ interval: INTERVAL }),
    ]);
    return new SpeakerObserver(levels, dominance, speakers);
  }

  /** What was seen of a producer may arrive after it was muted or closed: it counts no more. */
  #speakerOf(producer: types.Producer): Speaker | null {
    const watched = this.#watched.get(producer.id);
    return watched && !producer.closed && !producer.paused && watched.isPublished() ? watched.speaker : null;
  }

  /**
   * Listens to what this producer, of audio, sends, until it closes.
   * @param isPublished a client may send what it does not publish, or may not publish
   */
  watch(producer: types.Producer, speaker: Speaker, isPublished: () => boolean): void {
    this.#watched.set(producer.id, { producer, speaker, isPublished });
    producer.observer.on('pause', () => this.#onFewer(speaker));
    producer.observer.once('close', () => {
      this.#watched.delete(producer.id);
      this.#onFewer(speaker);
    });
    for (const observer of this.#observers) {
      observer.addProducer({ producerId: producer.id }).catch(() => {
        // Closed meanwhile: the producer, or the whole router.
      });
    }
  }

  /** A speaker muted or lost one of its producers: without any left, it is silent at once. */
  #onFewer(speaker: Speaker): void {
    for (const watched of this.#watched.values()) {
      if (watched.speaker === speaker && !watched.producer.paused) return;
    }
    this.#speakers.silenced(speaker);
  }
}
