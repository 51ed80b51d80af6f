-- What must hold (the numbers are those of the reliability document). Each view shows the rows that violate it: none
-- means that it holds. "florin verify" runs them all; I9, I12 come with the relay and with payments, and what needs
-- the block's bytes (hashes in I11, the replay in I14) is done by verify itself. An edited amount at the edge of int64
-- must be shown, not end the query.

CREATE VIEW florin.all_postings AS
SELECT t.book_no, t.seq, t.kind, 0::smallint AS posting, t.debit_account_key, t.credit_account_key, t.amount, t.released,
       t.target_seq, t.target_posting
FROM florin.transactions AS t
UNION ALL
SELECT p.book_no, p.seq, t.kind, p.posting, p.debit_account_key, p.credit_account_key, p.amount, p.released,
       t.target_seq, p.target_posting
FROM florin.postings AS p
JOIN florin.transactions AS t ON t.book_no = p.book_no AND t.seq = p.seq;
COMMENT ON VIEW florin.all_postings IS 'Every posting of every transaction.';

CREATE VIEW books.invariant_i01_shards_balance AS
SELECT format('shard %s, asset %s', b.account_key >> 32, a.asset) AS subject,
       format('posted %s / %s, pending %s / %s', sum(b.debits_posted), sum(b.credits_posted), sum(b.debits_pending), sum(b.credits_pending)) AS detail
FROM florin.account_balances AS b
JOIN florin.accounts AS a ON a.account_key = b.account_key
GROUP BY b.account_key >> 32, a.asset
HAVING sum(b.debits_posted) <> sum(b.credits_posted) OR sum(b.debits_pending) <> sum(b.credits_pending);
COMMENT ON VIEW books.invariant_i01_shards_balance IS 'I1: per shard and asset, debits equal credits.';

CREATE VIEW books.invariant_i02_transactions_balance AS
WITH sums AS (
  -- The least int64 has no negative one; it is shown by I13.
  SELECT e.account_key >> 32 AS shard, e.seq, a.asset, count(*) AS entries,
         sum(CASE e.side WHEN 1 THEN e.amount ELSE -greatest(e.amount, -9223372036854775807) END) AS posted,
         sum(CASE e.side WHEN 1 THEN e.pending_change ELSE -greatest(coalesce(e.pending_change, 0), -9223372036854775807) END) AS pending
  FROM florin.all_entries AS e
  JOIN florin.accounts AS a ON a.account_key = e.account_key
  GROUP BY e.account_key >> 32, e.seq, a.asset
)
SELECT format('shard %s, seq %s, asset %s', shard, seq, asset) AS subject,
       format('%s entries, debits less credits: posted %s, pending %s', entries, posted, coalesce(pending, 0)) AS detail
FROM sums WHERE posted <> 0 OR pending <> 0
UNION ALL
SELECT format('book %s, seq %s', t.book_no, t.seq), format('%s postings and %s entries', t.posting_count, coalesce(c.entries, 0))
FROM florin.transactions AS t
JOIN florin.adopted_books AS b ON b.number = t.book_no
LEFT JOIN (SELECT shard, seq, sum(entries) AS entries FROM sums GROUP BY shard, seq) AS c ON c.shard = b.shard AND c.seq = t.seq
WHERE coalesce(c.entries, 0) <> t.posting_count * 2;
COMMENT ON VIEW books.invariant_i02_transactions_balance IS 'I2: per transaction and asset, debits equal credits, and each posting has its two entries.';

