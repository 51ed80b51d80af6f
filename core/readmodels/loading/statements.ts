import { Subject } from '../../kernel/payments/change.ts';
/** What the loader asks. Each statement reads rows and the watermark in its one snapshot. */

const MICROSECONDS = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::bigint`;

/** A parameter in microseconds since 1970, exact. */
const moment = (parameter: string) =>
  `to_timestamp(${parameter}::bigint / 1000000) + ${parameter}::bigint % 1000000 * interval '1 microsecond'`;

const ACCOUNT = `
  a.account_key, a.book_no, a.id, a.code, a.asset, a.normal_side, a.closed_at IS NOT NULL AS closed,
  a.posted_floor, a.posted_ceiling, a.available_floor, a.available_ceiling, a.seal,
  b.version, b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending, b.last_seq, b.seal AS balance_seal`;

/** A row that is in accounts and not in account_balances must be seen as broken, so that join is an outer one too. */
const accounts = (where: string) => `
  SELECT p.seq AS watermark, ${ACCOUNT}
  FROM florin.projection AS p
  LEFT JOIN florin.accounts AS a ON a.book_no = $2 AND ${where}
  LEFT JOIN florin.account_balances AS b ON b.account_key = a.account_key
  WHERE p.shard = $1`;

export const ACCOUNTS_BY_ID = accounts('a.id = ANY ($3::uuid[])');

export const ACCOUNTS_BY_CODE = accounts('a.code = ANY ($3::text[])');

export const WATERMARK = `SELECT seq AS watermark FROM florin.projection WHERE shard = $1`;

/** COPY takes no parameters: the keys, numbers and nothing else, stand in the text. */
export function copyAccounts(keys: readonly number[]): string {
  return `
    COPY (
      SELECT ${ACCOUNT}
      FROM unnest('{${keys.join(',')}}'::bigint[]) AS k(account_key)
      JOIN florin.accounts AS a ON a.account_key = k.account_key
      LEFT JOIN florin.account_balances AS b ON b.account_key = k.account_key
    ) TO STDOUT (FORMAT binary)`;
}

export const SPENT_IDS = `
  SELECT seq AS watermark, NULL::uuid AS id, NULL::bigint AS seq FROM florin.projection WHERE shard = $1
  UNION ALL
  SELECT NULL, id, seq FROM florin.transactions WHERE book_no = $2 AND id = ANY ($3::uuid[])
  UNION ALL
  SELECT NULL, id, seq FROM florin.accounts WHERE book_no = $2 AND id = ANY ($3::uuid[])
  UNION ALL
  SELECT NULL, id, seq FROM florin.account_changes WHERE book_no = $2 AND id = ANY ($3::uuid[]) AND NOT opens
  UNION ALL
  SELECT NULL, id, seq FROM florin.refusals WHERE book_no = $2 AND id = ANY ($3::uuid[])
  UNION ALL
  SELECT NULL, id, seq FROM florin.payment_events WHERE book_no = $2 AND id = ANY ($3::uuid[])`;

export const PROGRESS = `
  SELECT p.seq AS watermark, t.shard, t.seq, t.book_no, t.state, t.expires_at_us, t.last_seq, t.seal, t.posted, t.reversed
  FROM florin.projection AS p
  LEFT JOIN florin.transaction_progress AS t ON t.shard = p.shard AND t.seq = ANY ($2::bigint[])
  WHERE p.shard = $1`;

export const DUE_HOLDS = `
  SELECT p.seq, p.book_no, t.id
  FROM florin.transaction_progress AS p
  JOIN florin.transactions AS t ON t.book_no = p.book_no AND t.seq = p.seq
  WHERE p.shard = $1 AND p.state = 1 AND p.expires_at_us <= $2
  ORDER BY p.expires_at_us, p.seq
  LIMIT $3`;

export const NEXT_EXPIRY = `
  SELECT min(expires_at_us) AS next FROM florin.transaction_progress
  WHERE shard = $1 AND state = 1 AND expires_at_us > $2`;

/**
 * What payments are about, by the seq of its first event. An intent's state, or the row of a merchant, a customer, a
 * payment method, an API key or a payment link, comes along even where no event is left, and events even where that is gone: either shows that
 * something was taken away. An idempotency record is nothing that a command acts on.
 */
export const PAYMENTS = `
  SELECT p.seq AS watermark, k.seq AS subject_seq, e.seq, e.book_no, e.subject, e.subject_id, e.change, e.seal,
         coalesce(s.book_no, m.book_no, c.book_no, pm.book_no, ak.book_no, pl.book_no) AS state_book,
         coalesce(s.version, m.version, c.version, pm.version, ak.version, pl.version) AS version,
         coalesce(s.last_seq, m.last_seq, c.last_seq, pm.last_seq, ak.last_seq, pl.last_seq) AS last_seq, ${MICROSECONDS('s.due_at')} AS due_us,
         coalesce(s.seal, m.seal, c.seal, pm.seal, ak.seal, pl.seal) AS state_seal
  FROM florin.projection AS p
  LEFT JOIN (
    unnest($2::bigint[]) AS k(seq)
    LEFT JOIN florin.payment_events AS e ON e.shard = $1 AND e.subject_seq = k.seq AND e.subject <> ${Subject.idempotencyRecord}
    LEFT JOIN florin.payment_states AS s ON s.shard = $1 AND s.seq = k.seq
    LEFT JOIN florin.merchants AS m ON m.shard = $1 AND m.seq = k.seq
    LEFT JOIN florin.customers AS c ON c.shard = $1 AND c.seq = k.seq
    LEFT JOIN florin.payment_methods AS pm ON pm.shard = $1 AND pm.seq = k.seq
    LEFT JOIN florin.api_keys AS ak ON ak.shard = $1 AND ak.seq = k.seq
    LEFT JOIN florin.payment_links AS pl ON pl.shard = $1 AND pl.seq = k.seq
  ) ON e.seq IS NOT NULL OR s.seq IS NOT NULL OR m.seq IS NOT NULL OR c.seq IS NOT NULL OR pm.seq IS NOT NULL OR ak.seq IS NOT NULL OR pl.seq IS NOT NULL
  WHERE p.shard = $1
  ORDER BY e.seq`;

const DECLINED = `
    SELECT e.subject_seq, e.seq, e.book_no, e.subject, e.subject_id, e.change, e.seal, ${MICROSECONDS('e.booked_at')} AS booked_us, i.merchant_id
    FROM florin.payment_events AS e
    JOIN florin.payment_intents AS i ON i.book_no = e.book_no AND i.seq = e.subject_seq
    WHERE e.shard = $1 AND strpos(e.change, '"declined"') > 0`;

export const CARD_DECLINES = `
  SELECT p.seq AS watermark, d.*
  FROM florin.projection AS p
  LEFT JOIN LATERAL (${DECLINED} ORDER BY e.booked_at DESC, e.seq DESC LIMIT $2) AS d ON true
  WHERE p.shard = $1
  ORDER BY d.booked_us DESC, d.seq DESC`;

export const CARD_DECLINES_OF = `
  SELECT p.seq AS watermark, d.*
  FROM florin.projection AS p
  LEFT JOIN (
    unnest($2::integer[], $3::uuid[], $4::text[]) AS k(book_no, merchant_id, token)
    JOIN LATERAL (
      ${DECLINED} AND florin.declined_token(e.change) = k.token AND e.book_no = k.book_no AND i.merchant_id = k.merchant_id
      ORDER BY e.booked_at DESC, e.seq DESC LIMIT $5
    ) AS d ON true
  ) ON true
  WHERE p.shard = $1`;

export const DUE_PAYMENTS = `
  SELECT s.seq, s.book_no, s.version, s.last_seq, ${MICROSECONDS('s.due_at')} AS due_us, s.seal
  FROM florin.payment_states AS s
  WHERE s.shard = $1 AND s.due_at <= ${moment('$2')}
  ORDER BY s.due_at, s.seq
  LIMIT $3`;

export const PAYMENT_OF_OPERATION = `
  SELECT o.shard, o.book_no, i.id
  FROM florin.provider_references AS o
  JOIN florin.payment_intents AS i ON i.book_no = o.book_no AND i.seq = o.subject_seq
  WHERE o.id = $1::uuid LIMIT 1`;

export const NEXT_PAYMENT_DUE = `
  SELECT ${MICROSECONDS('min(due_at)')} AS next FROM florin.payment_states WHERE shard = $1 AND due_at > ${moment('$2')}`;

export const OWED_PAYMENTS = `
  SELECT seq FROM florin.payment_states
  WHERE shard = $1 AND owing = $2 AND seq > $3
  ORDER BY seq LIMIT $4`;

/**
 * The lock comes before the snapshot, which the first query takes: a reader that has waited for the swap of a rebuild
 * must not look at the new tables with an old snapshot.
 */
export const READ_SNAPSHOT =
  'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE florin.projection IN ACCESS SHARE MODE';

export const RECOVERY_WATERMARKS = `
  SELECT shard, height, seq, hash, block_time_us, high_stamp_ms, last_account, control_seq
  FROM florin.projection WHERE shard = ANY ($1::smallint[])`;

/** The control shard holds the books; a data shard those that it adopted. */
export const CONTROL_BOOKS = `
  SELECT number, name, shard, overridden, description, ${MICROSECONDS('created_at')} AS created_us, seq
  FROM florin.books ORDER BY number`;

export const ADOPTED_BOOKS = `
  SELECT shard AS adopter, number, name, shard, false AS overridden, '' AS description, ${MICROSECONDS('adopted_at')} AS created_us, seq
  FROM florin.adopted_books WHERE shard = ANY ($1::smallint[]) ORDER BY number`;

export const CONTROL_ASSETS = `SELECT code, scale, name, seq FROM florin.assets WHERE NOT iso_4217 ORDER BY seq`;

export const ADOPTED_ASSETS = `
  SELECT shard AS adopter, code, scale, name, seq
  FROM florin.adopted_assets WHERE shard = ANY ($1::smallint[]) ORDER BY seq`;

/** Of the UTC day of each shard's last projected block. */
export const REFUSALS_OF_DAY = `
  SELECT p.shard, d.book_no AS book, d.count
  FROM florin.projection AS p
  JOIN florin.adopted_books AS b ON b.shard = p.shard
  JOIN florin.refusal_days AS d ON d.book_no = b.number AND d.day = date '1970-01-01' + (p.block_time_us / 86400000000)::integer
  WHERE p.shard = ANY ($1::smallint[])`;

/** Of a UUID's text the 15th character is its version. */
const OTHER = (alias: string): string => `substr(${alias}.id::text, 15, 1) <> '7'`;

export function copyOtherIds(shard: number): string {
  const from = (table: string, more = ''): string =>
    `SELECT t.book_no, t.id FROM florin.${table} AS t JOIN florin.adopted_books AS b ON b.number = t.book_no WHERE b.shard = ${shard} AND t.id IS NOT NULL AND ${OTHER('t')}${more}`;
  const parts = [
    from('transactions'),
    from('accounts'),
    from('account_changes', ' AND NOT t.opens'),
    from('refusals'),
    from('payment_events'),
  ];
  return `COPY (${parts.join(' UNION ALL ')}) TO STDOUT (FORMAT binary)`;
}
