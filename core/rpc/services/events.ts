import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { EventService } from '../../../gen/florin/events/v1/events_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { PAGE_BYTES_MAX } from '../limits.ts';
import { countWithin } from '../paging/messageBytes.ts';
import { queriedMoment, queriedUuid } from '../translate/queries.ts';
import { queriedEvent, queriedTypes, toldEvent } from '../translate/toldEvents.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';

const PAGE_SIZE_DEFAULT = 10;
const PAGE_SIZE_MAX = 100;

export function eventService(grounds: Grounds): ServedService {
  const { told } = grounds;
  return serviceOf(EventService, {
    getEvent: async (request, call) => {
      const merchant = queriedUuid(request.merchantId, 'merchant_id');
      const { seq, index, shard } = queriedEvent(request.eventId, 'event_id', merchant);
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await told.event(scope, { merchant, seq, index });
      if (value === null || shard !== scope.shard) throw new CallRefused('NOT_FOUND', { field: 'event_id' });
      return { event: toldEvent(value), asOfSeq: BigInt(asOfSeq) };
    },
    listEvents: async (request, call) => {
      const merchant = queriedUuid(request.merchantId, 'merchant_id');
      const types = queriedTypes(request.types, 'types');
      const { pageSize, beforeEventId, afterEventId } = request;
      if (pageSize < 0 || pageSize > PAGE_SIZE_MAX)
        throw new BadField('page_size', 'INVALID_VALUE', `page_size: from 1 to ${PAGE_SIZE_MAX}.`);
      const moment = (at: Timestamp | undefined, field: string) =>
        at === undefined ? null : queriedMoment(at, field, 'up');
      const bound = (id: string, field: string) => (id === '' ? null : queriedEvent(id, field, merchant));
      const filter = {
        merchant,
        types,
        before: bound(beforeEventId, 'before_event_id'),
        after: bound(afterEventId, 'after_event_id'),
        fromUs: moment(request.toldFrom, 'told_from'),
        untilUs: moment(request.toldUntil, 'told_until'),
        limit: pageSize === 0 ? PAGE_SIZE_DEFAULT : pageSize,
      };
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await told.events(scope, filter);
      // What is closest to the bound stays, whichever side of it is asked for.
      const nearest = filter.after === null ? value.rows : value.rows.toReversed();
      const found = nearest.map(toldEvent);
      const events = found.slice(0, countWithin(found, PAGE_BYTES_MAX));
      return {
        events: filter.after === null ? events : events.toReversed(),
        hasMore: value.hasMore || events.length < found.length,
        asOfSeq: BigInt(asOfSeq),
      };
    },
  });
}
