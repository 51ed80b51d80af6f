import { entryRows } from './entryRows.ts';
import {
  type AsOf,
  type BookRef,
  type Marked,
  type Page,
  type Reader,
  type SeqRange,
  marked,
  numberOrNull,
  pageOf,
  us,
  withWatermark,
} from './reading.ts';

export type BalanceTransactionType =
  | 'charge'
  | 'charge_failure'
  | 'dispute'
  | 'dispute_reversal'
  | 'refund'
  | 'refund_failure'
  | 'fee'
  | 'available'
  | 'adjustment';

/** What one transaction of the ledger did to one merchant in one currency. Amounts are minor units. */
export interface BalanceTransaction {
  id: string;
  seq: number;
  merchantId: string;
  currency: string;
  type: BalanceTransactionType;
  /** net + fee + tax. */
  amount: bigint;
  fee: bigint;
  tax: bigint;
  net: bigint;
  pendingChange: bigint;
  availableChange: bigint;
  reserveChange: bigint;
  owedChange: bigint;
  status: 'pending' | 'available';
  /** null where its pending part never becomes available, or none can tell when. */
  availableUs: number | null;
  /** null where no payment led to it; so are the next two. */
  paymentIntentId: string | null;
  operationId: string | null;
  purpose: string | null;
  createdUs: number;
}

const BALANCE_TRANSACTION = `
  b.id, b.seq, b.merchant_id, b.currency, b.type, b.amount, b.fee, b.tax, b.net, b.pending_change, b.available_change,
  b.reserve_change, b.owed_change, b.status, ${us('b.available_at')} AS available_us, b.payment_intent_id, b.operation_id,
  b.purpose, ${us('b.created_at')} AS created_us`;

/** The seq of the last row that the caller has, and its currency: one transaction may move several. */
export interface BalanceCursor {
  seq: number;
  currency: string;
}

export interface BalanceTransactionFilter {
  of: { merchantId: string } | { paymentIntentId: string };
  /** The page holds what comes behind it, in its order; null for the first page. */
  after: BalanceCursor | null;
  order: SeqRange['order'];
  limit: number;
  /** Without those of type 'available', which move money within the balance. Absent: with them. */
  changesOnly?: boolean;
}

/** What differs between the two orders. */
interface Walk {
  direction: 'ASC' | 'DESC';
  /** SQL of the versions of an account behind which a walk begins, and with which it ends. */
  above: string;
  upto: string;
  isBehind: '<' | '>';
  /** Before every row. */
  start: BalanceCursor;
}

const WALKS: Readonly<Record<SeqRange['order'], Walk>> = {
  'newest first': {
    direction: 'DESC',
    above: '0',
    upto: '(SELECT florin.version_at_seq(a.account_key, $4::bigint))',
    isBehind: '<',
    start: { seq: Number.MAX_SAFE_INTEGER, currency: '' },
  },
  'oldest first': {
    direction: 'ASC',
    above: '(SELECT florin.version_at_seq(a.account_key, $4::bigint - 1))',
    upto: String(Number.MAX_SAFE_INTEGER),
    isBehind: '>',
    start: { seq: 0, currency: '' },
  },
};

/** Whether a transaction moves money within a balance; by its words, which are believed where Florin itself made the id. */
const IS_MOVE = `
  coalesce((SELECT t.reference ~ '^payment .{36} (available|reserve released)$'
     AND (substr(t.id::text, 20, 1) IN ('e', 'f') OR t.id::text LIKE 'f10e1a00-____-8%')
   FROM florin.transactions AS t WHERE t.book_no = $2 AND t.seq = e.seq), false)`;

/**
 * The first transactions of the walk that touched an account of the merchant, account by account, and of those the first
 * of all. Several postings of one transaction leave neighbouring versions: the first that is met stands for it.
 */
const seqsOfMerchant = ({ direction, above, upto }: Walk) => `
  SELECT DISTINCT e.seq
  FROM florin.merchant_accounts AS a
  CROSS JOIN LATERAL (
    SELECT e.seq
    FROM (
      SELECT page, version, seq, lag(seq) OVER (ORDER BY page ${direction}, version ${direction}) AS seq_before
      FROM ${entryRows({ key: 'a.account_key', above, upto, order: direction, where: 'amount > 0' })} AS e
    ) AS e
    WHERE e.seq IS DISTINCT FROM e.seq_before AND NOT ($7::boolean AND ${IS_MOVE})
    ORDER BY e.page ${direction}, e.version ${direction} LIMIT $6
  ) AS e
  WHERE a.book_no = $2 AND a.merchant_id = $3::uuid
  ORDER BY e.seq ${direction} LIMIT $6`;

const SEQS_OF_PAYMENT = `
  SELECT generate_series(e.seq - e.transaction_count, e.seq - 1) AS seq
  FROM florin.payment_intents AS i
  JOIN florin.payment_events AS e ON e.shard = i.shard AND e.subject_seq = i.seq AND e.transaction_count > 0
  WHERE i.book_no = $2 AND i.id = $3::uuid`;

