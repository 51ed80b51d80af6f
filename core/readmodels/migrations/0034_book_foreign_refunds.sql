-- Refunds that somebody made at a provider's own pages are operations that nobody asked for: no calls. Disputes may be of
-- money that is nobody's, and what more is gone of that than came is a loss.

CREATE OR REPLACE VIEW florin.payment_operations AS
SELECT i.book_no, i.shard, i.seq AS intent_seq, i.id AS intent_id, i.currency, o.operation_id, o.last ->> 'kind' AS kind,
       o.last ->> 'state' AS state, (o.last ->> 'attempt')::integer AS attempt,
       (SELECT pair -> 1 ->> 'provider'
        FROM florin.payment_events AS e
        CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'attempts') AS pair
        WHERE e.shard = i.shard AND e.subject_seq = i.seq AND pair -> 0 = o.last -> 'attempt'
        LIMIT 1) AS provider,
       (o.last ->> 'amount')::bigint AS amount, (o.last ->> 'final')::boolean AS final,
       (o.last ->> 'fromPending')::bigint AS from_pending, o.last ->> 'source' AS source,
       o.last ->> 'providerReference' AS provider_reference, o.last ->> 'decline' AS decline, o.last ->> 'detail' AS detail,
       (o.last ->> 'tries')::integer AS tries, florin.moment_of((o.last ->> 'dueUs')::bigint) AS due_at,
       o.asked_at, CASE WHEN o.last ->> 'state' IN ('succeeded', 'failed', 'not_sent', 'canceled') THEN o.changed_at[cardinality(o.changed_at)] END AS settled_at,
       o.states, o.changed_at, o.first_seq,
       coalesce((o.last ->> 'foreign')::boolean, false) AS is_foreign
FROM florin.payment_intents AS i
CROSS JOIN LATERAL (
  SELECT (op ->> 'id')::uuid AS operation_id, (array_agg(op ORDER BY e.seq DESC))[1] AS last, min(e.booked_at) AS asked_at,
         array_agg(op ->> 'state' ORDER BY e.seq) AS states, array_agg(e.booked_at ORDER BY e.seq) AS changed_at, min(e.seq) AS first_seq
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'operations') AS op
  WHERE e.shard = i.shard AND e.subject_seq = i.seq
  GROUP BY op ->> 'id'
) AS o;

CREATE OR REPLACE VIEW books.refunds AS
SELECT book.name AS book, o.intent_id AS payment_intent_id, o.operation_id AS id, o.state, o.amount, o.currency, o.from_pending, o.source,
       o.provider, o.attempt, o.provider_reference, o.detail, o.asked_at, o.settled_at,
       o.is_foreign
FROM florin.payment_operations AS o
JOIN florin.adopted_books AS book ON book.number = o.book_no
WHERE o.kind = 'refund';
COMMENT ON COLUMN books.refunds.is_foreign IS 'True of one that somebody made at the provider''s own pages: Florin never asked for it.';

CREATE OR REPLACE VIEW books.provider_calls AS
SELECT book.name AS book, o.intent_id AS payment_intent_id, o.operation_id, o.kind, o.provider, o.attempt, o.amount, o.currency,
       o.state AS outcome, o.decline, o.detail, o.tries, o.asked_at, o.settled_at, o.due_at, o.states, o.changed_at, o.provider_reference
FROM florin.payment_operations AS o
JOIN florin.adopted_books AS book ON book.number = o.book_no
WHERE NOT o.is_foreign;

CREATE OR REPLACE VIEW books.disputes AS
SELECT book.name AS book, i.id AS payment_intent_id, i.merchant_id, d.last ->> 'id' AS id, d.last ->> 'state' AS state,
       (d.last ->> 'amount')::bigint AS amount, i.currency, (d.last ->> 'operation')::uuid AS operation_id,
       florin.moment_of((d.last ->> 'openedUs')::bigint) AS opened_at, florin.moment_of((d.last ->> 'changedUs')::bigint) AS changed_at, d.booked_at, d.seq,
       coalesce(d.last ->> 'source', 'available') AS source
FROM florin.payment_intents AS i
JOIN florin.adopted_books AS book ON book.number = i.book_no
CROSS JOIN LATERAL (
  SELECT (array_agg(one ORDER BY e.seq DESC))[1] AS last, max(e.booked_at) AS booked_at, max(e.seq) AS seq
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'disputes') AS one
  WHERE e.shard = i.shard AND e.subject_seq = i.seq AND e.name = 'event_received'
  GROUP BY one ->> 'id'
) AS d;
COMMENT ON COLUMN books.disputes.source IS 'available: of the merchant''s money; unapplied: of money that came late and belongs to nobody here.';

