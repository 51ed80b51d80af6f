import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type Money,
  type PspEvent,
  type PspEventKind,
  type RawWebhook,
  UnreadableWebhook,
  type Uuid,
} from '../../../core/processes/psp.ts';
import { CLOSED, OPERATION, costOf, isSale, moneyOf } from './answers.ts';
import { Json } from './json.ts';
import { isUuid, notedOperation } from './notes.ts';

/** How far Stripe's clock and ours may be apart, a slow delivery included: what Stripe's libraries take. */
const TOLERANCE_MS = 300_000;
/** Parts of one header: a moment, and a signature for each secret that is valid, old schemes included. */
const PARTS_MAX = 16;

/** The header `stripe-signature: t=..,v1=..`; one of several secrets is enough, so that they can be rolled. */
export function isGenuine(webhook: RawWebhook, secrets: readonly string[], nowMs: number): boolean {
  const parts = (webhook.headers['stripe-signature'] ?? '').split(',', PARTS_MAX);
  const seconds = valuesOf(parts, /^t=(\d{1,12})$/).at(0);
  if (seconds === undefined || Math.abs(nowMs - Number(seconds) * 1_000) > TOLERANCE_MS) return false;
  const given = valuesOf(parts, /^v1=([0-9a-f]{64})$/).map((digits) => Buffer.from(digits, 'hex'));
  return secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(`${seconds}.`).update(webhook.body).digest();
    return given.some((one) => timingSafeEqual(one, expected));
  });
}

function valuesOf(parts: readonly string[], pattern: RegExp): string[] {
  return parts.flatMap((part) => pattern.exec(part.trim())?.[1] ?? []);
}

/** Events that say anything to us; a list is asked for these alone. */
export const TYPES = [
  'payment_intent.amount_capturable_updated',
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.refund.updated',
  'charge.refunded',
  'charge.dispute.created',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.closed',
] as const;

/** What an event of Stripe says, as far as it says anything about a payment of ours. */
export function eventsOf(webhook: RawWebhook): PspEvent[] {
  return eventsIn(Json.parse(Buffer.from(webhook.body).toString()));
}

/** The same of an event that is listed. */
export function eventsIn(event: Json): PspEvent[] {
  const id = event.at('id').text;
  const type = event.at('type').text;
  const created = event.at('created').integer;
  if (event.at('object').text !== 'event') throw unreadable('object');
  if (!/^[\x21-\x7e]{1,128}$/.test(id)) throw unreadable('id');
  if (type === '') throw unreadable('type');
  if (created === null || created < 0n || created > 100_000_000_000n) throw unreadable('created');
  const told = read(type, event.at('data', 'object'));
  if (told === null) return [];
  if (told.money === null) throw unreadable('amount');
  if (told.providerReference.length > 255) throw unreadable('payment_intent');
  return [{ dedupeKey: id, occurredAtMs: Number(created) * 1_000, ...told }];
}

interface Told {
  readonly kind: PspEventKind;
  readonly operation: Uuid | '';
  readonly providerReference: string;
  readonly money: Money | null;
  readonly dispute?: string;
  readonly refund?: string;
  readonly cost?: bigint;
  /** Where the event's id will not do. */
  readonly dedupeKey?: string;
}

function read(type: string, object: Json): Told | null {
  switch (object.at('object').text) {
    case 'payment_intent':
      return readIntent(type, object);
    case 'refund':
      return readRefund(type, object);
    case 'charge':
      return readCharge(type, object);
    case 'dispute':
      return readDispute(type, object);
    default:
      return null;
  }
}

function readIntent(type: string, intent: Json): Told | null {
  const operation = intent.at('metadata', OPERATION).text;
  // Others may use the same account; and what was only made to close a reference is no payment.
  if (!isUuid(operation) || intent.at('metadata', CLOSED).text !== '') return null;
  const told = (kind: PspEventKind, of: Uuid | '', units: bigint | null): Told => ({
    kind,
    operation: of,
    providerReference: intent.at('id').text,
    money: moneyOf(intent, units),
  });
  switch (type) {
    case 'payment_intent.amount_capturable_updated': {
      const capturable = intent.at('amount_capturable').integer;
      // Also told when nothing is left to capture.
      return capturable === 0n ? null : told('authorized', operation, capturable);
    }
    case 'payment_intent.succeeded': {
      const capture = isSale(intent) ? operation : notedOperation(intent, 'capture');
      return told('captured', capture, intent.at('amount_received').integer);
    }
    case 'payment_intent.payment_failed':
      return told('declined', operation, intent.at('amount').integer);
    case 'payment_intent.canceled':
      return told('voided', notedOperation(intent, 'void'), intent.at('amount').integer);
    default:
      return null;
  }
}

