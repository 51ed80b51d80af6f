-- How payments leave what nobody can tell, and what becomes of money after it was captured.

ALTER TABLE florin.payment_states
  ADD COLUMN returned bigint NOT NULL DEFAULT 0,
  ADD COLUMN disputed bigint NOT NULL DEFAULT 0,
  ADD COLUMN owing text,
  ADD CONSTRAINT payment_states_afterwards CHECK (returned >= 0 AND disputed >= 0);
-- Few payments at any moment: after an outage they are walked by it, a page at a time.
CREATE INDEX payment_states_owing ON florin.payment_states (shard, owing, seq) WHERE owing IS NOT NULL;
COMMENT ON COLUMN florin.payment_states.owing IS 'The provider that owes an answer about it; null for none.';

CREATE OR REPLACE VIEW books.payment_intents AS
SELECT book.name AS book, i.id, i.merchant_id, s.state, i.amount, i.currency, i.capture AS capture_method, s.method_type, s.provider,
       s.attempts::integer AS attempts, s.authorized, s.captured, s.capturing, s.refunded, s.refunding, s.fees, s.tax, s.pending, s.memo,
       s.unapplied, coalesce(i.reference, '') AS reference, coalesce(i.description, '') AS description,
       coalesce(i.statement_descriptor, '') AS statement_descriptor, coalesce(i.metadata, '{}') AS metadata,
       i.created_at, i.expires_at, s.available_at, s.due_at, s.canceling, coalesce(s.cancel_reason, '') AS cancel_reason,
       coalesce(s.attention, '') AS attention, s.version, i.seq, s.last_seq, s.returned, s.disputed, coalesce(s.owing, '') AS owing
FROM florin.payment_intents AS i
JOIN florin.payment_states AS s ON s.shard = i.shard AND s.seq = i.seq
JOIN florin.adopted_books AS book ON book.number = i.book_no;
COMMENT ON COLUMN books.payment_intents.returned IS 'What was captured and taken back afterwards by the provider or the payer''s bank, minor units; captured is without it.';
COMMENT ON COLUMN books.payment_intents.disputed IS 'What disputes that are open or lost have taken, minor units.';
COMMENT ON COLUMN books.payment_intents.owing IS 'The provider that owes an answer about it; empty for none.';

CREATE VIEW books.disputes AS
SELECT book.name AS book, i.id AS payment_intent_id, i.merchant_id, d.last ->> 'id' AS id, d.last ->> 'state' AS state,
       (d.last ->> 'amount')::bigint AS amount, i.currency, (d.last ->> 'operation')::uuid AS operation_id,
       florin.moment_of((d.last ->> 'openedUs')::bigint) AS opened_at, florin.moment_of((d.last ->> 'changedUs')::bigint) AS changed_at, d.booked_at, d.seq
FROM florin.payment_intents AS i
JOIN florin.adopted_books AS book ON book.number = i.book_no
CROSS JOIN LATERAL (
  SELECT (array_agg(one ORDER BY e.seq DESC))[1] AS last, max(e.booked_at) AS booked_at, max(e.seq) AS seq
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'disputes') AS one
  WHERE e.shard = i.shard AND e.subject_seq = i.seq AND e.name = 'event_received'
  GROUP BY one ->> 'id'
) AS d;
COMMENT ON VIEW books.disputes IS 'Payments that payers contest, as far as money is concerned: each dispute as it stands.';
COMMENT ON COLUMN books.disputes.book IS 'The book''s name.';
COMMENT ON COLUMN books.disputes.payment_intent_id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.disputes.merchant_id IS 'Whose payment it is.';
COMMENT ON COLUMN books.disputes.id IS 'The provider''s reference of it.';
COMMENT ON COLUMN books.disputes.state IS 'open: the provider has withdrawn the money, and the merchant''s is held; won: it came back; lost: it is gone.';
COMMENT ON COLUMN books.disputes.amount IS 'Minor units.';
COMMENT ON COLUMN books.disputes.currency IS 'The ISO 4217 code.';
COMMENT ON COLUMN books.disputes.operation_id IS 'The operation that the provider named.';
COMMENT ON COLUMN books.disputes.opened_at IS 'When it was opened, by the provider''s clock.';
COMMENT ON COLUMN books.disputes.changed_at IS 'When it changed last, by the provider''s clock.';
COMMENT ON COLUMN books.disputes.booked_at IS 'When that was booked (block time).';
COMMENT ON COLUMN books.disputes.seq IS 'The event that changed it last.';

CREATE OR REPLACE VIEW books.invariant_i12_payments_bounded AS
SELECT format('shard %s, payment of seq %s', s.shard, s.seq) AS subject,
       format('authorized %s, captured %s and %s under way, refunded %s and %s under way, taken back %s', s.authorized, s.captured, s.capturing, s.refunded, s.refunding, s.returned) AS detail
FROM florin.payment_states AS s
LEFT JOIN florin.payment_intents AS i ON i.book_no = s.book_no AND i.seq = s.seq
WHERE s.captured > s.authorized OR s.refunded::numeric + s.refunding > s.captured::numeric + s.returned
  -- What is under way was authorised before, but for a sale, which authorises by itself and is of all that is to be paid.
  OR s.captured::numeric + s.capturing > s.authorized AND NOT (s.captured = 0 AND s.capturing = coalesce(i.amount, 0));
COMMENT ON VIEW books.invariant_i12_payments_bounded IS
  'I12: of no payment more is captured than was authorised, nor more refunded, and being refunded, than was ever captured.';

