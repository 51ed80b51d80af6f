-- The transactions of an event are the few right before it. Postgres takes them for a large part of the book, so that joining
-- every event with every transaction seems about as cheap as looking them up, and which of the two it does was a matter of
-- its statistics: 0.8 or 12 s for the books of 5,000 payments, and sixteen times the 12 for four times as many. Behind an
-- OFFSET they are always looked up, event by event.

CREATE OR REPLACE VIEW books.payment_postings AS
SELECT book.name AS book, i.id AS payment_intent_id, t.seq, t.id AS transaction_id, substr(t.reference, 46) AS purpose, p.posting,
       d.code AS debit_code, c.code AS credit_code, p.amount, d.asset AS currency, t.booked_at, e.seq AS event_seq, e.name AS event,
       (o.operation ->> 'id')::uuid AS operation_id, o.operation ->> 'kind' AS operation_kind, (o.operation ->> 'attempt')::integer AS attempt,
       p.debit_account_key, p.credit_account_key
FROM florin.payment_intents AS i
JOIN florin.adopted_books AS book ON book.number = i.book_no
JOIN florin.payment_events AS e ON e.shard = i.shard AND e.subject_seq = i.seq
CROSS JOIN LATERAL (
  SELECT * FROM florin.transactions AS own WHERE own.book_no = e.book_no AND own.seq >= e.seq - e.transaction_count AND own.seq < e.seq OFFSET 0
) AS t
CROSS JOIN LATERAL (
  SELECT 0 AS posting, t.debit_account_key, t.credit_account_key, t.amount
  UNION ALL
  SELECT more.posting::integer, more.debit_account_key, more.credit_account_key, more.amount
  FROM florin.postings AS more WHERE t.posting_count > 1 AND more.book_no = t.book_no AND more.seq = t.seq
) AS p
JOIN florin.accounts AS d ON d.account_key = p.debit_account_key
JOIN florin.accounts AS c ON c.account_key = p.credit_account_key
-- An event may change several operations (an authorisation succeeds, a capture begins): the purpose tells which one it was.
LEFT JOIN LATERAL (
  SELECT operation FROM jsonb_array_elements(florin.change_json(e.change) -> 'operations') WITH ORDINALITY AS each(operation, place)
  WHERE operation ->> 'kind' = ANY (CASE
    WHEN t.reference LIKE '% authorized' THEN '{authorize,increment}'
    WHEN t.reference LIKE '% captured' OR t.reference LIKE '% unapplied' THEN '{capture,sale}'
    WHEN t.reference LIKE '% released' THEN '{capture,void}'
    WHEN t.reference LIKE '% refund%' OR t.reference LIKE '% return%' THEN '{refund}'
    ELSE '{}' END::text[])
  ORDER BY place LIMIT 1
) AS o ON true;

