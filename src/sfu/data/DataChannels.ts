import type { types } from 'mediasoup';
import type { Reliability } from './dcep.js';
import { ACK, DCEP_PPID, decodeOpen, encodeOpen, isAck } from './dcep.js';

// Data channels over mediasoup, which knows only channels agreed on out of band. Since its version 3.20 it hands
// every SCTP message, DCEP's included, to the DataProducer of the message's stream, and drops what comes on a
// stream that has none. So a DataProducer must stand ready on every stream on which the client may open a
// channel, before it does. Through a DirectTransport its messages reach this process.
//
// The client is the DTLS client: it opens channels on even streams, the server on odd ones (RFC 8832, section 6).

/** Streams that stand ready for the client; more are made ready when fewer than half are free. */
const READY_STREAMS = 16;
/** A client with more channels than this gets no answer to its next ones. */
const MOST_CLIENT_STREAMS = 512;
const LAST_STREAM = 65_534;
/** How often, and at which distance, an open message is repeated while it is not acknowledged. */
const MOST_REPEATED_OPENS = 50;
const OPEN_REPEATED_MS = 300;
/** Milliseconds. */
const LONGEST_LIFETIME = 65_535;

/** The node of a router where all data passes this process. */
export interface DataHub {
  direct: types.DirectTransport;
  /** A DataProducer without messages, to make DataConsumers that only this process sends through. */
  silence: types.DataProducer;
}

/** A channel that the client opened. */
export interface ClientChannel {
  readonly label: string;
  readonly reliability: Reliability;
  /** Where its messages come from. */
  readonly dataProducerId: string;
}

/** A channel that the server opened. */
export interface ServerChannel {
  /** Sends text (or, as a Buffer, binary). What cannot be sent is lost, as when the client is gone. */
  send(message: string | Buffer): void;
  close(): void;
}

/** Who hears of a channel between the client and this process. */
export interface ServerChannelListener {
  /** The client has it now. */
  onAcknowledged(): void;
  onMessage(message: Buffer): void;
}

export interface DataChannelsDelegate {
  onClientChannel(channel: ClientChannel): void;
}

/** The part of a mediasoup transport that hands out stream ids: unofficial, see {@link consumeOnStream}. */
interface StreamAllocator {
  allocateSctpStreamId(): number;
}

export class DataChannels {
  readonly #transport: types.WebRtcTransport;
  readonly #hub: DataHub;
  readonly #delegate: DataChannelsDelegate;
  readonly #acknowledgers = new Map<number, types.DataConsumer>();
  readonly #openStreams = new Set<number>();
  #readyStreams = 0;
  #nextServerStream = 1;

  constructor(transport: types.WebRtcTransport, hub: DataHub, delegate: DataChannelsDelegate) {
    this.#transport = transport;
    this.#hub = hub;
    this.#delegate = delegate;
  }

  /** Makes the streams ready for the client's channels. To be awaited before SCTP can come up. */
  async prepare(): Promise<void> {
    await this.#makeReady(READY_STREAMS);
  }

  async #makeReady(count: number): Promise<void> {
    const from = this.#readyStreams;
    this.#readyStreams = Math.min(from + count, MOST_CLIENT_STREAMS);
    const streams = Array.from({ length: this.#readyStreams - from }, (_, index) => (from + index) * 2);
    await Promise.all(
      streams.map((stream) =>
        this.#listen(stream, (message, ppid, id) => this.#onClientMessage(stream, message, ppid, id)),
      ),
    );
  }

  /** Has every message of a stream called out in this process. */
  async #listen(
    streamId: number,
    onMessage: (message: Buffer, ppid: number, dataProducerId: string) => void,
  ): Promise<types.DataProducer> {
    const producer = await this.#transport.produceData({ sctpStreamParameters: { streamId, ordered: true } });
    const consumer = await this.#hub.direct.consumeData({ dataProducerId: producer.id });
    consumer.on('message', (message, ppid) => onMessage(message, ppid, producer.id));
    return producer;
  }