-- What is below zero is a violation by itself; the difference of two that are not cannot leave int64.
CREATE VIEW books.invariant_i03_counters_fold AS
WITH steps AS (
  SELECT e.account_key, e.version, e.side, e.amount, coalesce(e.pending_change, 0) AS change, e.debits_posted, e.credits_posted,
         coalesce(e.debits_pending, 0) AS debits_held, coalesce(e.credits_pending, 0) AS credits_held,
         lag(e.debits_posted, 1, 0::bigint) OVER w AS debits_before, lag(e.credits_posted, 1, 0::bigint) OVER w AS credits_before,
         lag(coalesce(e.debits_pending, 0), 1, 0::bigint) OVER w AS debits_held_before,
         lag(coalesce(e.credits_pending, 0), 1, 0::bigint) OVER w AS credits_held_before
  FROM florin.all_entries AS e WINDOW w AS (PARTITION BY e.account_key ORDER BY e.version)
)
SELECT format('account_key %s, version %s', account_key, version) AS subject, 'the counters are not those before it and the entry' AS detail
FROM steps
WHERE CASE
  WHEN least(debits_posted, debits_before, credits_posted, credits_before, debits_held, debits_held_before, credits_held, credits_held_before) < 0 THEN true
  WHEN side = 1 THEN debits_posted - debits_before <> amount OR credits_posted <> credits_before
                  OR debits_held - debits_held_before <> change OR credits_held <> credits_held_before
  ELSE credits_posted - credits_before <> amount OR debits_posted <> debits_before
    OR credits_held - credits_held_before <> change OR debits_held <> debits_held_before
END
UNION ALL
SELECT format('account_key %s', b.account_key), 'account_balances is not what the last entry left'
FROM florin.account_balances AS b
LEFT JOIN LATERAL (
  SELECT * FROM (
    (SELECT version, debits_posted, credits_posted, debits_pending, credits_pending
     FROM florin.entries AS e WHERE e.account_key = b.account_key ORDER BY e.version DESC LIMIT 1)
    UNION ALL
    (SELECT first_version + cardinality(amounts) - 1, debits_posted[cardinality(amounts)], credits_posted[cardinality(amounts)], 0, 0
     FROM florin.entry_pages AS p WHERE p.account_key = b.account_key ORDER BY p.first_version DESC LIMIT 1)
  ) AS last ORDER BY version DESC LIMIT 1
) AS e ON true
WHERE (b.version, b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending)
   <> (coalesce(e.version, 0), coalesce(e.debits_posted, 0), coalesce(e.credits_posted, 0), coalesce(e.debits_pending, 0), coalesce(e.credits_pending, 0));
COMMENT ON VIEW books.invariant_i03_counters_fold IS 'I3: an account''s counters are the fold of its entries, at every version.';

CREATE VIEW books.invariant_i04_versions_gapless AS
SELECT format('account_key %s, version %s', account_key, version) AS subject, format('follows version %s', before) AS detail
FROM (
  SELECT account_key, version, lag(version + entries - 1, 1, 0::bigint) OVER (PARTITION BY account_key ORDER BY version) AS before
  FROM (
    SELECT account_key, version, 1 AS entries FROM florin.entries
    UNION ALL SELECT account_key, first_version, cardinality(amounts) FROM florin.entry_pages
  ) AS every
) AS e
WHERE version <> before + 1;
COMMENT ON VIEW books.invariant_i04_versions_gapless IS 'I4: the versions of an account''s entries are 1..n without a gap.';

CREATE VIEW books.invariant_i05_limits_kept AS
WITH limits AS (
  SELECT c.*, lead(c.seq, 1, 9223372036854775807) OVER (PARTITION BY c.account_key ORDER BY c.seq) AS until_seq
  FROM florin.account_changes AS c WHERE c.sets_limits
)
SELECT format('account_key %s, version %s', e.account_key, e.version) AS subject,
       format('posted %s, available %s, reachable %s', posted, posted - lowering, posted + raising) AS detail
FROM limits AS l
JOIN florin.accounts AS a ON a.account_key = l.account_key
JOIN florin.all_entries AS e ON e.account_key = l.account_key AND e.seq > l.seq AND e.seq < l.until_seq
CROSS JOIN LATERAL (
  SELECT CASE a.normal_side WHEN 1 THEN e.debits_posted::numeric - e.credits_posted ELSE e.credits_posted::numeric - e.debits_posted END AS posted,
         coalesce(CASE a.normal_side WHEN 1 THEN e.credits_pending ELSE e.debits_pending END, 0) AS lowering,
         coalesce(CASE a.normal_side WHEN 1 THEN e.debits_pending ELSE e.credits_pending END, 0) AS raising
) AS balance
WHERE posted < l.posted_floor OR posted > l.posted_ceiling OR posted - lowering < l.available_floor OR posted + raising > l.available_ceiling;
COMMENT ON VIEW books.invariant_i05_limits_kept IS 'I5: no balance, and no balance less holds, ever passed the limit in force, at any version.';