CREATE OR REPLACE VIEW books.invariant_payments_posted AS
WITH moved AS (
  SELECT e.shard, e.subject_seq AS seq, p.amount, split_part(d.code, ':', 1) || CASE WHEN d.code LIKE 'm:%' THEN ':' || split_part(d.code, ':', 3) ELSE '' END AS debit,
         split_part(c.code, ':', 1) || CASE WHEN c.code LIKE 'm:%' THEN ':' || split_part(c.code, ':', 3) ELSE '' END AS credit,
         d.code AS debit_code, c.code AS credit_code
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL (
    SELECT * FROM florin.transactions AS own WHERE own.book_no = e.book_no AND own.seq >= e.seq - e.transaction_count AND own.seq < e.seq OFFSET 0
  ) AS t
  CROSS JOIN LATERAL (
    SELECT t.debit_account_key, t.credit_account_key, t.amount
    UNION ALL
    SELECT more.debit_account_key, more.credit_account_key, more.amount
    FROM florin.postings AS more WHERE t.posting_count > 1 AND more.book_no = t.book_no AND more.seq = t.seq
  ) AS p
  -- Behind that prefix where a caller had an account of the name already.
  CROSS JOIN LATERAL (SELECT regexp_replace(code, '^florin:', '') AS code FROM florin.accounts WHERE account_key = p.debit_account_key) AS d
  CROSS JOIN LATERAL (SELECT regexp_replace(code, '^florin:', '') AS code FROM florin.accounts WHERE account_key = p.credit_account_key) AS c
  WHERE e.subject = 2 AND e.transaction_count > 0
), sums AS (
  SELECT shard, seq,
         sum(CASE WHEN debit IN ('psp_receivable', 'unapplied_funds') AND credit = 'm:pending' THEN amount
                  WHEN debit IN ('m:pending', 'm:available', 'merchant_receivable') AND credit = 'psp_receivable' THEN -amount ELSE 0 END) AS captured,
         sum(CASE WHEN debit IN ('m:pending', 'm:available', 'merchant_receivable') AND credit = 'psp_receivable' THEN amount ELSE 0 END) AS returned,
         sum(CASE WHEN debit = 'dispute_pending' AND credit = 'psp_receivable' THEN amount
                  WHEN debit = 'psp_receivable' AND credit = 'dispute_pending' THEN -amount ELSE 0 END) AS disputed,
         sum(CASE 'm:pending' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END) AS pending,
         sum(CASE 'auth_open' WHEN debit THEN amount WHEN credit THEN -amount ELSE 0 END) AS memo,
         sum(CASE 'income:fees' WHEN left(credit_code, 11) THEN amount WHEN left(debit_code, 11) THEN -amount ELSE 0 END) AS fees,
         sum(CASE 'tax' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END) AS tax,
         sum(CASE 'unapplied_funds' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END) AS nobodys,
         sum(CASE 'refunds_in_flight' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END) AS in_flight,
         sum(CASE WHEN debit = 'refunds_in_flight' AND credit = 'psp_receivable' THEN amount
                  WHEN debit = 'psp_receivable' AND credit = 'm:available' THEN -amount ELSE 0 END) AS sent_back,
         sum(CASE WHEN debit = 'psp_receivable' AND credit = 'unapplied_funds' THEN amount
                  WHEN debit = 'unapplied_funds' AND credit IN ('m:pending', 'psp_receivable') THEN -amount ELSE 0 END) AS came_late
  FROM moved GROUP BY shard, seq
)
SELECT format('shard %s, payment of seq %s', s.shard, s.seq) AS subject,
       format('counters: captured %s, pending %s, memo %s, fees %s, tax %s, refunded %s, refunding %s, unapplied %s, returned %s, disputed %s; postings: captured %s, pending %s, memo %s, fees %s, tax %s, sent back %s, in flight %s, came late %s, of which %s left, returned %s, disputed %s',
              s.captured, s.pending, s.memo, s.fees, s.tax, s.refunded, s.refunding, s.unapplied, s.returned, s.disputed, coalesce(m.captured, 0), coalesce(m.pending, 0), coalesce(m.memo, 0),
              coalesce(m.fees, 0), coalesce(m.tax, 0), coalesce(m.sent_back, 0), coalesce(m.in_flight, 0), coalesce(m.came_late, 0), coalesce(m.nobodys, 0),
              coalesce(m.returned, 0), coalesce(m.disputed, 0)) AS detail
FROM florin.payment_states AS s
LEFT JOIN sums AS m ON m.shard = s.shard AND m.seq = s.seq
WHERE s.captured <> coalesce(m.captured, 0) OR s.pending <> coalesce(m.pending, 0) OR s.memo <> coalesce(m.memo, 0)
  OR s.fees <> coalesce(m.fees, 0) OR s.tax <> coalesce(m.tax, 0)
  OR s.returned <> coalesce(m.returned, 0) OR s.disputed <> coalesce(m.disputed, 0)
  OR s.refunded::numeric - s.unapplied <> coalesce(m.sent_back, 0) - coalesce(m.came_late, 0)
  OR s.refunding::numeric + s.unapplied <> coalesce(m.in_flight, 0) + coalesce(m.nobodys, 0)
UNION ALL
SELECT format('shard %s, event %s', e.shard, e.seq), format('%s of the %s transactions right before it are not there', e.transaction_count - count(t.seq), e.transaction_count)
FROM florin.payment_events AS e
LEFT JOIN LATERAL (
  SELECT * FROM florin.transactions AS own WHERE own.book_no = e.book_no AND own.seq >= e.seq - e.transaction_count AND own.seq < e.seq
    AND own.reference LIKE 'payment ' || e.subject_id || ' %' OFFSET 0
) AS t ON true
WHERE e.transaction_count > 0
GROUP BY e.shard, e.seq, e.transaction_count HAVING count(t.seq) <> e.transaction_count;

CREATE OR REPLACE VIEW books.invariant_payments_reserved AS
WITH moved AS (
  SELECT e.shard, e.subject_seq AS seq, sum(CASE WHEN p.credit_account_key = a.account_key THEN p.amount ELSE -p.amount END) AS reserve
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL (
    SELECT * FROM florin.transactions AS own WHERE own.book_no = e.book_no AND own.seq >= e.seq - e.transaction_count AND own.seq < e.seq OFFSET 0
  ) AS t
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
