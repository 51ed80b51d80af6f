-- What must hold of payments. That the intent to call a provider is journalled before the call is how it is built: a
-- call is made for an operation of a committed event, and for nothing else. What can be asked of the tables is that no
-- operation comes into the journal with an outcome.

CREATE OR REPLACE VIEW books.invariant_i07_ids_unique AS
SELECT format('book %s, id %s', book_no, id) AS subject, format('spent %s times', count(*)) AS detail
FROM (
  SELECT book_no, id FROM florin.transactions WHERE id IS NOT NULL
  UNION ALL SELECT book_no, id FROM florin.accounts
  UNION ALL SELECT book_no, id FROM florin.account_changes WHERE NOT opens
  UNION ALL SELECT book_no, id FROM florin.refusals
  UNION ALL SELECT book_no, id FROM florin.payment_events WHERE id IS NOT NULL
) AS spent
GROUP BY book_no, id HAVING count(*) > 1;

CREATE VIEW books.invariant_i12_payments_bounded AS
SELECT format('shard %s, payment of seq %s', s.shard, s.seq) AS subject,
       format('authorized %s, captured %s and %s under way, refunded %s and %s under way', s.authorized, s.captured, s.capturing, s.refunded, s.refunding) AS detail
FROM florin.payment_states AS s
LEFT JOIN florin.payment_intents AS i ON i.book_no = s.book_no AND i.seq = s.seq
WHERE s.captured > s.authorized OR s.refunded::numeric + s.refunding > s.captured
  -- What is under way was authorised before, but for a sale, which authorises by itself and is of all that is to be paid.
  OR s.captured::numeric + s.capturing > s.authorized AND NOT (s.captured = 0 AND s.capturing = coalesce(i.amount, 0));
COMMENT ON VIEW books.invariant_i12_payments_bounded IS
  'I12: of no payment more is captured than was authorised, nor more refunded, and being refunded, than was captured.';

CREATE VIEW books.invariant_i12_calls_announced AS
SELECT format('shard %s, payment of seq %s, operation %s', shard, intent_seq, operation_id) AS subject,
       format('event %s brings it in as %s', first_seq, states[1]) AS detail
FROM florin.payment_operations WHERE states[1] <> 'pending';
COMMENT ON VIEW books.invariant_i12_calls_announced IS
  'I12: what is asked of a provider stands in the journal before it has an outcome.';

-- The sums of a payment are those of its postings, account by account of the chart. Refunds in flight and funds that are
-- nobody's are counted together where money of the second kind is on its way back.
CREATE VIEW books.invariant_payments_posted AS
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
         sum(CASE WHEN debit = 'psp_receivable' AND credit = 'm:pending' THEN amount
                  WHEN debit IN ('m:pending', 'merchant_receivable') AND credit = 'psp_receivable' THEN -amount ELSE 0 END) AS captured,
         sum(CASE 'm:pending' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END) AS pending,
         sum(CASE 'auth_open' WHEN debit THEN amount WHEN credit THEN -amount ELSE 0 END) AS memo,
         sum(CASE 'income:fees' WHEN left(credit_code, 11) THEN amount WHEN left(debit_code, 11) THEN -amount ELSE 0 END) AS fees,
         sum(CASE 'tax' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END) AS tax,
         sum(CASE 'unapplied_funds' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END) AS nobodys,
         sum(CASE 'refunds_in_flight' WHEN credit THEN amount WHEN debit THEN -amount ELSE 0 END) AS in_flight,
         sum(CASE WHEN debit = 'refunds_in_flight' AND credit = 'psp_receivable' THEN amount
                  WHEN debit = 'psp_receivable' AND credit = 'm:available' THEN -amount ELSE 0 END) AS sent_back,
         sum(amount) FILTER (WHERE debit = 'psp_receivable' AND credit = 'unapplied_funds') AS came_late
  FROM moved GROUP BY shard, seq
)
SELECT format('shard %s, payment of seq %s', s.shard, s.seq) AS subject,
       format('counters: captured %s, pending %s, memo %s, fees %s, tax %s, refunded %s, refunding %s, unapplied %s; postings: captured %s, pending %s, memo %s, fees %s, tax %s, sent back %s, in flight %s, came late %s, of which %s left',
              s.captured, s.pending, s.memo, s.fees, s.tax, s.refunded, s.refunding, s.unapplied, coalesce(m.captured, 0), coalesce(m.pending, 0), coalesce(m.memo, 0),
              coalesce(m.fees, 0), coalesce(m.tax, 0), coalesce(m.sent_back, 0), coalesce(m.in_flight, 0), coalesce(m.came_late, 0), coalesce(m.nobodys, 0)) AS detail
