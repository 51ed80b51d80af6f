-- The contract: what people query. Columns are only ever added.

CREATE VIEW books.assets AS
SELECT code, scale::integer AS scale, name, iso_4217 FROM florin.assets
UNION ALL
SELECT DISTINCT ON (a.code) a.code, a.scale::integer, a.name, false FROM florin.adopted_assets AS a
WHERE NOT EXISTS (SELECT FROM florin.assets AS known WHERE known.code = a.code);
COMMENT ON VIEW books.assets IS 'What amounts are counted in: ISO 4217 and custom assets.';
COMMENT ON COLUMN books.assets.code IS 'The asset''s code, for example EUR.';
COMMENT ON COLUMN books.assets.scale IS 'Decimal digits of the minor unit: EUR 2, JPY 0.';
COMMENT ON COLUMN books.assets.name IS 'A name for people.';
COMMENT ON COLUMN books.assets.iso_4217 IS 'True for currencies of ISO 4217, which never change.';

CREATE VIEW books.books AS
SELECT name, shard::integer AS shard, overridden, description, created_at, number FROM florin.books
UNION ALL
SELECT a.name, a.shard::integer, NULL, NULL, a.adopted_at, a.number FROM florin.adopted_books AS a
WHERE NOT EXISTS (SELECT FROM florin.books AS known WHERE known.number = a.number);
COMMENT ON VIEW books.books IS 'The books. On a server without the control shard: those that its shards hold.';
COMMENT ON COLUMN books.books.name IS 'The book''s name.';
COMMENT ON COLUMN books.books.shard IS 'The shard that holds the book.';
COMMENT ON COLUMN books.books.overridden IS 'True if the shard was named at creation; null on a server without the control shard.';
COMMENT ON COLUMN books.books.description IS 'A description for people; null on a server without the control shard.';
COMMENT ON COLUMN books.books.created_at IS 'When the book was created (block time).';
COMMENT ON COLUMN books.books.number IS 'The book''s number inside Florin.';

CREATE VIEW books.accounts AS
SELECT book.name AS book, a.code, a.id, a.asset,
       CASE a.normal_side WHEN 1 THEN 'DEBIT' ELSE 'CREDIT' END AS normal_side,
       CASE WHEN a.closed_at IS NULL THEN 'OPEN' ELSE 'CLOSED' END AS state,
       florin.balance_of(a.normal_side, b.debits_posted, b.credits_posted) AS posted_balance,
       florin.balance_of(a.normal_side, b.debits_posted, b.credits_posted)
         - CASE a.normal_side WHEN 1 THEN b.credits_pending ELSE b.debits_pending END AS available_balance,
       b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending, b.version,
       a.posted_floor, a.posted_ceiling, a.available_floor, a.available_ceiling,
       coalesce(a.metadata, '{}') AS metadata, a.opened_at, a.closed_at, a.account_key
FROM florin.accounts AS a
JOIN florin.account_balances AS b ON b.account_key = a.account_key
JOIN florin.adopted_books AS book ON book.number = a.book_no;
COMMENT ON VIEW books.accounts IS 'The accounts with their balances. Amounts are minor units of the asset.';
COMMENT ON COLUMN books.accounts.book IS 'The book''s name.';
COMMENT ON COLUMN books.accounts.code IS 'The account''s code, unique in its book.';
COMMENT ON COLUMN books.accounts.id IS 'The account''s id, unique in its book.';
COMMENT ON COLUMN books.accounts.asset IS 'The code of the account''s one asset.';
COMMENT ON COLUMN books.accounts.normal_side IS 'The side on which the balance is positive: DEBIT or CREDIT.';
COMMENT ON COLUMN books.accounts.state IS 'OPEN, or CLOSED for good.';
COMMENT ON COLUMN books.accounts.posted_balance IS 'The posted balance on the normal side, minor units.';
COMMENT ON COLUMN books.accounts.available_balance IS 'The posted balance less pending movements that would lower it, minor units.';
COMMENT ON COLUMN books.accounts.debits_posted IS 'Sum of posted debits, minor units; only grows.';
COMMENT ON COLUMN books.accounts.credits_posted IS 'Sum of posted credits, minor units; only grows.';
COMMENT ON COLUMN books.accounts.debits_pending IS 'Debits held by open pending transactions, minor units.';
COMMENT ON COLUMN books.accounts.credits_pending IS 'Credits held by open pending transactions, minor units.';
COMMENT ON COLUMN books.accounts.version IS 'How many entries the account has.';
COMMENT ON COLUMN books.accounts.posted_floor IS 'The posted balance never falls below this; null for no limit.';
COMMENT ON COLUMN books.accounts.posted_ceiling IS 'The posted balance never rises above this; null for no limit.';
COMMENT ON COLUMN books.accounts.available_floor IS 'The available balance never falls below this; null for no limit.';
COMMENT ON COLUMN books.accounts.available_ceiling IS 'The posted balance plus pending movements that would raise it never rises above this; null for no limit.';
COMMENT ON COLUMN books.accounts.metadata IS 'The metadata in force; keys and values are text.';
COMMENT ON COLUMN books.accounts.opened_at IS 'When it was opened (block time).';
COMMENT ON COLUMN books.accounts.closed_at IS 'When it was closed; null while open.';
COMMENT ON COLUMN books.accounts.account_key IS 'Joins with books.entries and books.postings: shard << 32 | number.';