CREATE VIEW books.invariant_i06_holds_add_up AS
WITH holds AS (
  SELECT p.book_no, p.seq, p.posting, p.debit_account_key, p.credit_account_key, p.amount,
         p.amount - coalesce(sum(r.released), 0) AS held, coalesce(sum(r.amount) FILTER (WHERE r.kind = 3), 0) AS posted
  FROM florin.all_postings AS p
  LEFT JOIN florin.all_postings AS r ON r.book_no = p.book_no AND r.target_seq = p.seq AND r.target_posting = p.posting AND r.kind IN (3, 4, 5)
  WHERE p.kind = 2
  GROUP BY p.book_no, p.seq, p.posting, p.debit_account_key, p.credit_account_key, p.amount
), states AS (
  SELECT h.*, progress.state, coalesce(progress.posted[1 + h.posting], 0) AS progress_posted
  FROM holds AS h
  JOIN florin.adopted_books AS b ON b.number = h.book_no
  LEFT JOIN florin.transaction_progress AS progress ON progress.shard = b.shard AND progress.seq = h.seq
)
SELECT format('book %s, seq %s, posting %s', book_no, seq, posting) AS subject,
       format('state %s, amount %s, held %s, posted %s', state, amount, held, posted) AS detail
FROM states
WHERE state IS NULL OR held < 0 OR posted > amount OR posted <> progress_posted OR (state <> 1 AND held <> 0)
UNION ALL
SELECT format('account_key %s', b.account_key), format('pending %s / %s, open holds %s / %s', b.debits_pending, b.credits_pending, coalesce(d.held, 0), coalesce(c.held, 0))
FROM florin.account_balances AS b
LEFT JOIN (SELECT debit_account_key, sum(held) AS held FROM states GROUP BY 1) AS d ON d.debit_account_key = b.account_key
LEFT JOIN (SELECT credit_account_key, sum(held) AS held FROM states GROUP BY 1) AS c ON c.credit_account_key = b.account_key
WHERE b.debits_pending <> coalesce(d.held, 0) OR b.credits_pending <> coalesce(c.held, 0)
UNION ALL
SELECT format('book %s, seq %s', book_no, target_seq), format('voided or expired %s times', count(*))
FROM florin.transactions WHERE kind IN (4, 5) GROUP BY book_no, target_seq HAVING count(*) > 1;
COMMENT ON VIEW books.invariant_i06_holds_add_up IS 'I6: a pending transaction is resolved at most once, and open holds add up to the pending counters.';

CREATE VIEW books.invariant_i07_ids_unique AS
SELECT format('book %s, id %s', book_no, id) AS subject, format('spent %s times', count(*)) AS detail
FROM (
  SELECT book_no, id FROM florin.transactions WHERE id IS NOT NULL
  UNION ALL SELECT book_no, id FROM florin.accounts
  UNION ALL SELECT book_no, id FROM florin.account_changes WHERE NOT opens
  UNION ALL SELECT book_no, id FROM florin.refusals
) AS spent
GROUP BY book_no, id HAVING count(*) > 1;
COMMENT ON VIEW books.invariant_i07_ids_unique IS 'I7: one id, one effect.';

CREATE VIEW books.invariant_i08_seq_gapless AS
SELECT format('shard %s, height %s', shard, height) AS subject, format('first_seq %s, expected %s', first_seq, expected) AS detail
FROM (
  SELECT shard, height, first_seq, lag(height, 1, 0::bigint) OVER w + 1 AS expected_height,
         lag(first_seq + event_count, 1, 1::bigint) OVER w AS expected
  FROM florin.journal WINDOW w AS (PARTITION BY shard ORDER BY height)
) AS j
WHERE first_seq <> expected OR height <> expected_height;
COMMENT ON VIEW books.invariant_i08_seq_gapless IS 'I8: heights and sequence numbers are gap-free per shard.';

CREATE VIEW books.invariant_i10_epochs_rise AS
SELECT format('shard %s, height %s', shard, height) AS subject, format('epoch %s behind %s', epoch, before) AS detail
FROM (SELECT shard, height, epoch, block_time_us, lag(epoch) OVER w AS before, lag(block_time_us) OVER w AS time_before
      FROM florin.journal WINDOW w AS (PARTITION BY shard ORDER BY height)) AS j
