-- Merchants change. What was agreed with one when a payment was made stays true for that payment, so terms are numbered:
-- a payment has the number of its own, and the row of a merchant those of payments that are made from now on.

ALTER TABLE florin.merchants
  ADD COLUMN version bigint NOT NULL DEFAULT 1,
  ADD COLUMN last_seq bigint NOT NULL DEFAULT 0,
  ADD COLUMN seal bigint NOT NULL DEFAULT 0,
  ADD COLUMN terms_number smallint NOT NULL DEFAULT 1,
  ADD COLUMN reserve_ppm integer NOT NULL DEFAULT 0,
  ADD COLUMN reserve_days smallint NOT NULL DEFAULT 0,
  ADD CONSTRAINT merchants_terms CHECK (terms_number BETWEEN 1 AND version);
ALTER TABLE florin.merchants
  ALTER COLUMN version DROP DEFAULT,
  ALTER COLUMN last_seq DROP DEFAULT,
  ALTER COLUMN seal DROP DEFAULT,
  ALTER COLUMN terms_number DROP DEFAULT,
  ALTER COLUMN reserve_ppm DROP DEFAULT,
  ALTER COLUMN reserve_days DROP DEFAULT;
-- As the writer asks for it, which knows the seq of its first event.
CREATE UNIQUE INDEX merchants_seq ON florin.merchants (shard, seq);
COMMENT ON TABLE florin.merchants IS
  'The merchants as they are now, changed by each of their events: version counts them. The terms are those of payments that are created from now on.';

ALTER TABLE florin.payment_intents
  ADD COLUMN terms_number smallint NOT NULL DEFAULT 1,
  ADD CONSTRAINT payment_intents_terms CHECK (terms_number >= 1);
ALTER TABLE florin.payment_intents ALTER COLUMN terms_number DROP DEFAULT;

CREATE OR REPLACE VIEW books.merchants AS
SELECT book.name AS book, m.id, m.name, m.country, m.settlement_days::integer AS settlement_days, m.tax_ppm, m.tax_jurisdiction,
       m.fees_returned, m.fees, m.routing, m.created_at, m.seq, m.terms_number::integer AS terms_number, m.reserve_ppm,
       m.reserve_days::integer AS reserve_days, m.version, m.last_seq
FROM florin.merchants AS m
JOIN florin.adopted_books AS book ON book.number = m.book_no;
COMMENT ON VIEW books.merchants IS 'The merchants as they are now: whose payments they are, and what is charged for those that are created from now on.';
COMMENT ON COLUMN books.merchants.terms_number IS 'The number of the terms, see books.merchant_terms.';
COMMENT ON COLUMN books.merchants.reserve_ppm IS 'The part of money that is kept back when it would become available, parts per million; 0 for none.';
COMMENT ON COLUMN books.merchants.reserve_days IS 'For how many days it is kept back.';
COMMENT ON COLUMN books.merchants.version IS 'How many events it has.';
COMMENT ON COLUMN books.merchants.last_seq IS 'The sequence number of its last event.';

CREATE VIEW books.merchant_terms AS
SELECT DISTINCT ON (e.book_no, e.subject_seq, t.terms_number)
       book.name AS book, e.subject_id AS merchant_id, t.terms_number,
       (t.terms ->> 'settlementDays')::integer AS settlement_days, (t.terms ->> 'taxPpm')::integer AS tax_ppm, t.terms ->> 'taxJurisdiction' AS tax_jurisdiction,
       (t.terms ->> 'feesReturned')::boolean AS fees_returned, (t.terms -> 'reserve' ->> 'ppm')::integer AS reserve_ppm,
       (t.terms -> 'reserve' ->> 'days')::integer AS reserve_days, t.terms -> 'fees' AS fees, e.booked_at AS agreed_at, e.seq