CREATE VIEW books.transactions AS
SELECT book.name AS book, t.seq, t.id,
       (ARRAY['DIRECT', 'PENDING', 'POST', 'VOID', 'EXPIRY', 'REVERSAL'])[t.kind] AS kind,
       CASE WHEN t.kind = 2 THEN (ARRAY['PENDING', 'POSTED', 'VOIDED', 'EXPIRED'])[p.state] ELSE 'POSTED' END AS state,
       coalesce(t.effective_date, (t.booked_at AT TIME ZONE 'UTC')::date) AS effective_date,
       t.booked_at, t.expires_at, coalesce(t.reference, '') AS reference, coalesce(t.metadata, '{}') AS metadata,
       t.posting_count::integer AS posting_count, target.id AS target_id, t.target_seq
FROM florin.transactions AS t
JOIN florin.adopted_books AS book ON book.number = t.book_no
LEFT JOIN florin.transaction_progress AS p ON t.kind = 2 AND p.shard = book.shard AND p.seq = t.seq
LEFT JOIN florin.transactions AS target ON target.book_no = t.book_no AND target.seq = t.target_seq;
COMMENT ON VIEW books.transactions IS 'The transactions; their movements are in books.postings.';
COMMENT ON COLUMN books.transactions.book IS 'The book''s name.';
COMMENT ON COLUMN books.transactions.seq IS 'The sequence number in the book''s shard; orders transactions.';
COMMENT ON COLUMN books.transactions.id IS 'The caller''s id; null for an expiry.';
COMMENT ON COLUMN books.transactions.kind IS 'DIRECT, PENDING, POST, VOID, EXPIRY or REVERSAL.';
COMMENT ON COLUMN books.transactions.state IS 'POSTED; of a pending one PENDING while open, then POSTED, VOIDED or EXPIRED.';
COMMENT ON COLUMN books.transactions.effective_date IS 'The date on which it takes effect.';
COMMENT ON COLUMN books.transactions.booked_at IS 'When it was booked (block time).';
COMMENT ON COLUMN books.transactions.expires_at IS 'When the hold expires; null if never.';
COMMENT ON COLUMN books.transactions.reference IS 'The caller''s reference.';
COMMENT ON COLUMN books.transactions.metadata IS 'The caller''s metadata; keys and values are text.';
COMMENT ON COLUMN books.transactions.posting_count IS 'How many postings it has.';
COMMENT ON COLUMN books.transactions.target_id IS 'Of a post, void, expiry or reversal: the id of the transaction it acts on.';
COMMENT ON COLUMN books.transactions.target_seq IS 'The sequence number of that transaction.';

CREATE VIEW books.postings AS
SELECT book.name AS book, t.seq, t.id AS transaction_id, p.posting, d.code AS debit_code, c.code AS credit_code,
       d.id AS debit_account, c.id AS credit_account, d.asset, p.amount,
       coalesce(progress.posted[1 + p.posting], 0) AS posted_amount,
       coalesce(progress.reversed[1 + p.posting], 0) AS reversed_amount,
       p.released AS released_amount, p.target_posting, p.debit_account_key, p.credit_account_key