WHERE epoch < before OR block_time_us < time_before;
COMMENT ON VIEW books.invariant_i10_epochs_rise IS 'I10: epochs, and block times, never fall along seq.';

CREATE VIEW books.invariant_i11_hashes_chain AS
SELECT format('shard %s, height %s', shard, height) AS subject, 'prev_hash is not the hash of the block before' AS detail
FROM (SELECT shard, height, prev_hash, lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (PARTITION BY shard ORDER BY height) AS before FROM florin.journal) AS j
WHERE prev_hash <> before;
COMMENT ON VIEW books.invariant_i11_hashes_chain IS 'I11, the links: each block names the hash of the one before. The hashes themselves are recomputed by "florin verify".';

CREATE VIEW books.invariant_i13_amounts_inside AS
SELECT format('account_key %s, version %s', account_key, version) AS subject, 'an amount or a counter is negative, or a side passes int64' AS detail
FROM florin.entries
WHERE CASE
  WHEN least(amount, debits_posted, credits_posted, coalesce(debits_pending, 0), coalesce(credits_pending, 0)) < 0 THEN true
  ELSE debits_posted > 9223372036854775807 - coalesce(debits_pending, 0) OR credits_posted > 9223372036854775807 - coalesce(credits_pending, 0)
END
UNION ALL
SELECT format('account_key %s, the page from version %s on', account_key, first_version), 'an amount or a counter is negative'
FROM florin.entry_pages
WHERE 0 > ANY (amounts) OR 0 > ANY (debits_posted) OR 0 > ANY (credits_posted)
UNION ALL
-- A NULL makes most comparisons of the other views say nothing, and lists look no further back than 32 versions for the
-- page in which they begin. The bounds are those of the projector. Only one dimension can be searched for NULL, hence CASE.
SELECT format('account_key %s, the page from version %s on', account_key, first_version),
       format('malformed: sides are %s, not 4 to 32, or an array is not of that length, or holds NULL', length(sides))
FROM florin.entry_pages
CROSS JOIN LATERAL format('[1:%s]', length(sides)) AS dims
WHERE CASE
  WHEN length(sides) < 4 OR length(sides) > 32
    OR array_dims(seqs_later) IS DISTINCT FROM dims OR array_dims(amounts) IS DISTINCT FROM dims
    OR array_dims(debits_posted) IS DISTINCT FROM dims OR array_dims(credits_posted) IS DISTINCT FROM dims
    OR us_later IS NOT NULL AND array_dims(us_later) IS DISTINCT FROM dims
    OR postings IS NOT NULL AND array_dims(postings) IS DISTINCT FROM dims THEN true
  ELSE coalesce(
    array_position(seqs_later, NULL), array_position(us_later, NULL), array_position(amounts, NULL),
    array_position(debits_posted, NULL), array_position(credits_posted, NULL), array_position(postings, NULL)
  ) IS NOT NULL
END
UNION ALL
SELECT format('book %s, seq %s, posting %s', book_no, seq, posting), format('kind %s with amount %s', kind, amount)
FROM florin.all_postings
WHERE amount < 0 OR (amount = 0) <> (kind IN (4, 5)) AND NOT (kind = 3 AND amount = 0);
COMMENT ON VIEW books.invariant_i13_amounts_inside IS
  'I13: every stored amount is inside int64, and positive where money moves; pages of entries are whole.';

