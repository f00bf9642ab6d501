import { z } from 'zod';
import type { Level, PathStats } from './levels.js';

// What clients say and are told on the channel `network_quality` (specification: twilio-video's
// lib/signaling/v2/networkqualitysignaling.js, lib/stats/peerconnectionreport.js and networkquality*stats.js).

/** Both directions of one medium. `send` is what the participant sends. */
export interface MediaQuality {
  send: Level;
  recv: Level;
  sendStats: PathStats;
  recvStats: PathStats;
}

export interface Quality {
  /** The lowest of the four levels. */
  level: Level;
  audio: MediaQuality;
  video: MediaQuality;
}

/** A number of the client's; anything else counts as not known. */
const number = z.number().nonnegative().nullish().catch(null);
const received = z.object({ fractionLost: number, jitter: number }).nullish().catch(null);
const medium = z.object({ recv: received }).nullish().catch(null);

export const qualityMessageSchema = z.object({
  type: z.literal('network_quality'),
  /** How much the client wants to hear of itself: 1 the level, 2 those of its media, 3 the measures too. */
  reportLevel: z.number().int().min(1).max(3).catch(1),
  /** The same for the others; 0 for nothing. */
  remoteReportLevel: z.number().int().min(0).max(3).catch(0),
  ice: z.object({ rtt: number, availableSend: number }).nullish().catch(null),
  audio: medium,
  video: medium,
});
export type QualityMessage = z.infer<typeof qualityMessageSchema>;

/** The measures that only the client can take: times in seconds, rates in bits a second. */
export interface ClientMeasures {
  rtt: number | null;
  availableSend: number | null;
  audio: { fractionLost: number | null; jitter: number | null };
  video: { fractionLost: number | null; jitter: number | null };
}

export function clientMeasures({ ice, audio, video }: QualityMessage): ClientMeasures {
  const of = (medium: QualityMessage['audio']): ClientMeasures['audio'] => ({
    fractionLost: medium?.recv?.fractionLost ?? null,
    jitter: medium?.recv?.jitter ?? null,
  });
  return {
    rtt: ice?.rtt ?? null,
    availableSend: ice?.availableSend ?? null,
    audio: of(audio),
    video: of(video),
  };
}

/** The quality in the detail that was asked for. */
export function describeQuality({ level, audio, video }: Quality, detail: number): object {
  if (detail <= 1) return { level };
  if (detail >= 3) return { level, audio, video };
  const levels = ({ send, recv }: MediaQuality): object => ({ send, recv });
  return { level, audio: levels(audio), video: levels(video) };
}

/** The answer to a client. */
export function qualityAnswer(
  { reportLevel, remoteReportLevel }: QualityMessage,
  own: Quality | null,
  others: ReadonlyMap<string, Quality>,
): object {
  return {
    type: 'network_quality',
    ...(own && { local: reportLevel <= 1 ? own.level : describeQuality(own, reportLevel) }),
    ...(remoteReportLevel > 0 && {
      remotes: [...others].map(([sid, quality]) => ({ sid, ...describeQuality(quality, remoteReportLevel) })),
    }),
  };
}
