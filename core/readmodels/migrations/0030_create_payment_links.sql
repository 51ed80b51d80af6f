-- Payment links: what a merchant hands out to be paid by. As customers, each event says all of one. The amount, the currency
-- and the mode of one never change: who opens it pays what it said when it was handed out.

ALTER TABLE florin.payment_events DROP CONSTRAINT payment_events_subject;
ALTER TABLE florin.payment_events ADD CONSTRAINT payment_events_subject CHECK (subject BETWEEN 1 AND 8);
COMMENT ON TABLE florin.payment_events IS
  'Insert only: the events of merchants (subject 1, their webhook endpoints with them), payment intents (2), customers (3), payment methods (4), idempotency records (5), API keys (6), of telling webhook endpoints (7) and payment links (8), by the seq of the event that began the subject. The transactions of an event are the transaction_count ones right before it: seq - transaction_count up to seq - 1.';

CREATE TABLE florin.payment_links (
  seq bigint NOT NULL,
  id uuid NOT NULL,
  merchant_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  version bigint NOT NULL,
  last_seq bigint NOT NULL,
  seal bigint NOT NULL,
  amount bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  mode text NOT NULL,
  state text NOT NULL,
  currency text NOT NULL,
  description text,
  metadata jsonb,
  PRIMARY KEY (shard, seq),
  CONSTRAINT payment_links_id UNIQUE (book_no, id),
  CONSTRAINT payment_links_version CHECK (version >= 1),
  CONSTRAINT payment_links_amount CHECK (amount > 0),
  CONSTRAINT payment_links_mode CHECK (mode IN ('test', 'live')),
  CONSTRAINT payment_links_state CHECK (state IN ('active', 'inactive'))
) WITH (fillfactor = 80);
CREATE INDEX payment_links_seq ON florin.payment_links (book_no, seq);
CREATE INDEX payment_links_merchant ON florin.payment_links (book_no, merchant_id, seq);
COMMENT ON TABLE florin.payment_links IS 'The payment links as their last events left them; null stands for an empty text.';

CREATE VIEW books.payment_links AS
SELECT book.name AS book, l.id, l.merchant_id, l.mode, l.state, l.amount, l.currency, coalesce(l.description, '') AS description,
       coalesce(l.metadata, '{}') AS metadata, l.created_at, l.version, l.seq, l.last_seq
FROM florin.payment_links AS l
JOIN florin.adopted_books AS book ON book.number = l.book_no;
COMMENT ON VIEW books.payment_links IS 'What merchants hand out to be paid by.';
COMMENT ON COLUMN books.payment_links.book IS 'The book''s name.';
COMMENT ON COLUMN books.payment_links.id IS 'The link''s id.';
COMMENT ON COLUMN books.payment_links.merchant_id IS 'Who is paid.';
COMMENT ON COLUMN books.payment_links.mode IS 'test or live.';
COMMENT ON COLUMN books.payment_links.state IS 'active; inactive: it takes no payment.';
COMMENT ON COLUMN books.payment_links.amount IS 'What everybody pays who opens it, minor units.';
COMMENT ON COLUMN books.payment_links.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN books.payment_links.description IS 'What is paid for: payers read it.';
COMMENT ON COLUMN books.payment_links.metadata IS 'The metadata in force; keys and values are text.';
COMMENT ON COLUMN books.payment_links.created_at IS 'When it was created (block time).';
COMMENT ON COLUMN books.payment_links.version IS 'How many events it has.';
COMMENT ON COLUMN books.payment_links.seq IS 'The sequence number of the event that created it.';
COMMENT ON COLUMN books.payment_links.last_seq IS 'The sequence number of its last event.';

