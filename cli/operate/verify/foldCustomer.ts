import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import { Unreadable, uuidText, type EventAt } from './events.ts';
import { checkTold } from './foldTold.ts';
import { jsonbText } from './jsonbText.ts';
import type { Change } from './paymentChange.ts';
import type { CustomerFold } from './paymentFold.ts';
import { roomOf, textOf, textOrNull, uuid } from './paymentRows.ts';
import type { ShardFold } from './shardFold.ts';
import { toldOfChange } from './toldTypes.ts';

/** Brings a customer past one event, which says all of it. */
export function foldCustomer(fold: ShardFold, event: EventAt, change: Change, book: number): void {
  const { payments } = fold;
  const { customer: told } = change;
  if (told === undefined) throw new Unreadable('a customer that is not told');
  checkTold(fold, event, change, { merchant: told.merchant, expected: toldOfChange(change) });
  const id = uuidText(event.bytes, event.at + PAYMENT.subjectId);
  const began = Number(event.view.getBigInt64(event.at + PAYMENT.subjectSeq, true));
  const before = payments.customers.get(began);
  if (began > 0 && (before?.id !== id || before.book !== book))
    fold.tell('I14', event, `is of customer ${id}, who does not begin at seq ${began}`);
  const next = (before?.told.version ?? 0) + 1;
  if (told.version !== next)
    fold.tell('I4', event, `customer ${id} is at version ${told.version}, where ${next} is next`);
  if (!payments.merchantSeqs.has(`${book} ${told.merchant}`))
    fold.tell('I12', event, `is of merchant ${told.merchant}, who is not there`);
  if (before !== undefined && before.told.merchant !== told.merchant)
    fold.tell('I12', event, `customer ${id} goes from merchant ${before.told.merchant} to ${told.merchant}`);
  payments.customers.set(began === 0 ? event.seq : began, { book, id, lastSeq: event.seq, told });
  payments.merchantOfCustomer.set(`${book} ${id}`, told.merchant);
}

/** Whoever pays is a customer of the very merchant. */
export function checkCustomer(
  fold: ShardFold,
  event: EventAt,
  { book, merchant, customer }: { book: number; merchant: string; customer: string | null },
): void {
  if (customer !== null && fold.payments.merchantOfCustomer.get(`${book} ${customer}`) !== merchant)
    fold.tell('I12', event, `is of ${customer}, who is no customer of merchant ${merchant}`);
}

/** How a customer stands, as of the watermark. */
export function expectCustomer(
  fold: ShardFold,
  seq: number,
  { book, id, lastSeq, told }: CustomerFold,
): void {
  const { tuple } = fold;
  const texts = [told.name, told.email, told.description, told.reference].map(textOf);
  const metadata = told.metadata.length === 0 ? null : jsonbText(Object.fromEntries(told.metadata));
  tuple.begin(13, roomOf(...texts, metadata));
  tuple.i16(fold.shard);
  tuple.whole(seq);
  tuple.i32(book);
  uuid(fold, id);
  uuid(fold, told.merchant);
  tuple.moment(told.createdUs);
  tuple.whole(told.version);
  tuple.whole(lastSeq);
  for (const text of texts) textOrNull(fold, text);
  tuple.jsonb(metadata);
  fold.expected.row('customers', tuple);
}
