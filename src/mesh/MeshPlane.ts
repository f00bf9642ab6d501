import type { EventStream } from '../rooms/events.js';
import type { MediaPlane, MediaRequest, ParticipantMedia } from '../rooms/media.js';
import type { Participant } from '../rooms/Participant.js';
import type { Room } from '../rooms/Room.js';
import { checkDescription } from './MeshParticipant.js';
import { MeshRoom } from './MeshRoom.js';

/** The media plane of peer-to-peer and Go rooms: it brings clients together, and no packet passes it. */
export class MeshPlane implements MediaPlane {
  readonly #rooms = new Map<Room, MeshRoom>();
  readonly #unsubscribe: () => void;

  constructor(events: EventStream) {
    this.#unsubscribe = events.subscribe((event) => {
      this.#rooms.get(event.room)?.onRoomEvent(event);
      if (event.type === 'room-ended') this.#rooms.delete(event.room);
    });
  }

  get roomCount(): number {
    return this.#rooms.size;
  }

  check(request: MediaRequest): void {
    request.peerConnections.forEach(checkDescription);
  }

  async join(
    participant: Participant,
    request: MediaRequest,
    onChange: () => void,
  ): Promise<ParticipantMedia> {
    const { room } = participant;
    const mesh = this.#rooms.get(room) ?? new MeshRoom();
    if (room.status === 'in-progress') this.#rooms.set(room, mesh);
    return mesh.join(participant, request, onChange);
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#rooms.clear();
  }
}
