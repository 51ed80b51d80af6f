import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import { Unreadable, uuidText, type EventAt } from './events.ts';
import type { Change, ToldChange } from './paymentChange.ts';
import type { WebhookEndpointFold } from './paymentFold.ts';
import { roomOf, textOf, textOrNull, uuid } from './paymentRows.ts';
import type { ShardFold } from './shardFold.ts';

/** What a merchant is told of an event, and which of its endpoints that goes to. */
export function foldTold(fold: ShardFold, event: EventAt, change: Change, book: number): void {
  const { told } = change;
  if (told === undefined) return;
  for (const [index, one] of told.events.entries()) {
    expectTold(fold, event, { book, merchant: told.merchant, index }, one);
    for (const number of one.to ?? []) {
      const endpoint = fold.payments.endpoints.get(endpointKey(book, told.merchant, number));
      if (!isWanted(endpoint, one.type))
        fold.tell(
          'I12',
          event,
          `${one.type} is told endpoint ${number} of ${told.merchant}, which does not want it`,
        );
      ask(fold, { book, merchant: told.merchant, endpoint: number, seq: event.seq, index }, event);
    }
  }
}

/** Whose an event is; what it tells must be told to that merchant and to nobody else. */
export function checkTold(fold: ShardFold, event: EventAt, change: Change, merchant: string): void {
  const { told } = change;
  if (told !== undefined && told.merchant !== merchant)
    fold.tell('I12', event, `is of merchant ${merchant} and told ${told.merchant}`);
}

/** Of a payment intent: what it was before decides what its merchant is told. */
export function checkIntentTold(
  fold: ShardFold,
  event: EventAt,
  change: Change,
  { before, after }: { before: string; after: string },
): void {
  const types = new Set((change.told?.events ?? []).map(({ type }) => type));
  for (const [type, states] of TOLD_STATES) {
    const is = states.includes(after) && before !== after;
    if (types.has(type) !== is)
      fold.tell(
        'I12',
        event,
        `goes from ${before || 'nothing'} to ${after} and ${is ? 'tells no' : 'tells'} ${type}`,
      );
  }
}

const TOLD_STATES: readonly (readonly [type: string, states: readonly string[]])[] = [
  ['payment_intent.succeeded', ['succeeded']],
  ['payment_intent.canceled', ['canceled', 'expired']],
  ['payment_intent.requires_action', ['requires_action']],
];

function isWanted(endpoint: WebhookEndpointFold | undefined, type: string): boolean {
  if (endpoint === undefined || endpoint.deletedUs !== null || endpoint.told.state !== 'enabled')
    return false;
  if (type === 'webhook_endpoint.test') return true;
  return endpoint.told.events.includes('*') || endpoint.told.events.includes(type);
}

interface DeliveryPlace {
  book: number;
  merchant: string;
  endpoint: number;
  seq: number;
  index: number;
}

function ask(fold: ShardFold, place: DeliveryPlace, { seq: askedSeq, blockTimeUs: atUs }: EventAt): void {
  fold.payments.deliveries.set(deliveryKey(place), {
    ...place,
    askedSeq,
    toldUs: atUs,
    nextUs: atUs,
    deliveredUs: null,
    tries: 0,
    lastStatus: null,
  });
}

/** What became of telling endpoints: attempts, and events that somebody wants told once more. */
export function foldWebhookLog(fold: ShardFold, event: EventAt, change: Change, book: number): void {
  const { tries, resend } = change;
  if (resend !== undefined)
    for (const [seq, index] of resend.events)
      ask(fold, { book, merchant: resend.merchant, endpoint: resend.to, seq, index }, event);
  else if (tries === undefined) throw new Unreadable('a webhook log of nothing');
  for (const [place, one] of (tries ?? []).entries()) {
    expectAttempt(fold, event, { book, place }, one);
    const delivery = fold.payments.deliveries.get(deliveryKey({ book, ...one }));
    if (delivery === undefined) {
      fold.tell(
        'I12',
        event,
        `endpoint ${one.endpoint} of ${one.merchant} was to be told ${one.seq}.${one.index} by nobody`,
      );
      continue;
    }
    // What began before it was asked for again is no answer to that.
    if (one.askedSeq !== undefined && one.askedSeq !== delivery.askedSeq) continue;
    const isTaken = one.status >= 200 && one.status < 300;
    if (isTaken) delivery.deliveredUs ??= one.startedUs + one.tookMs * 1_000;
    delivery.tries = Math.max(delivery.tries, one.try);
    delivery.lastStatus = one.status;
    delivery.nextUs = delivery.deliveredUs === null ? one.nextUs : null;
  }
}

