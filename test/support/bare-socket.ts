import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** A bare connection, whose end of the server's side is told, and which does not end its own. */
export class BareSocket {
  readonly socket: Socket;
  received = '';
  readonly ended: Promise<unknown>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data) => (this.received += data.toString('latin1')));
    socket.on('error', () => {});
    this.ended = Promise.race([once(socket, 'end'), once(socket, 'close')]);
  }

  static async open(url: string): Promise<BareSocket> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    await once(socket, 'connect');
    return new BareSocket(socket);
  }

  static async saying(url: string, data: string | Buffer): Promise<BareSocket> {
    const bare = await BareSocket.open(url);
    bare.socket.write(data);
    return bare;
  }

  /** Has become a WebSocket that sends bytes as they are. */
  static async upgraded(url: string): Promise<BareSocket> {
    const bare = await BareSocket.saying(url, upgrade());
    await once(bare.socket, 'data');
    if (!bare.received.startsWith('HTTP/1.1 101 ')) throw new Error(`refused: ${bare.received}`);
    bare.received = '';
    return bare;
  }
}

/** The request for a WebSocket. */
export function upgrade(changes: Record<string, string> = {}, path = '/signaling'): string {
  const headers = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    ...changes,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}

/** A WebSocket frame of a client, with a mask of zeros. */
export function frame(firstByte: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? [firstByte, 0x80 | length] : [firstByte, 0x80 | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}
