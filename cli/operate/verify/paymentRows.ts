import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import { isNil, type EventAt } from './events.ts';
import { jsonbText } from './jsonbText.ts';
import type { Change } from './paymentChange.ts';
import { COUNTERS, type IntentFold, type MerchantFold } from './paymentFold.ts';
import type { ShardFold } from './shardFold.ts';

/** The row of every payment event, its JSON byte by byte. */
export function expectPaymentEvent(
  fold: ShardFold,
  event: EventAt,
  change: Change,
  transactionCount: number,
): void {
  const { view, at, bytes } = event;
  const { tuple } = fold;
  const changeBytes = view.getUint32(at + PAYMENT.changeBytes, true);
  const began = Number(view.getBigInt64(at + PAYMENT.subjectSeq, true));
  tuple.begin(12, changeBytes + roomOf(change.name, change.by));
  tuple.i16(fold.shard);
  tuple.whole(began === 0 ? event.seq : began);
  tuple.whole(event.seq);
  tuple.i32(view.getInt32(at + PAYMENT.book, true));
  tuple.i16(view.getUint32(at + PAYMENT.subject, true));
  tuple.copy(bytes, at + PAYMENT.subjectId, 16);
  if (isNil(view, at + PAYMENT.id)) tuple.null();
  else tuple.copy(bytes, at + PAYMENT.id, 16);
  tuple.moment(event.blockTimeUs);
  tuple.i16(transactionCount);
  tuple.text(change.name);
  tuple.text(change.by);
  tuple.copy(bytes, at + PAYMENT.bytes, changeBytes);
  fold.expected.row('paymentEvents', tuple);
}

/** How a merchant stands, as of the watermark. */
export function expectMerchant(fold: ShardFold, seq: number, merchant: MerchantFold): void {
  const { tuple } = fold;
  const { told, terms } = merchant;
  const newest = terms[terms.length - 1];
  const fees = jsonbText(newest.fees),
    routing = jsonbText(told.routing);
  const name = textOf(told.name),
    country = textOf(told.country),
    jurisdiction = textOf(newest.taxJurisdiction);
  tuple.begin(19, roomOf(fees, routing, name, country, jurisdiction, merchant.mode));
  tuple.i32(merchant.book);
  tuple.whole(seq);
  tuple.i16(fold.shard);
  tuple.copy(Buffer.from(merchant.id.replaceAll('-', ''), 'hex'), 0, 16);
  tuple.moment(merchant.createdUs);
  tuple.whole(merchant.version);
  tuple.whole(merchant.lastSeq);
  tuple.text(name);
  tuple.text(country);
  tuple.i16(terms.length);
  tuple.i16(newest.settlementDays);
  tuple.i32(newest.taxPpm);
  tuple.text(jurisdiction);
  tuple.boolean(newest.feesReturned);
  tuple.i32(newest.reserve.ppm);
  tuple.i16(newest.reserve.days);
  tuple.jsonb(fees);
  tuple.jsonb(routing);
  tuple.text(merchant.mode);
  fold.expected.row('merchants', tuple);
}

/** Once for each: as soon as nothing of it can change any more, or at the watermark. */
export function expectIntent(fold: ShardFold, seq: number, payment: IntentFold): void {
  const { told: intent } = payment;
  if (intent === null) return;
  payment.told = null;
  const { tuple } = fold;
  const texts = [intent.reference, intent.description, intent.statementDescriptor, intent.returnUrl].map(
    textOf,
  );
  const metadata = intent.metadata.length === 0 ? null : jsonbText(Object.fromEntries(intent.metadata));
  const currency = textOf(intent.currency),
    capture = textOf(intent.capture);
  tuple.begin(17, roomOf(...texts, metadata, currency, capture));
  tuple.i32(payment.book);
  tuple.whole(seq);
  tuple.i16(fold.shard);
  uuid(fold, payment.id);
  uuid(fold, intent.merchant);
  tuple.i16(intent.termsNumber);
  if (intent.customer === null) tuple.null();
  else uuid(fold, intent.customer);
  tuple.moment(Number(intent.createdUs));
  if (intent.expiresAtUs === null) tuple.null();
  else tuple.moment(Number(intent.expiresAtUs));
  tuple.big(BigInt(intent.amount as string));
  tuple.text(currency);
  tuple.text(capture);
  for (const text of texts) textOrNull(fold, text);
  tuple.jsonb(metadata);
  fold.expected.row('paymentIntents', tuple);
}

/** How a payment stands, as of the watermark. */
export function expectPaymentState(fold: ShardFold, seq: number, intent: IntentFold): void {
  const { tuple, payments } = fold;
  const texts = [
    intent.state,
    intent.cancelReason,
    intent.attention,
    intent.methodType ?? '',
    intent.provider ?? '',
    intent.owing,
  ].map(textOf);
  tuple.begin(15 + COUNTERS.length, roomOf(...texts));
  tuple.i16(fold.shard);
  tuple.whole(seq);
  tuple.i32(intent.book);
  tuple.whole(intent.version);
  for (let i = 0; i < COUNTERS.length; i++) tuple.big(payments.sums[intent.at + i]);
  for (const us of [intent.dueUs, intent.availableAtUs]) {
    if (us === null) tuple.null();
    else tuple.moment(us);
  }
  tuple.whole(intent.lastSeq);
  tuple.i16(intent.attempts.length);
  tuple.boolean(intent.canceling);
  for (const text of texts) textOrNull(fold, text);
  fold.expected.row('paymentStates', tuple);
}

export function uuid({ tuple }: ShardFold, id: string): void {
  tuple.copy(Buffer.from(id.replaceAll('-', ''), 'hex'), 0, 16);
}

/** As Postgres can hold it. */
export function textOf(value: unknown): string {
  return String(value).replaceAll('\0', '\u{fffd}');
}

/** An empty text is null. */
export function textOrNull({ tuple }: ShardFold, text: string): void {
  if (text === '') tuple.null();
  else tuple.text(text);
}

export function roomOf(...texts: readonly (string | null)[]): number {
  return texts.reduce((sum, text) => sum + (text?.length ?? 0) * 3, 64);
}
