-- A part of a merchant's money is kept back when it would become available, and released later. What a merchant owes is
-- taken out of either first.

ALTER TABLE florin.payment_states
  ADD COLUMN reserve bigint NOT NULL DEFAULT 0,
  ADD CONSTRAINT payment_states_reserve CHECK (reserve >= 0);
ALTER TABLE florin.payment_states ALTER COLUMN reserve DROP DEFAULT;

CREATE OR REPLACE VIEW books.payment_intents AS
SELECT book.name AS book, i.id, i.merchant_id, s.state, i.amount, i.currency, i.capture AS capture_method, s.method_type, s.provider,
       s.attempts::integer AS attempts, s.authorized, s.captured, s.capturing, s.refunded, s.refunding, s.fees, s.tax, s.pending, s.memo,
       s.unapplied, coalesce(i.reference, '') AS reference, coalesce(i.description, '') AS description,
       coalesce(i.statement_descriptor, '') AS statement_descriptor, coalesce(i.metadata, '{}') AS metadata,
       i.created_at, i.expires_at, s.available_at, s.due_at, s.canceling, coalesce(s.cancel_reason, '') AS cancel_reason,
       coalesce(s.attention, '') AS attention, s.version, i.seq, s.last_seq, s.returned, s.disputed,
       coalesce(s.owing, '') AS owing, i.customer_id, i.terms_number::integer AS terms_number, s.reserve
FROM florin.payment_intents AS i
JOIN florin.payment_states AS s ON s.shard = i.shard AND s.seq = i.seq
JOIN florin.adopted_books AS book ON book.number = i.book_no;
COMMENT ON COLUMN books.payment_intents.reserve IS 'What of its money is kept back, and released by itself.';

CREATE VIEW books.invariant_payments_reserved AS
WITH moved AS (
  SELECT e.shard, e.subject_seq AS seq, sum(CASE WHEN p.credit_account_key = a.account_key THEN p.amount ELSE -p.amount END) AS reserve
  FROM florin.payment_events AS e
  JOIN florin.transactions AS t ON t.book_no = e.book_no AND t.seq >= e.seq - e.transaction_count AND t.seq < e.seq
  CROSS JOIN LATERAL (
    SELECT t.debit_account_key, t.credit_account_key, t.amount
    UNION ALL
    SELECT more.debit_account_key, more.credit_account_key, more.amount
    FROM florin.postings AS more WHERE t.posting_count > 1 AND more.book_no = t.book_no AND more.seq = t.seq
  ) AS p
  JOIN florin.accounts AS a ON a.account_key IN (p.debit_account_key, p.credit_account_key)
  WHERE e.subject = 2 AND e.transaction_count > 0 AND a.code ~ '^(florin:)?m:[^:]+:reserve:'
  GROUP BY e.shard, e.subject_seq
)
SELECT format('shard %s, payment of seq %s', s.shard, s.seq) AS subject,
       format('reserve is %s, its postings add up to %s', s.reserve, coalesce(m.reserve, 0)) AS detail
FROM florin.payment_states AS s
LEFT JOIN moved AS m ON m.shard = s.shard AND m.seq = s.seq
WHERE s.reserve <> coalesce(m.reserve, 0)
UNION ALL
SELECT format('shard %s, payment of seq %s', s.shard, s.seq),
       format('reserve is %s, its last event says %s, of which %s are kept back', s.reserve, after ->> 'reserve', k.kept)
FROM florin.payment_states AS s
JOIN florin.payment_events AS e ON e.shard = s.shard AND e.subject_seq = s.seq AND e.seq = s.last_seq
CROSS JOIN LATERAL (SELECT florin.change_json(e.change) -> 'after') AS c(state)
CROSS JOIN LATERAL (SELECT c.state -> 'counters') AS n(after)
CROSS JOIN LATERAL (SELECT coalesce(sum((one ->> 'amount')::bigint), 0) AS kept FROM jsonb_array_elements(c.state -> 'reserves') AS one) AS k
WHERE s.reserve IS DISTINCT FROM (after ->> 'reserve')::bigint OR s.reserve <> k.kept;
COMMENT ON VIEW books.invariant_payments_reserved IS 'What is kept back of each payment is what was booked for it, and what its last event says.';
COMMENT ON COLUMN books.invariant_payments_reserved.subject IS 'What violates it.';
COMMENT ON COLUMN books.invariant_payments_reserved.detail IS 'In which way.';
