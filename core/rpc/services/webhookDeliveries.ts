import { WebhookDeliveryService } from '../../../gen/florin/events/v1/webhook_deliveries_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { PAGE_BYTES_MAX } from '../limits.ts';
import { countWithin } from '../paging/messageBytes.ts';
import { Page } from '../paging/page.ts';
import { position, refusal } from '../translate/answers.ts';
import { DELIVERIES_MAX, RESENT_EVENTS_MAX } from '../translate/paymentLimits.ts';
import { queriedUuid } from '../translate/queries.ts';
import { queriedEvent, toldEvent } from '../translate/toldEvents.ts';
import {
  attempt,
  deliveryStatus,
  loggedAttempt,
  queriedDeliveryState,
} from '../translate/webhookDeliveries.ts';
import { webhookEndpoint } from '../translate/webhookEndpoints.ts';
import type { Grounds } from './grounds.ts';
import { checkedBook } from './names.ts';
import { checkedWait } from './waits.ts';
import { endpointsOf } from './webhookEndpoints.ts';

/** An attempt with its excerpt at its longest, in UTF-8. */
const ATTEMPT_BYTES = 3_300;

export function webhookDeliveryService(grounds: Grounds): ServedService {
  const { told, deliveries, payments, clock, draining } = grounds;
  return serviceOf(WebhookDeliveryService, {
    leaseDeliveries: async ({ limit, waitMs }, call) => {
      if (limit < 1 || limit > DELIVERIES_MAX) throw new BadField('limit', 'INVALID_VALUE');
      const signal = AbortSignal.any([call.signal, draining]);
      const asked = checkedWait(waitMs);
      const beganUs = clock.monotonicUs();
      const leased = await deliveries.lease(limit, asked, signal);
      // Whoever waits for work is not slow.
      call.waitedUs = clock.monotonicUs() - beganUs;
      const messages = leased.map(({ event, delivery }) => ({
        event: toldEvent(event),
        webhookEndpoint: webhookEndpoint(delivery.webhookEndpoint, event),
        try: delivery.tries + 1,
        askedSeq: BigInt(delivery.askedSeq),
      }));
      // An answer that nobody receives would be handed out again and again.
      const count = countWithin(messages, PAGE_BYTES_MAX);
      deliveries.release(leased.slice(count));
      return { deliveries: messages.slice(0, count) };
    },
    logAttempts: async ({ book, id, attempts }, call) => {
      const name = checkedBook(book);
      const log = queriedUuid(id, 'id') as Uuid;
      if (attempts.length < 1 || attempts.length > DELIVERIES_MAX)
        throw new CallRefused('BATCH_SIZE', { field: 'attempts' });
      const command = { id: log, attempts: attempts.map(loggedAttempt) };
      const answer = await deliveries.log(name, command, call);
      if (answer.refused !== null) throw new BadField('id', 'ID_REUSED');
      return { position: position(answer.position) };
    },
    resendEvents: async (request, call) => {
      const merchant = queriedUuid(request.merchantId, 'merchant_id') as Uuid;
      const endpoint = queriedUuid(request.webhookEndpointId, 'webhook_endpoint_id') as Uuid;
      const { eventIds } = request;
      if (eventIds.length < 1 || eventIds.length > RESENT_EVENTS_MAX)
        throw new CallRefused('BATCH_SIZE', { field: 'event_ids' });
      const { scope } = await endpointsOf(grounds, request, call);
      const events = eventIds.map((id, place) => queriedEvent(id, `event_ids[${place}]`, merchant));
      const missing = await told.firstMissing(scope, merchant, events);
      if (missing !== null) throw new CallRefused('NOT_FOUND', { field: `event_ids[${missing}]` });
      const id = queriedUuid(request.id, 'id') as Uuid;
      const command = { op: 'resendEvents', id, merchant, endpoint, events } as const;
      const answer = await payments.submitPayments(request.book, [command], call);
      const [outcome] = answer.outcomes;
      return {
        position: position(answer.position),
        ...(outcome.done ? {} : { refused: refusal(outcome) }),
      };
    },
    listDeliveries: async (request, call) => {
      const { webhookEndpointId } = request;
      const id = queriedUuid(webhookEndpointId, 'webhook_endpoint_id');
      const state = queriedDeliveryState(request.state);
      const page = new Page(request, ['ListDeliveries', request.book, id, state], ['integer', 'integer']);
      const { endpoints, of, scope } = await endpointsOf(grounds, request, call);
      const endpoint = endpoints.find((one) => one.id === id);
      if (endpoint === undefined) throw new CallRefused('NOT_FOUND', { field: 'webhook_endpoint_id' });
      const [seq, index] = page.cursor ?? [];
      const before = page.cursor === null ? null : { seq: Number(seq), index: Number(index) };
      const merchant = of.merchant as Uuid;
      const found = await told.deliveries(scope, {
        merchant,
        endpoint: endpoint.number,
        state,
        before,
        limit: page.limit,
      });
      const cut = page.cut(found.value.rows, (row) => [row.seq, row.index]);
      const named = { shard: scope.shard, merchant, webhookEndpointId: id };
      return {
        deliveries: cut.rows.map((row) => deliveryStatus(row, named)),
        nextPageToken: cut.token,
        asOfSeq: BigInt(found.asOfSeq),
      };
    },
    listAttempts: async (request, call) => {
      const { webhookEndpointId, eventId } = request;
      if (webhookEndpointId === '' && eventId === '')
        throw new BadField('webhook_endpoint_id', 'MISSING_FIELD');
      const id = webhookEndpointId === '' ? null : queriedUuid(webhookEndpointId, 'webhook_endpoint_id');
      const page = new Page(
        request,
        ['ListAttempts', request.book, request.merchantId, id, eventId],
        ['integer', 'integer'],
      );
      const { endpoints, of, scope } = await endpointsOf(grounds, request, call);
      const merchant = of.merchant as Uuid;
      const event = eventId === '' ? null : queriedEvent(eventId, 'event_id', merchant);
      const endpoint = id === null ? undefined : endpoints.find((one) => one.id === id);
      if (id !== null && endpoint === undefined)
        throw new CallRefused('NOT_FOUND', { field: 'webhook_endpoint_id' });
      const [logSeq, place] = page.cursor ?? [];
      const before = page.cursor === null ? null : { logSeq: Number(logSeq), place: Number(place) };
      const filter = { merchant, endpoint: endpoint?.number ?? null, event, before, limit: page.limit };
      const found = await told.attempts(scope, filter);
      const cut = page.cut(
        found.value.rows,
        (row) => [row.logSeq, row.place],
        () => ATTEMPT_BYTES,
      );
      return {
        attempts: cut.rows.map((row) =>
          attempt(row, {
            shard: scope.shard,
            merchant,
            // Of one that was deleted there is no id to tell.
            webhookEndpointId: endpoints.find(({ number }) => number === row.endpoint)?.id ?? '',
          }),
        ),
        nextPageToken: cut.token,
        asOfSeq: BigInt(found.asOfSeq),
      };
    },
  });
}
