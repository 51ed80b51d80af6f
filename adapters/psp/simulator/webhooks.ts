import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type PspEvent,
  type PspEventKind,
  type RawWebhook,
  UnreadableWebhook,
  type Uuid,
} from '../../../core/processes/psp.ts';
import { amountOf, readObject } from './answers.ts';
import { EXPONENTS } from './exponents.ts';

/** How far the provider's clock and ours may be apart, a slow delivery included. */
const TOLERANCE_MS = 300_000;
/** Signatures in one header: more than two secrets are never valid at once. */
const SIGNATURES_MAX = 4;

const KINDS: ReadonlyMap<string, PspEventKind> = new Map<string, PspEventKind>([
  ['challenge_over', 'action_done'],
  ...(
    [
      'authorized',
      'captured',
      'voided',
      'declined',
      'refunded',
      'refund_failed',
      'dispute_opened',
      'dispute_won',
      'dispute_lost',
      'debit_returned',
    ] as const
  ).map((kind) => [kind, kind] as const),
]);

/** The header `simulator-signature: t=..,v1=..`; one of several secrets is enough, so that they can be rotated. */
export function isGenuine(webhook: RawWebhook, secrets: readonly string[], nowMs: number): boolean {
  const header = webhook.headers['simulator-signature'] ?? '';
  const parts = header.split(',', SIGNATURES_MAX + 1);
  const seconds = /^t=(\d{1,12})$/.exec(parts[0])?.[1];
  if (seconds === undefined || Math.abs(nowMs - Number(seconds) * 1_000) > TOLERANCE_MS) return false;
  const given = parts.slice(1).flatMap((part) => {
    const digits = /^v1=([0-9a-f]{64})$/.exec(part)?.[1];
    return digits === undefined ? [] : [Buffer.from(digits, 'hex')];
  });
  return secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(`${seconds}.`).update(webhook.body).digest();
    return given.some((one) => timingSafeEqual(one, expected));
  });
}

/** One event a webhook. The dedupe key is the event's id, which stays the same over all its deliveries. */
export function eventOf(webhook: RawWebhook): PspEvent {
  return eventIn(readObject(Buffer.from(webhook.body).toString()));
}

/** The same of an event that is listed. */
export function eventIn(event: ReadonlyMap<string, unknown> | null): PspEvent {
  const id = event?.get('id');
  const kind = KINDS.get(String(event?.get('type')));
  const createdMs = event?.get('created_ms');
  const operation = event?.get('operation');
  const payment = event?.get('payment');
  const amount = amountOf(event?.get('amount'));
  const currency = event?.get('currency');
  const dispute = event?.get('dispute');
  const refund = event?.get('refund');
  const fee = amountOf(event?.get('fee'));
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(id)) throw unreadable('id');
  if (kind === undefined) throw unreadable('type');
  if (!Number.isSafeInteger(createdMs) || (createdMs as number) < 0) throw unreadable('created_ms');
  if (typeof operation !== 'string' || !isUuid(operation)) throw unreadable('operation');
  if (typeof payment !== 'string' || payment.length > 128) throw unreadable('payment');
  if (amount === undefined || amount === 0n) throw unreadable('amount');
  if (typeof currency !== 'string' || !EXPONENTS.has(currency)) throw unreadable('currency');
  const isDispute = kind.startsWith('dispute_');
  if (isDispute && !isName(dispute)) throw unreadable('dispute');
  if (refund !== undefined && !isName(refund)) throw unreadable('refund');
  const hasFee = isDispute || kind === 'debit_returned';
  if (hasFee && fee === undefined) throw unreadable('fee');
  return {
    dedupeKey: id,
    operation,
    providerReference: payment,
    kind,
    money: { amount, currency },
    ...(isDispute && isName(dispute) ? { dispute } : {}),
    ...(isName(refund) ? { refund } : {}),
    ...(hasFee ? { cost: fee ?? 0n } : {}),
    occurredAtMs: createdMs as number,
  };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value);
}

function isUuid(text: string): text is Uuid {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

function unreadable(field: string): UnreadableWebhook {
  return new UnreadableWebhook(`a webhook of the simulator without a readable ${field}`);
}
