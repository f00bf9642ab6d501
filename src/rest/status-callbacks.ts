import type { FastifyInstance } from 'fastify';
import { parseListRequest } from './lists.js';
import { pathOf } from './requests.js';
import { notFound } from './Directory.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';

/** A status callback and what became of it. Times are milliseconds since the epoch. */
export interface CallbackDelivery {
  readonly id: string;
  readonly accountSid: string;
  readonly roomSid: string;
  readonly event: string;
  /** Without its user. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly parameters: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly outcome: 'pending' | 'delivered' | 'failed' | 'dropped';
  readonly attempts: readonly {
    startedAt: number;
    /** Milliseconds. */
    duration: number;
    /** Of the answer; null when there was none. */
    status: number | null;
    error: { code: number; message: string } | null;
  }[];
}

/** The status callbacks of this server, as far as they are remembered. */
export interface CallbackDeliveries {
  /** Newest first. */
  list(accountSid: string, options: { roomSid?: string; limit: number }): readonly CallbackDelivery[];
  /** Delivers one once more; undefined when there is none of that id. */
  redeliver(accountSid: string, id: string): CallbackDelivery | undefined;
}

/** Atrium's own: what became of status callbacks, and a way to have one again. */
export function statusCallbackRoutes(app: FastifyInstance, { callbacks }: RestContext): void {
  resource(app, '/StatusCallbacks', {
    GET: (request) => {
      const { filters, pageSize } = parseListRequest(request);
      const roomSid = filters.text('RoomSid');
      const deliveries = callbacks.list(request.account.sid, { roomSid, limit: pageSize });
      return { status_callbacks: deliveries.map(deliveryShape) };
    },
  });

  resource(app, '/StatusCallbacks/:id/Redeliver', {
    POST: (request, reply) => {
      const { id } = request.params as { id: string };
      const delivery = callbacks.redeliver(request.account.sid, id);
      if (!delivery) throw notFound(pathOf(request));
      return reply.code(202).send(deliveryShape(delivery));
    },
  });
}

function deliveryShape(delivery: CallbackDelivery): object {
  const { id, accountSid, roomSid, event, url, method, parameters, createdAt, outcome, attempts } = delivery;
  return {
    id,
    account_sid: accountSid,
    room_sid: roomSid,
    event,
    url,
    method,
    parameters,
    date_created: new Date(createdAt).toISOString(),
    outcome,
    attempts: attempts.map(({ startedAt, duration, status, error }) => ({
      date: new Date(startedAt).toISOString(),
      duration_ms: duration,
      status,
      error,
    })),
  };
}
