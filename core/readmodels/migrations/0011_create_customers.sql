-- Customers: whom a merchant knows among those who pay. Events of a customer say all of it, so that the last one is read
-- and the row holds what lists look for. Version, last_seq and seal tell the writer that none of its events is missing.

ALTER TABLE florin.payment_events DROP CONSTRAINT payment_events_subject;
ALTER TABLE florin.payment_events ADD CONSTRAINT payment_events_subject CHECK (subject BETWEEN 1 AND 4);
COMMENT ON TABLE florin.payment_events IS
  'Insert only: the events of merchants (subject 1), payment intents (2), customers (3) and payment methods (4), by the seq of the event that began the subject. The transactions of an event are the transaction_count ones right before it: seq - transaction_count up to seq - 1.';

CREATE TABLE florin.customers (
  seq bigint NOT NULL,
  id uuid NOT NULL,
  merchant_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  version bigint NOT NULL,
  last_seq bigint NOT NULL,
  seal bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  name text,
  email text,
  description text,
  reference text COLLATE "C",
  metadata jsonb,
  PRIMARY KEY (shard, seq),
  CONSTRAINT customers_id UNIQUE (book_no, id),
  CONSTRAINT customers_version CHECK (version >= 1)
) WITH (fillfactor = 80);
CREATE INDEX customers_seq ON florin.customers (book_no, seq);
CREATE INDEX customers_merchant ON florin.customers (book_no, merchant_id, seq);
CREATE INDEX customers_reference ON florin.customers (book_no, reference, seq) WHERE reference IS NOT NULL;
COMMENT ON TABLE florin.customers IS 'The customers as their last events left them; null stands for an empty text.';

ALTER TABLE florin.payment_intents ADD COLUMN customer_id uuid;
CREATE INDEX payment_intents_customer ON florin.payment_intents (book_no, customer_id, seq) WHERE customer_id IS NOT NULL;

CREATE VIEW books.customers AS
SELECT book.name AS book, c.id, c.merchant_id, coalesce(c.name, '') AS name, coalesce(c.email, '') AS email,
       coalesce(c.description, '') AS description, coalesce(c.reference, '') AS reference, coalesce(c.metadata, '{}') AS metadata,
       c.created_at, c.version, c.seq, c.last_seq
FROM florin.customers AS c
JOIN florin.adopted_books AS book ON book.number = c.book_no;
COMMENT ON VIEW books.customers IS 'The customers of merchants. Names and addresses are personal data.';
COMMENT ON COLUMN books.customers.book IS 'The book''s name.';
COMMENT ON COLUMN books.customers.id IS 'The customer''s id.';
COMMENT ON COLUMN books.customers.merchant_id IS 'Whose customer it is.';
COMMENT ON COLUMN books.customers.name IS 'The name; empty if none was said. Personal data.';
COMMENT ON COLUMN books.customers.email IS 'The address for mail; empty if none was said. Personal data.';
COMMENT ON COLUMN books.customers.description IS 'What the merchant says of it.';
COMMENT ON COLUMN books.customers.reference IS 'The merchant''s own reference.';
COMMENT ON COLUMN books.customers.metadata IS 'The metadata in force; keys and values are text.';
COMMENT ON COLUMN books.customers.created_at IS 'When it was created (block time).';
COMMENT ON COLUMN books.customers.version IS 'How many events it has.';
COMMENT ON COLUMN books.customers.seq IS 'The sequence number of the event that created it.';
COMMENT ON COLUMN books.customers.last_seq IS 'The sequence number of its last event.';

CREATE OR REPLACE VIEW books.payment_intents AS
SELECT book.name AS book, i.id, i.merchant_id, s.state, i.amount, i.currency, i.capture AS capture_method, s.method_type, s.provider,
       s.attempts::integer AS attempts, s.authorized, s.captured, s.capturing, s.refunded, s.refunding, s.fees, s.tax, s.pending, s.memo,
       s.unapplied, coalesce(i.reference, '') AS reference, coalesce(i.description, '') AS description,
       coalesce(i.statement_descriptor, '') AS statement_descriptor, coalesce(i.metadata, '{}') AS metadata,
       i.created_at, i.expires_at, s.available_at, s.due_at, s.canceling, coalesce(s.cancel_reason, '') AS cancel_reason,
       coalesce(s.attention, '') AS attention, s.version, i.seq, s.last_seq, s.returned, s.disputed,
       coalesce(s.owing, '') AS owing, i.customer_id
FROM florin.payment_intents AS i
JOIN florin.payment_states AS s ON s.shard = i.shard AND s.seq = i.seq
JOIN florin.adopted_books AS book ON book.number = i.book_no;
COMMENT ON COLUMN books.payment_intents.customer_id IS 'Who pays; null where the merchant did not say.';

