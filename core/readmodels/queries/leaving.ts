import { type PaymentChange, decodeChange } from '../../kernel/payments/change.ts';
import type { Reader } from './reading.ts';

/** What events that leave need besides themselves. All of it was there before them, so that later rows say the same. */

/** How far the read models of a shard are: what stands there was proven by its writer. */
export interface ProjectedMark {
  shard: number;
  height: number;
  seq: number;
}

export async function projectedMarks(reader: Reader): Promise<ProjectedMark[]> {
  const { rows } = await reader.query<{ shard: number; height: string; seq: string }>(
    'SELECT shard, height, seq FROM florin.projection ORDER BY shard',
  );
  return rows.map(({ shard, height, seq }) => ({ shard, height: Number(height), seq: Number(seq) }));
}

export interface AccountName {
  number: number;
  id: string;
  asset: string;
}

const ACCOUNT_NAMES = `
  SELECT a.account_key - ($1::bigint << 32) AS number, a.id, a.asset
  FROM unnest($2::bigint[]) AS wanted (number)
  JOIN florin.accounts AS a ON a.account_key = ($1::bigint << 32) + wanted.number`;

/** By their numbers in the shard. */
export async function accountNames(
  reader: Reader,
  shard: number,
  numbers: readonly number[],
): Promise<AccountName[]> {
  const { rows } = await reader.query<{ number: string; id: string; asset: string }>(ACCOUNT_NAMES, [
    shard,
    numbers,
  ]);
  return rows.map(({ number, id, asset }) => ({ number: Number(number), id, asset }));
}

/** By their numbers in the shard. */
export async function bookNames(
  reader: Reader,
  shard: number,
  numbers: readonly number[],
): Promise<{ number: number; name: string }[]> {
  const { rows } = await reader.query<{ number: number; name: string }>(
    'SELECT number, name FROM florin.adopted_books WHERE shard = $1 AND number = ANY ($2::integer[])',
    [shard, numbers],
  );
  return rows;
}

/** Only these two say what is to be paid, and by whom. */
const INTENT_WORDS = `
  SELECT e.subject_seq, e.seq, e.change FROM florin.payment_events AS e
  WHERE e.shard = $1 AND e.subject_seq = ANY ($2::bigint[])
    AND (e.seq = e.subject_seq OR e.change LIKE '{"name":"intent\\_updated"%')
  ORDER BY e.subject_seq, e.seq`;

/** Of payment intents, by the seqs of their first events, what said their amount: their creation, and changes of it. */
export async function intentWords(
  reader: Reader,
  shard: number,
  intents: readonly number[],
): Promise<{ intent: number; seq: number; change: PaymentChange }[]> {
  const { rows } = await reader.query<{ subject_seq: string; seq: string; change: string }>(INTENT_WORDS, [
    shard,
    intents,
  ]);
  return rows.map(({ subject_seq, seq, change }) => ({
    intent: Number(subject_seq),
    seq: Number(seq),
    change: decodeChange(Buffer.from(change)),
  }));
}
