import { randomBytes, randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { iceServerSchema } from '../ice/IceServers.js';
import type { Address } from '../turn/messages.js';
import type { IceTarget } from '../turn/TurnClient.js';
import type { Subject } from './examine.js';

/** Milliseconds for an answer. */
const PATIENCE = 10_000;

const toldSchema = z.looseObject({ ice_servers: z.array(iceServerSchema) });
const connectedSchema = z.looseObject({
  session: z.string(),
  peer_connections: z.array(
    z.looseObject({
      description: z.looseObject({ type: z.string(), sdp: z.string().optional() }).optional(),
    }),
  ),
});
const frameSchema = z.looseObject({
  type: z.string(),
  body: z
    .looseObject({ type: z.string(), code: z.number().optional(), message: z.string().optional() })
    .optional(),
});
type Body = NonNullable<z.infer<typeof frameSchema>['body']>;

export type ToldServer = z.infer<typeof iceServerSchema>;
export interface Candidate extends Address {
  protocol: 'udp' | 'tcp';
}

/** A participant's first offer, of someone who sends nothing. */
function offer(): string {
  const fingerprint = [...randomBytes(32)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=recvonly',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=ice-ufrag:doctor',
    `a=ice-pwd:${randomBytes(12).toString('hex')}`,
    `a=fingerprint:sha-256 ${fingerprint.join(':')}`,
    'a=setup:actpass',
    '',
  ].join('\r\n');
}

/** Signalling as the SDK speaks it, for a short talk. */
class Talk {
  readonly #socket: WebSocket;
  #waiting: { resolve: (body: Body) => void; reject: (error: Error) => void } | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#take(String(data)));
    socket.on('close', () => this.#fail('the connection was closed'));
    socket.on('error', ({ message }) => this.#fail(message));
  }

  static open(url: string): Promise<Talk> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/signaling`, { handshakeTimeout: PATIENCE });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => {
        const talk = new Talk(socket);
        talk.#send({ type: 'hello', id: randomUUID(), timeout: 5000, version: 2 });
        resolve(talk);
      });
    });
  }

  /** Says something, and resolves to the answer of that type. */
  async ask(body: object, answer: string): Promise<Body> {
    this.#send({ type: 'msg', body });
    const heard = await new Promise<Body>((resolve, reject) => {
      const timer = setTimeout(() => this.#fail('no answer'), PATIENCE);
      const done = (): void => clearTimeout(timer);
      this.#waiting = {
        resolve: (body_) => {
          done();
          resolve(body_);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
    });
    if (heard.type === answer) return heard;
    throw new Error(
      heard.code === undefined ? `${heard.type} in answer` : `${heard.code} ${heard.message ?? ''}`,
    );
  }

  close(): void {
    this.#send({ type: 'bye' });
    this.#socket.close();
  }

  #send(frame: object): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #take(data: string): void {
    const frame = frameSchema.safeParse(JSON.parse(data));
    const body = frame.success ? frame.data.body : undefined;
    if (!body || !this.#waiting) return;
    const { resolve } = this.#waiting;
    this.#waiting = null;
    resolve(body);
  }

  #fail(reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(new Error(reason));
  }
}

/** A stay in a room of one's own, to see at which addresses the server takes media. */
export class Visit {
  readonly candidates: readonly Candidate[];
  readonly ice: IceTarget;
  readonly #talk: Talk;
  readonly #leave: () => Promise<unknown>;

  private constructor(sdp: string, talk: Talk, leave: () => Promise<unknown>) {
    const find = (pattern: RegExp): string => pattern.exec(sdp)?.[1] ?? '';
    this.ice = { ufrag: find(/^a=ice-ufrag:(\S+)/m), password: find(/^a=ice-pwd:(\S+)/m) };
    this.candidates = [...sdp.matchAll(/^a=candidate:\S+ 1 (udp|tcp) \d+ (\S+) (\d+) /gim)].map(
      ([, protocol, address, port]) => ({
        protocol: protocol!.toLowerCase() as 'udp' | 'tcp',
        address: address!,
        port: Number(port),
      }),
    );
    this.#talk = talk;
    this.#leave = leave;
  }

  /** The STUN and TURN servers that a client is told. */
  static async iceServers({ url }: Subject, token: string): Promise<ToldServer[]> {
    const talk = await Talk.open(url);
    try {
      return toldSchema.parse(await talk.ask({ type: 'ice', version: 1, edge: 'roaming', token }, 'iced'))
        .ice_servers;
    } finally {
      talk.close();
    }
  }

  static async begin(subject: Subject, token: string): Promise<Visit> {
    const name = `atrium-doctor-${randomUUID()}`;
    await post(subject, '/v1/Rooms', { UniqueName: name, Type: 'group', UnusedRoomTimeout: '1' });
    const leave = (): Promise<unknown> => post(subject, `/v1/Rooms/${name}`, { Status: 'completed' });
    const talk = await Talk.open(subject.url);
    try {
      const connected = await talk.ask(
        {
          type: 'connect',
          version: 2,
          name,
          token,
          participant: { revision: 1, tracks: [] },
          peer_connections: [{ id: randomUUID(), description: { type: 'offer', revision: 1, sdp: offer() } }],
        },
        'connected',
      );
      const { peer_connections: connections } = connectedSchema.parse(connected);
      const sdp = connections.find(({ description }) => description?.type === 'answer')?.description?.sdp;
      if (sdp === undefined) throw new Error('the server did not answer the offer');
      return new Visit(sdp, talk, leave);
    } catch (error) {
      talk.close();
      await leave().catch(() => {});
      throw error;
    }
  }

  async end(): Promise<void> {
    this.#talk.close();
    await this.#leave().catch(() => {});
  }
}

async function post(
  { url, account }: Subject,
  path: string,
  parameters: Record<string, string>,
): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${account.sid}:${account.authToken}`).toString('base64')}`;
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams(parameters),
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${await response.text()}`);
}
