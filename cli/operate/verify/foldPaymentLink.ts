import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import { Unreadable, uuidText, type EventAt } from './events.ts';
import { jsonbText } from './jsonbText.ts';
import type { Change } from './paymentChange.ts';
import type { PaymentLinkFold } from './paymentFold.ts';
import { checkTold } from './foldTold.ts';
import { toldOfChange } from './toldTypes.ts';
import { roomOf, textOf, textOrNull, uuid } from './paymentRows.ts';
import type { ShardFold } from './shardFold.ts';

/** Brings a payment link past one event, which says all of it. */
export function foldPaymentLink(fold: ShardFold, event: EventAt, change: Change, book: number): void {
  const { payments } = fold;
  const { paymentLink: told } = change;
  if (told === undefined) throw new Unreadable('a payment link that is not told');
  checkTold(fold, event, change, { merchant: told.merchant, expected: toldOfChange(change) });
  const id = uuidText(event.bytes, event.at + PAYMENT.subjectId);
  const began = Number(event.view.getBigInt64(event.at + PAYMENT.subjectSeq, true));
  const before = payments.paymentLinks.get(began);
  if (began > 0 && (before?.id !== id || before.book !== book))
    fold.tell('I14', event, `is of payment link ${id}, which does not begin at seq ${began}`);
  const next = (before?.told.version ?? 0) + 1;
  if (told.version !== next)
    fold.tell('I4', event, `payment link ${id} is at version ${told.version}, where ${next} is next`);
  if (!payments.merchantSeqs.has(`${book} ${told.merchant}`))
    fold.tell('I12', event, `is of merchant ${told.merchant}, who is not there`);
  if (before !== undefined) checkUnchanged(fold, event, { id, before: before.told, told });
  payments.paymentLinks.set(began === 0 ? event.seq : began, { book, id, lastSeq: event.seq, told });
}

/** Who was handed a link pays what it said then, to whom it said. */
function checkUnchanged(
  fold: ShardFold,
  event: EventAt,
  { id, before, told }: { id: string; before: PaymentLinkFold['told']; told: PaymentLinkFold['told'] },
): void {
  for (const name of ['merchant', 'mode', 'amount', 'currency', 'description', 'createdUs'] as const)
    if (before[name] !== told[name])
      fold.tell('I12', event, `${name} of payment link ${id} was ${before[name]} and is ${told[name]}`);
}

/** How a payment link stands, as of the watermark. */
export function expectPaymentLink(
  fold: ShardFold,
  seq: number,
  { book, id, lastSeq, told }: PaymentLinkFold,
): void {
  const { tuple } = fold;
  const texts = [told.mode, told.state, told.currency].map(textOf);
  const description = textOf(told.description);
  const metadata = told.metadata.length === 0 ? null : jsonbText(Object.fromEntries(told.metadata));
  tuple.begin(14, roomOf(...texts, description, metadata));
  tuple.i16(fold.shard);
  tuple.whole(seq);
  tuple.i32(book);
  uuid(fold, id);
  uuid(fold, told.merchant);
  tuple.moment(told.createdUs);
  tuple.whole(told.version);
  tuple.whole(lastSeq);
  tuple.big(BigInt(told.amount));
  for (const text of texts) tuple.text(text);
  textOrNull(fold, description);
  tuple.jsonb(metadata);
  fold.expected.row('paymentLinks', tuple);
}
