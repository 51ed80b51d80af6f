import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import {
  type AttemptReport,
  type AttemptSchema,
  DeliveryState,
  type DeliveryStatusSchema,
} from '../../../gen/florin/events/v1/webhook_deliveries_pb.ts';
import type { LoggedAttempt } from '../../deliveries/deliveries.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import { toldId } from '../../kernel/payments/told.ts';
import type { AttemptRecord, DeliveryStanding } from '../../readmodels/queries/webhookDeliveries.ts';
import { BadField } from '../errors/badField.ts';
import { holdsCardNumber } from './cardNumber.ts';
import { EXCERPT_CHARACTERS_MAX, WEBHOOK_TRY_MAX } from './paymentLimits.ts';
import { queriedMoment, queriedUuid } from './queries.ts';
import { timestamp } from './rows.ts';
import { encodeText } from './text.ts';
import { queriedEvent } from './toldEvents.ts';

const STATES: Readonly<Record<DeliveryStanding['state'], DeliveryState>> = {
  pending: DeliveryState.PENDING,
  delivered: DeliveryState.DELIVERED,
  failed: DeliveryState.FAILED,
};

/** null for any. */
export function queriedDeliveryState(state: DeliveryState): DeliveryStanding['state'] | null {
  if (state === DeliveryState.UNSPECIFIED) return null;
  for (const [word, number] of Object.entries(STATES))
    if (number === state) return word as DeliveryStanding['state'];
  throw new BadField('state', 'INVALID_VALUE');
}

const MILLISECONDS_MAX = 2 ** 31 - 1;
/** With the longest try behind it, it is still a whole number of microseconds. */
const STARTED_US_MAX = Number.MAX_SAFE_INTEGER - MILLISECONDS_MAX * 1_000;

/** What a receiver has answered may be anything, and a report is not refused for it. */
function kept(excerpt: string): string {
  return holdsCardNumber(excerpt) ? '(held back: it could hold a card number)' : excerpt;
}

/** What came of one attempt: a process of ours says so, and one wrong field refuses the call. */
export function loggedAttempt(item: AttemptReport, place: number): LoggedAttempt {
  const field = (name: string): string => `attempts[${place}].${name}`;
  const bounded = (value: number, name: string, { min, max }: { min: number; max: number }): number => {
    if (value < min || value > max) throw new BadField(field(name), 'INVALID_VALUE');
    return value;
  };
  const merchant = queriedUuid(item.merchantId, field('merchant_id')) as Uuid;
  const { seq, index } = queriedEvent(item.eventId, field('event_id'), merchant);
  if (item.startedAt === undefined) throw new BadField(field('started_at'), 'MISSING_FIELD');
  if (!/^[a-z_]{0,40}$/.test(item.error)) throw new BadField(field('error'), 'INVALID_VALUE');
  const excerpt = encodeText(item.excerpt.replaceAll('\0', '\u{fffd}'), EXCERPT_CHARACTERS_MAX);
  if (typeof excerpt === 'string') throw new BadField(field('excerpt'), excerpt);
  const retryAfterMs = Number(item.retryAfterMs);
  return {
    merchant,
    endpoint: bounded(item.endpointNumber, 'endpoint_number', { min: 1, max: 32_767 }),
    seq,
    index,
    askedSeq: bounded(Number(item.askedSeq), 'asked_seq', { min: seq, max: Number.MAX_SAFE_INTEGER }),
    try: bounded(item.try, 'try', { min: 1, max: WEBHOOK_TRY_MAX }),
    startedUs: startedUs(item.startedAt, field('started_at')),
    tookMs: bounded(item.tookMs, 'took_ms', { min: 0, max: MILLISECONDS_MAX }),
    status: item.status === 0 ? 0 : bounded(item.status, 'status', { min: 100, max: 599 }),
    error: item.error,
    excerpt: kept(item.excerpt.replaceAll('\0', '\u{fffd}')),
    retryAfterMs:
      retryAfterMs === 0 ? null : bounded(retryAfterMs, 'retry_after_ms', { min: 0, max: MILLISECONDS_MAX }),
    endpointVersion: bounded(Number(item.endpointVersion), 'endpoint_version', {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
    }),
  };
}

/** By the clock of whoever tried: any moment that can be written down. */
function startedUs(startedAt: Timestamp, field: string): number {
  const us = queriedMoment(startedAt, field, 'down');
  if (us < 0 || us > STARTED_US_MAX) throw new BadField(field, 'INVALID_VALUE');
  return us;
}

export function deliveryStatus(
  row: DeliveryStanding,
  of: { shard: number; merchant: Uuid; webhookEndpointId: string },
): MessageInitShape<typeof DeliveryStatusSchema> {
  return {
    eventId: toldId({ ...row, shard: of.shard }, of.merchant),
    eventType: row.type,
    webhookEndpointId: of.webhookEndpointId,
    state: STATES[row.state],
    toldAt: timestamp(row.toldUs),
    ...(row.nextUs === null ? {} : { nextAt: timestamp(row.nextUs) }),
    ...(row.deliveredUs === null ? {} : { deliveredAt: timestamp(row.deliveredUs) }),
    tries: row.tries,
    lastStatus: row.lastStatus,
  };
}

export function attempt(
  row: AttemptRecord,
  of: { shard: number; merchant: Uuid; webhookEndpointId: string },
): MessageInitShape<typeof AttemptSchema> {
  const { tookMs, status, error, excerpt } = row;
  return {
    eventId: toldId({ ...row, shard: of.shard }, of.merchant),
    webhookEndpointId: of.webhookEndpointId,
    try: row.try,
    startedAt: timestamp(row.startedUs),
    tookMs,
    status,
    error,
    excerpt,
  };
}
