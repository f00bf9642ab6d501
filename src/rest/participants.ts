import type { FastifyInstance, FastifyRequest } from 'fastify';
import { twilioError } from '../errors.js';
import type { FoundParticipant } from './Directory.js';
import { parseListRequest, renderList } from './lists.js';
import { formOf, pathOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { findRoom } from './rooms.js';
import { anonymizedShape, participantShape } from './shapes.js';

const STATUSES = ['connected', 'reconnecting', 'disconnected'] as const;

interface ParticipantPath {
  participant: string;
}

/** https://www.twilio.com/docs/video/api/participants */
export function participantRoutes(app: FastifyInstance, context: RestContext): void {
  const { directory, writes, clock, baseUrl } = context;

  resource(app, '/Rooms/:room/Participants', {
    GET: async (request) => {
      const room = await findRoom(request, context);
      const list = parseListRequest(request);
      const filter = {
        // Of a room in progress, those who are connected are asked for; in an ended one nobody is.
        status: list.filters.choice('Status', STATUSES, 53209) ?? (room.live ? 'connected' : 'disconnected'),
        identity: list.filters.text('Identity'),
        createdFrom: list.filters.time('DateCreatedAfter'),
        createdBefore: list.filters.time('DateCreatedBefore'),
      } as const;
      const page = await directory.participants(room, filter, list.position);
      const base = baseUrl(request);
      return renderList(
        request,
        list,
        'participants',
        page,
        base,
        ({ startedAt, sid }) => ({ createdAt: startedAt, sid }),
        (participant) => participantShape(participant, base),
      );
    },
  });

  resource(app, '/Rooms/:room/Participants/:participant', {
    GET: async (request) => {
      const { record } = await findParticipant(request, context);
      return participantShape(record, baseUrl(request));
    },
    POST: async (request, reply) => {
      const { record, live } = await findParticipant(request, context);
      if (formOf(request).text('Status') !== 'disconnected') throw twilioError(53209);
      live?.disconnect({ type: 'removed' });
      return reply.code(202).send(participantShape(live?.record ?? record, baseUrl(request)));
    },
  });

  resource(app, '/Rooms/:room/Participants/:participant/Anonymize', {
    POST: async (request) => {
      const { record, live } = await findParticipant(request, context);
      live?.anonymize();
      const anonymous = live?.record ?? {
        ...record,
        identity: record.sid,
        updatedAt: record.identity === record.sid ? record.updatedAt : clock.now(),
      };
      // Of someone whose room has ended, nobody else tells the store.
      if (!live) writes.put({ type: 'participant', participant: anonymous });
      return anonymizedShape(anonymous, baseUrl(request));
    },
  });
}

/** The participant that a path names. */
export async function findParticipant(
  request: FastifyRequest,
  context: RestContext,
): Promise<FoundParticipant> {
  const room = await findRoom(request, context);
  return context.directory.participant(
    room,
    (request.params as ParticipantPath).participant,
    pathOf(request),
  );
}
