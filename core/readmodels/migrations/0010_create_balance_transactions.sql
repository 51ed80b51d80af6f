-- What payments did to a merchant's balance, as a merchant reads it. The postings keep their view under the name of what
-- they are; a balance transaction is the effect of one transaction of the ledger on the accounts of one merchant.

ALTER VIEW books.balance_transactions RENAME TO payment_postings;
COMMENT ON COLUMN books.payment_timeline.transaction_count IS 'How many transactions of the ledger belong to it, see books.payment_postings.';

-- By the codes that the chart gives them, so that the index of codes leads to them. A caller cannot take an id of ours,
-- but may have had an account of that code before: ours stands behind the prefix then. OFFSET 0 keeps the ranges apart from the
-- condition on the id, which leads the planner to expect more rows than an index is good for.
CREATE VIEW florin.merchant_accounts AS
SELECT m.book_no, m.id AS merchant_id, a.account_key, a.asset AS currency, a.normal_side, part.name AS part
FROM florin.merchants AS m
CROSS JOIN (VALUES ('pending'), ('available'), ('reserve'), ('owed')) AS part(name)
CROSS JOIN (VALUES (''), ('florin:')) AS own(prefix)
CROSS JOIN LATERAL (
  SELECT own.prefix || CASE part.name WHEN 'owed' THEN 'merchant_receivable:' || m.id ELSE 'm:' || m.id || ':' || part.name END || ':' AS code
) AS begin
CROSS JOIN LATERAL (
  SELECT account_key, asset, normal_side, id FROM florin.accounts
  WHERE book_no = m.book_no AND code >= begin.code AND code < begin.code || '~'
  OFFSET 0
) AS a
WHERE a.id::text LIKE 'f10e1a00-____-8%';
COMMENT ON VIEW florin.merchant_accounts IS 'The accounts that hold what a merchant has, and what it owes.';