FROM florin.transactions AS t
JOIN florin.adopted_books AS book ON book.number = t.book_no
CROSS JOIN LATERAL (
  SELECT 0 AS posting, t.debit_account_key, t.credit_account_key, t.amount, t.target_posting::integer AS target_posting, t.released
  UNION ALL
  SELECT more.posting::integer, more.debit_account_key, more.credit_account_key, more.amount, more.target_posting::integer, more.released
  FROM florin.postings AS more WHERE t.posting_count > 1 AND more.book_no = t.book_no AND more.seq = t.seq
) AS p
JOIN florin.accounts AS d ON d.account_key = p.debit_account_key
JOIN florin.accounts AS c ON c.account_key = p.credit_account_key
LEFT JOIN florin.transaction_progress AS progress ON progress.shard = book.shard AND progress.seq = t.seq;
COMMENT ON VIEW books.postings IS 'The movements of the transactions: an amount from the credited to the debited account.';
COMMENT ON COLUMN books.postings.book IS 'The book''s name.';
COMMENT ON COLUMN books.postings.seq IS 'The transaction''s sequence number.';
COMMENT ON COLUMN books.postings.transaction_id IS 'The transaction''s id; null for an expiry.';
COMMENT ON COLUMN books.postings.posting IS 'The index in the transaction, from 0.';
COMMENT ON COLUMN books.postings.debit_code IS 'The code of the debited account.';
COMMENT ON COLUMN books.postings.credit_code IS 'The code of the credited account.';
COMMENT ON COLUMN books.postings.debit_account IS 'The id of the debited account.';
COMMENT ON COLUMN books.postings.credit_account IS 'The id of the credited account.';
COMMENT ON COLUMN books.postings.asset IS 'The asset of both accounts.';
COMMENT ON COLUMN books.postings.amount IS 'Minor units moved, or held by a pending one; 0 for a void or expiry.';
COMMENT ON COLUMN books.postings.posted_amount IS 'Of a pending one: how much was posted so far, minor units.';
COMMENT ON COLUMN books.postings.reversed_amount IS 'How much of it was reversed so far, minor units.';
COMMENT ON COLUMN books.postings.released_amount IS 'Of a post, void or expiry: how much left the hold, posted part included; else null.';
COMMENT ON COLUMN books.postings.target_posting IS 'Of a post, void, expiry or reversal: the index of the target''s posting; else null.';
COMMENT ON COLUMN books.postings.debit_account_key IS 'Joins with books.accounts.';
COMMENT ON COLUMN books.postings.credit_account_key IS 'Joins with books.accounts.';

CREATE VIEW books.entries AS
SELECT book.name AS book, a.code, a.id AS account_id, e.version, e.seq, t.id AS transaction_id, e.posting::integer AS posting,
       CASE e.side WHEN 1 THEN 'DEBIT' ELSE 'CREDIT' END AS side,
       CASE WHEN coalesce(e.pending_change, 0) = 0 THEN 'POSTED' WHEN e.pending_change > 0 THEN 'HELD'
            WHEN e.amount = 0 THEN 'RELEASED' ELSE 'POSTED_FROM_HOLD' END AS kind,
       e.amount, coalesce(e.pending_change, 0) AS pending_change,
       florin.balance_of(a.normal_side, e.debits_posted, e.credits_posted) AS posted_balance,
       florin.balance_of(a.normal_side, e.debits_posted, e.credits_posted)
         - coalesce(CASE a.normal_side WHEN 1 THEN e.credits_pending ELSE e.debits_pending END, 0) AS available_balance,
       e.booked_at, coalesce(e.effective_date, (e.booked_at AT TIME ZONE 'UTC')::date) AS effective_date,
       e.debits_posted, e.credits_posted, coalesce(e.debits_pending, 0) AS debits_pending,
       coalesce(e.credits_pending, 0) AS credits_pending, a.asset, e.account_key