/**
 * A refund is told of by several events (created, updated, and updated once more when the bank's reference is there),
 * so what it came to is its key, not the event: one success is one fact.
 */
function readRefund(type: string, refund: Json): Told | null {
  if (!type.startsWith('refund.') && type !== 'charge.refund.updated') return null;
  const status = refund.at('status').text;
  if (status !== 'succeeded' && status !== 'failed' && status !== 'canceled') return null;
  const kind = status === 'succeeded' ? 'refunded' : 'refund_failed';
  const id = refund.at('id').text;
  if (!/^[\x21-\x7e]{1,100}$/.test(id)) throw unreadable('refund');
  const operation = refund.at('metadata', OPERATION).text;
  // To let go of what was never captured is a refund to Stripe too, one that moves no money.
  if (!isUuid(operation) && refund.at('balance_transaction').text === '') return null;
  return {
    kind,
    operation: isUuid(operation) ? operation : '',
    providerReference: refund.at('payment_intent').text,
    money: moneyOf(refund, refund.at('amount').integer),
    refund: id,
    dedupeKey: `${id} ${kind}`,
  };
}

/**
 * `charge.refunded` says how much was refunded altogether. Which refund that was it tells only in older versions of the
 * API, where the charge contains them, newest first; in newer ones `refund.*` tells it, and nothing is read here: read
 * both ways, one refund would be two.
 */
function readCharge(type: string, charge: Json): Told | null {
  if (type !== 'charge.refunded') return null;
  const newest = charge.at('refunds', 'data').items.at(0);
  if (newest === undefined) return null;
  const told = readRefund('refund.updated', newest);
  return told === null ? null : { ...told, providerReference: charge.at('payment_intent').text };
}

/**
 * Money is withdrawn when a dispute is opened, or when an inquiry (`warning_*`), which takes none, becomes one. Both are
 * told, and are one fact of that dispute, as its end is.
 */
function readDispute(type: string, dispute: Json): Told | null {
  const kind = disputeKindOf(type, dispute.at('status').text);
  if (kind === null) return null;
  // Its withdrawal will be told, and what that costs.
  if (type === 'charge.dispute.created' && dispute.at('balance_transactions').isEmptyList) return null;
  const id = dispute.at('id').text;
  if (!/^[\x21-\x7e]{1,100}$/.test(id)) throw unreadable('dispute');
  const money = moneyOf(dispute, dispute.at('amount').integer);
  return {
    kind,
    operation: '',
    providerReference: dispute.at('payment_intent').text,
    money,
    cost: money === null ? 0n : feeOf(dispute, kind, money),
    dispute: id,
    dedupeKey: `${id} ${kind}`,
  };
}

/** What Stripe took with the withdrawal, or at the end with whatever came after it. */
function feeOf(dispute: Json, kind: PspEventKind, { currency }: Money): bigint {
  return dispute.at('balance_transactions').items.reduce((sum, transaction) => {
    const isWithdrawal = (transaction.at('amount').integer ?? 0n) < 0n;
    return isWithdrawal === (kind === 'dispute_opened')
      ? sum + (costOf(transaction, { currency }) ?? 0n)
      : sum;
  }, 0n);
}

function disputeKindOf(type: string, status: string): PspEventKind | null {
  switch (type) {
    case 'charge.dispute.created':
      return status.startsWith('warning_') || status === 'prevented' ? null : 'dispute_opened';
    case 'charge.dispute.funds_withdrawn':
      return 'dispute_opened';
    case 'charge.dispute.closed':
      return status === 'won' ? 'dispute_won' : status === 'lost' ? 'dispute_lost' : null;
    default:
      return null;
  }
}

function unreadable(field: string): UnreadableWebhook {
  return new UnreadableWebhook(`a webhook of Stripe without a readable ${field}`);
}
