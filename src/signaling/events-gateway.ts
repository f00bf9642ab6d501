import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { verifyAccessToken } from '../auth/access-token.js';
import type { Accounts } from '../auth/accounts.js';
import type { Clock } from '../clock.js';
import { TwilioError } from '../errors.js';
import type { Logger } from '../log.js';
import type { SignalingLimits } from './limits.js';

// The gateway to which the SDK sends its insights (specification: twilio-video's lib/util/insightspublisher/).

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connect'), version: z.literal(1), token: z.string() }),
  z.object({
    type: z.literal('event'),
    version: z.literal(1),
    session: z.string(),
    group: z.string(),
    name: z.string(),
    payload: z.unknown(),
  }),
]);

const PING_INTERVAL = 30_000;

export interface EventsGatewayHouse {
  accounts: Accounts;
  clock: Clock;
  limits: SignalingLimits;
  log: Logger;
}

/** Serves one SDK's event connection. The events go to the log at level `debug`. */
export function serveEventsGateway(
  socket: WebSocket,
  { accounts, clock, limits, log }: EventsGatewayHouse,
): void {
  let session: string | null = null;
  const send = (message: object): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };
  const timer = setTimeout(() => socket.terminate(), limits.helloTimeoutMs);
  // The SDK sends no heartbeats here: the protocol's own find out whether someone is still there.
  let answered = true;
  const pings = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    return socket.ping();
  }, PING_INTERVAL);
  let frames = 0;
  const window = setInterval(() => (frames = 0), 1000);
  socket.on('pong', () => (answered = true));
  socket.on('close', () => {
    clearTimeout(timer);
    clearInterval(pings);
    clearInterval(window);
  });
  socket.on('error', () => socket.terminate());

  const onConnect = async (token: string): Promise<void> => {
    try {
      await verifyAccessToken(token, accounts, clock);
      clearTimeout(timer);
      session = randomUUID();
      send({ type: 'connected', version: 1, session });
    } catch (error) {
      const { code, message } =
        error instanceof TwilioError ? error : { code: 20500, message: 'Internal Server Error' };
      send({ type: 'error', version: 1, code, message });
    }
  };

  socket.on('message', (data) => {
    if (++frames > limits.maxFramesPerSecond) return socket.terminate();
    const parsed = messageSchema.safeParse(parseJson(String(data)));
    if (!parsed.success) return socket.close(1008, 'not an event');
    const message = parsed.data;
    if (message.type === 'connect') void onConnect(message.token);
    else if (message.session === session)
      log.debug({ group: message.group, event: message.name, payload: message.payload }, 'insights');
    return undefined;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
