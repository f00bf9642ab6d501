import { z } from 'zod';
import { TwilioError, twilioError } from '../errors.js';
import { MEDIA_CHANNELS } from '../rooms/media.js';
import type { BandwidthProfile, MediaChannel, PeerConnectionState } from '../rooms/media.js';
import { TRACK_PRIORITIES } from '../rooms/PublishedTrack.js';
import type { TrackClaim } from '../rooms/Participant.js';
import { EXCLUDE_ALL, INCLUDE_ALL } from '../rooms/rules.js';
import type { Rule } from '../rooms/rules.js';
import type { SignalingLimits } from './limits.js';

// RSP v2, the messages inside TCMP (specification: twilio-video's lib/signaling/v2/). What a client sends is
// parsed here, once; what is beyond this file is typed.

/** A participant's list of its tracks, numbered by the client. */
export interface TrackList {
  revision: number;
  tracks: readonly TrackClaim[];
}

export type ClientMessage =
  | { type: 'ice'; token: string; preflight: boolean }
  | {
      type: 'connect';
      token: string;
      /** Null where the client names no room. */
      name: string | null;
      participant: TrackList;
      peerConnections: readonly PeerConnectionState[];
      subscribeRules: readonly Rule[];
      channels: readonly MediaChannel[];
      bandwidthProfile: BandwidthProfile | null;
    }
  | {
      type: 'sync';
      token: string;
      session: string;
      participant?: TrackList;
      peerConnections: readonly PeerConnectionState[];
    }
  | {
      type: 'update';
      session?: string;
      participant?: TrackList;
      peerConnections: readonly PeerConnectionState[];
      bandwidthProfile?: BandwidthProfile | null;
    }
  | { type: 'disconnect'; session?: string };

const trackSchema = z.object({
  kind: z.enum(['audio', 'video', 'data']),
  name: z.string().min(1).nullish(),
  enabled: z.boolean().default(true),
  priority: z.enum(TRACK_PRIORITIES).nullish(),
});

const trackClaimSchema = z.looseObject({ id: z.string().min(1).max(512) }).transform((entry): TrackClaim => {
  const clientId = entry.id;
  const track = trackSchema.safeParse(entry);
  if (!track.success) {
    const nameIsWrong = track.error.issues.every((issue) => issue.path[0] === 'name');
    return { clientId, error: new TwilioError(nameIsWrong ? 53301 : 53300) };
  }
  const { kind, name, enabled, priority } = track.data;
  return { clientId, kind, name: name ?? clientId, enabled, priority: priority ?? 'standard' };
});

const trackListSchema = z.object({ revision: z.number().int(), tracks: z.array(trackClaimSchema) });

const revision = z.number().int().nonnegative();
const descriptionSchema = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['offer', 'answer', 'pranswer']), revision, sdp: z.string() }),
  z.object({ type: z.literal('create-offer'), revision }),
  z.object({ type: z.literal('close'), revision: revision.optional() }),
]);
/** As RTCIceCandidate.toJSON() makes it; it is relayed as it stands, but nothing that is nested. */
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const candidateSchema = z.union([z.record(z.string(), scalar), scalar]);
const iceSchema = z.object({
  ufrag: z.string(),
  revision,
  candidates: z.array(candidateSchema).max(1000).default([]),
  complete: z.boolean().optional(),
});
const peerConnectionSchema = z.object({
  id: z.string().min(1).max(128),
  description: descriptionSchema.optional(),
  // Before its first description a client may speak of candidates without knowing their ufrag: nothing to relay.
  ice: iceSchema.optional().catch(undefined),
});

const pixels = z.number().nonnegative().max(100_000);
/** The SDK leaves out what the application does: a side that is missing follows from the other. */
const dimensionsSchema = z
  .object({ width: pixels.optional(), height: pixels.optional() })
  .transform(({ width, height }) =>
    width === undefined && height === undefined
      ? undefined
      : { width: width ?? (height! * 16) / 9, height: height ?? (width! * 9) / 16 },
  )
  .optional();
