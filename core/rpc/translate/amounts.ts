import type { PostingAmount as WirePostingAmount } from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import type { PostingAmount } from '../../kernel/ledger/commands.ts';
import { POSTINGS_MAX } from '../../kernel/ledger/limits.ts';
import type { Check } from './check.ts';

/** Amounts by posting index, ascending; null for none named, which means all. */
export function postingAmounts(
  amounts: readonly WirePostingAmount[],
  field: string,
  check: Check,
): PostingAmount[] | null {
  if (amounts.length === 0) return null;
  if (amounts.length > POSTINGS_MAX) check.no('TOO_MANY', field);
  if (check.fault !== null) return null;
  const seen = new Set<number>();
  for (const [index, { posting, amount }] of amounts.entries()) {
    if (posting < 0 || posting >= POSTINGS_MAX) check.no('INVALID_VALUE', `${field}[${index}].posting`);
    else if (seen.has(posting)) check.no('DUPLICATE_POSTING', `${field}[${index}].posting`);
    else if (amount <= 0n) check.no('INVALID_AMOUNT', `${field}[${index}].amount`);
    seen.add(posting);
  }
  return amounts.map(({ posting, amount }) => ({ posting, amount })).sort((a, b) => a.posting - b.posting);
}
