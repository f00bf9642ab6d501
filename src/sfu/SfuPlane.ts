import type { Logger } from '../log.js';
import type { EventStream } from '../rooms/events.js';
import type { MediaPlane, MediaRequest, ParticipantMedia } from '../rooms/media.js';
import type { Participant } from '../rooms/Participant.js';
import type { Room } from '../rooms/Room.js';
import { parseDescription } from './sdp/parse.js';
import { SfuRoom } from './SfuRoom.js';
import type { WorkerPool } from './WorkerPool.js';

export interface StreamCount {
  flowing: number;
  held: number;
}

/** The media plane of group rooms: all media go through the server, in mediasoup. */
export class SfuPlane implements MediaPlane {
  readonly #workers: WorkerPool;
  readonly #log: Logger;
  readonly #rooms = new Map<Room, SfuRoom>();
  readonly #unsubscribe: () => void;

  constructor(workers: WorkerPool, events: EventStream, log: Logger) {
    this.#workers = workers;
    this.#log = log;
    this.#unsubscribe = events.subscribe((event) => {
      this.#rooms.get(event.room)?.onRoomEvent(event);
      if (event.type === 'room-ended') this.#rooms.delete(event.room);
    });
  }

  get roomCount(): number {
    return this.#rooms.size;
  }

  /** What all participants are sent now, and what is held back, by kind. */
  get streams(): Record<'audio' | 'video', StreamCount> {
    const count = { audio: { flowing: 0, held: 0 }, video: { flowing: 0, held: 0 } };
    for (const room of this.#rooms.values()) {
      for (const { kind, flows } of room.streams) count[kind][flows ? 'flowing' : 'held']++;
    }
    return count;
  }

  check(request: MediaRequest): void {
    for (const { description } of request.peerConnections) {
      if (description?.type === 'offer') parseDescription(description.sdp);
    }
  }

  join(participant: Participant, request: MediaRequest, onChange: () => void): Promise<ParticipantMedia> {
    const { room } = participant;
    let media = this.#rooms.get(room);
    if (!media) this.#rooms.set(room, (media = new SfuRoom(room, this.#workers, this.#log)));
    return media.join(participant, request, onChange);
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    for (const media of this.#rooms.values()) media.close();
    this.#rooms.clear();
    await this.#workers.close();
  }
}