FROM florin.payment_states AS s
LEFT JOIN sums AS m ON m.shard = s.shard AND m.seq = s.seq
WHERE s.captured <> coalesce(m.captured, 0) OR s.pending <> coalesce(m.pending, 0) OR s.memo <> coalesce(m.memo, 0)
  OR s.fees <> coalesce(m.fees, 0) OR s.tax <> coalesce(m.tax, 0)
  OR s.refunded::numeric - s.unapplied <> coalesce(m.sent_back, 0) - coalesce(m.came_late, 0)
  OR s.refunding::numeric + s.unapplied <> coalesce(m.in_flight, 0) + coalesce(m.nobodys, 0)
UNION ALL
SELECT format('shard %s, event %s', e.shard, e.seq), format('%s of the %s transactions right before it are not there', e.transaction_count - count(t.seq), e.transaction_count)
FROM florin.payment_events AS e
LEFT JOIN florin.transactions AS t ON t.book_no = e.book_no AND t.seq >= e.seq - e.transaction_count AND t.seq < e.seq
  AND t.reference LIKE 'payment ' || e.subject_id || ' %'
WHERE e.transaction_count > 0
GROUP BY e.shard, e.seq, e.transaction_count HAVING count(t.seq) <> e.transaction_count;
COMMENT ON VIEW books.invariant_payments_posted IS 'No payment without its postings: its counters are the sums of what was booked for it.';

CREATE VIEW books.invariant_payments_whole AS
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
COMMENT ON VIEW books.invariant_payments_whole IS
  'The events of each payment are numbered 1..n without a gap, and its row is what the last of them left.';

CREATE OR REPLACE VIEW books.invariant_i14_events_projected AS
WITH counted AS (
  SELECT shard, count(*) AS events FROM (
    SELECT b.shard FROM florin.transactions AS t JOIN florin.adopted_books AS b ON b.number = t.book_no
    UNION ALL SELECT b.shard FROM florin.refusals AS r JOIN florin.adopted_books AS b ON b.number = r.book_no
    UNION ALL SELECT (account_key >> 32)::smallint FROM florin.accounts
    UNION ALL SELECT (account_key >> 32)::smallint FROM florin.account_changes WHERE NOT opens
    UNION ALL SELECT shard FROM florin.payment_events
    UNION ALL SELECT shard FROM florin.adopted_books
    UNION ALL SELECT shard FROM florin.adopted_assets
    UNION ALL SELECT 64::smallint FROM florin.books
    UNION ALL SELECT 64::smallint FROM florin.assets WHERE NOT iso_4217
  ) AS rows GROUP BY shard
)
SELECT format('shard %s', p.shard) AS subject, format('the watermark says %s events, the tables hold %s', p.seq, coalesce(c.events, 0)) AS detail
FROM florin.projection AS p LEFT JOIN counted AS c ON c.shard = p.shard
WHERE p.seq <> coalesce(c.events, 0)
UNION ALL
SELECT format('shard %s', p.shard), format('height %s of the watermark is not in the journal, or has another hash', p.height)
FROM florin.projection AS p
LEFT JOIN florin.journal AS j ON j.shard = p.shard AND j.height = p.height
WHERE p.height > 0 AND (j.hash IS DISTINCT FROM p.hash OR j.first_seq + j.event_count - 1 <> p.seq);

DO $$
DECLARE
  view record;
BEGIN
  FOR view IN SELECT relname FROM pg_class WHERE relnamespace = 'books'::regnamespace AND relkind = 'v' AND relname LIKE 'invariant\_%' LOOP
    EXECUTE format('COMMENT ON COLUMN books.%I.subject IS %L', view.relname, 'What violates it.');
    EXECUTE format('COMMENT ON COLUMN books.%I.detail IS %L', view.relname, 'In which way.');
  END LOOP;
END $$;
