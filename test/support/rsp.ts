// What the server says in RSP v2, as far as tests read it.

export interface RemoteTrackState {
  sid: string;
  id?: string;
  kind: string;
  name: string;
  enabled: boolean;
  priority: string | null;
}

export interface RemoteParticipantState {
  sid: string;
  identity: string;
  revision: number;
  state: 'connected' | 'reconnecting' | 'disconnected';
  tracks: RemoteTrackState[];
}

export interface ErrorState {
  code: number;
  message: string;
}

export interface PublishedTrackState {
  id: string;
  sid?: string;
  state: 'created' | 'ready' | 'failed';
  error?: ErrorState;
}

export interface PublishedState {
  revision: number;
  tracks: PublishedTrackState[];
}

export interface SubscribedState {
  revision: number;
  tracks: { sid: string; id?: string; error?: ErrorState }[];
}

export interface RecordingState {
  revision: number;
  is_recording: boolean;
}

export interface PeerConnectionState {
  id: string;
  description?: { type: string; revision?: number; sdp?: string };
}

export interface ServerMessage {
  type: string;
  version?: number;
  session?: string;
  sid?: string;
  name?: string;
  code?: number;
  message?: string;
  status?: string;
  participant?: RemoteParticipantState;
  participants?: RemoteParticipantState[];
  published?: PublishedState;
  subscribed?: SubscribedState;
  recording?: RecordingState;
  peer_connections?: PeerConnectionState[];
  media_signaling?: object;
  ice_servers?: object[];
  options?: {
    session_timeout: number;
    media_region: string | null;
    signaling_region: string;
    audio_processors: unknown[];
  };
}

/** A TCMP frame from the server. */
export interface ServerFrame {
  type: string;
  negotiatedTimeout?: number;
  reason?: string;
  body?: ServerMessage;
}

/** A local track as a client announces it. */
export interface LocalTrack {
  id: string;
  kind: string;
  name?: unknown;
  enabled: boolean;
  priority: string | null;
}

export function track(id: string, changes: Partial<LocalTrack> = {}): LocalTrack {
  return { id, kind: 'audio', name: id, enabled: true, priority: 'standard', ...changes };
}
