import { createSocket } from 'node:dgram';
import { connect as connectTcp, isIPv6 } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { messageLength } from './messages.js';
import type { Address } from './messages.js';

/** How messages get to a server and back. */
export interface Wire {
  /** Whether messages arrive without being repeated. */
  readonly isReliable: boolean;
  send(message: Buffer): void;
  onMessage(listener: (message: Buffer) => void): void;
  close(): void;
}

export type Protocol = 'udp' | 'tcp' | 'tls';

/** Milliseconds in which a connection must be there. */
const CONNECT_TIMEOUT = 5_000;

/** Opens a wire on which STUN messages follow each other, as to a STUN or TURN server. */
export function openWire(protocol: Protocol, server: Address): Promise<Wire> {
  return protocol === 'udp' ? openUdp(server) : openStream(protocol, server, splitMessages);
}

/** Opens a wire to an ICE candidate; over TCP, each message is preceded by its length (RFC 4571). */
export function openIceWire(protocol: 'udp' | 'tcp', candidate: Address): Promise<Wire> {
  return protocol === 'udp' ? openUdp(candidate) : openStream('tcp', candidate, splitFrames, frame);
}

function openUdp({ address, port }: Address): Promise<Wire> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, address, () => {
      // What comes back as "port unreachable" is told by the request that gets no answer.
      socket.removeAllListeners('error').on('error', () => {});
      resolve({
        isReliable: false,
        send: (message) => socket.send(message, () => {}),
        onMessage: (listener) => socket.on('message', listener),
        close: () => socket.close(),
      });
    });
  });
}

type Splitter = (data: Buffer) => { message: Buffer; rest: Buffer } | null;

function openStream(
  protocol: 'tcp' | 'tls',
  { address, port }: Address,
  split: Splitter,
  wrap = (message: Buffer): Buffer => message,
): Promise<Wire> {
  const options = { host: address, port };
  const socket: Socket = protocol === 'tls' ? connectTls(options) : connectTcp(options);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT / 1000} seconds`)),
      CONNECT_TIMEOUT,
    );
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once(protocol === 'tls' ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error').on('error', () => {});
      resolve({
        isReliable: true,
        send: (message) => socket.write(wrap(message)),
        onMessage: (listener) => {
          let waiting = Buffer.alloc(0);
          socket.on('data', (data: Buffer) => {
            waiting = Buffer.concat([waiting, data]);
            for (let next = split(waiting); next; next = split(waiting)) {
              waiting = Buffer.from(next.rest);
              listener(next.message);
            }
          });
        },
        close: () => socket.destroy(),
      });
    });
  });
}

function splitMessages(data: Buffer): { message: Buffer; rest: Buffer } | null {
  const length = messageLength(data);
  if (length === null) return { message: data, rest: Buffer.alloc(0) };
  if (length === undefined || data.length < length) return null;
  return { message: data.subarray(0, length), rest: data.subarray(length) };
}

function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

function splitFrames(data: Buffer): { message: Buffer; rest: Buffer } | null {
  if (data.length < 2) return null;
  const length = data.readUInt16BE(0);
  if (data.length < 2 + length) return null;
  return { message: data.subarray(2, 2 + length), rest: data.subarray(2 + length) };
}
