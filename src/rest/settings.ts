import type { FastifyInstance } from 'fastify';
import type { Account } from '../auth/accounts.js';
import type { ErrorCode } from '../errors.js';
import { twilioError } from '../errors.js';
import { MEDIA_REGIONS, ROOM_LIMITS, ROOM_TYPES } from '../rooms/options.js';
import type { RoomType } from '../rooms/options.js';
import type { AccountSettingsRecord } from '../store/Store.js';
import type { Form } from './Form.js';
import { formOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { isoTime } from './shapes.js';

const PATH = '/atrium/v1/Settings';

/** What Twilio keeps in its console: the caller's account's settings, over those that are configured. docs/accounts.md */
export function settingsRoutes(app: FastifyInstance, { accounts, baseUrl }: RestContext): void {
  resource(app, '/Settings', {
    GET: (request) => settingsShape(request.account, baseUrl(request)),
    POST: (request) => {
      const account = accounts.get(request.account.sid) ?? request.account;
      const changes = parseSettings(formOf(request), account);
      return settingsShape(accounts.changeSettings(account.sid, changes), baseUrl(request));
    },
    DELETE: (request, reply) => {
      accounts.resetSettings(request.account.sid);
      return reply.code(204).send();
    },
  });
}

const TYPE_MAXIMUMS = {
  group: 'MaxParticipantsGroup',
  'group-small': 'MaxParticipantsGroupSmall',
  'peer-to-peer': 'MaxParticipantsPeerToPeer',
  go: 'MaxParticipantsGo',
} as const satisfies Record<RoomType, string>;

/** @throws TwilioError with the codes of the parameters of a room's creation */
function parseSettings(form: Form, { roomDefaults }: Account): AccountSettingsRecord {
  const { participantDuration, timeout, maxParticipantsOfLargeRoom, maxParticipants } = ROOM_LIMITS;
  const maximum = (name: string, most: number) => numberIn(form, name, { least: 1, most }, 53107);
  const maximums = Object.entries(TYPE_MAXIMUMS).flatMap(([type, name]) => {
    const most = type === 'group' ? maxParticipantsOfLargeRoom : maxParticipants[type as RoomType];
    const value = form.isCleared(name) ? undefined : maximum(name, most);
    return value !== undefined || form.isCleared(name) ? [[type, value] as const] : [];
  });
  return {
    clientSideRoomCreation: form.boolean('ClientSideRoomCreation'),
    type: form.choice('Type', ROOM_TYPES, 53108),
    maxParticipants: form.isCleared('MaxParticipants')
      ? null
      : maximum('MaxParticipants', maxParticipantsOfLargeRoom),
    maxParticipantsByType:
      maximums.length > 0
        ? { ...roomDefaults.maxParticipantsByType, ...Object.fromEntries(maximums) }
        : undefined,
    maxParticipantDuration: numberIn(form, 'MaxParticipantDuration', participantDuration, 53123),
    emptyRoomTimeout: numberIn(form, 'EmptyRoomTimeout', timeout, 53109),
    unusedRoomTimeout: numberIn(form, 'UnusedRoomTimeout', timeout, 53109),
    mediaRegion: form.choice('MediaRegion', MEDIA_REGIONS, 53115),
    statusCallback: form.isCleared('StatusCallback') ? null : form.url('StatusCallback', 53111),
    statusCallbackMethod: form.choice('StatusCallbackMethod', ['GET', 'POST'], 53110),
    recordParticipantsOnConnect: form.boolean('RecordParticipantsOnConnect'),
    turn: form.boolean('Turn'),
    legacyRoomTypes: form.choice('LegacyRoomTypes', ['allowed', 'refused']),
  };
}

function numberIn(
  form: Form,
  name: string,
  { least, most }: { least: number; most: number },
  code: ErrorCode,
): number | undefined {
  const value = form.integer(name, code);
  if (value !== undefined && (value < least || value > most)) throw twilioError(code, name);
  return value;
}

function settingsShape({ sid, updatedAt, roomDefaults }: Account, baseUrl: string): object {
  const byType = roomDefaults.maxParticipantsByType;
  return {
    account_sid: sid,
    client_side_room_creation: roomDefaults.clientSideRoomCreation,
    date_updated: isoTime(updatedAt),
    empty_room_timeout: roomDefaults.emptyRoomTimeout,
    legacy_room_types: roomDefaults.legacyRoomTypes,
    max_participant_duration: roomDefaults.maxParticipantDuration,
    max_participants: roomDefaults.maxParticipants,
    max_participants_go: byType.go ?? null,
    max_participants_group: byType.group ?? null,
    max_participants_group_small: byType['group-small'] ?? null,
    max_participants_peer_to_peer: byType['peer-to-peer'] ?? null,
    media_region: roomDefaults.mediaRegion,
    record_participants_on_connect: roomDefaults.recordParticipantsOnConnect,
    status_callback: roomDefaults.statusCallback,
    status_callback_method: roomDefaults.statusCallbackMethod,
    turn: roomDefaults.turn,
    type: roomDefaults.type,
    unused_room_timeout: roomDefaults.unusedRoomTimeout,
    url: `${baseUrl}${PATH}`,
  };
}
