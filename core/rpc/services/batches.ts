import type { LedgerCommand } from '../../kernel/ledger/commands.ts';
import { BATCH_ITEMS_MAX } from '../../kernel/ledger/limits.ts';
import { type BatchAnswer, CallRefused, type LedgerService, type Malformed } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { BadField } from '../errors/badField.ts';
import { isBookName } from '../translate/names.ts';

/** A book's name, or the refusal of the call. */
export function checkedBook(name: string, field = 'book'): string {
  if (name === '') throw new BadField(field, 'MISSING_FIELD');
  if (!isBookName(name))
    throw new BadField(field, 'INVALID_VALUE', `${field}: not in the form of a book's name.`);
  return name;
}

interface Batch<Item> {
  book: string;
  items: readonly Item[];
  /** The name of the request's repeated field. */
  field: string;
  translate: (item: Item) => LedgerCommand | Malformed;
}

/** Checks a batch as a whole, translates its items one by one, and submits them. */
export function submitBatch<Item>(
  ledger: LedgerService,
  { book, items, field, translate }: Batch<Item>,
  call: Call,
): Promise<BatchAnswer> {
  const name = checkedBook(book);
  if (items.length < 1 || items.length > BATCH_ITEMS_MAX) throw new CallRefused('BATCH_SIZE', { field });
  return ledger.submit(name, items.map(translate), { deadlineUs: call.deadlineUs });
}
