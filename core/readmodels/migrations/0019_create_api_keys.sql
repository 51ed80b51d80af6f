-- API keys of merchants. Their secrets are nowhere, only hashes of them. As customers, each event says all of one.

ALTER TABLE florin.payment_events DROP CONSTRAINT payment_events_subject;
ALTER TABLE florin.payment_events ADD CONSTRAINT payment_events_subject CHECK (subject BETWEEN 1 AND 6);
COMMENT ON TABLE florin.payment_events IS
  'Insert only: the events of merchants (subject 1), payment intents (2), customers (3), payment methods (4), idempotency records (5) and API keys (6), by the seq of the event that began the subject. The transactions of an event are the transaction_count ones right before it: seq - transaction_count up to seq - 1.';

CREATE TABLE florin.api_keys (
  seq bigint NOT NULL,
  id uuid NOT NULL,
  merchant_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  version bigint NOT NULL,
  last_seq bigint NOT NULL,
  seal bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  mode text NOT NULL,
  kind text NOT NULL,
  scopes text,
  name text,
  secret_sha256 text COLLATE "C" NOT NULL,
  secret_suffix text NOT NULL,
  PRIMARY KEY (shard, seq),
  CONSTRAINT api_keys_id UNIQUE (book_no, id),
  CONSTRAINT api_keys_version CHECK (version >= 1),
  CONSTRAINT api_keys_mode CHECK (mode IN ('test', 'live')),
  CONSTRAINT api_keys_kind CHECK (kind IN ('secret', 'publishable'))
) WITH (fillfactor = 80);
CREATE INDEX api_keys_seq ON florin.api_keys (book_no, seq);
CREATE INDEX api_keys_merchant ON florin.api_keys (book_no, merchant_id, seq);
CREATE INDEX api_keys_secret ON florin.api_keys (secret_sha256);
COMMENT ON TABLE florin.api_keys IS 'The API keys as their last events left them; null stands for an empty text.';

CREATE VIEW books.api_keys AS
SELECT book.name AS book, k.id, k.merchant_id, k.mode, k.kind, coalesce(k.scopes, '') AS scopes, coalesce(k.name, '') AS name,
       k.secret_suffix, k.created_at, k.revoked_at, k.version, k.seq, k.last_seq
FROM florin.api_keys AS k
JOIN florin.adopted_books AS book ON book.number = k.book_no;
COMMENT ON VIEW books.api_keys IS 'The keys that merchants'' requests come with.';
COMMENT ON COLUMN books.api_keys.book IS 'The book''s name.';
COMMENT ON COLUMN books.api_keys.id IS 'The key''s id.';
COMMENT ON COLUMN books.api_keys.merchant_id IS 'For whom it acts.';
COMMENT ON COLUMN books.api_keys.mode IS 'test or live.';
COMMENT ON COLUMN books.api_keys.kind IS 'secret: for servers; publishable: for browsers.';
COMMENT ON COLUMN books.api_keys.scopes IS 'What it may do, parted by spaces; empty: everything.';
COMMENT ON COLUMN books.api_keys.name IS 'What people call it.';
COMMENT ON COLUMN books.api_keys.secret_suffix IS 'The last four characters of the secret.';
COMMENT ON COLUMN books.api_keys.created_at IS 'When it was created (block time).';
COMMENT ON COLUMN books.api_keys.revoked_at IS 'From when on it is refused, which may lie ahead; null: it was not revoked.';
COMMENT ON COLUMN books.api_keys.version IS 'How many events it has.';
COMMENT ON COLUMN books.api_keys.seq IS 'The sequence number of the event that created it.';
COMMENT ON COLUMN books.api_keys.last_seq IS 'The sequence number of its last event.';