CREATE OR REPLACE FUNCTION florin.command_name(op smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE op
    WHEN 1 THEN 'CREATE' WHEN 2 THEN 'POST' WHEN 3 THEN 'VOID' WHEN 4 THEN 'REVERSE' WHEN 5 THEN 'OPEN_ACCOUNT'
    WHEN 6 THEN 'CHANGE_ACCOUNT' WHEN 7 THEN 'CLOSE_ACCOUNT'
    WHEN 20 THEN 'CREATE_MERCHANT' WHEN 21 THEN 'CREATE_INTENT' WHEN 22 THEN 'CONFIRM_INTENT' WHEN 23 THEN 'CAPTURE_INTENT'
    WHEN 24 THEN 'CANCEL_INTENT' WHEN 25 THEN 'REFUND_INTENT' WHEN 26 THEN 'RECORD_OUTCOME' WHEN 27 THEN 'ADVANCE_INTENT'
    WHEN 28 THEN 'RECORD_EVENT' WHEN 29 THEN 'SETTLE_OPERATION' WHEN 30 THEN 'INCREMENT_INTENT' WHEN 31 THEN 'UPDATE_INTENT'
    WHEN 50 THEN 'UPDATE_MERCHANT'
    WHEN 60 THEN 'CREATE_CUSTOMER' WHEN 61 THEN 'UPDATE_CUSTOMER'
    WHEN 62 THEN 'CREATE_PAYMENT_METHOD' WHEN 63 THEN 'ATTACH_PAYMENT_METHOD' WHEN 64 THEN 'DETACH_PAYMENT_METHOD'
    WHEN 70 THEN 'SAVE_IDEMPOTENCY_RECORD' WHEN 71 THEN 'CREATE_API_KEY' WHEN 72 THEN 'REVOKE_API_KEY'
    WHEN 73 THEN 'CREATE_WEBHOOK_ENDPOINT' WHEN 74 THEN 'UPDATE_WEBHOOK_ENDPOINT' WHEN 75 THEN 'ROTATE_WEBHOOK_SECRET'
    WHEN 76 THEN 'TEST_WEBHOOK_ENDPOINT' WHEN 77 THEN 'DELETE_WEBHOOK_ENDPOINT' WHEN 78 THEN 'DISABLE_WEBHOOK_ENDPOINT'
    WHEN 79 THEN 'RESEND_EVENTS' WHEN 80 THEN 'LOG_WEBHOOK_ATTEMPTS'
    WHEN 81 THEN 'CREATE_PAYMENT_LINK' WHEN 82 THEN 'UPDATE_PAYMENT_LINK' END
$$;

CREATE VIEW books.invariant_payment_links_whole AS
WITH last AS (
  SELECT e.shard, e.subject_seq, count(*) AS events, max(e.seq) AS seq
  FROM florin.payment_events AS e WHERE e.subject = 8 GROUP BY e.shard, e.subject_seq
)
SELECT format('shard %s, payment link of seq %s', l.shard, l.subject_seq) AS subject,
       format('has %s events, payment_links counts %s', l.events, k.version) AS detail
FROM last AS l
LEFT JOIN florin.payment_links AS k ON k.shard = l.shard AND k.seq = l.subject_seq
WHERE k.version IS DISTINCT FROM l.events OR k.last_seq IS DISTINCT FROM l.seq
UNION ALL
SELECT format('shard %s, payment link of seq %s', k.shard, k.seq), 'is not what its last event left'
FROM florin.payment_links AS k
LEFT JOIN florin.payment_events AS e ON e.shard = k.shard AND e.subject_seq = k.seq AND e.seq = k.last_seq
LEFT JOIN LATERAL (SELECT florin.change_json(e.change) -> 'paymentLink' AS said) AS s ON true
WHERE e.seq IS NULL OR e.subject_id <> k.id OR (s.said ->> 'version')::bigint IS DISTINCT FROM k.version
   OR s.said ->> 'merchant' IS DISTINCT FROM k.merchant_id::text OR s.said ->> 'mode' IS DISTINCT FROM k.mode
   OR s.said ->> 'state' IS DISTINCT FROM k.state OR (s.said ->> 'amount')::bigint IS DISTINCT FROM k.amount
   OR s.said ->> 'currency' IS DISTINCT FROM k.currency OR s.said ->> 'description' IS DISTINCT FROM coalesce(k.description, '')
UNION ALL
SELECT format('shard %s, payment link of seq %s', k.shard, k.seq), format('is of merchant %s, who is not there', k.merchant_id)
FROM florin.payment_links AS k
WHERE NOT EXISTS (SELECT FROM florin.merchants AS m WHERE m.book_no = k.book_no AND m.id = k.merchant_id);
COMMENT ON VIEW books.invariant_payment_links_whole IS 'A payment link is what its last event left, of a merchant.';
COMMENT ON COLUMN books.invariant_payment_links_whole.subject IS 'What violates it.';
COMMENT ON COLUMN books.invariant_payment_links_whole.detail IS 'In which way.';