const bandwidthProfileSchema = z
  .object({
    video: z
      .object({
        mode: z.enum(['grid', 'collaboration', 'presentation']).optional(),
        max_tracks: z.number().int().nonnegative().optional(),
        max_subscription_bandwidth: z.number().nonnegative().optional(),
        active_speaker_priority: z.enum(TRACK_PRIORITIES).optional(),
        track_switch_off: z.enum(['disabled', 'detected', 'predicted']).optional(),
        render_dimensions: z
          .object({ low: dimensionsSchema, standard: dimensionsSchema, high: dimensionsSchema })
          .optional(),
      })
      .optional(),
  })
  .transform(({ video }): BandwidthProfile => ({
    ...(video?.mode !== undefined && { mode: video.mode }),
    ...(video?.max_tracks !== undefined && { maxTracks: video.max_tracks }),
    ...(video?.max_subscription_bandwidth !== undefined && {
      maxSubscriptionBitrate: video.max_subscription_bandwidth,
    }),
    ...(video?.active_speaker_priority !== undefined && {
      dominantSpeakerPriority: video.active_speaker_priority,
    }),
    ...(video?.track_switch_off !== undefined && { trackSwitchOff: video.track_switch_off }),
    ...(video?.render_dimensions !== undefined && { renderDimensions: video.render_dimensions }),
  }));

const subscribeSchema = z.object({
  rules: z.array(z.looseObject({ type: z.enum(['include', 'exclude']) })).min(1),
});

const token = z.string();
const version = z.literal(2);
const session = z.string().max(128);
const participant = trackListSchema;
const peer_connections = z.array(peerConnectionSchema).default([]);

const messageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ice'),
    // The SDK's preflight test leaves the version out.
    version: z.literal(1).default(1),
    token,
    preflight: z.boolean().default(false),
  }),
  z.object({
    type: z.literal('connect'),
    version,
    token,
    name: z.unknown(),
    participant,
    peer_connections,
    subscribe: subscribeSchema.optional(),
    media_signaling: z.record(z.string(), z.unknown()).default({}),
    bandwidth_profile: z.unknown().optional(),
  }),
  z.object({
    type: z.literal('sync'),
    version,
    token,
    session,
    participant: participant.optional(),
    peer_connections,
  }),
  z.object({
    type: z.literal('update'),
    version,
    session: session.optional(),
    participant: participant.optional(),
    peer_connections,
    bandwidth_profile: z.unknown().optional(),
  }),
  z.object({ type: z.literal('disconnect'), version, session: session.optional() }),
]);

function parseBandwidthProfile(value: unknown): BandwidthProfile | null {
  if (value === undefined || value === null) return null;
  const profile = bandwidthProfileSchema.safeParse(value);
  if (!profile.success) throw twilioError(53208);
  return profile.data;
}

function parseRoomName(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw twilioError(53100);
  return value;
}

function checkSizes(body: object, limits: SignalingLimits): void {
  const { participant: list, peer_connections: connections } = body as {
    participant?: { tracks?: unknown };
    peer_connections?: unknown;
  };
  if (Array.isArray(list?.tracks) && list.tracks.length > limits.maxTracksPerParticipant)
    throw twilioError(53203);
  if (Array.isArray(connections) && connections.length > limits.maxPeerConnections) throw twilioError(53004);
}

/**
 * Reads what a client says.
 * @throws TwilioError 53004 for what is no RSP message, and the special codes of its parts
 */
export function parseClientMessage(body: unknown, limits: SignalingLimits): ClientMessage {
  if (typeof body !== 'object' || body === null) throw twilioError(53004);
  checkSizes(body, limits);
  const parsed = messageSchema.safeParse(body);
  if (!parsed.success) throw twilioError(53004, z.prettifyError(parsed.error).split('\n')[0]);
  const message = parsed.data;
  switch (message.type) {
    case 'ice':
    case 'disconnect':
      return message;
    case 'connect':
      return {
        type: 'connect',
        token: message.token,
        name: parseRoomName(message.name),
        participant: message.participant,
        peerConnections: message.peer_connections,
        subscribeRules: message.subscribe?.rules[0]?.type === 'exclude' ? EXCLUDE_ALL : INCLUDE_ALL,
        channels: MEDIA_CHANNELS.filter((channel) => channel in message.media_signaling),
        bandwidthProfile: parseBandwidthProfile(message.bandwidth_profile),
      };
    case 'sync': {
      const { peer_connections: peerConnections, ...rest } = message;
      return { ...rest, peerConnections };
    }
    case 'update':
      return {
        type: 'update',
        session: message.session,
        participant: message.participant,
        peerConnections: message.peer_connections,
        ...('bandwidth_profile' in body && {
          bandwidthProfile: parseBandwidthProfile(message.bandwidth_profile),
        }),
      };
  }
}
