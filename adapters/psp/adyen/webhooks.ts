import {
  type PspEvent,
  type PspEventKind,
  type RawWebhook,
  UnreadableWebhook,
  type Uuid,
} from '../../../core/processes/psp.ts';
import { readObject } from './answers.ts';
import { fromAdyen } from './exponents.ts';
import { isSigned } from './signature.ts';

/** One in JSON as a rule; a batch holds a handful. */
const ITEMS_MAX = 100;

type Told = readonly [onSuccess: PspEventKind, onFailure: PspEventKind];

/** What is told with `success` "true", and with "false". */
const KINDS: ReadonlyMap<string, Told> = new Map<string, Told>([
  ['AUTHORISATION', ['authorized', 'declined']],
  ['CAPTURE', ['captured', 'capture_failed']],
  ['CAPTURE_FAILED', ['capture_failed', 'capture_failed']],
  ['CANCELLATION', ['voided', 'declined']],
  ['TECHNICAL_CANCEL', ['voided', 'declined']],
  ['CANCEL_OR_REFUND', ['voided', 'declined']],
  ['REFUND', ['refunded', 'refund_failed']],
  ['REFUND_FAILED', ['refund_failed', 'refund_failed']],
  ['REFUNDED_REVERSED', ['refund_failed', 'refund_failed']],
]);

/** Facts about money: `success` "false" means that the move did not happen, so there is nothing to tell. */
const DISPUTES: ReadonlyMap<string, PspEventKind> = new Map([
  ['NOTIFICATION_OF_CHARGEBACK', 'dispute_opened'],
  ['CHARGEBACK', 'dispute_opened'],
  ['CHARGEBACK_REVERSED', 'dispute_won'],
  ['SECOND_CHARGEBACK', 'dispute_lost'],
]);

/** An event of a batch; all values are strings but the amount and `additionalData`. */
export type Item = ReadonlyMap<string, unknown>;

/**
 * Every item is signed by itself, so each has to be genuine: one that is not spoils the batch. The signature has no
 * time in it, and Adyen delivers again for days: what is old is no less true, and a repetition is known by its key.
 */
export function isGenuine(
  webhook: RawWebhook,
  { merchantAccount, keys }: { merchantAccount: string; keys: readonly Buffer[] },
): boolean {
  const items = itemsOf(webhook);
  return (
    items !== null &&
    items.every((item) => item.get('merchantAccountCode') === merchantAccount && isSigned(item, keys))
  );
}

/** The events of a batch, in its order. Kinds that are no payment's (reports, tokens) are left out. */
export function eventsOf(webhook: RawWebhook): PspEvent[] {
  const items = itemsOf(webhook);
  if (items === null) throw unreadable('notificationItems');
  const read = items.map(readItem);
  const events = read.flatMap((one) => (Array.isArray(one) ? one : []));
  const unread = read.find((one) => one instanceof UnreadableWebhook);
  if (unread !== undefined) throw new UnreadableWebhook(unread.message, events);
  return events;
}

/** One that cannot be read spoils none of the others. */
function readItem(item: Item): PspEvent[] | UnreadableWebhook {
  try {
    return eventOf(item);
  } catch (error) {
    if (error instanceof UnreadableWebhook) return error;
    throw error;
  }
}

function eventOf(item: Item): PspEvent[] {
  const code = item.get('eventCode');
  const success = item.get('success');
  const pspReference = item.get('pspReference');
  if (typeof code !== 'string' || !/^[A-Z0-9_]{1,50}$/.test(code)) throw unreadable('eventCode');
  if (success !== 'true' && success !== 'false') throw unreadable('success');
  if (!isReference(pspReference)) throw unreadable('pspReference');
  const kind = kindOf(item, code, success === 'true');
  if (kind === null) return [];
  const occurredAtMs = Date.parse(String(item.get('eventDate')));
  if (!Number.isSafeInteger(occurredAtMs) || occurredAtMs < 0) throw unreadable('eventDate');
  const operation = item.get('merchantReference');
  const original = item.get('originalReference');
  return [
    {
      dedupeKey: `${code}:${pspReference}:${success}`,
      // Of a modification its own reference, of an authorisation or dispute the payment's. Others use the account too.
      operation: isUuid(operation) ? operation : '',
      providerReference: isReference(original) ? original : pspReference,
      kind,
      // An announcement moves no money: that comes as CHARGEBACK, and may be of another amount.
      money: code === 'NOTIFICATION_OF_CHARGEBACK' ? null : moneyOf(item),
      // One reference from the announcement to the end.
      ...(DISPUTES.has(code) ? { dispute: pspReference } : {}),
      ...(kind === 'refunded' || kind === 'refund_failed' ? { refund: pspReference } : {}),
      ...(success === 'true' || DISPUTES.has(code) ? {} : { declined: declinedOf(item) }),
      occurredAtMs,
    },
  ];
}

function kindOf(item: Item, code: string, isSuccess: boolean): PspEventKind | null {
  const dispute = DISPUTES.get(code);
  if (dispute !== undefined) return isSuccess ? dispute : null;
  const told = KINDS.get(code);
  if (told === undefined) return null;
  if (code === 'CANCEL_OR_REFUND' && wasRefund(item)) return isSuccess ? 'refunded' : 'refund_failed';
  return isSuccess ? told[0] : told[1];
}

/**
 * Why it was not done: a text, not one of the codes that answers have. Only a cancel that names no payment has found none,
 * which the port wants to know.
 */
function declinedOf(item: Item): NonNullable<PspEvent['declined']> {
  const reason = item.get('reason');
  const foundNothing =
    item.get('eventCode') === 'TECHNICAL_CANCEL' && !isReference(item.get('originalReference'));
  return {
    code: foundNothing ? 'operation_not_allowed' : 'generic_decline',
    providerCode: typeof reason === 'string' ? reason.slice(0, 64) : '',
  };
}

/** A reversal says what it became, in a field that is not signed: Florin asks for none, these are an operator's own. */
function wasRefund(item: Item): boolean {
  const more = item.get('additionalData');
  if (typeof more !== 'object' || more === null) return false;
  return new Map<string, unknown>(Object.entries(more)).get('modification.action') === 'refund';
}

function moneyOf(item: Item): PspEvent['money'] {
  const amount = item.get('amount');
  if (typeof amount !== 'object' || amount === null || !('value' in amount && 'currency' in amount))
    return null;
  return fromAdyen(amount);
}

/** Null where the body is no batch of Adyen's. */
function itemsOf(webhook: RawWebhook): Item[] | null {
  const batch = readObject(Buffer.from(webhook.body).toString())?.get('notificationItems');
  if (!Array.isArray(batch) || batch.length === 0 || batch.length > ITEMS_MAX) return null;
  const items = batch.map((one: unknown): Item | null => {
    const item =
      typeof one === 'object' && one !== null && 'NotificationRequestItem' in one
        ? one.NotificationRequestItem
        : null;
    return typeof item === 'object' && item !== null && !Array.isArray(item)
      ? new Map(Object.entries(item))
      : null;
  });
  return items.every((item) => item !== null) ? items : null;
}

function isReference(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9]{1,64}$/.test(value);
}

function isUuid(value: unknown): value is Uuid {
  return (
    typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(value)
  );
}

function unreadable(field: string): UnreadableWebhook {
  return new UnreadableWebhook(`a webhook of Adyen without a readable ${field}`);
}