FROM florin.accounts AS a
JOIN florin.adopted_books AS book ON book.number = a.book_no
-- Account by account, so that a condition on the account reaches the keys of rows and pages.
CROSS JOIN LATERAL (
  SELECT account_key, version, seq, booked_at, amount, debits_posted, credits_posted, pending_change, debits_pending,
         credits_pending, effective_date, posting, side
  FROM florin.entries AS r WHERE r.account_key = a.account_key
  UNION ALL
  SELECT account_key, first_version + place, first_seq + seq_later, booked_at + coalesce(us_later, 0) * interval '1 microsecond',
         amount, debits_posted, credits_posted, NULL::bigint AS pending_change, NULL::bigint AS debits_pending,
         NULL::bigint AS credits_pending, NULL::date AS effective_date, coalesce(posting, 0::smallint) AS posting,
         (1 + get_bit(sides, place))::smallint AS side
  FROM (
    SELECT account_key, first_version, first_seq, booked_at, sides, generate_series(0, cardinality(amounts) - 1) AS place,
           unnest(seqs_later) AS seq_later, unnest(us_later) AS us_later, unnest(amounts) AS amount,
           unnest(debits_posted) AS debits_posted, unnest(credits_posted) AS credits_posted, unnest(postings) AS posting
    FROM florin.entry_pages AS p WHERE p.account_key = a.account_key
  ) AS paged
) AS e
LEFT JOIN florin.transactions AS t ON t.book_no = a.book_no AND t.seq = e.seq;
COMMENT ON VIEW books.entries IS 'The history of each account, one entry a side of a posting, with the balances after it.';
COMMENT ON COLUMN books.entries.book IS 'The name of the account''s book.';
COMMENT ON COLUMN books.entries.code IS 'The account''s code.';
COMMENT ON COLUMN books.entries.account_id IS 'The account''s id.';
COMMENT ON COLUMN books.entries.version IS 'From 1 without gaps in each account.';
COMMENT ON COLUMN books.entries.seq IS 'The transaction''s sequence number.';
COMMENT ON COLUMN books.entries.transaction_id IS 'The transaction''s id; null for an expiry.';
COMMENT ON COLUMN books.entries.posting IS 'The index of the posting in the transaction.';
COMMENT ON COLUMN books.entries.side IS 'DEBIT or CREDIT.';
COMMENT ON COLUMN books.entries.kind IS 'POSTED, HELD, RELEASED, or POSTED_FROM_HOLD.';
COMMENT ON COLUMN books.entries.amount IS 'Posted money moved, minor units; 0 for holds and releases.';
COMMENT ON COLUMN books.entries.pending_change IS 'How the pending counter of that side changed, minor units.';
COMMENT ON COLUMN books.entries.posted_balance IS 'The posted balance after it, on the normal side, minor units.';
COMMENT ON COLUMN books.entries.available_balance IS 'The available balance after it, minor units.';
COMMENT ON COLUMN books.entries.booked_at IS 'When it was booked (block time); never falls along version.';
COMMENT ON COLUMN books.entries.effective_date IS 'The date on which it takes effect.';
COMMENT ON COLUMN books.entries.debits_posted IS 'Sum of posted debits after it, minor units.';
COMMENT ON COLUMN books.entries.credits_posted IS 'Sum of posted credits after it, minor units.';
COMMENT ON COLUMN books.entries.debits_pending IS 'Debits held after it, minor units.';
COMMENT ON COLUMN books.entries.credits_pending IS 'Credits held after it, minor units.';
COMMENT ON COLUMN books.entries.asset IS 'The account''s asset.';
COMMENT ON COLUMN books.entries.account_key IS 'Joins with books.accounts.';

CREATE VIEW books.limits_history AS
SELECT book.name AS book, a.code, a.id AS account_id, c.id AS change_id, c.seq, c.changed_at,
       c.posted_floor, c.posted_ceiling, c.available_floor, c.available_ceiling
FROM florin.account_changes AS c
JOIN florin.accounts AS a ON a.account_key = c.account_key
JOIN florin.adopted_books AS book ON book.number = a.book_no
WHERE c.sets_limits;
COMMENT ON VIEW books.limits_history IS 'The limits of accounts as they stood from each change on, beginning with those they were opened with if any.';
COMMENT ON COLUMN books.limits_history.book IS 'The book''s name.';
COMMENT ON COLUMN books.limits_history.code IS 'The account''s code.';
COMMENT ON COLUMN books.limits_history.account_id IS 'The account''s id.';
COMMENT ON COLUMN books.limits_history.change_id IS 'The change''s own id; the account''s id where it was opened with them.';
COMMENT ON COLUMN books.limits_history.seq IS 'The change''s sequence number in the shard.';
COMMENT ON COLUMN books.limits_history.changed_at IS 'When it was changed (block time).';
COMMENT ON COLUMN books.limits_history.posted_floor IS 'From then on; null for no limit.';
COMMENT ON COLUMN books.limits_history.posted_ceiling IS 'From then on; null for no limit.';
COMMENT ON COLUMN books.limits_history.available_floor IS 'From then on; null for no limit.';
COMMENT ON COLUMN books.limits_history.available_ceiling IS 'From then on; null for no limit.';

