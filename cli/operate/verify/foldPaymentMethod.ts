import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import { Unreadable, uuidText, type EventAt } from './events.ts';
import { checkCustomer } from './foldCustomer.ts';
import { checkTold } from './foldTold.ts';
import { jsonbText } from './jsonbText.ts';
import type { Change } from './paymentChange.ts';
import type { PaymentMethodFold } from './paymentFold.ts';
import { roomOf, textOf, textOrNull, uuid } from './paymentRows.ts';
import type { ShardFold } from './shardFold.ts';
import { toldOfChange } from './toldTypes.ts';

/** Where a payment method may go; one that begins comes from ''. */
const NEXT: Readonly<Partial<Record<string, readonly string[]>>> = {
  '': ['unattached', 'attached'],
  unattached: ['attached', 'detached'],
  attached: ['detached'],
};

/** Brings a payment method past one event, which says all of it. */
export function foldPaymentMethod(fold: ShardFold, event: EventAt, change: Change, book: number): void {
  const { payments } = fold;
  const { paymentMethod: told } = change;
  if (told === undefined) throw new Unreadable('a payment method that is not told');
  checkTold(fold, event, change, { merchant: told.merchant, expected: toldOfChange(change) });
  const id = uuidText(event.bytes, event.at + PAYMENT.subjectId);
  const began = Number(event.view.getBigInt64(event.at + PAYMENT.subjectSeq, true));
  const before = payments.paymentMethods.get(began);
  if (began > 0 && (before?.id !== id || before.book !== book))
    fold.tell('I14', event, `is of payment method ${id}, which does not begin at seq ${began}`);
  const next = (before?.told.version ?? 0) + 1;
  if (told.version !== next)
    fold.tell('I4', event, `payment method ${id} is at version ${told.version}, where ${next} is next`);
  if (!payments.merchantSeqs.has(`${book} ${told.merchant}`))
    fold.tell('I12', event, `is of merchant ${told.merchant}, who is not there`);
  const state = before?.told.state ?? '';
  if (NEXT[state]?.includes(told.state) !== true)
    fold.tell('I12', event, `payment method ${id} goes from ${state} to ${told.state}`);
  checkCustomer(fold, event, { book, ...told });
  checkUnchanged(fold, event, id, { before: before?.told, told });
  payments.paymentMethods.set(began === 0 ? event.seq : began, { book, id, lastSeq: event.seq, told });
}

/** But for its state and its customer a payment method stays what it was created as. */
function checkUnchanged(
  fold: ShardFold,
  event: EventAt,
  id: string,
  { before, told }: { before: PaymentMethodFold['told'] | undefined; told: PaymentMethodFold['told'] },
): void {
  if (before === undefined) return;
  for (const name of ['merchant', 'type', 'token', 'billingCountry', 'createdUs'] as const)
    if (before[name] !== told[name])
      fold.tell('I12', event, `${name} of payment method ${id} was ${before[name]} and is ${told[name]}`);
}

/** How a payment method stands, as of the watermark. */
export function expectPaymentMethod(
  fold: ShardFold,
  seq: number,
  { book, id, lastSeq, told }: PaymentMethodFold,
): void {
  const { tuple } = fold;
  const [state, type, token, billingCountry] = [told.state, told.type, told.token, told.billingCountry].map(
    textOf,
  );
  const metadata = told.metadata.length === 0 ? null : jsonbText(Object.fromEntries(told.metadata));
  tuple.begin(14, roomOf(state, type, token, billingCountry, metadata));
  tuple.i16(fold.shard);
  tuple.whole(seq);
  tuple.i32(book);
  uuid(fold, id);
  uuid(fold, told.merchant);
  if (told.customer === null) tuple.null();
  else uuid(fold, told.customer);
  tuple.moment(told.createdUs);
  tuple.whole(told.version);
  tuple.whole(lastSeq);
  for (const text of [state, type, token]) tuple.text(text);
  textOrNull(fold, billingCountry);
  tuple.jsonb(metadata);
  fold.expected.row('paymentMethods', tuple);
}