CREATE OR REPLACE VIEW books.invariant_payments_posted AS
WITH moved AS (
  SELECT e.shard, e.subject_seq AS seq, p.amount, split_part(d.code, ':', 1) || CASE WHEN d.code LIKE 'm:%' THEN ':' || split_part(d.code, ':', 3) ELSE '' END AS debit,
         split_part(c.code, ':', 1) || CASE WHEN c.code LIKE 'm:%' THEN ':' || split_part(c.code, ':', 3) ELSE '' END AS credit,
         d.code AS debit_code, c.code AS credit_code
  FROM florin.payment_events AS e
  JOIN florin.transactions AS t ON t.book_no = e.book_no AND t.seq >= e.seq - e.transaction_count AND t.seq < e.seq
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
LEFT JOIN florin.transactions AS t ON t.book_no = e.book_no AND t.seq >= e.seq - e.transaction_count AND t.seq < e.seq
  AND t.reference LIKE 'payment ' || e.subject_id || ' %'
WHERE e.transaction_count > 0
GROUP BY e.shard, e.seq, e.transaction_count HAVING count(t.seq) <> e.transaction_count;

CREATE OR REPLACE VIEW books.invariant_payments_whole AS
WITH numbered AS (
  SELECT e.*, row_number() OVER w AS place, c.change -> 'after' AS after, (c.change -> 'after' ->> 'version')::bigint AS version
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL florin.change_json(e.change) AS c(change)
  WHERE e.subject = 2
  WINDOW w AS (PARTITION BY e.shard, e.subject_seq ORDER BY e.seq)
)
SELECT format('shard %s, event %s', shard, seq) AS subject, format('has the version %s and is number %s of its payment', version, place) AS detail
FROM numbered WHERE version IS DISTINCT FROM place
UNION ALL
SELECT format('shard %s, payment of seq %s', s.shard, s.seq), 'payment_states is not what its last event left'
FROM florin.payment_states AS s
LEFT JOIN numbered AS n ON n.shard = s.shard AND n.subject_seq = s.seq AND n.seq = s.last_seq
WHERE s.version IS DISTINCT FROM n.version OR s.state IS DISTINCT FROM n.after ->> 'state'
  OR s.authorized IS DISTINCT FROM (n.after -> 'counters' ->> 'authorized')::bigint OR s.captured IS DISTINCT FROM (n.after -> 'counters' ->> 'captured')::bigint
  OR s.capturing IS DISTINCT FROM (n.after -> 'counters' ->> 'capturing')::bigint OR s.refunded IS DISTINCT FROM (n.after -> 'counters' ->> 'refunded')::bigint
  OR s.refunding IS DISTINCT FROM (n.after -> 'counters' ->> 'refunding')::bigint OR s.fees IS DISTINCT FROM (n.after -> 'counters' ->> 'fees')::bigint
  OR s.tax IS DISTINCT FROM (n.after -> 'counters' ->> 'tax')::bigint OR s.pending IS DISTINCT FROM (n.after -> 'counters' ->> 'pending')::bigint
  OR s.memo IS DISTINCT FROM (n.after -> 'counters' ->> 'memo')::bigint OR s.unapplied IS DISTINCT FROM (n.after -> 'counters' ->> 'unapplied')::bigint
  OR s.returned IS DISTINCT FROM (n.after -> 'counters' ->> 'returned')::bigint OR s.disputed IS DISTINCT FROM (n.after -> 'counters' ->> 'disputed')::bigint
  OR coalesce(s.owing, '') IS DISTINCT FROM n.after ->> 'owing'
  OR s.due_at IS DISTINCT FROM florin.moment_of((n.after ->> 'dueUs')::bigint)
  OR s.available_at IS DISTINCT FROM florin.moment_of((n.after ->> 'availableAtUs')::bigint)
UNION ALL
SELECT format('shard %s, payment of seq %s', e.shard, e.subject_seq), format('%s events, payment_states counts %s', count(*), s.version)
FROM florin.payment_events AS e
LEFT JOIN florin.payment_states AS s ON s.shard = e.shard AND s.seq = e.subject_seq
WHERE e.subject = 2
GROUP BY e.shard, e.subject_seq, s.version HAVING count(*) IS DISTINCT FROM s.version
UNION ALL
SELECT format('book %s, payment of seq %s', i.book_no, i.seq), 'no state, no first event, or no such merchant'
FROM florin.payment_intents AS i
WHERE NOT EXISTS (SELECT FROM florin.payment_states AS s WHERE s.shard = i.shard AND s.seq = i.seq)
   OR NOT EXISTS (SELECT FROM florin.payment_events AS e WHERE e.shard = i.shard AND e.subject_seq = i.seq AND e.seq = i.seq AND e.subject_id = i.id)
   OR NOT EXISTS (SELECT FROM florin.merchants AS m WHERE m.book_no = i.book_no AND m.id = i.merchant_id)
UNION ALL
SELECT format('shard %s, payment of seq %s', s.shard, s.seq), 'no such payment'
FROM florin.payment_states AS s
WHERE NOT EXISTS (SELECT FROM florin.payment_intents AS i WHERE i.book_no = s.book_no AND i.seq = s.seq)
UNION ALL
SELECT format('shard %s, event %s', e.shard, e.seq), 'no such merchant'
FROM florin.payment_events AS e
WHERE e.subject = 1 AND NOT EXISTS (SELECT FROM florin.merchants AS m WHERE m.book_no = e.book_no AND m.seq = e.subject_seq);