CREATE OR REPLACE VIEW books.invariant_i12_calls_announced AS
SELECT format('shard %s, payment of seq %s, operation %s', shard, intent_seq, operation_id) AS subject,
       format('event %s brings it in as %s', first_seq, states[1]) AS detail
FROM florin.payment_operations WHERE states[1] <> 'pending' AND NOT is_foreign;

CREATE OR REPLACE VIEW books.invariant_i12_payments_bounded AS
SELECT format('shard %s, payment of seq %s', s.shard, s.seq) AS subject,
       format('authorized %s, captured %s and %s under way, refunded %s and %s under way, taken back %s', s.authorized, s.captured, s.capturing, s.refunded, s.refunding, s.returned) AS detail
FROM florin.payment_states AS s
LEFT JOIN florin.payment_intents AS i ON i.book_no = s.book_no AND i.seq = s.seq
WHERE s.captured > s.authorized OR s.refunded::numeric > s.captured::numeric + s.returned
  -- Whoever refunds at the provider's own pages does not ask how much is being refunded already.
  OR s.refunded::numeric + s.refunding > s.captured::numeric + s.returned
     AND s.refunded::numeric + s.refunding > s.captured::numeric + s.returned + (
       SELECT coalesce(sum(o.amount), 0) FROM florin.payment_operations AS o
       WHERE o.book_no = s.book_no AND o.intent_seq = s.seq AND o.is_foreign AND o.source = 'available' AND o.state = 'succeeded')
  -- What is under way was authorised before, but for a sale, which authorises by itself and is of all that is to be paid.
  OR s.captured::numeric + s.capturing > s.authorized AND NOT (s.captured = 0 AND s.capturing = coalesce(i.amount, 0));

CREATE OR REPLACE VIEW books.invariant_payments_posted AS
WITH moved AS (
  SELECT e.shard, e.subject_seq AS seq, p.amount, split_part(d.code, ':', 1) || CASE WHEN d.code LIKE 'm:%' THEN ':' || split_part(d.code, ':', 3) ELSE '' END AS debit,
         split_part(c.code, ':', 1) || CASE WHEN c.code LIKE 'm:%' THEN ':' || split_part(c.code, ':', 3) ELSE '' END AS credit,
         d.code AS debit_code, c.code AS credit_code, t.reference LIKE '% contested%' AS nobodys_dispute
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
         sum(CASE WHEN nobodys_dispute THEN 0 WHEN debit = 'dispute_pending' AND credit = 'psp_receivable' THEN amount
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
                  WHEN debit = 'unapplied_funds' AND credit IN ('m:pending', 'psp_receivable') THEN -amount ELSE 0 END) AS came_late,
         sum(CASE WHEN debit = 'unapplied_funds' AND credit = 'dispute_pending' THEN amount
                  WHEN debit = 'dispute_pending' AND credit = 'unapplied_funds' THEN -amount ELSE 0 END) AS contested,
         sum(CASE 'expense:merchant_loss' WHEN left(debit_code, 21) THEN amount WHEN left(credit_code, 21) THEN -amount ELSE 0 END) AS lost
  FROM moved GROUP BY shard, seq
)
SELECT format('shard %s, payment of seq %s', s.shard, s.seq) AS subject,
       format('counters: captured %s, pending %s, memo %s, fees %s, tax %s, refunded %s, refunding %s, unapplied %s, returned %s, disputed %s; postings: captured %s, pending %s, memo %s, fees %s, tax %s, sent back %s, in flight %s, came late %s, of which %s left, returned %s, disputed %s, contested %s, lost %s',
              s.captured, s.pending, s.memo, s.fees, s.tax, s.refunded, s.refunding, s.unapplied, s.returned, s.disputed, coalesce(m.captured, 0), coalesce(m.pending, 0), coalesce(m.memo, 0),
              coalesce(m.fees, 0), coalesce(m.tax, 0), coalesce(m.sent_back, 0), coalesce(m.in_flight, 0), coalesce(m.came_late, 0), coalesce(m.nobodys, 0),
              coalesce(m.returned, 0), coalesce(m.disputed, 0), coalesce(m.contested, 0), coalesce(m.lost, 0)) AS detail
FROM florin.payment_states AS s
LEFT JOIN sums AS m ON m.shard = s.shard AND m.seq = s.seq
WHERE s.captured <> coalesce(m.captured, 0) OR s.pending <> coalesce(m.pending, 0) OR s.memo <> coalesce(m.memo, 0)
  OR s.fees <> coalesce(m.fees, 0) OR s.tax <> coalesce(m.tax, 0)
  OR s.returned <> coalesce(m.returned, 0) OR s.disputed <> coalesce(m.disputed, 0)
  OR s.refunded::numeric - s.unapplied + coalesce(m.lost, 0) <> coalesce(m.sent_back, 0) - coalesce(m.came_late, 0) + coalesce(m.contested, 0)
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
