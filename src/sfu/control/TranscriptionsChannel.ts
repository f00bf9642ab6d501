import { z } from 'zod';
import type { TranscriptionText } from '../../rooms/Transcription.js';
import { ControlChannel } from './ControlChannel.js';

const VERSION = 1;

/**
 * `extension_transcriptions`: a client is told what is said in the room, as the SDK's `transcription` event has it
 * (twilio-video's lib/room.js).
 */
export class TranscriptionsChannel extends ControlChannel<never> {
  constructor() {
    super(z.never());
  }

  tell(text: TranscriptionText): void {
    this.send({
      type: 'extension_transcriptions',
      version: VERSION,
      participant: text.participantSid,
      track: text.trackSid,
      // Clients count from one.
      sequence_number: text.sequence + 1,
      timestamp: new Date(text.at).toISOString(),
      language_code: text.languageCode,
      transcription: text.text,
      partial_results: text.partial,
      ...(text.stability !== null && { stability: text.stability }),
    });
  }

  protected onReady(): void {
    // What was said before is not told again.
  }

  protected onMessage(): void {
    // A client has nothing to say here.
  }
}
