import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import { nextTryUs, RETRY_AFTER_MS_MAX } from '../../../core/kernel/payments/webhookSchedule.ts';
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
    const to = one.to ?? [];
    const wanting = wantedBy(fold, change, one.type, { book, merchant: told.merchant });
    if (to.join(' ') !== wanting.join(' '))
      fold.tell(
        'I12',
        event,
        `${one.type} is told ${endpointsText(to)} of ${told.merchant}, where ${endpointsText(wanting)} may be told and want it`,
      );
    for (const endpoint of to)
      ask(fold, { book, merchant: told.merchant, endpoint, seq: event.seq, index }, event);
  }
}

/** The numbers of the endpoints to be told: those that are enabled before the event and want it. */
function wantedBy(
  { payments }: ShardFold,
  { endpoint: own }: Change,
  type: string,
  { book, merchant }: { book: number; merchant: string },
): number[] {
  // Whoever asks for a test names its endpoint; one that is disabled with the event is told nothing any more.
  if (type === 'webhook_endpoint.test') return own === undefined ? [] : [own.number];
  const isDisabled = (number: number) => type === 'webhook_endpoint.disabled' && number === own?.number;
  return [...(payments.endpoints.get(merchantKey(book, merchant))?.values() ?? [])]
    .filter(
      ({ deletedUs, told }) => deletedUs === null && told.state === 'enabled' && !isDisabled(told.number),
    )
    .filter(({ told }) => told.events.includes('*') || told.events.includes(type))
    .map(({ told }) => told.number);
}

const endpointsText = (numbers: readonly number[]): string =>
  numbers.length === 0 ? 'no endpoint' : `endpoint ${numbers.join(', ')}`;

/** Whose an event is, and what is to be told of it: that, to that merchant, and nothing to anybody else. */
export function checkTold(
  fold: ShardFold,
  event: EventAt,
  change: Change,
  { merchant, expected }: { merchant: string; expected: readonly string[] },
): void {
  const { told } = change;
  if (told !== undefined && told.merchant !== merchant)
    fold.tell('I12', event, `is of merchant ${merchant} and told ${told.merchant}`);
  const types = (told?.events ?? []).map(({ type, about }) =>
    about === undefined ? type : `${type} ${about}`,
  );
  const text = (names: readonly string[]) => names.toSorted(byText).join(', ') || 'nothing';
  if (text(types) !== text(expected))
    fold.tell('I12', event, `tells ${text(types)}, where ${text(expected)} is to be told`);
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

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
    checkNext(fold, event, one);
    // What began before it was asked for again is no answer to that.
    if (one.askedSeq !== undefined && one.askedSeq !== delivery.askedSeq) continue;
    const isTaken = one.status >= 200 && one.status < 300;
    if (isTaken) delivery.deliveredUs ??= one.startedUs + one.tookMs * 1_000;
    delivery.tries = Math.max(delivery.tries, one.try);
    delivery.lastStatus = one.status;
    delivery.nextUs = delivery.deliveredUs === null ? one.nextUs : null;
  }
}

/** A try that was the last one has none behind it, and no other comes sooner than by the schedule. */
function checkNext(fold: ShardFold, event: EventAt, one: NonNullable<Change['tries']>[number]): void {
  const { nextUs } = one;
  const soonestUs = nextTryUs({ ...one, retryAfterMs: null, nowUs: event.blockTimeUs });
  const latestUs = Math.max(soonestUs ?? 0, event.blockTimeUs + RETRY_AFTER_MS_MAX * 1_000);
  if (soonestUs === null ? nextUs === null : nextUs !== null && nextUs >= soonestUs && nextUs <= latestUs)
    return;
  fold.tell(
    'I12',
    event,
    `try ${one.try} of ${one.seq}.${one.index} came to ${one.status} and is followed by one at ${nextUs}`,
  );
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
  const mine = payments.endpoints.get(merchantKey(book, id)) ?? new Map<number, WebhookEndpointFold>();
  payments.endpoints.set(merchantKey(book, id), mine);
  const before = mine.get(told.number);
  const next = (before?.told.version ?? 0) + 1;
  if (told.version !== next || (before !== undefined && before.deletedUs !== null))
    fold.tell(
      'I4',
      event,
      `webhook endpoint ${told.id} is at version ${told.version}, where ${next} is next`,
    );
  if (before === undefined && told.number !== mine.size + 1)
    fold.tell('I4', event, `webhook endpoint ${told.number} of ${id} begins, where ${mine.size + 1} is next`);
  for (const name of UNCHANGED)
    if (before !== undefined && before.told[name] !== told[name])
      fold.tell(
        'I12',
        event,
        `${name} of webhook endpoint ${told.number} of ${id} was ${before.told[name]} and is ${told[name]}`,
      );
  const isDeleted = change.name === 'webhook_endpoint_deleted';
  const deletedUs = isDeleted ? event.blockTimeUs : null;
  mine.set(told.number, { book, merchant: id, deletedUs, lastSeq: event.seq, told });
}

/** What an endpoint keeps for ever. */
const UNCHANGED = ['id', 'mode', 'apiVersion', 'createdUs'] as const;

function merchantKey(book: number, merchant: string): string {
  return `${book} ${merchant}`;
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