CREATE VIEW books.invariant_i14_events_projected AS
WITH counted AS (
  SELECT shard, count(*) AS events FROM (
    SELECT b.shard FROM florin.transactions AS t JOIN florin.adopted_books AS b ON b.number = t.book_no
    UNION ALL SELECT b.shard FROM florin.refusals AS r JOIN florin.adopted_books AS b ON b.number = r.book_no
    UNION ALL SELECT (account_key >> 32)::smallint FROM florin.accounts
    UNION ALL SELECT (account_key >> 32)::smallint FROM florin.account_changes WHERE NOT opens
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
COMMENT ON VIEW books.invariant_i14_events_projected IS
  'I14, the counts: each event up to the watermark has its row. The replay from zero is done by "florin verify".';

CREATE VIEW books.invariant_references AS
SELECT format('entries %s, version %s', e.account_key, e.version) AS subject, 'no such account' AS detail
FROM florin.entries AS e WHERE NOT EXISTS (SELECT FROM florin.accounts AS a WHERE a.account_key = e.account_key)
UNION ALL
SELECT format('entry_pages %s, version %s', p.account_key, p.first_version), 'no such account'
FROM florin.entry_pages AS p WHERE NOT EXISTS (SELECT FROM florin.accounts AS a WHERE a.account_key = p.account_key)
UNION ALL
SELECT format('accounts %s', a.account_key), 'no row in account_balances'
FROM florin.accounts AS a WHERE NOT EXISTS (SELECT FROM florin.account_balances AS b WHERE b.account_key = a.account_key)
UNION ALL
SELECT format('account_balances %s', b.account_key), 'no such account'
FROM florin.account_balances AS b WHERE NOT EXISTS (SELECT FROM florin.accounts AS a WHERE a.account_key = b.account_key)
UNION ALL
SELECT format('account_changes %s, seq %s', c.account_key, c.seq), 'no such account'
FROM florin.account_changes AS c WHERE NOT EXISTS (SELECT FROM florin.accounts AS a WHERE a.account_key = c.account_key)
UNION ALL
SELECT format('posting %s, seq %s, %s', p.book_no, p.seq, p.posting), 'no such account'
FROM florin.all_postings AS p
WHERE NOT EXISTS (SELECT FROM florin.accounts AS a WHERE a.account_key = p.debit_account_key)
   OR NOT EXISTS (SELECT FROM florin.accounts AS a WHERE a.account_key = p.credit_account_key)
UNION ALL
SELECT format('transactions %s, seq %s', t.book_no, t.seq), 'no such target'
FROM florin.transactions AS t
WHERE t.target_seq IS NOT NULL
  AND NOT EXISTS (SELECT FROM florin.transactions AS target WHERE target.book_no = t.book_no AND target.seq = t.target_seq)
UNION ALL
SELECT format('transactions %s, seq %s', t.book_no, t.seq), format('%s postings, %s further ones', t.posting_count, count(p.seq))
FROM florin.transactions AS t
LEFT JOIN florin.postings AS p ON p.book_no = t.book_no AND p.seq = t.seq
GROUP BY t.book_no, t.seq, t.posting_count HAVING count(p.seq) <> t.posting_count - 1;
COMMENT ON VIEW books.invariant_references IS 'References that Postgres does not enforce: each points to a row.';

CREATE VIEW books.invariant_effective_days AS
WITH moved AS (
  SELECT account_key, day, sum(debits) AS debits, sum(credits) AS credits FROM (
    SELECT e.account_key, d.day, d.sign * CASE e.side WHEN 1 THEN e.amount ELSE 0 END AS debits, d.sign * CASE e.side WHEN 2 THEN e.amount ELSE 0 END AS credits
    FROM florin.entries AS e
    CROSS JOIN LATERAL (VALUES (e.effective_date, 1), ((e.booked_at AT TIME ZONE 'UTC')::date, -1)) AS d(day, sign)
    WHERE e.effective_date IS NOT NULL AND e.amount > 0
  ) AS each GROUP BY account_key, day
)
SELECT format('account_key %s, day %s', coalesce(m.account_key, d.account_key), coalesce(m.day, d.day)) AS subject,
       format('entries say %s / %s, displaced_days %s / %s', m.debits, m.credits, d.debits, d.credits) AS detail
FROM moved AS m
FULL JOIN florin.displaced_days AS d ON d.account_key = m.account_key AND d.day = m.day
WHERE coalesce(m.debits, 0) <> coalesce(d.debits, 0) OR coalesce(m.credits, 0) <> coalesce(d.credits, 0);
COMMENT ON VIEW books.invariant_effective_days IS 'The sums by which balances of effective dates are found are those of the entries.';

DO $$
DECLARE
  view record;
BEGIN
  FOR view IN SELECT relname FROM pg_class WHERE relnamespace = 'books'::regnamespace AND relkind = 'v' AND relname LIKE 'invariant\_%' LOOP
    EXECUTE format('COMMENT ON COLUMN books.%I.subject IS %L', view.relname, 'What violates it.');
    EXECUTE format('COMMENT ON COLUMN books.%I.detail IS %L', view.relname, 'In which way.');
  END LOOP;
END $$;
