-- What merchants asked the edges. Not derived from the journal: edges tell it, it is kept for some days, and a rebuild leaves
-- it alone. Request ids are UUIDv7, so that they are in the order of time: rows go in at one end and leave at the other.
CREATE TABLE florin.request_logs (
  id uuid NOT NULL,
  merchant_id uuid,
  api_key_id uuid,
  took_us bigint NOT NULL,
  status smallint NOT NULL,
  book text COLLATE "C" NOT NULL,
  mode text COLLATE "C",
  method text COLLATE "C" NOT NULL,
  route text COLLATE "C" NOT NULL,
  path text COLLATE "C" NOT NULL,
  problem_code text COLLATE "C" NOT NULL,
  param text COLLATE "C" NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  api_version text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  user_agent text COLLATE "C" NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT request_logs_status CHECK (status BETWEEN 100 AND 599),
  CONSTRAINT request_logs_took CHECK (took_us >= 0),
  CONSTRAINT request_logs_mode CHECK (mode IN ('test', 'live')),
  CONSTRAINT request_logs_merchant CHECK ((merchant_id IS NULL) = (book = ''))
);
CREATE INDEX request_logs_book ON florin.request_logs (book, id) WHERE book <> '';
CREATE INDEX request_logs_of_merchant ON florin.request_logs (merchant_id, id) WHERE merchant_id IS NOT NULL;
COMMENT ON TABLE florin.request_logs IS
  'Requests that reached the edges, by the UUID of their Request-Id; on the first server only. Kept for FLORIN_REQUEST_LOG_DAYS.';

CREATE VIEW books.request_logs AS
SELECT 'req_' || replace(id::text, '-', '') AS request_id, to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0) AS received_at,
       nullif(book, '') AS book, merchant_id, mode, api_key_id, method, nullif(route, '') AS route, nullif(path, '') AS path, status,
       nullif(problem_code, '') AS problem_code, nullif(param, '') AS param, nullif(object_id, '') AS object_id,
       nullif(idempotency_key, '') AS idempotency_key, api_version, took_us, nullif(address, '') AS address,
       nullif(user_agent, '') AS user_agent, id
FROM florin.request_logs;
COMMENT ON VIEW books.request_logs IS
  'What merchants asked the edges, without bodies, queries and secrets; kept for some days. Only on the first server.';
COMMENT ON COLUMN books.request_logs.request_id IS 'The Request-Id of the answer.';
COMMENT ON COLUMN books.request_logs.received_at IS 'When it came, by the edge''s clock.';
COMMENT ON COLUMN books.request_logs.book IS 'The book of the API key; null where it came with no good one.';
COMMENT ON COLUMN books.request_logs.merchant_id IS 'The merchant of the API key.';
COMMENT ON COLUMN books.request_logs.mode IS 'The mode of the API key: test or live.';
COMMENT ON COLUMN books.request_logs.api_key_id IS 'The API key''s id, never its secret.';
COMMENT ON COLUMN books.request_logs.method IS 'The HTTP method.';
COMMENT ON COLUMN books.request_logs.route IS 'The route, as /v1/payment_intents/:id; null where there is none.';
COMMENT ON COLUMN books.request_logs.path IS 'The route with the id that was asked for; never a query.';
COMMENT ON COLUMN books.request_logs.status IS 'The HTTP status; 499: the caller hung up before the answer.';
COMMENT ON COLUMN books.request_logs.problem_code IS 'The code of the problem that it was answered with.';
COMMENT ON COLUMN books.request_logs.param IS 'The parameter at fault.';
COMMENT ON COLUMN books.request_logs.object_id IS 'What it was about, as merchants see its id.';
COMMENT ON COLUMN books.request_logs.idempotency_key IS 'Its Idempotency-Key; [removed] where that could have been a card number or a secret.';
COMMENT ON COLUMN books.request_logs.api_version IS 'The version of the API that answered.';
COMMENT ON COLUMN books.request_logs.took_us IS 'How long it took at the edge, microseconds.';
COMMENT ON COLUMN books.request_logs.address IS 'Where it came from, an IP address.';
COMMENT ON COLUMN books.request_logs.user_agent IS 'Its User-Agent, cut to 200 characters.';
COMMENT ON COLUMN books.request_logs.id IS 'The UUID in the request id: conditions on it use the index, and it is in the order of time.';
