-- What merchants are told, where, and what came of telling it. What is told, and which endpoints it goes to, stands in
-- the event itself, so that these tables compute nothing.

ALTER TABLE florin.payment_events DROP CONSTRAINT payment_events_subject;
ALTER TABLE florin.payment_events ADD CONSTRAINT payment_events_subject CHECK (subject BETWEEN 1 AND 7);
COMMENT ON TABLE florin.payment_events IS
  'Insert only: the events of merchants (subject 1, their webhook endpoints with them), payment intents (2), customers (3), payment methods (4), idempotency records (5), API keys (6) and of telling webhook endpoints (7), by the seq of the event that began the subject. The transactions of an event are the transaction_count ones right before it: seq - transaction_count up to seq - 1.';

-- One index does: whoever asks for one, or for a list, is a merchant. Ranges of time have a summary of it.
CREATE TABLE florin.told_events (
  merchant_id uuid NOT NULL,
  seq bigint NOT NULL,
  booked_at timestamptz NOT NULL,
  subject_seq bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  index smallint NOT NULL,
  subject smallint NOT NULL,
  type text COLLATE "C" NOT NULL,
  about text,
  PRIMARY KEY (book_no, merchant_id, seq, index)
);
CREATE INDEX told_events_booked ON florin.told_events USING brin (booked_at);
COMMENT ON TABLE florin.told_events IS
  'Insert only: what merchants are told, by the event of the journal that it comes from and its place among what is told of that.';

CREATE TABLE florin.webhook_endpoints (
  id uuid NOT NULL,
  merchant_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  deleted_at timestamptz,
  old_secret_until timestamptz,
  last_seq bigint NOT NULL,
  version bigint NOT NULL,
  book_no integer NOT NULL,
  secret_generation integer NOT NULL,
  shard smallint NOT NULL,
  number smallint NOT NULL,
  mode text NOT NULL,
  state text NOT NULL,
  disabled_reason text,
  api_version text NOT NULL,
  url text NOT NULL,
  description text,
  events text NOT NULL,
  metadata jsonb,
  PRIMARY KEY (book_no, merchant_id, number),
  CONSTRAINT webhook_endpoints_id UNIQUE (book_no, id),
  CONSTRAINT webhook_endpoints_state CHECK (state IN ('enabled', 'disabled')),
  CONSTRAINT webhook_endpoints_mode CHECK (mode IN ('test', 'live'))
) WITH (fillfactor = 80);
COMMENT ON TABLE florin.webhook_endpoints IS
  'Where merchants are told what happens, as the last event left it; null stands for an empty text. Secrets are derived by whoever signs, and are nowhere.';

-- Two indexes: the key, and what is still to be tried, endpoint by endpoint.
CREATE TABLE florin.webhook_deliveries (
  merchant_id uuid NOT NULL,
  seq bigint NOT NULL,
  told_at timestamptz NOT NULL,
  next_at timestamptz,
  delivered_at timestamptz,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  endpoint smallint NOT NULL,
  index smallint NOT NULL,
  tries smallint NOT NULL,
  last_status smallint,
  PRIMARY KEY (book_no, merchant_id, endpoint, seq, index),
  CONSTRAINT webhook_deliveries_tries CHECK (tries >= 0)
) WITH (fillfactor = 80);
CREATE INDEX webhook_deliveries_due ON florin.webhook_deliveries (shard, book_no, merchant_id, endpoint, next_at, seq, index) WHERE next_at IS NOT NULL;
COMMENT ON TABLE florin.webhook_deliveries IS
  'What an endpoint is to be told, and how far that is: next_at while it is to be tried, delivered_at once it was taken, neither where it has failed for good.';

CREATE TABLE florin.webhook_attempts (
  merchant_id uuid NOT NULL,
  seq bigint NOT NULL,
  log_seq bigint NOT NULL,
  started_at timestamptz NOT NULL,
  took_ms integer NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  endpoint smallint NOT NULL,
  index smallint NOT NULL,
  place smallint NOT NULL,
  try smallint NOT NULL,
  status smallint NOT NULL,
  error text,
  excerpt text,
  PRIMARY KEY (book_no, merchant_id, endpoint, log_seq, place)
);
CREATE INDEX webhook_attempts_event ON florin.webhook_attempts (book_no, merchant_id, seq, index, log_seq);
COMMENT ON TABLE florin.webhook_attempts IS
  'Insert only: each try to tell an endpoint something, by the event of the journal that logs it and its place in there; null stands for an empty text.';

