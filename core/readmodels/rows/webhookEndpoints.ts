import { PAYMENT } from '../../kernel/ledger/layout.ts';
import type { Json } from '../../kernel/payments/changeJson.ts';
import type { WebhookEndpointSet } from '../../kernel/payments/change.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';
import { columnText, filledText, subjectSeqOf } from './paymentChange.ts';
import { profileSeal } from './profileSeal.ts';

/** The parameters of `setWebhookEndpoint`: all of it, whether it is new or not. */
export function webhookEndpointRow(cursor: EventCursor, change: Json<WebhookEndpointSet>): unknown[] {
  const { endpoint, name } = change;
  const { metadata } = endpoint;
  return [
    cursor.i32(PAYMENT.book),
    cursor.hex(PAYMENT.subjectId),
    endpoint.number,
    cursor.shard,
    endpoint.id,
    endpoint.createdUs,
    name === 'webhook_endpoint_deleted' ? cursor.bookedUs : null,
    endpoint.oldSecretUntilUs === 0 ? null : endpoint.oldSecretUntilUs,
    cursor.seq,
    endpoint.version,
    endpoint.secretGeneration,
    endpoint.mode,
    endpoint.state,
    columnText(endpoint.disabledReason),
    endpoint.apiVersion,
    filledText(endpoint.url),
    columnText(endpoint.description),
    endpoint.events.join(' '),
    metadata.length === 0 ? null : JSON.stringify(Object.fromEntries(metadata)),
  ];
}

/** The parameters of `touchMerchant`: an event of an endpoint is one of its merchant. */
export function merchantTouch(
  cursor: EventCursor,
  { merchantVersion }: Json<WebhookEndpointSet>,
  sealer: Sealer,
): unknown[] {
  const seal = profileSeal(cursor, merchantVersion, sealer);
  return [cursor.i32(PAYMENT.book), subjectSeqOf(cursor), merchantVersion, cursor.seq, seal];
}
