import type { LedgerCommand } from '../../kernel/ledger/commands.ts';
import { BATCH_ITEMS_MAX } from '../../kernel/ledger/limits.ts';
import { type BatchAnswer, CallRefused, type Malformed } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import type { Grounds } from './grounds.ts';
import { checkedBook } from './names.ts';

interface Batch<Item> {
  book: string;
  items: readonly Item[];
  /** The name of the request's repeated field. */
  field: string;
  translate: (item: Item) => LedgerCommand | Malformed;
}

/** Checks a batch as a whole, translates its items one by one, and submits them. */
export async function submitBatch<Item>(
  { ledger, metrics }: Grounds,
  { book, items, field, translate }: Batch<Item>,
  call: Call,
): Promise<BatchAnswer> {
  const name = checkedBook(book);
  if (items.length < 1 || items.length > BATCH_ITEMS_MAX) throw new CallRefused('BATCH_SIZE', { field });
  const answer = await ledger.submit(name, items.map(translate), { deadlineUs: call.deadlineUs });
  for (const outcome of answer.outcomes) if (!outcome.done) metrics.refused(outcome.reason, 1);
  return answer;
}
