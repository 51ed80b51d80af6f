-- The tables beneath the views about payments, derived from the journal as those of the ledger are.
--
-- An intent is what its events say: whoever needs all of it folds payment_events. What lists and timers ask stands in
-- two tables besides, as with accounts and their balances: payment_intents is hardly ever changed, payment_states once a
-- batch, so that a change touches no index but those of what changes.

-- The change is text, not jsonb: the writer folds these bytes, and jsonb would order keys anew and refuse a \u0000 that
-- a provider said. Not bytea either: it would travel twice as long, and nobody could read it. Views parse it on demand.
CREATE TABLE florin.payment_events (
  subject_seq bigint NOT NULL,
  seq bigint NOT NULL,
  id uuid,
  subject_id uuid NOT NULL,
  booked_at timestamptz NOT NULL,
  seal bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  subject smallint NOT NULL,
  transaction_count smallint NOT NULL,
  name text NOT NULL,
  cause text NOT NULL,
  change text NOT NULL,
  PRIMARY KEY (shard, subject_seq, seq),
  CONSTRAINT payment_events_subject CHECK (subject IN (1, 2)),
  CONSTRAINT payment_events_order CHECK (seq >= subject_seq),
  CONSTRAINT payment_events_transactions CHECK (transaction_count >= 0)
);
-- Null for an event that came along with another one's command.
CREATE UNIQUE INDEX payment_events_id ON florin.payment_events (book_no, id) WHERE id IS NOT NULL;
COMMENT ON TABLE florin.payment_events IS
  'Insert only: the events of merchants (subject 1) and payment intents (2), by the seq of the event that began the subject. The transactions of an event are the transaction_count ones right before it: seq - transaction_count up to seq - 1.';

CREATE TABLE florin.merchants (
  seq bigint NOT NULL,
  id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  settlement_days smallint NOT NULL,
  tax_ppm integer NOT NULL,
  fees_returned boolean NOT NULL,
  country text NOT NULL,
  name text NOT NULL,
  tax_jurisdiction text NOT NULL,
  fees jsonb NOT NULL,
  routing jsonb NOT NULL,
  PRIMARY KEY (book_no, seq),
  CONSTRAINT merchants_id UNIQUE (book_no, id)
);
COMMENT ON TABLE florin.merchants IS 'Insert only: the merchants as they were created.';

CREATE TABLE florin.payment_intents (
  seq bigint NOT NULL,
  id uuid NOT NULL,
  merchant_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  amount bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  currency text NOT NULL,
  capture text NOT NULL,
  reference text COLLATE "C",
  description text,
  statement_descriptor text,
  return_url text,
  metadata jsonb,
  PRIMARY KEY (book_no, seq),
  -- By the id first: people look a payment up without naming its book.
  CONSTRAINT payment_intents_id UNIQUE (id, book_no),
  CONSTRAINT payment_intents_amount CHECK (amount > 0)
);
CREATE INDEX payment_intents_created ON florin.payment_intents (book_no, created_at, seq);
CREATE INDEX payment_intents_merchant ON florin.payment_intents (book_no, merchant_id, seq);
CREATE INDEX payment_intents_reference ON florin.payment_intents (book_no, reference, seq) WHERE reference IS NOT NULL;
COMMENT ON TABLE florin.payment_intents IS 'What callers said of a payment when they created it, or changed it before any provider was asked; null stands for an empty text.';

