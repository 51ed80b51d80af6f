import { PAYMENT } from '../../../core/kernel/ledger/layout.ts';
import { Unreadable, uuidText, type EventAt } from './events.ts';
import type { Change, TermsTold } from './paymentChange.ts';
import type { MerchantFold } from './paymentFold.ts';
import type { ShardFold } from './shardFold.ts';

/** Brings a merchant past one event: its terms are numbered without a gap, and never change. */
export function foldMerchant(fold: ShardFold, event: EventAt, change: Change, book: number): void {
  const { merchant: told } = change;
  if (told === undefined) throw new Unreadable('a merchant that is not told');
  const merchant = subjectOf(fold, event, told, book);
  if (merchant === null) return;
  if (told.version !== merchant.version + 1)
    fold.tell(
      'I4',
      event,
      `merchant ${merchant.id} is at version ${told.version}, where ${merchant.version + 1} is next`,
    );
  const { terms } = merchant;
  const before = terms.at(told.termsNumber - 1);
  if (told.termsNumber < terms.length || told.termsNumber > terms.length + 1)
    fold.tell(
      'I12',
      event,
      `merchant ${merchant.id} has terms ${told.termsNumber} behind terms ${terms.length}`,
    );
  else if (before !== undefined && JSON.stringify(before) !== JSON.stringify(told.terms))
    fold.tell('I12', event, `terms ${told.termsNumber} of merchant ${merchant.id} are not what was agreed`);
  if (before === undefined) terms.push(told.terms);
  Object.assign(merchant, { told, version: told.version, lastSeq: event.seq });
}

/** The merchant that an event is about; null, and told, where it has not begun or is another one. */
function subjectOf(
  fold: ShardFold,
  event: EventAt,
  told: NonNullable<Change['merchant']>,
  book: number,
): MerchantFold | null {
  const { merchants, merchantSeqs } = fold.payments;
  const id = uuidText(event.bytes, event.at + PAYMENT.subjectId);
  const began = Number(event.view.getBigInt64(event.at + PAYMENT.subjectSeq, true));
  if (began === 0) {
    const { seq, blockTimeUs: createdUs } = event;
    const { mode = 'test' } = told;
    const merchant: MerchantFold = { book, id, createdUs, version: 0, lastSeq: seq, mode, told, terms: [] };
    merchants.set(seq, merchant);
    merchantSeqs.set(`${book} ${id}`, seq);
    return merchant;
  }
  const merchant = merchants.get(began);
  if (merchant !== undefined && merchant.id === id && merchant.book === book) return merchant;
  fold.tell('I14', event, `is of merchant ${id}, which does not begin at seq ${began}`);
  return null;
}

/** The terms that a payment begins under: the newest of its merchant. */
export function termsAt(
  fold: ShardFold,
  event: EventAt,
  { merchant: id, termsNumber }: NonNullable<Change['intent']>,
  book: number,
): TermsTold | null {
  const { merchants, merchantSeqs } = fold.payments;
  const merchant = merchants.get(merchantSeqs.get(`${book} ${id}`) ?? 0);
  if (merchant === undefined) {
    fold.tell('I12', event, `is of merchant ${id}, who is not there`);
    return null;
  }
  const { terms } = merchant;
  if (termsNumber !== terms.length)
    fold.tell(
      'I12',
      event,
      `begins under terms ${termsNumber} of merchant ${id}, where ${terms.length} are the newest`,
    );
  return terms.at(termsNumber - 1) ?? null;
}