CREATE FUNCTION florin.command_name(op smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE op
    WHEN 1 THEN 'CREATE' WHEN 2 THEN 'POST' WHEN 3 THEN 'VOID' WHEN 4 THEN 'REVERSE' WHEN 5 THEN 'OPEN_ACCOUNT'
    WHEN 6 THEN 'CHANGE_ACCOUNT' WHEN 7 THEN 'CLOSE_ACCOUNT'
    WHEN 20 THEN 'CREATE_MERCHANT' WHEN 21 THEN 'CREATE_INTENT' WHEN 22 THEN 'CONFIRM_INTENT' WHEN 23 THEN 'CAPTURE_INTENT'
    WHEN 24 THEN 'CANCEL_INTENT' WHEN 25 THEN 'REFUND_INTENT' WHEN 26 THEN 'RECORD_OUTCOME' WHEN 27 THEN 'ADVANCE_INTENT'
    WHEN 28 THEN 'RECORD_EVENT' WHEN 29 THEN 'SETTLE_OPERATION' WHEN 30 THEN 'INCREMENT_INTENT' WHEN 31 THEN 'UPDATE_INTENT'
    WHEN 50 THEN 'UPDATE_MERCHANT'
    WHEN 60 THEN 'CREATE_CUSTOMER' WHEN 61 THEN 'UPDATE_CUSTOMER'
    WHEN 62 THEN 'CREATE_PAYMENT_METHOD' WHEN 63 THEN 'ATTACH_PAYMENT_METHOD' WHEN 64 THEN 'DETACH_PAYMENT_METHOD' END
$$;
COMMENT ON FUNCTION florin.command_name(smallint) IS 'What a refused command is called, by its number in the journal.';

CREATE OR REPLACE VIEW books.refusals AS
SELECT book.name AS book, r.id, r.seq, r.booked_at, coalesce(n.name, r.reason::text) AS reason, florin.command_name(r.op) AS command,
       r.posting::integer AS posting, r.account_id, r.field
FROM florin.refusals AS r
JOIN florin.adopted_books AS book ON book.number = r.book_no
LEFT JOIN florin.refusal_reasons AS n ON n.number = r.reason;

CREATE VIEW books.invariant_customers_whole AS
WITH last AS (
  SELECT e.shard, e.subject_seq, count(*) AS events, max(e.seq) AS seq
  FROM florin.payment_events AS e WHERE e.subject = 3 GROUP BY e.shard, e.subject_seq
)
SELECT format('shard %s, customer of seq %s', l.shard, l.subject_seq) AS subject,
       format('has %s events, customers counts %s', l.events, c.version) AS detail
FROM last AS l
LEFT JOIN florin.customers AS c ON c.shard = l.shard AND c.seq = l.subject_seq
WHERE c.version IS DISTINCT FROM l.events OR c.last_seq IS DISTINCT FROM l.seq
UNION ALL
SELECT format('shard %s, customer of seq %s', c.shard, c.seq), 'is not what its last event left'
FROM florin.customers AS c
LEFT JOIN florin.payment_events AS e ON e.shard = c.shard AND e.subject_seq = c.seq AND e.seq = c.last_seq
LEFT JOIN LATERAL (SELECT florin.change_json(e.change) -> 'customer' AS said) AS s ON true
WHERE e.seq IS NULL OR e.subject_id <> c.id OR (s.said ->> 'version')::bigint IS DISTINCT FROM c.version
   OR s.said ->> 'merchant' IS DISTINCT FROM c.merchant_id::text OR s.said ->> 'name' IS DISTINCT FROM coalesce(c.name, '')
   OR s.said ->> 'email' IS DISTINCT FROM coalesce(c.email, '') OR s.said ->> 'description' IS DISTINCT FROM coalesce(c.description, '')
   OR s.said ->> 'reference' IS DISTINCT FROM coalesce(c.reference, '')
UNION ALL
SELECT format('shard %s, customer of seq %s', c.shard, c.seq), format('is of merchant %s, who is not there', c.merchant_id)
FROM florin.customers AS c
WHERE NOT EXISTS (SELECT FROM florin.merchants AS m WHERE m.book_no = c.book_no AND m.id = c.merchant_id)
UNION ALL
SELECT format('book %s, payment of seq %s', i.book_no, i.seq), format('is of customer %s, whom its merchant does not have', i.customer_id)
FROM florin.payment_intents AS i
WHERE i.customer_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM florin.customers AS c WHERE c.book_no = i.book_no AND c.id = i.customer_id AND c.merchant_id = i.merchant_id);
COMMENT ON VIEW books.invariant_customers_whole IS 'A customer is what its last event left, with a merchant, and pays only to that one.';
COMMENT ON COLUMN books.invariant_customers_whole.subject IS 'What violates it.';
COMMENT ON COLUMN books.invariant_customers_whole.detail IS 'In which way.';