CREATE TABLE florin.payment_states (
  seq bigint NOT NULL,
  version bigint NOT NULL,
  authorized bigint NOT NULL,
  captured bigint NOT NULL,
  capturing bigint NOT NULL,
  refunded bigint NOT NULL,
  refunding bigint NOT NULL,
  fees bigint NOT NULL,
  tax bigint NOT NULL,
  pending bigint NOT NULL,
  memo bigint NOT NULL,
  unapplied bigint NOT NULL,
  due_at timestamptz,
  available_at timestamptz,
  last_seq bigint NOT NULL,
  seal bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  attempts smallint NOT NULL,
  canceling boolean NOT NULL,
  state text COLLATE "C" NOT NULL,
  method_type text,
  provider text,
  cancel_reason text,
  attention text,
  PRIMARY KEY (shard, seq),
  CONSTRAINT payment_states_version CHECK (version >= 1),
  CONSTRAINT payment_states_counters CHECK (
    authorized >= 0 AND captured >= 0 AND capturing >= 0 AND refunded >= 0 AND refunding >= 0
    AND fees >= 0 AND tax >= 0 AND pending >= 0 AND memo >= 0 AND unapplied >= 0)
) WITH (fillfactor = 70);
CREATE INDEX payment_states_due ON florin.payment_states (shard, due_at, seq) WHERE due_at IS NOT NULL;
-- Most payments succeed, so that a walk by seq finds those; the index leads to all others.
CREATE INDEX payment_states_state ON florin.payment_states (book_no, state, seq) WHERE state <> 'succeeded';
CREATE INDEX payment_states_attention ON florin.payment_states (book_no, seq) WHERE attention IS NOT NULL;
COMMENT ON TABLE florin.payment_states IS
  'Where each payment intent stands after its last event, changed once a batch: version counts its events, counters are minor units; null stands for an empty text, and for a moment that never comes.';

CREATE TABLE florin.provider_references (
  id uuid NOT NULL,
  subject_seq bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL
);
CREATE INDEX provider_references_id ON florin.provider_references (id);
COMMENT ON TABLE florin.provider_references IS
  'Insert only: what was asked of providers, by the reference under which they know it. Whoever sends an event names that and nothing else.';

-- For views: the journal's JSON as jsonb. Of what no text of Postgres holds (the nil character, half a surrogate pair)
-- JSON.stringify makes an escape, and here it becomes the replacement character: a provider's answer must not end a query.
CREATE FUNCTION florin.change_json(change text) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN strpos(change, '\u') = 0 THEN change
              ELSE regexp_replace(change, '\\u(0000|d[89a-f][0-9a-f]{2})', '\\ufffd', 'g') END::jsonb
$$;
COMMENT ON FUNCTION florin.change_json(text) IS 'The change of a payment event as jsonb.';

CREATE OR REPLACE FUNCTION florin.declare_references() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  reference record;
BEGIN
  IF current_setting('server_version_num')::integer < 180000 THEN
    RETURN;
  END IF;
  FOR reference IN
    SELECT * FROM (VALUES
      ('account_balances', 'account_balances_account', 'account_key', 'accounts', 'account_key'),
      ('account_changes', 'account_changes_account', 'account_key', 'accounts', 'account_key'),
      ('transactions', 'transactions_debit_account', 'debit_account_key', 'accounts', 'account_key'),
      ('transactions', 'transactions_credit_account', 'credit_account_key', 'accounts', 'account_key'),
      ('transfers', 'transfers_debit_account', 'debit_account_key', 'accounts', 'account_key'),
      ('transfers', 'transfers_credit_account', 'credit_account_key', 'accounts', 'account_key'),
      ('postings', 'postings_transaction', 'book_no, seq', 'transactions', 'book_no, seq'),
      ('postings', 'postings_debit_account', 'debit_account_key', 'accounts', 'account_key'),
      ('postings', 'postings_credit_account', 'credit_account_key', 'accounts', 'account_key'),
      ('entries', 'entries_account', 'account_key', 'accounts', 'account_key'),
      ('entry_pages', 'entry_pages_account', 'account_key', 'accounts', 'account_key'),
      ('displaced_days', 'displaced_days_account', 'account_key', 'accounts', 'account_key'),
      ('payment_intents', 'payment_intents_merchant', 'book_no, merchant_id', 'merchants', 'book_no, id'),
      ('payment_states', 'payment_states_intent', 'book_no, seq', 'payment_intents', 'book_no, seq')
    ) AS r(table_name, name, columns, target, target_columns)
  LOOP
    IF NOT EXISTS (
      SELECT FROM pg_constraint c
      WHERE c.conname = reference.name AND c.contype = 'f'
        AND c.conrelid = format('florin.%I', reference.table_name)::regclass
    ) THEN
      EXECUTE format('ALTER TABLE florin.%I ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES florin.%I (%s) NOT ENFORCED',
                     reference.table_name, reference.name, reference.columns, reference.target, reference.target_columns);
    END IF;
  END LOOP;
END $$;
SELECT florin.declare_references();