CREATE VIEW books.refusals AS
SELECT book.name AS book, r.id, r.seq, r.booked_at, coalesce(n.name, r.reason::text) AS reason,
       (ARRAY['CREATE', 'POST', 'VOID', 'REVERSE', 'OPEN_ACCOUNT', 'CHANGE_ACCOUNT', 'CLOSE_ACCOUNT'])[r.op] AS command,
       r.posting::integer AS posting, r.account_id, r.field
FROM florin.refusals AS r
JOIN florin.adopted_books AS book ON book.number = r.book_no
LEFT JOIN florin.refusal_reasons AS n ON n.number = r.reason;
COMMENT ON VIEW books.refusals IS 'Remembered refusals: their ids are spent and get the same answer for ever.';
COMMENT ON COLUMN books.refusals.book IS 'The book''s name.';
COMMENT ON COLUMN books.refusals.id IS 'The id of the refused item.';
COMMENT ON COLUMN books.refusals.seq IS 'The sequence number in the book''s shard.';
COMMENT ON COLUMN books.refusals.booked_at IS 'When it was refused (block time).';
COMMENT ON COLUMN books.refusals.reason IS 'The stable reason, see docs/errors.md.';
COMMENT ON COLUMN books.refusals.command IS 'What was asked.';
COMMENT ON COLUMN books.refusals.posting IS 'The index of the posting at fault; null if the refusal is not about one.';
COMMENT ON COLUMN books.refusals.account_id IS 'The account at fault; null if the refusal is not about one.';
COMMENT ON COLUMN books.refusals.field IS 'The path of the field at fault; null if none is.';

-- For people: the balance of one account at a moment of booking, or at the end of an effective date. SECURITY DEFINER
-- since they read the tables beneath, which the role for people cannot.
CREATE FUNCTION books.balance_at(book text, account text, moment timestamptz)
RETURNS TABLE (code text, asset text, posted_balance bigint, available_balance bigint, version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.code, a.asset, florin.balance_of(a.normal_side, c.debits_posted, c.credits_posted),
         florin.balance_of(a.normal_side, c.debits_posted, c.credits_posted)
           - CASE a.normal_side WHEN 1 THEN c.credits_pending ELSE c.debits_pending END,
         c.version
  FROM florin.adopted_books AS b
  JOIN florin.accounts AS a ON a.book_no = b.number
    AND (a.code = balance_at.account OR a.id = CASE WHEN balance_at.account ~ '^[0-9a-fA-F-]{36}$' THEN balance_at.account::uuid END)
  CROSS JOIN LATERAL florin.counters_booked_at(a.account_key, balance_at.moment) AS c
  WHERE b.name = balance_at.book
$$;
COMMENT ON FUNCTION books.balance_at(text, text, timestamptz) IS
  'The balance of an account, by code or id, after everything booked at or before the moment.';

CREATE FUNCTION books.balance_on(book text, account text, effective_date date)
RETURNS TABLE (code text, asset text, posted_balance bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT a.code, a.asset, florin.balance_of(a.normal_side, p.debits_posted, p.credits_posted)
  FROM florin.adopted_books AS b
  JOIN florin.accounts AS a ON a.book_no = b.number
    AND (a.code = balance_on.account OR a.id = CASE WHEN balance_on.account ~ '^[0-9a-fA-F-]{36}$' THEN balance_on.account::uuid END)
  CROSS JOIN LATERAL florin.posted_effective_on(a.account_key, balance_on.effective_date) AS p
  WHERE b.name = balance_on.book
$$;
COMMENT ON FUNCTION books.balance_on(text, text, date) IS
  'The posted balance of an account, by code or id, of everything that takes effect up to and including the date.';
