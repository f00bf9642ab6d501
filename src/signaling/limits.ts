import { z } from 'zod';

/** What a signalling connection may cost. Part of the configuration, under `limits`. */
export const signalingLimitsSchema = z.strictObject({
  /** Connections at once; more are refused with HTTP 503. */
  maxConnections: z.number().int().positive().default(20_000),
  /** A larger frame closes the connection. */
  maxFrameBytes: z.number().int().positive().default(1_048_576),
  maxFramesPerSecond: z.number().int().positive().default(500),
  /** Frames that are no TCMP before the connection is closed. */
  maxBadFrames: z.number().int().nonnegative().default(10),
  /** What may wait to be sent to a client that does not read. */
  maxBufferedBytes: z.number().int().positive().default(16_777_216),
  /** How long a new connection may stay silent. */
  helloTimeoutMs: z.number().int().positive().default(10_000),
  /** How long a greeted connection may stay outside of any room. */
  idleTimeoutMs: z.number().int().positive().default(60_000),
  /** How long the other side may take to answer a close. */
  closeTimeoutMs: z.number().int().positive().default(5_000),
  /** Entries of a participant's track list; a longer list is refused with 53203. */
  maxTracksPerParticipant: z.number().int().positive().default(200),
  /** Peer connections that one message may speak of. */
  maxPeerConnections: z.number().int().positive().default(64),
});

export type SignalingLimits = z.infer<typeof signalingLimitsSchema>;
