import type { FastifyInstance, FastifyRequest } from 'fastify';
import { twilioError } from '../errors.js';
import { isMesh } from '../rooms/options.js';
import type { Participant } from '../rooms/Participant.js';
import type { RuleSetRecord } from '../rooms/records.js';
import { recordingRulesSchema, subscribeRulesSchema } from '../rooms/rules.js';
import type { Rule } from '../rooms/rules.js';
import { notFound } from './Directory.js';
import { findParticipant } from './participants.js';
import { formOf, pathOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { findRoom } from './rooms.js';
import { isoTimeOrNull } from './shapes.js';

/**
 * https://www.twilio.com/docs/video/api/track-subscriptions and …/recording-rules.
 * A POST takes the place of all rules; what is running follows at once.
 */
export function ruleRoutes(app: FastifyInstance, context: RestContext): void {
  resource(app, '/Rooms/:room/Participants/:participant/SubscribeRules', {
    GET: async (request) => subscribeRulesShape(await subscriberOf(request, context)),
    POST: async (request) => {
      const participant = await subscriberOf(request, context);
      const rules = formOf(request).json('Rules', subscribeRulesSchema, 53215);
      if (!rules) throw twilioError(53215, 'Rules is missing');
      participant.setSubscribeRules(rules);
      return subscribeRulesShape(participant);
    },
  });

  resource(app, '/Rooms/:room/RecordingRules', {
    GET: async (request) => {
      const { record } = await findRoom(request, context);
      if (isMesh(record.type)) throw twilioError(53122);
      return recordingRulesShape(record.sid, record.recordingRuleSet);
    },
    POST: async (request) => {
      const { record, live } = await findRoom(request, context);
      if (isMesh(record.type)) throw twilioError(53122);
      if (!live) throw twilioError(53118);
      const rules = formOf(request).json('Rules', recordingRulesSchema, 53120);
      if (!rules) throw twilioError(53120, 'Rules is missing');
      live.setRecordingRules(rules);
      return recordingRulesShape(live.sid, live.recordingRules);
    },
  });
}

/**
 * A participant who subscribes to something: one who is present, in a room with a media server. The rules go with
 * the session.
 * @throws TwilioError 20404, 53117
 */
export async function subscriberOf(request: FastifyRequest, context: RestContext): Promise<Participant> {
  const { record, live } = await findParticipant(request, context);
  if (!live || record.status === 'disconnected') throw notFound(pathOf(request));
  if (isMesh(live.room.options.type)) throw twilioError(53117);
  return live;
}

function subscribeRulesShape({ sid, room, subscribeRules }: Participant): object {
  return {
    participant_sid: sid,
    room_sid: room.sid,
    date_created: isoTimeOrNull(subscribeRules.createdAt),
    date_updated: isoTimeOrNull(subscribeRules.updatedAt),
    rules: subscribeRules.rules.map(wholeRule),
  };
}

/** With every filter, also those that it does not set. */
function wholeRule({ type, all, publisher, track, kind, priority }: Rule): object {
  return {
    type,
    all: all ?? null,
    publisher: publisher ?? null,
    track: track ?? null,
    kind: kind ?? null,
    priority: priority ?? null,
  };
}

function recordingRulesShape(roomSid: string, { rules, createdAt, updatedAt }: RuleSetRecord): object {
  return {
    room_sid: roomSid,
    date_created: isoTimeOrNull(createdAt),
    date_updated: isoTimeOrNull(updatedAt),
    rules,
  };
}
