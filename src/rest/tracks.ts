import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { twilioError } from '../errors.js';
import type { Participant } from '../rooms/Participant.js';
import type { PublishedTrackRecord, SubscribedTrackRecord } from '../rooms/records.js';
import { withRule } from '../rooms/rules.js';
import { pageOf } from '../store/paging.js';
import { notFound } from './Directory.js';
import { parseListRequest, renderList } from './lists.js';
import { findParticipant } from './participants.js';
import { formOf, pathOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';
import { subscriberOf } from './rules.js';
import { publishedTrackShape, subscribedTrackShape } from './shapes.js';

interface TrackPath {
  track: string;
}

/**
 * https://www.twilio.com/docs/video/api/track-subscriptions and …/published-track-resource.
 * Both lists show what is there now; after the participant's end they are empty.
 */
export function trackRoutes(app: FastifyInstance, context: RestContext): void {
  const served = [
    {
      name: 'PublishedTracks',
      key: 'published_tracks',
      list: publishedTracks,
      shape: publishedTrackShape,
      byName: true,
    },
    {
      name: 'SubscribedTracks',
      key: 'subscribed_tracks',
      list: subscribedTracks,
      shape: subscribedTrackShape,
      byName: false,
    },
  ] as const;
  for (const { name, key, list, shape, byName } of served) {
    const path = `/Rooms/:room/Participants/:participant/${name}`;
    resource(app, path, {
      GET: (request) => listTracks(request, context, key, list, shape as TrackShape),
      ...(name === 'SubscribedTracks' && {
        POST: (request, reply) => subscribeTo(request, reply, context),
      }),
    });
    resource(app, `${path}/:track`, {
      GET: (request) => fetchTrack(request, context, list, shape as TrackShape, byName),
    });
  }
}

/**
 * What there was before the subscribe rules, and what clients of that time still ask for: `Status` is `subscribe` or
 * `unsubscribe`, `Track` a track of the room. It becomes the last of the participant's rules.
 */
async function subscribeTo(
  request: FastifyRequest,
  reply: FastifyReply,
  context: RestContext,
): Promise<FastifyReply> {
  const subscriber = await subscriberOf(request, context);
  const form = formOf(request);
  const status = form.choice('Status', ['subscribe', 'unsubscribe']);
  if (status === undefined) throw twilioError(20001, 'Status');
  const wanted = form.text('Track');
  if (wanted === undefined) throw twilioError(20001, 'Track');
  const publisher = subscriber.room.present.find((one) => one !== subscriber && one.track(wanted));
  const track = publisher?.track(wanted);
  if (!publisher || !track) throw notFound(pathOf(request));
  const type = status === 'subscribe' ? 'include' : 'exclude';
  subscriber.setSubscribeRules(withRule(subscriber.subscribeRules.rules, { type, track: wanted }));
  const record = {
    ...publisher.trackRecord(track),
    participantSid: subscriber.sid,
    publisherSid: publisher.sid,
  };
  return reply.code(202).send(subscribedTrackShape(record, context.baseUrl(request)));
}

type TrackLister = (participant: Participant) => PublishedTrackRecord[];
type TrackShape = (track: PublishedTrackRecord, baseUrl: string) => object;

async function tracksOf(
  request: FastifyRequest,
  context: RestContext,
  list: TrackLister,
): Promise<PublishedTrackRecord[]> {
  const { live, record } = await findParticipant(request, context);
  return live && record.status !== 'disconnected' ? list(live) : [];
}

async function listTracks(
  request: FastifyRequest,
  context: RestContext,
  key: string,
  lister: TrackLister,
  shape: TrackShape,
): Promise<object> {
  const list = parseListRequest(request);
  const base = context.baseUrl(request);
  const page = pageOf(
    await tracksOf(request, context, lister),
    'oldest-first',
    (track) => track,
    list.position,
  );
  return renderList(
    request,
    list,
    key,
    page,
    base,
    (track) => track,
    (track) => shape(track, base),
  );
}

async function fetchTrack(
  request: FastifyRequest,
  context: RestContext,
  lister: TrackLister,
  shape: TrackShape,
  byName: boolean,
): Promise<object> {
  const wanted = (request.params as TrackPath).track;
  const tracks = await tracksOf(request, context, lister);
  const track =
    tracks.find(({ sid }) => sid === wanted) ??
    (byName ? tracks.find(({ name }) => name === wanted) : undefined);
  if (!track) throw notFound(pathOf(request));
  return shape(track, context.baseUrl(request));
}

function publishedTracks(participant: Participant): PublishedTrackRecord[] {
  return participant.tracks.map((track) => participant.trackRecord(track));
}

function subscribedTracks(participant: Participant): SubscribedTrackRecord[] {
  return [...participant.subscriptions.values()]
    .filter(({ receiver }) => 'id' in receiver)
    .map(({ track, createdAt }) => ({
      ...participant.trackRecord(track),
      createdAt,
      publisherSid: track.publisherSid,
    }));
}