CREATE FUNCTION florin.told_id(shard smallint, seq bigint, index smallint, merchant_id uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (lpad(to_hex(seq), 12, '0') || lpad(to_hex(shard::integer), 2, '0') || lpad(to_hex(index::integer), 2, '0')
    || right(replace(merchant_id::text, '-', ''), 16))::uuid
$$;
COMMENT ON FUNCTION florin.told_id(smallint, bigint, smallint, uuid) IS
  'The id by which a merchant knows what it was told: evt_ and these digits.';

CREATE VIEW books.events AS
SELECT book.name AS book, t.merchant_id, florin.told_id(t.shard, t.seq, t.index, t.merchant_id) AS id, t.type, t.about, t.booked_at,
       e.subject_id, t.seq, t.index
FROM florin.told_events AS t
JOIN florin.adopted_books AS book ON book.number = t.book_no
JOIN florin.payment_events AS e ON e.shard = t.shard AND e.subject_seq = t.subject_seq AND e.seq = t.seq;
COMMENT ON VIEW books.events IS 'What merchants are told: the events of their API and of their webhooks.';
COMMENT ON COLUMN books.events.book IS 'The book''s name.';
COMMENT ON COLUMN books.events.merchant_id IS 'Who is told.';
COMMENT ON COLUMN books.events.id IS 'Its id: evt_ and these digits without hyphens.';
COMMENT ON COLUMN books.events.type IS 'What happened: payment_intent.succeeded and so on.';
COMMENT ON COLUMN books.events.about IS 'The refund''s operation, the provider''s reference of a dispute or the webhook endpoint; null where it is about the subject itself.';
COMMENT ON COLUMN books.events.booked_at IS 'When it happened (block time).';
COMMENT ON COLUMN books.events.subject_id IS 'The payment intent, customer, payment method or merchant whose event it is.';
COMMENT ON COLUMN books.events.seq IS 'The sequence number of the journal''s event.';
COMMENT ON COLUMN books.events.index IS 'Its place among what is told of that event, from 0.';

CREATE VIEW books.webhook_endpoints AS
SELECT book.name AS book, w.id, w.merchant_id, w.number, w.mode, w.state, coalesce(w.disabled_reason, '') AS disabled_reason, w.url,
       w.events, w.api_version, coalesce(w.description, '') AS description, coalesce(w.metadata, '{}') AS metadata,
       w.secret_generation, w.old_secret_until, w.created_at, w.deleted_at, w.version, w.last_seq
FROM florin.webhook_endpoints AS w
JOIN florin.adopted_books AS book ON book.number = w.book_no;
COMMENT ON VIEW books.webhook_endpoints IS 'Where merchants are told what happens.';
COMMENT ON COLUMN books.webhook_endpoints.book IS 'The book''s name.';
COMMENT ON COLUMN books.webhook_endpoints.id IS 'The endpoint''s id.';
COMMENT ON COLUMN books.webhook_endpoints.merchant_id IS 'Who is told.';
COMMENT ON COLUMN books.webhook_endpoints.number IS 'Among its merchant''s, from 1; never given twice.';
COMMENT ON COLUMN books.webhook_endpoints.mode IS 'test or live.';
COMMENT ON COLUMN books.webhook_endpoints.state IS 'enabled or disabled.';
COMMENT ON COLUMN books.webhook_endpoints.disabled_reason IS 'Why it is told nothing any more; empty while it is enabled.';
COMMENT ON COLUMN books.webhook_endpoints.url IS 'Where to.';
COMMENT ON COLUMN books.webhook_endpoints.events IS 'The types that it is told, parted by spaces; * for all.';
COMMENT ON COLUMN books.webhook_endpoints.api_version IS 'The dated form of the API in which it is told.';
COMMENT ON COLUMN books.webhook_endpoints.description IS 'For people.';
COMMENT ON COLUMN books.webhook_endpoints.metadata IS 'The merchant''s own.';
COMMENT ON COLUMN books.webhook_endpoints.secret_generation IS 'How often its secret was made, from 1.';
COMMENT ON COLUMN books.webhook_endpoints.old_secret_until IS 'Until when the secret of before signs too; null: it does not.';
COMMENT ON COLUMN books.webhook_endpoints.created_at IS 'When it was created (block time).';
COMMENT ON COLUMN books.webhook_endpoints.deleted_at IS 'When it was deleted; null: it was not.';
COMMENT ON COLUMN books.webhook_endpoints.version IS 'How many events it has.';
COMMENT ON COLUMN books.webhook_endpoints.last_seq IS 'The sequence number of its last event.';

CREATE VIEW books.webhook_deliveries AS
SELECT book.name AS book, d.merchant_id, w.id AS endpoint_id, florin.told_id(d.shard, d.seq, d.index, d.merchant_id) AS event_id,
       CASE WHEN d.delivered_at IS NOT NULL THEN 'delivered' WHEN d.next_at IS NOT NULL THEN 'pending' ELSE 'failed' END AS state,
       d.told_at, d.next_at, d.delivered_at, d.tries, d.last_status, d.seq, d.index
FROM florin.webhook_deliveries AS d
JOIN florin.adopted_books AS book ON book.number = d.book_no
JOIN florin.webhook_endpoints AS w ON w.book_no = d.book_no AND w.merchant_id = d.merchant_id AND w.number = d.endpoint;
COMMENT ON VIEW books.webhook_deliveries IS 'What each webhook endpoint is to be told, and how far that is.';
COMMENT ON COLUMN books.webhook_deliveries.book IS 'The book''s name.';
COMMENT ON COLUMN books.webhook_deliveries.merchant_id IS 'Who is told.';
COMMENT ON COLUMN books.webhook_deliveries.endpoint_id IS 'The endpoint.';
COMMENT ON COLUMN books.webhook_deliveries.event_id IS 'What it is told: books.events.id.';
COMMENT ON COLUMN books.webhook_deliveries.state IS 'pending, delivered or failed (for good, unless it is asked for again).';
COMMENT ON COLUMN books.webhook_deliveries.told_at IS 'When it happened, or when it was asked for again.';
COMMENT ON COLUMN books.webhook_deliveries.next_at IS 'When it is tried next; null: it is not.';
COMMENT ON COLUMN books.webhook_deliveries.delivered_at IS 'When it was taken; null: it was not.';
COMMENT ON COLUMN books.webhook_deliveries.tries IS 'How often it was tried since told_at.';
COMMENT ON COLUMN books.webhook_deliveries.last_status IS 'The HTTP status of the last answer, 0 where there was none; null before the first try.';
COMMENT ON COLUMN books.webhook_deliveries.seq IS 'The sequence number of the journal''s event.';
COMMENT ON COLUMN books.webhook_deliveries.index IS 'Its place among what is told of that event, from 0.';

CREATE VIEW books.webhook_attempts AS
SELECT book.name AS book, a.merchant_id, w.id AS endpoint_id, florin.told_id(a.shard, a.seq, a.index, a.merchant_id) AS event_id,
       a.try, a.started_at, a.took_ms, a.status, coalesce(a.error, '') AS error, coalesce(a.excerpt, '') AS excerpt, a.log_seq, a.place
FROM florin.webhook_attempts AS a
JOIN florin.adopted_books AS book ON book.number = a.book_no
JOIN florin.webhook_endpoints AS w ON w.book_no = a.book_no AND w.merchant_id = a.merchant_id AND w.number = a.endpoint;
COMMENT ON VIEW books.webhook_attempts IS 'Each try to tell a webhook endpoint something.';
COMMENT ON COLUMN books.webhook_attempts.book IS 'The book''s name.';
COMMENT ON COLUMN books.webhook_attempts.merchant_id IS 'Who was told.';
COMMENT ON COLUMN books.webhook_attempts.endpoint_id IS 'The endpoint.';
COMMENT ON COLUMN books.webhook_attempts.event_id IS 'What it was told: books.events.id.';
COMMENT ON COLUMN books.webhook_attempts.try IS 'Which try it was, from 1.';
COMMENT ON COLUMN books.webhook_attempts.started_at IS 'When it began, by the clock of whoever tried.';
COMMENT ON COLUMN books.webhook_attempts.took_ms IS 'How long it took, milliseconds.';
COMMENT ON COLUMN books.webhook_attempts.status IS 'The HTTP status of the answer; 0: there was none.';
COMMENT ON COLUMN books.webhook_attempts.error IS 'Why there was none; empty where there was.';
COMMENT ON COLUMN books.webhook_attempts.excerpt IS 'What was answered, its first kilobyte.';
COMMENT ON COLUMN books.webhook_attempts.log_seq IS 'The sequence number of the event that logs it.';
COMMENT ON COLUMN books.webhook_attempts.place IS 'Its place in that event, from 0.';
