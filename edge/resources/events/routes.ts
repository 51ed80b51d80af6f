import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Static } from 'typebox';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { listBodyOf, listOf, pageAsked } from '../../http/lists.ts';
import { VERSION } from '../../http/versions.ts';
import { named, PREFIX } from '../../ids/prefixed.ts';
import { renderAttempt } from './attempts.ts';
import { renderEvent } from './render.ts';
import { AttemptBody, EventBody, EventsQuery } from './schemas.ts';

const TAG = 'Events';
const LATEST = { latest: true };
/** Of one event there are hardly ever more. */
const ATTEMPTS_MAX = 100;

/** `publicUrl` is where payers reach the edge. */
export function eventRoutes(
  api: Api,
  { core, publicUrl }: { core: Pick<Core, 'events' | 'webhookDeliveries'>; publicUrl: string },
): void {
  api.get('/v1/events', {
    tag: TAG,
    summary: 'List events',
    scope: 'events:read',
    query: EventsQuery,
    answer: listBodyOf(EventBody),
    read: async (caller, { query }) => {
      const { events, hasMore } = await core.events.listEvents(requestOf(caller, query));
      const data = events.map((event) => renderEvent(event, { ...caller, apiVersion: VERSION, publicUrl }));
      return listOf(data, { url: '/v1/events', hasMore });
    },
  });
  api.get('/v1/events/:id', {
    tag: TAG,
    summary: 'Retrieve an event',
    scope: 'events:read',
    answer: EventBody,
    read: async ({ book, merchantId, isLive }, { id }) => {
      const eventId = named(PREFIX.event, id);
      const { event } = await core.events.getEvent({ book, merchantId, eventId, freshness: LATEST });
      if (event === undefined) throw new Error('the core answered with no event');
      return renderEvent(event, { isLive, apiVersion: VERSION, publicUrl });
    },
  });
  api.get('/v1/events/:id/attempts', {
    tag: TAG,
    summary: 'List the deliveries of an event',
    scope: 'events:read',
    answer: listBodyOf(AttemptBody),
    read: async ({ book, merchantId }, { id }) => {
      const eventId = named(PREFIX.event, id);
      await core.events.getEvent({ book, merchantId, eventId, freshness: LATEST });
      const { attempts, nextPageToken } = await core.webhookDeliveries.listAttempts({
        book,
        merchantId,
        eventId,
        pageSize: ATTEMPTS_MAX,
        freshness: LATEST,
      });
      const url = `/v1/events/${id}/attempts`;
      return listOf(attempts.map(renderAttempt), { url, hasMore: nextPageToken !== '' });
    },
  });
}

function requestOf({ book, merchantId }: Caller, query: Static<typeof EventsQuery>) {
  const { limit, from } = pageAsked(query);
  const { type, 'created[gte]': gte, 'created[lt]': lt } = query;
  const eventId = from === undefined ? '' : named(PREFIX.event, from.id, from.param);
  return {
    book,
    merchantId,
    types: type?.split(',') ?? [],
    pageSize: limit,
    ...(from?.param === 'ending_before' ? { afterEventId: eventId } : { beforeEventId: eventId }),
    ...(gte === undefined ? {} : { toldFrom: timestampFromMs(Number(gte) * 1_000) }),
    ...(lt === undefined ? {} : { toldUntil: timestampFromMs(Number(lt) * 1_000) }),
    freshness: LATEST,
  };
}