CREATE FUNCTION florin.merchant_part(id uuid, code text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN id::text NOT LIKE 'f10e1a00-____-8%' THEN NULL
    WHEN code ~ '^(florin:)?merchant_receivable:' THEN ARRAY[split_part(regexp_replace(code, '^florin:', ''), ':', 2), 'owed']
    WHEN code ~ '^(florin:)?m:[^:]+:(pending|available|reserve):'
      THEN (string_to_array(regexp_replace(code, '^florin:', ''), ':'))[2:3] END
$$;
COMMENT ON FUNCTION florin.merchant_part(uuid, text) IS 'Of an account of florin.merchant_accounts the merchant and the part of its balance; else null.';

CREATE FUNCTION florin.balance_transaction_type(purpose text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN purpose IN ('captured', 'applied') THEN 'charge'
    WHEN purpose = 'capture taken back' THEN 'charge_failure'
    WHEN purpose IN ('refund asked', 'refund owed') THEN 'refund'
    WHEN purpose IN ('refund failed', 'refund taken back') THEN 'refund_failure'
    WHEN purpose IN ('refunded', 'fees given back', 'dispute fee') THEN 'fee'
    WHEN purpose = 'disputed' THEN 'dispute'
    WHEN purpose = 'dispute won' THEN 'dispute_reversal'
    WHEN purpose IN ('available', 'reserve released') THEN 'available'
    ELSE 'adjustment' END
$$;
COMMENT ON FUNCTION florin.balance_transaction_type(text) IS 'What a merchant calls that which a transaction was booked for; adjustment for whatever no payment led to.';

-- A pending transaction, a void and an expiry move nothing that is posted.
CREATE VIEW florin.balance_effects AS
SELECT t.book_no, t.seq, t.id, t.booked_at, t.reference, effect.*
FROM florin.transactions AS t
CROSS JOIN LATERAL (
  SELECT side.part[1]::uuid AS merchant_id, side.currency, sum(side.change) AS net,
         coalesce(-sum(side.change) FILTER (WHERE side.other LIKE ANY ('{income:%,florin:income:%}')), 0) AS fee,
         coalesce(-sum(side.change) FILTER (WHERE side.other LIKE ANY ('{tax:%,florin:tax:%}')), 0) AS tax,
         coalesce(sum(side.change) FILTER (WHERE side.part[2] = 'pending'), 0) AS pending_change,
         coalesce(sum(side.change) FILTER (WHERE side.part[2] = 'available'), 0) AS available_change,
         coalesce(sum(side.change) FILTER (WHERE side.part[2] = 'reserve'), 0) AS reserve_change,
         coalesce(-sum(side.change) FILTER (WHERE side.part[2] = 'owed'), 0) AS owed_change
  FROM (
    SELECT t.debit_account_key, t.credit_account_key, t.amount
    UNION ALL
    SELECT more.debit_account_key, more.credit_account_key, more.amount
    FROM florin.postings AS more WHERE t.posting_count > 1 AND more.book_no = t.book_no AND more.seq = t.seq
  ) AS p
  JOIN florin.accounts AS d ON d.account_key = p.debit_account_key
  JOIN florin.accounts AS c ON c.account_key = p.credit_account_key
  CROSS JOIN LATERAL (VALUES
    (florin.merchant_part(d.id, d.code), c.code, d.asset, -p.amount),
    (florin.merchant_part(c.id, c.code), d.code, c.asset, p.amount)
  ) AS side(part, other, currency, change)
  WHERE side.part IS NOT NULL AND p.amount > 0
  GROUP BY side.part[1], side.currency
) AS effect
WHERE t.kind IN (1, 3, 6);
COMMENT ON VIEW florin.balance_effects IS 'What each transaction did to each merchant that it touched, by currency.';

-- The reference says which payment it may be; that the transaction is one of its event proves it, since a caller may
-- write any reference. What is pending is released by the next event that says so, or waits for its moment.
CREATE VIEW florin.balance_transactions AS
SELECT f.book_no, f.seq, f.id, f.merchant_id, f.currency, florin.balance_transaction_type(of_payment.purpose) AS type,
       f.net + f.fee + f.tax AS amount, f.fee, f.tax, f.net, f.pending_change, f.available_change, f.reserve_change, f.owed_change,
       CASE WHEN f.pending_change = 0 OR of_payment.is_settled THEN 'available' ELSE 'pending' END AS status,
       CASE WHEN f.pending_change = 0 THEN f.booked_at ELSE of_payment.available_at END AS available_at,
       of_payment.id AS payment_intent_id, of_payment.purpose, of_payment.operation_id, f.booked_at AS created_at
FROM florin.balance_effects AS f
LEFT JOIN LATERAL (
  SELECT i.id, named.purpose, released.booked_at IS NOT NULL OR s.pending = 0 AS is_settled,
         coalesce(released.booked_at, CASE WHEN s.pending > 0 THEN s.available_at END) AS available_at,
         (SELECT (operation ->> 'id')::uuid
          FROM jsonb_array_elements(florin.change_json(e.change) -> 'operations') WITH ORDINALITY AS each(operation, place)
          WHERE operation ->> 'kind' = ANY (CASE
            WHEN named.purpose LIKE 'captur%' OR named.purpose LIKE 'disput%' OR named.purpose = 'applied' THEN '{capture,sale}'
            WHEN named.purpose LIKE 'refund%' THEN '{refund}'
            ELSE '{}' END::text[])
          ORDER BY place LIMIT 1) AS operation_id
  FROM (
    SELECT CASE WHEN f.reference ~ '^payment [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} ' THEN substr(f.reference, 9, 36)::uuid END AS intent_id,
           substr(f.reference, 46) AS purpose
  ) AS named
  JOIN florin.payment_intents AS i ON i.id = named.intent_id AND i.book_no = f.book_no
  JOIN florin.payment_states AS s ON s.shard = i.shard AND s.seq = i.seq
  CROSS JOIN LATERAL (
    SELECT next.seq, next.transaction_count, next.change FROM florin.payment_events AS next
    WHERE next.shard = i.shard AND next.subject_seq = i.seq AND next.seq > f.seq ORDER BY next.seq LIMIT 1
  ) AS e
  LEFT JOIN LATERAL (
    SELECT later.booked_at FROM florin.payment_events AS later
    WHERE later.shard = i.shard AND later.subject_seq = i.seq AND later.seq > f.seq AND later.name = 'money_available'
    ORDER BY later.seq LIMIT 1
  ) AS released ON true
  WHERE e.seq - e.transaction_count <= f.seq
) AS of_payment ON true;
COMMENT ON VIEW florin.balance_transactions IS 'The effects with the payment that led to them; asked by book_no and seq.';

CREATE VIEW books.balance_transactions AS
SELECT book.name AS book, b.id, b.merchant_id, b.type, b.amount, b.fee, b.tax, b.net, b.pending_change, b.available_change,
       b.reserve_change, b.owed_change, b.currency, b.status, b.available_at, b.payment_intent_id, b.operation_id, b.purpose,
       b.created_at, b.seq
FROM florin.merchants AS m
JOIN florin.adopted_books AS book ON book.number = m.book_no
CROSS JOIN LATERAL (
  SELECT DISTINCT e.seq
  FROM florin.merchant_accounts AS a
  CROSS JOIN LATERAL (
    SELECT each.seq FROM florin.entries AS each WHERE each.account_key = a.account_key AND each.amount > 0
    UNION ALL
    SELECT page.first_seq + later FROM florin.entry_pages AS page CROSS JOIN LATERAL unnest(page.seqs_later) AS later
    WHERE page.account_key = a.account_key
  ) AS e
  WHERE a.book_no = m.book_no AND a.merchant_id = m.id
) AS touched
JOIN florin.balance_transactions AS b ON b.book_no = m.book_no AND b.seq = touched.seq AND b.merchant_id = m.id;
COMMENT ON VIEW books.balance_transactions IS 'What happened to the balance of each merchant, one row an effect; the sum of net is pending + available + reserve - owed of books.merchant_balances. Ask it by merchant_id: it walks the accounts of merchants.';
COMMENT ON COLUMN books.balance_transactions.book IS 'The book''s name.';
COMMENT ON COLUMN books.balance_transactions.id IS 'The id of the transaction in the ledger; joins with books.transactions.';
COMMENT ON COLUMN books.balance_transactions.merchant_id IS 'Whose balance it is.';
COMMENT ON COLUMN books.balance_transactions.type IS 'charge, charge_failure, refund, refund_failure, fee, dispute, dispute_reversal, available or adjustment.';
COMMENT ON COLUMN books.balance_transactions.amount IS 'Before fee and tax, minor units; below 0 where it was taken from the merchant.';
COMMENT ON COLUMN books.balance_transactions.fee IS 'Fees charged with it, minor units; below 0 where they were given back.';
COMMENT ON COLUMN books.balance_transactions.tax IS 'Tax on the fees, minor units; below 0 where it was given back.';
COMMENT ON COLUMN books.balance_transactions.net IS 'amount - fee - tax: what the balance changed by, minor units.';
COMMENT ON COLUMN books.balance_transactions.pending_change IS 'How the part changed that is not available yet, minor units.';
COMMENT ON COLUMN books.balance_transactions.available_change IS 'How the part changed that the merchant can use, minor units.';
COMMENT ON COLUMN books.balance_transactions.reserve_change IS 'How the reserve changed, minor units.';
COMMENT ON COLUMN books.balance_transactions.owed_change IS 'How that changed which the merchant owes, minor units.';
COMMENT ON COLUMN books.balance_transactions.currency IS 'The ISO 4217 code.';
COMMENT ON COLUMN books.balance_transactions.status IS 'pending while its pending part waits to become available; else available.';
COMMENT ON COLUMN books.balance_transactions.available_at IS 'When its pending part becomes available, or became so; when it was booked where it had none. Null where nothing of the payment''s pending money was left to become available, and where no payment led to it.';
COMMENT ON COLUMN books.balance_transactions.payment_intent_id IS 'The payment that led to it; null for an adjustment.';
COMMENT ON COLUMN books.balance_transactions.operation_id IS 'The capture, sale or refund behind it; null where none is.';
COMMENT ON COLUMN books.balance_transactions.purpose IS 'What it was booked for, see docs/payments.md; null for an adjustment.';
COMMENT ON COLUMN books.balance_transactions.created_at IS 'When it was booked (block time).';
COMMENT ON COLUMN books.balance_transactions.seq IS 'The sequence number in the book''s shard; joins with books.payment_postings.';

CREATE VIEW books.merchant_balances AS
SELECT book.name AS book, a.merchant_id, a.currency,
       coalesce(sum(balance.posted) FILTER (WHERE a.part = 'pending'), 0)::bigint AS pending,
       coalesce(sum(balance.posted) FILTER (WHERE a.part = 'available'), 0)::bigint AS available,
       coalesce(sum(balance.posted) FILTER (WHERE a.part = 'reserve'), 0)::bigint AS reserve,
       coalesce(sum(balance.posted) FILTER (WHERE a.part = 'owed'), 0)::bigint AS owed
FROM florin.merchant_accounts AS a
JOIN florin.adopted_books AS book ON book.number = a.book_no
JOIN florin.account_balances AS b ON b.account_key = a.account_key
CROSS JOIN LATERAL (SELECT florin.balance_of(a.normal_side, b.debits_posted, b.credits_posted) AS posted) AS balance
GROUP BY book.name, a.merchant_id, a.currency;
COMMENT ON VIEW books.merchant_balances IS 'What each merchant has and owes, by currency. A merchant that no money has touched has no row.';
COMMENT ON COLUMN books.merchant_balances.book IS 'The book''s name.';
COMMENT ON COLUMN books.merchant_balances.merchant_id IS 'The merchant''s id.';
COMMENT ON COLUMN books.merchant_balances.currency IS 'The ISO 4217 code.';
COMMENT ON COLUMN books.merchant_balances.pending IS 'Captured, and not available yet, minor units.';
COMMENT ON COLUMN books.merchant_balances.available IS 'What the merchant can use, minor units.';
COMMENT ON COLUMN books.merchant_balances.reserve IS 'What is kept back, minor units.';
COMMENT ON COLUMN books.merchant_balances.owed IS 'What the merchant owes, minor units.';
