import { Worker } from 'node:worker_threads';

/** What happens to the packets of one direction of a flow. */
export interface Shape {
  /** Nothing passes. */
  blocked?: boolean;
  /** Bits a second; what does not fit into the queue is dropped. */
  rate?: number;
  /** Part of the packets that is lost, 0 to 1. */
  loss?: number;
  /** Milliseconds. */
  delay?: number;
}

export interface Shapes {
  up?: Shape;
  down?: Shape;
}

/**
 * A network between the clients and the media port: the server announces the link's address, the link passes
 * everything on, and drops, delays and limits as a test wants. The kernel may have no means for that.
 */
export class MediaLink {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #lastId = 0;

  private constructor(thread: Worker) {
    this.#thread = thread;
    thread.on('message', ({ id, error }: { id: number; error?: string }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve();
      else waiting?.reject(new Error(error));
    });
  }

  /** Listens on `address` at the same port number at which the server listens on 127.0.0.1. */
  static async open(address: string, port: number): Promise<MediaLink> {
    const thread = new Worker(new URL('./media-link-thread.mjs', import.meta.url), {
      workerData: { address, port },
    });
    const link = new MediaLink(thread);
    await new Promise<void>((resolve, reject) => {
      link.#waiting.set(0, { resolve, reject });
      thread.once('error', reject);
    });
    return link;
  }

  /** Shapes a peer connection's packets; peers count from 0 in the order in which they appeared. */
  shape(peer: number, shapes: Shapes): Promise<void> {
    return this.#tell('shape', { peer, ...shapes });
  }

  shapeAll(shapes: Shapes): Promise<void> {
    return this.#tell('shape', { peer: null, ...shapes });
  }

  /** Shapes the flows that have yet to appear, as when a client looks for another way. */
  shapeNew(shapes: Shapes): Promise<void> {
    return this.#tell('shapeNew', shapes);
  }

  /** Forgets all flows: between tests. */
  reset(): Promise<void> {
    return this.#tell('reset', {});
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #tell(command: string, parameters: object): Promise<void> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.postMessage({ id, command, ...parameters });
    });
  }
}
