import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Static } from 'typebox';
import type { WebhookEndpoint } from '../../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import { named, PREFIX } from '../../ids/prefixed.ts';
import { Problem } from '../../problems/problem.ts';
import type { Resend } from './schemas.ts';

/** Of one request: as many as the core takes at once. */
const EVENTS_MAX = 1_000;
const PAGE = 100;

/** The events that a request names, or those of its time that the endpoint is told anyway, the newest first. */
export async function eventsToResend(
  core: Pick<Core, 'events'>,
  { book, merchantId }: Caller,
  { endpoint, asked }: { endpoint: WebhookEndpoint; asked: Static<typeof Resend> },
): Promise<{ eventIds: string[]; hasMore: boolean }> {
  const { events, created } = asked;
  if (events !== undefined && created !== undefined)
    throw new Problem('parameters_exclusive', { param: 'created' });
  if (events !== undefined)
    return {
      eventIds: events.map((id, place) => named(PREFIX.event, id, `events[${place}]`)),
      hasMore: false,
    };
  if (created === undefined) throw new Problem('parameter_missing', { param: 'events' });
  const eventIds: string[] = [];
  for (;;) {
    const page = await core.events.listEvents({
      book,
      merchantId,
      types: endpoint.events.includes('*') ? [] : endpoint.events,
      toldFrom: timestampFromMs(created.gte * 1_000),
      toldUntil: timestampFromMs(created.lt * 1_000),
      beforeEventId: eventIds.at(-1) ?? '',
      pageSize: Math.min(PAGE, EVENTS_MAX - eventIds.length),
      freshness: { latest: true },
    });
    eventIds.push(...page.events.map(({ id }) => id));
    if (!page.hasMore || eventIds.length >= EVENTS_MAX) return { eventIds, hasMore: page.hasMore };
  }
}
