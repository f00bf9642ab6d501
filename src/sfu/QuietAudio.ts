import type { types } from 'mediasoup';
import { errorForLog } from '../log.js';
import type { Logger } from '../log.js';
import { audioLevelIdOf, audioLevelOf } from './audio-level.js';
import { capabilitiesOf, parametersOf } from './codecs.js';

/** Participants from which on silence is not sent to everyone. */
export const QUIET_ROOM_SIZE = 12;
/** Milliseconds of silence after which a track is held. */
const SILENT_AFTER = 10_000;
/** Decibels below the loudest: what is less, on the average of a second, is silence … */
const SILENCE = -70;
/** … and a single packet that is louder ends it. Background noise, once held, does not. */
const SOUND = -65;
const INTERVAL = 1_000;
const MOST_SOURCES = 100;

export interface QuietAudioHost {
  /** Those who are in the room. */
  size(): number;
  /** The audio that is sent to the room. */
  audios(): readonly types.Producer[];
  /** Nobody is to be sent this any more; or again. */
  hold(audio: types.Producer): void;
  release(audio: types.Producer): void;
}

/**
 * Audio in rooms of many: a track in which nothing was to be heard for a while is not sent to anyone, until
 * something is. So the cost is that of the few who speak, and what is lost is one packet of 20 ms. It goes by the
 * levels that publishers send along; whoever sends none is always heard.
 */
export class QuietAudio {
  readonly #router: types.Router;
  readonly #direct: types.DirectTransport;
  readonly #host: QuietAudioHost;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #observer: types.AudioLevelObserver | null = null;
  #working = false;
  #closed = false;
  /** When something was heard last, by the producer's id. */
  readonly #heardAt = new Map<string, number>();
  /** What listens to the tracks that are held: it ends the silence with the first packet that can be heard. */
  readonly #silent = new Map<string, types.Consumer>();

  constructor(router: types.Router, direct: types.DirectTransport, host: QuietAudioHost, log: Logger) {
    this.#router = router;
    this.#direct = direct;
    this.#host = host;
    this.#log = log;
    this.#timer = setInterval(() => void this.#look(), INTERVAL);
  }

  /** Whether a track is held now, as what is new to it must be. */
  isSilent(audio: types.Producer): boolean {
    return this.#silent.has(audio.id);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#observer?.close();
  }

  async #look(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      if (this.#host.size() >= QUIET_ROOM_SIZE) await this.#listen();
      else this.#rest();
    } catch (error) {
      // A router that is closing, or a producer. Else the next look tries again.
      if (!this.#closed && !this.#router.closed)
        this.#log.debug({ err: errorForLog(error) }, 'the silent tracks could not be looked at');
    } finally {
      this.#working = false;
    }
  }

  /** The room is small: everyone hears everything. */
  #rest(): void {
    if (!this.#observer) return;
    this.#observer.close();
    this.#observer = null;
    this.#heardAt.clear();
    for (const audio of this.#host.audios()) this.#wake(audio);
  }

  async #listen(): Promise<void> {
    this.#observer ??= await this.#createObserver();
    const now = performance.now();
    const audios = this.#host.audios().filter((audio) => !audio.closed && gives(audio));
    this.#forgetAllBut(audios);
    for (const audio of audios) {
      const heardAt = this.#heardAt.get(audio.id);
      if (heardAt === undefined) {
        await this.#observer.addProducer({ producerId: audio.id });
        this.#heardAt.set(audio.id, now);
      } else if (audio.paused) {
        // Muted: nothing is sent anyway, and what comes after that is not cut.
        this.#heardAt.set(audio.id, now);
      } else if (!this.#silent.has(audio.id) && now - heardAt >= SILENT_AFTER) {
        await this.#fallSilent(audio);
      }
    }
  }

  async #createObserver(): Promise<types.AudioLevelObserver> {
    const observer = await this.#router.createAudioLevelObserver({
      maxEntries: MOST_SOURCES,
      threshold: SILENCE,
      interval: INTERVAL,
    });
    observer.on('volumes', (volumes) => {
      const now = performance.now();
      for (const { producer } of volumes)
        if (this.#heardAt.has(producer.id)) this.#heardAt.set(producer.id, now);
    });
    return observer;
  }

  #forgetAllBut(audios: readonly types.Producer[]): void {
    const ids = new Set(audios.map(({ id }) => id));
    for (const id of this.#heardAt.keys()) if (!ids.has(id)) this.#heardAt.delete(id);
    for (const id of this.#silent.keys()) if (!ids.has(id)) this.#silent.delete(id);
  }

  async #fallSilent(audio: types.Producer): Promise<void> {
    const consumer = await this.#direct.consume({
      producerId: audio.id,
      rtpCapabilities: capabilitiesOf(this.#router),
    });
    const levelId = audioLevelIdOf(parametersOf(consumer));
    if (levelId === undefined) return consumer.close();
    this.#silent.set(audio.id, consumer);
    consumer.on('rtp', (packet) => {
      const level = audioLevelOf(packet, levelId);
      if (level !== null && level >= SOUND) this.#wake(audio);
    });
    this.#host.hold(audio);
  }

  #wake(audio: types.Producer): void {
    const watching = this.#silent.get(audio.id);
    if (!watching) return;
    this.#silent.delete(audio.id);
    this.#heardAt.set(audio.id, performance.now());
    this.#host.release(audio);
    watching.close();
  }
}

/** Whether a publisher sends the level along. */
function gives(audio: types.Producer): boolean {
  return audioLevelIdOf(parametersOf(audio)) !== undefined;
}
