export type TrackKind = 'audio' | 'video' | 'data';
export const TRACK_PRIORITIES = ['low', 'standard', 'high'] as const;
export type TrackPriority = (typeof TRACK_PRIORITIES)[number];

/** A track as its publisher announces it. */
export interface TrackAnnouncement {
  /** The publisher's own name for it: the MediaStreamTrack's id, or the data channel's label. */
  clientId: string;
  kind: TrackKind;
  /** Unique among the publisher's tracks; at most 128 characters. */
  name: string;
  /** False while muted. */
  enabled: boolean;
  priority: TrackPriority;
}

/** A track that a participant publishes in a room right now. Changed only by its {@link Participant}. */
export class PublishedTrack implements TrackAnnouncement {
  readonly sid: string;
  readonly publisherSid: string;
  readonly clientId: string;
  readonly kind: TrackKind;
  readonly name: string;
  enabled: boolean;
  priority: TrackPriority;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  updatedAt: number;

  constructor(sid: string, publisherSid: string, announcement: TrackAnnouncement, at: number) {
    this.sid = sid;
    this.publisherSid = publisherSid;
    this.clientId = announcement.clientId;
    this.kind = announcement.kind;
    this.name = announcement.name;
    this.enabled = announcement.enabled;
    this.priority = announcement.priority;
    this.createdAt = at;
    this.updatedAt = at;
  }
}