  #onClientMessage(stream: number, message: Buffer, ppid: number, dataProducerId: string): void {
    if (ppid !== DCEP_PPID) return;
    const open = decodeOpen(message);
    if (!open) return;
    this.#openStreams.add(stream);
    const free = this.#readyStreams - this.#openStreams.size;
    if (free < READY_STREAMS / 2) this.#quietly(this.#makeReady(READY_STREAMS));
    this.#quietly(
      this.#acknowledge(stream).then(() =>
        this.#delegate.onClientChannel({ label: open.label, reliability: open.reliability, dataProducerId }),
      ),
    );
  }

  async #acknowledge(stream: number): Promise<void> {
    const used = this.#acknowledgers.get(stream);
    if (used) {
      try {
        await used.send(ACK, DCEP_PPID);
        return;
      } catch {
        // The client closed the stream since: the worker has dropped its DataConsumer without a word.
        used.close();
      }
    }
    const consumer = await consumeOnStream(this.#transport, stream, { dataProducerId: this.#hub.silence.id });
    this.#acknowledgers.set(stream, consumer);
    await consumer.send(ACK, DCEP_PPID);
  }

  /** Opens a channel that passes on the messages of a client's channel, inside the worker. */
  openRelay(label: string, source: ClientChannel): Promise<ServerChannel> {
    return this.#open(label, source.reliability, {
      dataProducerId: source.dataProducerId,
      ...relayOptions(source.reliability),
    });
  }

  /** Opens a channel between the client and this process. */
  open(label: string, listener: ServerChannelListener): Promise<ServerChannel> {
    return this.#open(label, { ordered: true }, { dataProducerId: this.#hub.silence.id }, listener);
  }

  async #open(
    label: string,
    reliability: Reliability,
    options: types.DataConsumerOptions,
    listener?: ServerChannelListener,
  ): Promise<ServerChannel> {
    const stream = this.#nextServerStream;
    // Not used again soon: the client's own reset of a closed stream may still be on its way.
    this.#nextServerStream = stream + 2 > LAST_STREAM ? 1 : stream + 2;
    let opening: NodeJS.Timeout | null = null;
    const [input, output] = await Promise.all([
      this.#listen(stream, (message, ppid) => {
        if (ppid !== DCEP_PPID) return listener?.onMessage(message);
        if (!isAck(message)) return;
        if (opening) clearInterval(opening);
        listener?.onAcknowledged();
      }),
      consumeOnStream(this.#transport, stream, options),
    ]);
    const open = encodeOpen({ label, protocol: '', priority: 0, reliability });
    await output.send(open, DCEP_PPID);
    if (options.maxPacketLifeTime !== undefined) {
      // A stream has one DataConsumer, and what goes through it may be given up: so also the message that opens.
      let left = MOST_REPEATED_OPENS;
      opening = setInterval(() => {
        if (left-- === 0 || output.closed) clearInterval(opening!);
        else this.#quietly(output.send(open, DCEP_PPID));
      }, OPEN_REPEATED_MS);
    }
    return {
      send: (message) => this.#quietly(output.send(message)),
      close: () => {
        if (opening) clearInterval(opening);
        output.close();
        input.close();
      },
    };
  }

  /** For requests that may meet a transport that is just closing. */
  #quietly(promise: Promise<unknown>): void {
    promise.catch(() => {});
  }
}

/**
 * How mediasoup is to send what was promised so. Where nothing may be given up, or order is to be kept, everything
 * goes reliably and in order, which promises more. Else messages go unordered and, in mediasoup 3.27, once: it
 * takes a limit that is left out for zero, and refuses to be given both.
 */
function relayOptions({
  ordered,
  maxRetransmits,
  maxPacketLifeTime,
}: Reliability): Partial<types.DataConsumerOptions> {
  const reliable = maxRetransmits === undefined && maxPacketLifeTime === undefined;
  if (ordered || reliable) return { ordered: true };
  return { ordered: false, maxPacketLifeTime: maxPacketLifeTime || LONGEST_LIFETIME };
}

/**
 * Creates a DataConsumer on a stream of one's choice. mediasoup hands out stream ids by itself and has no option
 * for it; `consumeData` takes the id, synchronously, from a method that is replaced here for the moment. To be
 * looked at with every new version of mediasoup (test: data channels).
 */
function consumeOnStream(
  transport: types.WebRtcTransport,
  streamId: number,
  options: types.DataConsumerOptions,
): Promise<types.DataConsumer> {
  const allocator = transport as types.WebRtcTransport & Partial<StreamAllocator>;
  allocator.allocateSctpStreamId = () => streamId;
  try {
    return transport.consumeData(options);
  } finally {
    // The class's own method shows again.
    delete allocator.allocateSctpStreamId;
  }
}
