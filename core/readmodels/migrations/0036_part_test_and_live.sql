-- A merchant takes real money or tries things, and never both. Those of before tried things.
ALTER TABLE florin.merchants ADD COLUMN mode text NOT NULL DEFAULT 'test';
ALTER TABLE florin.merchants ALTER COLUMN mode DROP DEFAULT;
COMMENT ON COLUMN florin.merchants.mode IS 'test or live: whether real money moves.';

CREATE OR REPLACE VIEW books.merchants AS
SELECT book.name AS book, m.id, m.name, m.country, m.settlement_days::integer AS settlement_days, m.tax_ppm, m.tax_jurisdiction,
       m.fees_returned, m.fees, m.routing, m.created_at, m.seq, m.terms_number::integer AS terms_number, m.reserve_ppm,
       m.reserve_days::integer AS reserve_days, m.version, m.last_seq, m.mode
FROM florin.merchants AS m
JOIN florin.adopted_books AS book ON book.number = m.book_no;
COMMENT ON COLUMN books.merchants.mode IS 'test or live: whether real money moves. Its API keys, webhook endpoints and providers are of the same mode.';

CREATE VIEW books.invariant_modes_apart AS
SELECT format('shard %s, API key of seq %s', k.shard, k.seq) AS subject,
       format('is of mode %s, and its merchant of mode %s', k.mode, m.mode) AS detail
FROM florin.api_keys AS k
JOIN florin.merchants AS m ON m.book_no = k.book_no AND m.id = k.merchant_id
WHERE k.mode <> m.mode
UNION ALL
SELECT format('shard %s, webhook endpoint %s', w.shard, w.id), format('is of mode %s, and its merchant of mode %s', w.mode, m.mode)
FROM florin.webhook_endpoints AS w
JOIN florin.merchants AS m ON m.book_no = w.book_no AND m.id = w.merchant_id
WHERE w.mode <> m.mode
UNION ALL
SELECT format('shard %s, payment link of seq %s', l.shard, l.seq), format('is of mode %s, and its merchant of mode %s', l.mode, m.mode)
FROM florin.payment_links AS l
JOIN florin.merchants AS m ON m.book_no = l.book_no AND m.id = l.merchant_id
WHERE l.mode <> m.mode;
COMMENT ON VIEW books.invariant_modes_apart IS 'API keys, webhook endpoints and payment links are of the mode of their merchant, test or live.';
COMMENT ON COLUMN books.invariant_modes_apart.subject IS 'What violates it.';
COMMENT ON COLUMN books.invariant_modes_apart.detail IS 'In which way.';
