import type { FastifyInstance, FastifyRequest } from 'fastify';
import { twilioError } from '../errors.js';
import { isSid } from '../sid.js';
import { notFound } from './Directory.js';
import type { Form } from './Form.js';
import { emptyPage, parseListRequest, renderList } from './lists.js';
import { pathOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { findRoom } from './rooms.js';

// Nothing is recorded or composed yet. So the lists are empty, nothing is found in them, and what would make
// something says that it cannot.

const RECORDING_STATUSES = ['processing', 'completed', 'deleted', 'failed'];
const COMPOSITION_STATUSES = ['enqueued', ...RECORDING_STATUSES];
const MEDIA_TYPES = ['audio', 'video', 'data'];
/** Items a page, of recordings and of compositions: less than elsewhere. */
const MOST_A_PAGE = 100;

/** https://www.twilio.com/docs/video/api/recordings-resource and …/room-recordings-resource */
export function recordingRoutes(app: FastifyInstance, context: RestContext): void {
  resource(app, '/Recordings', {
    GET: (request) =>
      emptyList(request, context, 'recordings', MOST_A_PAGE, (filters) => {
        checkRecordingFilters(filters);
        filters.choice('MediaType', MEDIA_TYPES);
      }),
  });
  items(app, '/Recordings/:recording');

  resource(app, '/Rooms/:room/Recordings', {
    GET: async (request) => {
      await findRoomBySid(request, context);
      return emptyList(request, context, 'recordings', undefined, checkRecordingFilters);
    },
  });
  items(app, '/Rooms/:room/Recordings/:recording', (request) => findRoomBySid(request, context));
}

/** https://www.twilio.com/docs/video/api/compositions-resource and …/composition-hooks */
export function compositionRoutes(app: FastifyInstance, context: RestContext): void {
  resource(app, '/Compositions', {
    GET: (request) =>
      emptyList(request, context, 'compositions', MOST_A_PAGE, (filters) => {
        filters.choice('Status', COMPOSITION_STATUSES);
        checkSid(filters, 'RoomSid');
        checkPeriod(filters);
      }),
    POST: () => {
      throw twilioError(20501, 'compositions');
    },
  });
  items(app, '/Compositions/:composition');

  resource(app, '/CompositionHooks', {
    GET: (request) =>
      emptyList(request, context, 'composition_hooks', undefined, (filters) => {
        filters.boolean('Enabled');
        checkPeriod(filters);
      }),
    POST: () => {
      throw twilioError(20501, 'composition hooks');
    },
  });
  const missing = (request: FastifyRequest): never => {
    throw notFound(pathOf(request));
  };
  resource(app, '/CompositionHooks/:hook', { GET: missing, POST: missing, DELETE: missing });
}

/** What would stand in such a list, and its media: there is none. */
function items(
  app: FastifyInstance,
  path: string,
  first: (request: FastifyRequest) => Promise<unknown> = async () => undefined,
): void {
  const missing = async (request: FastifyRequest): Promise<never> => {
    await first(request);
    throw notFound(pathOf(request));
  };
  resource(app, path, { GET: missing, DELETE: missing });
  resource(app, `${path}/Media`, { GET: missing });
}

function emptyList(
  request: FastifyRequest,
  { baseUrl }: RestContext,
  key: string,
  maxPageSize: number | undefined,
  checkFilters: (filters: Form) => void,
): object {
  const list = parseListRequest(request, maxPageSize);
  checkFilters(list.filters);
  const none = (): never => {
    throw new Error('an empty list has no items');
  };
  return renderList(request, list, key, emptyPage<never>(), baseUrl(request), none, none);
}

function checkRecordingFilters(filters: Form): void {
  filters.choice('Status', RECORDING_STATUSES);
  checkSid(filters, 'SourceSid');
  checkSid(filters, 'GroupingSid');
  checkPeriod(filters);
}

function checkPeriod(filters: Form): void {
  filters.time('DateCreatedAfter');
  filters.time('DateCreatedBefore');
}

/** Any kind of SID. */
function checkSid(filters: Form, name: string): void {
  const sid = filters.text(name);
  if (sid !== undefined && !/^[A-Z]{2}[0-9a-fA-F]{32}$/.test(sid)) throw twilioError(20001, name);
}

/** The recordings of a room are found by the room's SID alone, not by its name. */
async function findRoomBySid(request: FastifyRequest, context: RestContext): Promise<void> {
  if (!isSid('RM', (request.params as { room: string }).room)) throw notFound(pathOf(request));
  await findRoom(request, context);
}
