import { jsonbText } from './jsonbText.ts';
import type { DeliveryFold, WebhookEndpointFold } from './paymentFold.ts';
import { roomOf, textOf, textOrNull, uuid } from './paymentRows.ts';
import type { ShardFold } from './shardFold.ts';

/** How a webhook endpoint stands, as of the watermark. */
export function expectWebhookEndpoint(fold: ShardFold, endpoint: WebhookEndpointFold): void {
  const { tuple } = fold;
  const { told, book, merchant, deletedUs, lastSeq } = endpoint;
  const metadata = told.metadata.length === 0 ? null : jsonbText(Object.fromEntries(told.metadata));
  const texts = [
    told.mode,
    told.state,
    told.disabledReason,
    told.apiVersion,
    told.url,
    told.description,
    told.events.join(' '),
  ].map(textOf);
  const [mode, state, disabledReason, apiVersion, url, description, events] = texts;
  tuple.begin(19, roomOf(...texts, metadata));
  tuple.i32(book);
  uuid(fold, merchant);
  tuple.i16(told.number);
  tuple.i16(fold.shard);
  uuid(fold, told.id);
  tuple.moment(told.createdUs);
  moment(fold, deletedUs);
  moment(fold, told.oldSecretUntilUs === 0 ? null : told.oldSecretUntilUs);
  tuple.whole(lastSeq);
  tuple.whole(told.version);
  tuple.i32(told.secretGeneration);
  tuple.text(mode);
  tuple.text(state);
  textOrNull(fold, disabledReason);
  tuple.text(apiVersion);
  tuple.text(url);
  textOrNull(fold, description);
  tuple.text(events);
  tuple.jsonb(metadata);
  fold.expected.row('webhookEndpoints', tuple);
}

/** How far a delivery is, as of the watermark. */
export function expectDelivery(fold: ShardFold, delivery: DeliveryFold): void {
  const { tuple } = fold;
  tuple.begin(12);
  tuple.i32(delivery.book);
  uuid(fold, delivery.merchant);
  tuple.i16(delivery.endpoint);
  tuple.whole(delivery.seq);
  tuple.i16(delivery.index);
  tuple.i16(fold.shard);
  tuple.moment(delivery.toldUs);
  moment(fold, delivery.nextUs);
  moment(fold, delivery.deliveredUs);
  tuple.i16(delivery.tries);
  if (delivery.lastStatus === null) tuple.null();
  else tuple.i16(delivery.lastStatus);
  tuple.whole(delivery.askedSeq);
  fold.expected.row('webhookDeliveries', tuple);
}

function moment({ tuple }: ShardFold, us: number | null): void {
  if (us === null) tuple.null();
  else tuple.moment(us);
}
