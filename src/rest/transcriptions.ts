import type { FastifyInstance, FastifyRequest } from 'fastify';
import { assertNever } from '../assert-never.js';
import { twilioError } from '../errors.js';
import type { TranscriptionRecord } from '../rooms/records.js';
import type { Transcription } from '../rooms/Transcription.js';
import { transcriptionConfigurationSchema } from '../rooms/Transcription.js';
import { pageOf } from '../store/paging.js';
import type { FoundRoom } from './Directory.js';
import { notFound } from './Directory.js';
import { parseListRequest, renderList } from './lists.js';
import { formOf, pathOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { findRoom } from './rooms.js';
import { transcriptionShape } from './shapes.js';

/** https://www.twilio.com/docs/video/api/real-time-transcriptions: a room has one at most. */
export function transcriptionRoutes(app: FastifyInstance, context: RestContext): void {
  const { directory, baseUrl } = context;

  resource(app, '/Rooms/:room/Transcriptions', {
    POST: async (request, reply) => {
      const { live } = await findRoom(request, context);
      if (!live) throw twilioError(53118);
      const configuration = formOf(request).json('Configuration', transcriptionConfigurationSchema, 20001);
      const { record } = live.startTranscription(configuration);
      return reply.code(202).send(transcriptionShape(record, baseUrl(request)));
    },
    GET: async (request) => {
      const room = await findRoom(request, context);
      const list = parseListRequest(request);
      const base = baseUrl(request);
      const cursorOf = ({ createdAt, ttid }: TranscriptionRecord) => ({ createdAt, sid: ttid });
      return renderList(
        request,
        list,
        'transcriptions',
        pageOf(await directory.transcriptions(room), 'oldest-first', cursorOf, list.position),
        base,
        cursorOf,
        (transcription) => transcriptionShape(transcription, base),
      );
    },
  });

  resource(app, '/Rooms/:room/Transcriptions/:transcription', {
    GET: async (request) => {
      const record = await findTranscription(request, await findRoom(request, context), context);
      return transcriptionShape(record, baseUrl(request));
    },
    POST: async (request, reply) => {
      const room = await findRoom(request, context);
      const { ttid } = await findTranscription(request, room, context);
      const transcription = room.live?.transcription;
      if (transcription?.ttid !== ttid) throw twilioError(53118);
      update(transcription, request);
      return reply.code(202).send(transcriptionShape(transcription.record, baseUrl(request)));
    },
  });
}

function update(transcription: Transcription, request: FastifyRequest): void {
  const form = formOf(request);
  const status = form.choice('Status', ['started', 'stopped']);
  const configuration = form.json('Configuration', transcriptionConfigurationSchema, 20001);
  switch (status) {
    case 'started':
      transcription.start();
      break;
    case 'stopped':
      transcription.stop();
      break;
    case undefined:
      break;
    default:
      assertNever(status);
  }
  if (configuration) transcription.configure(configuration);
}

async function findTranscription(
  request: FastifyRequest,
  room: FoundRoom,
  { directory }: RestContext,
): Promise<TranscriptionRecord> {
  const { transcription: wanted } = request.params as { transcription: string };
  const record = (await directory.transcriptions(room)).find(({ ttid }) => ttid === wanted);
  if (!record) throw notFound(pathOf(request));
  return record;
}
