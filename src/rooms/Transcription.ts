import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { twilioError } from '../errors.js';
import type { Participant } from './Participant.js';
import type { PublishedTrack } from './PublishedTrack.js';
import type { TranscriptionRecord, TranscriptionStatus } from './records.js';
import type { Room } from './Room.js';

/** The settings of a transcription engine, each as text. What is not set is the engine's own affair. */
export type TranscriptionConfiguration = Readonly<Record<string, string>>;

/** Hints to the engine: how many, and the characters of each. */
const MOST_HINTS = 500;
const LONGEST_HINT = 100;

const booleanText = z
  .union([z.boolean(), z.string().toLowerCase()])
  .transform(String)
  .pipe(z.enum(['true', 'false']));
const hintsText = z
  .union([z.string(), z.array(z.string()).transform((hints) => hints.join(','))])
  .refine(
    (text) =>
      text.split(',').length <= MOST_HINTS &&
      text.split(',').every((hint) => hint.trim().length <= LONGEST_HINT),
    `at most ${MOST_HINTS} hints of ${LONGEST_HINT} characters`,
  );

/**
 * The text of a `Configuration` parameter. Names may begin with a capital: the API's description has them so.
 * https://www.twilio.com/docs/video/api/real-time-transcriptions
 */
export const transcriptionConfigurationSchema = z
  .record(z.string(), z.unknown())
  .transform((given) =>
    Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name.charAt(0).toLowerCase() + name.slice(1), value]),
    ),
  )
  .pipe(
    z.strictObject({
      transcriptionEngine: z.enum(['google', 'deepgram']).optional(),
      speechModel: z.string().min(1).optional(),
      languageCode: z
        .string()
        .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/)
        .optional(),
      partialResults: booleanText.optional(),
      profanityFilter: booleanText.optional(),
      hints: hintsText.optional(),
      enableAutomaticPunctuation: booleanText.optional(),
    }),
  )
  .transform(
    (configuration) =>
      Object.fromEntries(
        Object.entries(configuration).filter(([, value]) => value !== undefined),
      ) as TranscriptionConfiguration,
  );

/** What someone is heard to say. */
export interface TranscriptionText {
  readonly participantSid: string;
  readonly trackSid: string;
  /** Counts the texts of the transcription from 0. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
  /** As `en-US`. */
  readonly languageCode: string;
  /** Whether it may still change; null for `stability` where it does not. */
  readonly partial: boolean;
  /** How sure a partial text is, from 0 to 1. */
  readonly stability: number | null;
}

/** What is asked of {@link Transcription.transcribe}. */
export interface Utterance {
  text: string;
  partial?: boolean;
  stability?: number | null;
  /** That of the configuration, where it is not given. */
  languageCode?: string;
}

/** The engine's, where nothing is configured. */
const DEFAULT_LANGUAGE = 'en-US';

/**
 * The transcription of a room, of which there is one at most. It hears nothing itself: whoever knows what is
 * said calls {@link transcribe}.
 *
 *     started ⇄ stopped
 *        └──────────┴───→ failed
 */
export class Transcription {
  readonly ttid = `video_transcriptions_${randomUUID()}`;
  readonly room: Room;
  readonly createdAt: number;

  #status: TranscriptionStatus = 'started';
  #configuration: TranscriptionConfiguration;
  #updatedAt: number;
  #startedAt: number;
  #endedAt: number | null = null;
  #sequence = 0;

  /** Only {@link Room.startTranscription} makes one. */
  constructor(room: Room, configuration: TranscriptionConfiguration) {
    this.room = room;
    this.#configuration = configuration;
    this.createdAt = this.#updatedAt = this.#startedAt = room.clock.now();
  }

  get status(): TranscriptionStatus {
    return this.#status;
  }

  get record(): TranscriptionRecord {
    return {
      ttid: this.ttid,
      accountSid: this.room.accountSid,
      roomSid: this.room.sid,
      status: this.#status,
      configuration: this.#configuration,
      createdAt: this.createdAt,
      updatedAt: this.#updatedAt,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
    };
  }

  /** Sets what is named; the rest stays, the status too. */
  configure(changes: TranscriptionConfiguration): void {
    this.#configuration = { ...this.#configuration, ...changes };
    this.#changed();
  }

  /** @throws TwilioError 20409 when it has failed */
  start(): void {
    if (this.#status === 'failed') throw twilioError(20409, 'the transcription has failed');
    if (this.#status === 'started') return;
    this.#status = 'started';
    this.#startedAt = this.room.clock.now();
    this.#endedAt = null;
    this.#changed();
  }

  /** Does nothing when it does not run. */
  stop(): void {
    this.#end('stopped');
  }

  /** The engine has given up. It cannot be started again. */
  fail(): void {
    this.#end('failed');
  }

  #end(status: 'stopped' | 'failed'): void {
    if (this.#status !== 'started') return;
    this.#status = status;
    this.#endedAt = this.room.clock.now();
    this.#changed();
  }

  /**
   * Takes down what was said in a track.
   * @throws TwilioError 20409 when it does not run, 53300 for a track that has no sound
   */
  transcribe(speaker: Participant, track: PublishedTrack, utterance: Utterance): void {
    if (this.#status !== 'started') throw twilioError(20409, `the transcription is ${this.#status}`);
    if (track.kind !== 'audio') throw twilioError(53300, 'only audio is transcribed');
    const { text, partial = false, stability = null } = utterance;
    this.room.announce({
      type: 'transcription-text',
      transcription: this,
      text: {
        participantSid: speaker.sid,
        trackSid: track.sid,
        sequence: this.#sequence++,
        at: this.room.clock.now(),
        text,
        languageCode: utterance.languageCode ?? this.#configuration['languageCode'] ?? DEFAULT_LANGUAGE,
        partial,
        stability: partial ? stability : null,
      },
    });
  }

  #changed(): void {
    this.#updatedAt = this.room.clock.now();
    this.room.announce({ type: 'transcription-changed', transcription: this });
  }
}