FROM florin.payment_events AS e
CROSS JOIN LATERAL (
  SELECT (c.merchant ->> 'termsNumber')::integer AS terms_number, c.merchant -> 'terms' AS terms
  FROM (SELECT florin.change_json(e.change) -> 'merchant' AS merchant) AS c
) AS t
JOIN florin.adopted_books AS book ON book.number = e.book_no
WHERE e.subject = 1
ORDER BY e.book_no, e.subject_seq, t.terms_number, e.seq;
COMMENT ON VIEW books.merchant_terms IS 'Everything that was ever agreed with a merchant about money: a payment keeps the terms that it was created under.';
COMMENT ON COLUMN books.merchant_terms.book IS 'The book''s name.';
COMMENT ON COLUMN books.merchant_terms.merchant_id IS 'The merchant''s id.';
COMMENT ON COLUMN books.merchant_terms.terms_number IS 'From 1; books.payment_intents has that of each payment.';
COMMENT ON COLUMN books.merchant_terms.settlement_days IS 'Business days after a capture at which its money becomes available.';
COMMENT ON COLUMN books.merchant_terms.tax_ppm IS 'The tax on fees, parts per million.';
COMMENT ON COLUMN books.merchant_terms.tax_jurisdiction IS 'Where that tax is owed.';
COMMENT ON COLUMN books.merchant_terms.fees_returned IS 'True if a refund gives back its share of the fees.';
COMMENT ON COLUMN books.merchant_terms.reserve_ppm IS 'The part of money that is kept back when it would become available, parts per million; 0 for none.';
COMMENT ON COLUMN books.merchant_terms.reserve_days IS 'For how many days it is kept back.';
COMMENT ON COLUMN books.merchant_terms.fees IS 'The fee rules: method (empty for all), currency, ppm, and fixed and cap in minor units.';
COMMENT ON COLUMN books.merchant_terms.agreed_at IS 'When they were first said (block time).';
COMMENT ON COLUMN books.merchant_terms.seq IS 'The sequence number of that event.';

CREATE OR REPLACE VIEW books.payment_intents AS
SELECT book.name AS book, i.id, i.merchant_id, s.state, i.amount, i.currency, i.capture AS capture_method, s.method_type, s.provider,
       s.attempts::integer AS attempts, s.authorized, s.captured, s.capturing, s.refunded, s.refunding, s.fees, s.tax, s.pending, s.memo,
       s.unapplied, coalesce(i.reference, '') AS reference, coalesce(i.description, '') AS description,
       coalesce(i.statement_descriptor, '') AS statement_descriptor, coalesce(i.metadata, '{}') AS metadata,
       i.created_at, i.expires_at, s.available_at, s.due_at, s.canceling, coalesce(s.cancel_reason, '') AS cancel_reason,
       coalesce(s.attention, '') AS attention, s.version, i.seq, s.last_seq, s.returned, s.disputed,
       coalesce(s.owing, '') AS owing, i.customer_id, i.terms_number::integer AS terms_number
FROM florin.payment_intents AS i
JOIN florin.payment_states AS s ON s.shard = i.shard AND s.seq = i.seq
JOIN florin.adopted_books AS book ON book.number = i.book_no;
COMMENT ON COLUMN books.payment_intents.terms_number IS 'The terms of its merchant that it was created under, see books.merchant_terms.';

CREATE VIEW books.invariant_merchants_whole AS
WITH numbered AS (
  SELECT e.shard, e.book_no, e.subject_seq, e.seq, row_number() OVER w AS place, (c.merchant ->> 'version')::bigint AS version,
         (c.merchant ->> 'termsNumber')::integer AS terms_number,
         lag((c.merchant ->> 'termsNumber')::integer) OVER w AS terms_before
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL (SELECT florin.change_json(e.change) -> 'merchant' AS merchant) AS c
  WHERE e.subject = 1
  WINDOW w AS (PARTITION BY e.shard, e.subject_seq ORDER BY e.seq)
)
SELECT format('shard %s, event %s', shard, seq) AS subject, format('has the version %s and is number %s of its merchant', version, place) AS detail
FROM numbered WHERE version IS DISTINCT FROM place
UNION ALL
SELECT format('shard %s, event %s', shard, seq), format('has terms %s behind terms %s', terms_number, coalesce(terms_before, 0))
FROM numbered WHERE terms_number NOT IN (coalesce(terms_before, 1), coalesce(terms_before, 0) + 1)
UNION ALL
SELECT format('shard %s, merchant of seq %s', m.shard, m.seq), 'its row is not what its last event left'
FROM florin.merchants AS m
LEFT JOIN numbered AS n ON n.shard = m.shard AND n.subject_seq = m.seq AND n.seq = m.last_seq
WHERE m.version IS DISTINCT FROM n.version OR m.terms_number IS DISTINCT FROM n.terms_number
  OR EXISTS (SELECT FROM numbered AS later WHERE later.shard = m.shard AND later.subject_seq = m.seq AND later.seq > m.last_seq)
UNION ALL
SELECT format('book %s, payment of seq %s', i.book_no, i.seq), format('is under terms %s, of which its merchant has no more than %s', i.terms_number, m.terms_number)
FROM florin.payment_intents AS i
JOIN florin.merchants AS m ON m.book_no = i.book_no AND m.id = i.merchant_id
WHERE i.terms_number > m.terms_number;
COMMENT ON VIEW books.invariant_merchants_whole IS
  'The events of each merchant are numbered 1..n without a gap, its row is what the last of them left, and no payment is under terms that were never agreed.';
COMMENT ON COLUMN books.invariant_merchants_whole.subject IS 'What violates it.';
COMMENT ON COLUMN books.invariant_merchants_whole.detail IS 'In which way.';