/** As an array the seqs are keys to look up; a join with them reads the index from end to end. */
const list = ({ direction, isBehind }: Walk, seqs: string, whose: string) =>
  withWatermark(`
    SELECT ${BALANCE_TRANSACTION}
    FROM florin.balance_transactions AS b
    WHERE b.book_no = $2 AND b.seq = ANY (ARRAY(${seqs})) AND ${whose} = $3::uuid
      AND (b.seq, b.currency) ${isBehind} ($4::bigint, $5) AND NOT ($7::boolean AND b.type = 'available')
    ORDER BY b.seq ${direction}, b.currency ${direction} LIMIT $6`);

/** In the order that the filter asks for. */
export async function listBalanceTransactions(
  reader: Reader,
  book: BookRef,
  { of, after, order, limit, changesOnly = false }: BalanceTransactionFilter,
): Promise<AsOf<Page<BalanceTransaction>>> {
  const walk = WALKS[order];
  const { seq, currency } = after ?? walk.start;
  const [sql, id] =
    'merchantId' in of
      ? [list(walk, seqsOfMerchant(walk), 'b.merchant_id'), of.merchantId]
      : [list(walk, SEQS_OF_PAYMENT, 'b.payment_intent_id'), of.paymentIntentId];
  // The row of the cursor, and one more than the page.
  const values = [book.shard, book.book, id, seq, currency, limit + 2, changesOnly];
  const found = await reader.query<BalanceTransactionSql>(sql, values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(rows.map(balanceTransactionOf), limit) };
}

const GET = withWatermark(`
  SELECT ${BALANCE_TRANSACTION}
  FROM florin.transactions AS t
  JOIN florin.balance_transactions AS b ON b.book_no = t.book_no AND b.seq = t.seq
  WHERE t.book_no = $2 AND t.id = $3::uuid AND b.merchant_id = $4::uuid AND ($5 = '' OR b.currency = $5)
  ORDER BY b.currency LIMIT 1`);

export async function getBalanceTransaction(
  reader: Reader,
  book: BookRef,
  /** '' as currency: whichever it is, the first by code of several. */
  { id, merchantId, currency }: { id: string; merchantId: string; currency: string },
): Promise<AsOf<BalanceTransaction | null>> {
  const found = await reader.query<BalanceTransactionSql>(GET, [
    book.shard,
    book.book,
    id,
    merchantId,
    currency,
  ]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: rows.length === 0 ? null : balanceTransactionOf(rows[0]) };
}

/** What a merchant has and owes in one currency, minor units. */
export interface MerchantBalance {
  currency: string;
  pending: bigint;
  available: bigint;
  reserve: bigint;
  owed: bigint;
}

const BALANCE = withWatermark(`
  SELECT m.id, b.currency, b.pending, b.available, b.reserve, b.owed
  FROM florin.merchants AS m
  JOIN florin.adopted_books AS book ON book.number = m.book_no
  LEFT JOIN books.merchant_balances AS b ON b.book = book.name AND b.merchant_id = m.id
  WHERE m.book_no = $2 AND m.id = $3::uuid
  ORDER BY b.currency`);

/** By currency, those that money has touched; null where the book has no such merchant. */
export async function getMerchantBalance(
  reader: Reader,
  book: BookRef,
  merchantId: string,
): Promise<AsOf<MerchantBalance[] | null>> {
  const found = await reader.query<MerchantBalanceSql>(BALANCE, [book.shard, book.book, merchantId]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.id !== null);
  if (rows.length === 0) return { asOfSeq, value: null };
  return { asOfSeq, value: rows.filter(({ currency }) => currency !== null).map(balanceOf) };
}

interface BalanceTransactionSql extends Marked {
  id: string;
  seq: string;
  merchant_id: string;
  currency: string;
  type: BalanceTransactionType;
  amount: string;
  fee: string;
  tax: string;
  net: string;
  pending_change: string;
  available_change: string;
  reserve_change: string;
  owed_change: string;
  status: 'pending' | 'available';
  available_us: string | null;
  payment_intent_id: string | null;
  operation_id: string | null;
  purpose: string | null;
  created_us: string;
}

function balanceTransactionOf(row: BalanceTransactionSql): BalanceTransaction {
  return {
    id: row.id,
    seq: Number(row.seq),
    merchantId: row.merchant_id,
    currency: row.currency,
    type: row.type,
    amount: BigInt(row.amount),
    fee: BigInt(row.fee),
    tax: BigInt(row.tax),
    net: BigInt(row.net),
    pendingChange: BigInt(row.pending_change),
    availableChange: BigInt(row.available_change),
    reserveChange: BigInt(row.reserve_change),
    owedChange: BigInt(row.owed_change),
    status: row.status,
    availableUs: numberOrNull(row.available_us),
    paymentIntentId: row.payment_intent_id,
    operationId: row.operation_id,
    purpose: row.purpose,
    createdUs: Number(row.created_us),
  };
}

interface MerchantBalanceSql extends Marked {
  id: string | null;
  currency: string;
  pending: string;
  available: string;
  reserve: string;
  owed: string;
}

function balanceOf({ currency, pending, available, reserve, owed }: MerchantBalanceSql): MerchantBalance {
  return {
    currency,
    pending: BigInt(pending),
    available: BigInt(available),
    reserve: BigInt(reserve),
    owed: BigInt(owed),
  };
}