/** Brings a webhook endpoint past one event, which says all of it and is one of its merchant. */
export function foldWebhookEndpoint(fold: ShardFold, event: EventAt, change: Change, book: number): void {
  const { payments } = fold;
  const { endpoint: told, merchantVersion } = change;
  if (told === undefined) throw new Unreadable('a webhook endpoint that is not told');
  const id = uuidText(event.bytes, event.at + PAYMENT.subjectId);
  const began = Number(event.view.getBigInt64(event.at + PAYMENT.subjectSeq, true));
  const merchant = payments.merchants.get(began);
  if (merchant === undefined || merchant.id !== id || merchant.book !== book)
    return fold.tell('I14', event, `is of merchant ${id}, which does not begin at seq ${began}`);
  if (merchantVersion !== merchant.version + 1)
    fold.tell(
      'I4',
      event,
      `merchant ${id} is at version ${merchantVersion}, where ${merchant.version + 1} is next`,
    );
  Object.assign(merchant, { version: merchantVersion ?? 0, lastSeq: event.seq });
  const key = endpointKey(book, id, told.number);
  const before = payments.endpoints.get(key);
  const next = (before?.told.version ?? 0) + 1;
  if (told.version !== next || (before !== undefined && before.deletedUs !== null))
    fold.tell(
      'I4',
      event,
      `webhook endpoint ${told.id} is at version ${told.version}, where ${next} is next`,
    );
  if (before !== undefined && (before.told.id !== told.id || before.told.createdUs !== told.createdUs))
    fold.tell('I12', event, `webhook endpoint ${told.number} of ${id} is another one than before`);
  const isDeleted = change.name === 'webhook_endpoint_deleted';
  const deletedUs = isDeleted ? event.blockTimeUs : null;
  payments.endpoints.set(key, { book, merchant: id, deletedUs, lastSeq: event.seq, told });
}

function endpointKey(book: number, merchant: string, number: number): string {
  return `${book} ${merchant} ${number}`;
}

function deliveryKey({ book, merchant, endpoint, seq, index }: DeliveryPlace): string {
  return `${book} ${merchant} ${endpoint} ${seq}.${index}`;
}

function expectTold(
  fold: ShardFold,
  event: EventAt,
  { book, merchant, index }: { book: number; merchant: string; index: number },
  { type, about }: ToldChange,
): void {
  const { view, at } = event;
  const { tuple } = fold;
  const [typeText, aboutText] = [type, about ?? ''].map(textOf);
  const began = Number(view.getBigInt64(at + PAYMENT.subjectSeq, true));
  tuple.begin(10, roomOf(typeText, aboutText));
  tuple.i32(book);
  uuid(fold, merchant);
  tuple.whole(event.seq);
  tuple.i16(index);
  tuple.i16(fold.shard);
  tuple.moment(event.blockTimeUs);
  tuple.i16(view.getUint32(at + PAYMENT.subject, true));
  tuple.whole(began === 0 ? event.seq : began);
  tuple.text(typeText);
  textOrNull(fold, aboutText);
  fold.expected.row('toldEvents', tuple);
}

function expectAttempt(
  fold: ShardFold,
  event: EventAt,
  { book, place }: { book: number; place: number },
  one: NonNullable<Change['tries']>[number],
): void {
  const { tuple } = fold;
  const [error, excerpt] = [one.error, one.excerpt].map(textOf);
  tuple.begin(14, roomOf(error, excerpt));
  tuple.i32(book);
  uuid(fold, one.merchant);
  tuple.i16(one.endpoint);
  tuple.whole(event.seq);
  tuple.i16(place);
  tuple.i16(fold.shard);
  tuple.whole(one.seq);
  tuple.i16(one.index);
  tuple.i16(one.try);
  tuple.moment(one.startedUs);
  tuple.i32(one.tookMs);
  tuple.i16(one.status);
  textOrNull(fold, error);
  textOrNull(fold, excerpt);
  fold.expected.row('webhookAttempts', tuple);
}
