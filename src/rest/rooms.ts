import type { FastifyInstance, FastifyRequest } from 'fastify';
import { twilioError } from '../errors.js';
import { MEDIA_REGIONS, ROOM_TYPES, VIDEO_CODECS } from '../rooms/options.js';
import type { RoomRequest } from '../rooms/options.js';
import { recordingRulesSchema } from '../rooms/rules.js';
import { transcriptionConfigurationSchema } from '../rooms/Transcription.js';
import type { Form } from './Form.js';
import { parseListRequest, renderList } from './lists.js';
import { formOf, pathOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { roomShape } from './shapes.js';

const STATUSES = ['in-progress', 'completed', 'failed'] as const;

interface RoomPath {
  room: string;
}

/** https://www.twilio.com/docs/video/api/rooms-resource */
export function roomRoutes(app: FastifyInstance, context: RestContext): void {
  const { rooms, directory, baseUrl } = context;

  resource(app, '/Rooms', {
    POST: (request, reply) => {
      const room = rooms.create(request.account.sid, parseRoomRequest(formOf(request)));
      return reply.code(201).send(roomShape(room.record, baseUrl(request)));
    },
    GET: async (request) => {
      const list = parseListRequest(request);
      const filter = {
        status: list.filters.choice('Status', STATUSES, 53112) ?? 'in-progress',
        uniqueName: list.filters.text('UniqueName'),
        createdFrom: list.filters.time('DateCreatedAfter'),
        createdBefore: list.filters.time('DateCreatedBefore'),
      };
      const page = await directory.rooms(request.account.sid, filter, list.position);
      const base = baseUrl(request);
      return renderList(
        request,
        list,
        'rooms',
        page,
        base,
        (room) => room,
        (room) => roomShape(room, base),
      );
    },
  });

  resource(app, '/Rooms/:room', {
    GET: async (request) => {
      const { record } = await findRoom(request, context);
      return roomShape(record, baseUrl(request));
    },
    POST: async (request, reply) => {
      const { live } = await findRoom(request, context);
      if (formOf(request).text('Status') !== 'completed') throw twilioError(53112);
      if (!live) throw twilioError(53118);
      live.complete('completed-by-api');
      return reply.code(202).send(roomShape(live.record, baseUrl(request)));
    },
  });
}

/** The room that a path names. */
export function findRoom(
  request: FastifyRequest,
  { directory }: RestContext,
): ReturnType<RestContext['directory']['room']> {
  return directory.room(request.account.sid, (request.params as RoomPath).room, pathOf(request));
}

function parseRoomRequest(form: Form): RoomRequest {
  return {
    type: form.choice('Type', ROOM_TYPES, 53108),
    uniqueName: form.text('UniqueName'),
    maxParticipants: form.integer('MaxParticipants', 53107),
    maxParticipantDuration: form.integer('MaxParticipantDuration', 53123),
    emptyRoomTimeout: form.integer('EmptyRoomTimeout', 53109),
    unusedRoomTimeout: form.integer('UnusedRoomTimeout', 53109),
    mediaRegion: form.choice('MediaRegion', MEDIA_REGIONS, 53115),
    statusCallback: form.url('StatusCallback', 53111),
    statusCallbackMethod: form.choice('StatusCallbackMethod', ['GET', 'POST'], 53110),
    recordParticipantsOnConnect: form.boolean('RecordParticipantsOnConnect'),
    recordingRules: form.json('RecordingRules', recordingRulesSchema, 53120),
    videoCodecs: form.choices('VideoCodecs', VIDEO_CODECS),
    audioOnly: form.boolean('AudioOnly'),
    largeRoom: form.boolean('LargeRoom'),
    transcribeParticipantsOnConnect: form.boolean('TranscribeParticipantsOnConnect'),
    transcriptionsConfiguration: form.json(
      'TranscriptionsConfiguration',
      transcriptionConfigurationSchema,
      20001,
    ),
  };
}
