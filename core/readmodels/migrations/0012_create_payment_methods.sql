-- Payment methods that merchants keep: tokens, never card numbers. As customers, each event says all of one.

CREATE TABLE florin.payment_methods (
  seq bigint NOT NULL,
  id uuid NOT NULL,
  merchant_id uuid NOT NULL,
  customer_id uuid,
  created_at timestamptz NOT NULL,
  version bigint NOT NULL,
  last_seq bigint NOT NULL,
  seal bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  state text NOT NULL,
  type text NOT NULL,
  token text NOT NULL,
  billing_country text,
  metadata jsonb,
  PRIMARY KEY (shard, seq),
  CONSTRAINT payment_methods_id UNIQUE (book_no, id),
  CONSTRAINT payment_methods_version CHECK (version >= 1),
  CONSTRAINT payment_methods_state CHECK (state IN ('unattached', 'attached', 'detached')),
  CONSTRAINT payment_methods_attached CHECK (state <> 'attached' OR customer_id IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX payment_methods_merchant ON florin.payment_methods (book_no, merchant_id, seq);
CREATE INDEX payment_methods_customer ON florin.payment_methods (book_no, customer_id, seq) WHERE state = 'attached';
COMMENT ON TABLE florin.payment_methods IS 'The payment methods as their last events left them; null stands for an empty text.';

CREATE VIEW books.payment_methods AS
SELECT book.name AS book, m.id, m.merchant_id, m.customer_id, m.state, m.type, m.token, coalesce(m.billing_country, '') AS billing_country,
       coalesce(m.metadata, '{}') AS metadata, m.created_at, m.version, m.seq, m.last_seq
FROM florin.payment_methods AS m
JOIN florin.adopted_books AS book ON book.number = m.book_no;
COMMENT ON VIEW books.payment_methods IS 'The payment methods that merchants keep for payments to come.';
COMMENT ON COLUMN books.payment_methods.book IS 'The book''s name.';
COMMENT ON COLUMN books.payment_methods.id IS 'The payment method''s id.';
COMMENT ON COLUMN books.payment_methods.merchant_id IS 'Whose payments it is for.';
COMMENT ON COLUMN books.payment_methods.customer_id IS 'Whose it is, or was before it was detached; null of one that never was a customer''s.';
COMMENT ON COLUMN books.payment_methods.state IS 'unattached: for every payment of the merchant; attached: for those of its customer only; detached: for none any more.';
COMMENT ON COLUMN books.payment_methods.type IS 'card, wallet, ..';
COMMENT ON COLUMN books.payment_methods.token IS 'The token; never a card number.';
COMMENT ON COLUMN books.payment_methods.billing_country IS 'ISO 3166 alpha-2; empty if none was said.';
COMMENT ON COLUMN books.payment_methods.metadata IS 'The metadata; keys and values are text.';
COMMENT ON COLUMN books.payment_methods.created_at IS 'When it was created (block time).';
COMMENT ON COLUMN books.payment_methods.version IS 'How many events it has.';
COMMENT ON COLUMN books.payment_methods.seq IS 'The sequence number of the event that created it.';
COMMENT ON COLUMN books.payment_methods.last_seq IS 'The sequence number of its last event.';

CREATE OR REPLACE VIEW books.payment_attempts AS
SELECT book.name AS book, i.id AS payment_intent_id, a.attempt, a.last ->> 'state' AS state, a.last ->> 'provider' AS provider,
       a.last -> 'method' ->> 'type' AS method_type, (a.last ->> 'operation')::uuid AS operation_id,
       a.last ->> 'providerReference' AS provider_reference, florin.moment_of((a.last ->> 'expiresAtUs')::bigint) AS expires_at,
       a.last ->> 'actionUrl' AS action_url, a.started_at, a.changed_at, (a.last -> 'method' ->> 'id')::uuid AS payment_method_id
FROM florin.payment_intents AS i
JOIN florin.adopted_books AS book ON book.number = i.book_no
CROSS JOIN LATERAL (
  SELECT (pair ->> 0)::integer AS attempt, (array_agg(pair -> 1 ORDER BY e.seq DESC))[1] AS last, min(e.booked_at) AS started_at,
         max(e.booked_at) AS changed_at
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'attempts') AS pair
  WHERE e.shard = i.shard AND e.subject_seq = i.seq
  GROUP BY pair ->> 0
) AS a;
COMMENT ON COLUMN books.payment_attempts.payment_method_id IS 'The stored payment method that the method was taken from; null where the call itself said it.';

CREATE VIEW books.invariant_payment_methods_whole AS
WITH last AS (
  SELECT e.shard, e.subject_seq, count(*) AS events, max(e.seq) AS seq
  FROM florin.payment_events AS e WHERE e.subject = 4 GROUP BY e.shard, e.subject_seq
)
SELECT format('shard %s, payment method of seq %s', l.shard, l.subject_seq) AS subject,
       format('has %s events, payment_methods counts %s', l.events, m.version) AS detail
FROM last AS l
LEFT JOIN florin.payment_methods AS m ON m.shard = l.shard AND m.seq = l.subject_seq
WHERE m.version IS DISTINCT FROM l.events OR m.last_seq IS DISTINCT FROM l.seq
UNION ALL
SELECT format('shard %s, payment method of seq %s', m.shard, m.seq), 'is not what its last event left'
FROM florin.payment_methods AS m
LEFT JOIN florin.payment_events AS e ON e.shard = m.shard AND e.subject_seq = m.seq AND e.seq = m.last_seq
LEFT JOIN LATERAL (SELECT florin.change_json(e.change) -> 'paymentMethod' AS said) AS s ON true
WHERE e.seq IS NULL OR e.subject_id <> m.id OR (s.said ->> 'version')::bigint IS DISTINCT FROM m.version
   OR s.said ->> 'merchant' IS DISTINCT FROM m.merchant_id::text OR s.said ->> 'customer' IS DISTINCT FROM m.customer_id::text
   OR s.said ->> 'state' IS DISTINCT FROM m.state OR s.said ->> 'type' IS DISTINCT FROM m.type OR s.said ->> 'token' IS DISTINCT FROM m.token
UNION ALL
SELECT format('shard %s, payment method of seq %s', m.shard, m.seq), format('is of customer %s, whom merchant %s does not have', m.customer_id, m.merchant_id)
FROM florin.payment_methods AS m
WHERE m.customer_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM florin.customers AS c WHERE c.book_no = m.book_no AND c.id = m.customer_id AND c.merchant_id = m.merchant_id)
UNION ALL
SELECT format('shard %s, payment method of seq %s', m.shard, m.seq), format('is of merchant %s, who is not there', m.merchant_id)
FROM florin.payment_methods AS m
WHERE NOT EXISTS (SELECT FROM florin.merchants AS owner WHERE owner.book_no = m.book_no AND owner.id = m.merchant_id);
COMMENT ON VIEW books.invariant_payment_methods_whole IS 'A payment method is what its last event left, of a merchant, and of none but a customer of that one.';
COMMENT ON COLUMN books.invariant_payment_methods_whole.subject IS 'What violates it.';
COMMENT ON COLUMN books.invariant_payment_methods_whole.detail IS 'In which way.';
