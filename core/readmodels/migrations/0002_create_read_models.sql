-- The tables beneath the views of the schema books. All of it is derived from the journal by the projector.
--
-- account_key = shard << 32 | number of the account in its shard: it sorts a shard's accounts together.
-- Wide columns stand first, so that rows carry no padding. Null stands for the ordinary case (nothing pending,
-- effective on the day of booking, no metadata), since a null costs no bytes.

CREATE TABLE florin.projection (
  shard smallint PRIMARY KEY,
  height bigint NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  block_time_us bigint NOT NULL,
  high_stamp_ms bigint NOT NULL,
  last_account bigint NOT NULL,
  control_seq bigint NOT NULL,
  CONSTRAINT projection_hash CHECK (octet_length(hash) = 32)
);
COMMENT ON TABLE florin.projection IS 'How far each shard''s read models are: changed in the same transaction as they are.';

CREATE TABLE florin.assets (
  code text COLLATE "C" PRIMARY KEY,
  scale smallint NOT NULL,
  name text NOT NULL,
  iso_4217 boolean NOT NULL,
  seq bigint,
  CONSTRAINT assets_scale CHECK (scale BETWEEN 0 AND 9)
);
COMMENT ON TABLE florin.assets IS 'ISO 4217 (without seq), and the custom assets of the control shard.';

CREATE TABLE florin.adopted_assets (
  shard smallint NOT NULL,
  code text COLLATE "C" NOT NULL,
  scale smallint NOT NULL,
  name text NOT NULL,
  seq bigint NOT NULL,
  control_seq bigint NOT NULL,
  PRIMARY KEY (shard, code)
);
COMMENT ON TABLE florin.adopted_assets IS 'The custom assets that a data shard may use.';

CREATE TABLE florin.books (
  number integer PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  shard smallint NOT NULL,
  overridden boolean NOT NULL,
  description text NOT NULL,
  created_at timestamptz NOT NULL,
  seq bigint NOT NULL
);
COMMENT ON TABLE florin.books IS 'The books, on the server of the control shard.';

CREATE TABLE florin.adopted_books (
  number integer PRIMARY KEY,
  shard smallint NOT NULL,
  name text COLLATE "C" NOT NULL UNIQUE,
  adopted_at timestamptz NOT NULL,
  seq bigint NOT NULL,
  control_seq bigint NOT NULL
);
CREATE INDEX adopted_books_shard ON florin.adopted_books (shard);
COMMENT ON TABLE florin.adopted_books IS 'The books that a data shard of this server may use.';

CREATE TABLE florin.accounts (
  account_key bigint PRIMARY KEY,
  seq bigint NOT NULL,
  id uuid NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  posted_floor bigint,
  posted_ceiling bigint,
  available_floor bigint,
  available_ceiling bigint,
  seal bigint NOT NULL,
  book_no integer NOT NULL,
  normal_side smallint NOT NULL,
  asset text NOT NULL,
  code text COLLATE "C" NOT NULL,
  metadata jsonb,
  CONSTRAINT accounts_normal_side CHECK (normal_side IN (1, 2)),
  CONSTRAINT accounts_id UNIQUE (book_no, id),
  CONSTRAINT accounts_code UNIQUE (book_no, code)
);
COMMENT ON TABLE florin.accounts IS 'One row an account; its counters are in account_balances.';

CREATE TABLE florin.account_balances (
  account_key bigint PRIMARY KEY,
  version bigint NOT NULL,
  debits_posted bigint NOT NULL,
  credits_posted bigint NOT NULL,
  debits_pending bigint NOT NULL,
  credits_pending bigint NOT NULL,
  last_seq bigint NOT NULL,
  seal bigint NOT NULL,
  CONSTRAINT account_balances_counters
    CHECK (debits_posted >= 0 AND credits_posted >= 0 AND debits_pending >= 0 AND credits_pending >= 0)
) WITH (fillfactor = 45);
-- Half of each page stays free: a batch's updates stay on the page and touch no index (HOT).
ALTER TABLE florin.account_balances SET (autovacuum_vacuum_scale_factor = 0.5);
COMMENT ON TABLE florin.account_balances IS 'The counters after the last entry, changed once a batch.';

CREATE TABLE florin.account_changes (
  account_key bigint NOT NULL,
  seq bigint NOT NULL,
  id uuid NOT NULL,
  changed_at timestamptz NOT NULL,
  posted_floor bigint,
  posted_ceiling bigint,
  available_floor bigint,
  available_ceiling bigint,
  book_no integer NOT NULL,
  sets_limits boolean NOT NULL,
  sets_metadata boolean NOT NULL,
  closes boolean NOT NULL,
  opens boolean NOT NULL,
  metadata jsonb,
  PRIMARY KEY (account_key, seq),
  CONSTRAINT account_changes_id UNIQUE (book_no, id)
);
COMMENT ON TABLE florin.account_changes IS
  'Changes of limits and metadata, and closures, with the id of each; and the limits that accounts were opened with, under the account''s id.';

CREATE TABLE florin.transactions (
  seq bigint NOT NULL,
  id uuid,
  booked_at timestamptz NOT NULL,
  debit_account_key bigint NOT NULL,
  credit_account_key bigint NOT NULL,
  amount bigint NOT NULL,
  target_seq bigint,
  expires_at timestamptz,
  released bigint,
  book_no integer NOT NULL,
  effective_date date,
  kind smallint NOT NULL,
  posting_count smallint NOT NULL,
  target_posting smallint,
  reference text,
  metadata jsonb,
  PRIMARY KEY (book_no, seq),
  CONSTRAINT transactions_id UNIQUE (book_no, id),
  CONSTRAINT transactions_kind CHECK (kind BETWEEN 1 AND 6) NO INHERIT,
  CONSTRAINT transactions_amount CHECK (amount >= 0) NO INHERIT
);
CREATE INDEX transactions_reference ON florin.transactions (book_no, reference, seq) WHERE reference IS NOT NULL;
CREATE INDEX transactions_kind ON florin.transactions (book_no, kind, seq) WHERE kind <> 1;
CREATE INDEX transactions_target ON florin.transactions (book_no, target_seq, seq) WHERE target_seq IS NOT NULL;

-- A part of the table above, read with it: no index but these two, since most transactions are such. By the check
-- Postgres leaves transfers out where a query asks for a kind, a reference or a target that they cannot have.
CREATE TABLE florin.transfers (
  PRIMARY KEY (book_no, seq),
  CONSTRAINT transfers_id UNIQUE (book_no, id),
  CONSTRAINT transfers_plain CHECK (kind = 1 AND reference IS NULL AND target_seq IS NULL)
) INHERITS (florin.transactions);
COMMENT ON TABLE florin.transfers IS
  'Insert only: the transactions that are direct, of one posting, effective on the day of booking, without reference and metadata.';
COMMENT ON TABLE florin.transactions IS 'Insert only; transfers are a part of it. The first posting is in the row; effective_date is null where it is the UTC date of booking.';

CREATE TABLE florin.postings (
  seq bigint NOT NULL,
  debit_account_key bigint NOT NULL,
  credit_account_key bigint NOT NULL,
  amount bigint NOT NULL,
  released bigint,
  book_no integer NOT NULL,
  posting smallint NOT NULL,
  target_posting smallint,
  PRIMARY KEY (book_no, seq, posting),
  CONSTRAINT postings_posting CHECK (posting BETWEEN 1 AND 255),
  CONSTRAINT postings_amount CHECK (amount >= 0)
);
COMMENT ON TABLE florin.postings IS 'Insert only: the postings behind the first of transactions that have several.';

CREATE TABLE florin.transaction_progress (
  seq bigint NOT NULL,
  expires_at_us bigint,
  last_seq bigint NOT NULL,
  seal bigint NOT NULL,
  book_no integer NOT NULL,
  shard smallint NOT NULL,
  state smallint NOT NULL,
  posted bigint[] NOT NULL,
  reversed bigint[] NOT NULL,
  PRIMARY KEY (shard, seq),
  CONSTRAINT transaction_progress_state CHECK (state BETWEEN 1 AND 4)
) WITH (fillfactor = 80);
CREATE INDEX transaction_progress_due ON florin.transaction_progress (shard, expires_at_us)
  WHERE state = 1 AND expires_at_us IS NOT NULL;
CREATE INDEX transaction_progress_state ON florin.transaction_progress (book_no, state, seq);
COMMENT ON TABLE florin.transaction_progress IS
  'A row for each pending transaction and each that was reversed: state, and per posting what was posted and reversed. Arrays may be shorter than the postings: what is absent is zero.';

CREATE TABLE florin.entries (
  account_key bigint NOT NULL,
  version bigint NOT NULL,
  seq bigint NOT NULL,
  booked_at timestamptz NOT NULL,
  amount bigint NOT NULL,
  debits_posted bigint NOT NULL,
  credits_posted bigint NOT NULL,
  pending_change bigint,
  debits_pending bigint,
  credits_pending bigint,
  effective_date date,
  posting smallint NOT NULL,
  side smallint NOT NULL,
  PRIMARY KEY (account_key, version),
  CONSTRAINT entries_version CHECK (version >= 1),
  CONSTRAINT entries_amount CHECK (amount >= 0),
  CONSTRAINT entries_side CHECK (side IN (1, 2))
);
CREATE INDEX entries_displaced ON florin.entries (account_key, effective_date, version) WHERE effective_date IS NOT NULL;
COMMENT ON TABLE florin.entries IS
  'Insert only: two a posting, but for those in entry_pages. The counters are those after it; null pending columns are zero; effective_date is null where it is the UTC date of booking.';

-- Arrays stay below the size at which Postgres compresses a row; see the ADR on entry pages.
CREATE TABLE florin.entry_pages (
  account_key bigint NOT NULL,
  first_version bigint NOT NULL,
  first_seq bigint NOT NULL,
  booked_at timestamptz NOT NULL,
  seqs_later integer[] NOT NULL,
  us_later integer[],
  amounts bigint[] NOT NULL,
  debits_posted bigint[] NOT NULL,
  credits_posted bigint[] NOT NULL,
  sides bit varying NOT NULL,
  postings smallint[],
  PRIMARY KEY (account_key, first_version)
);
COMMENT ON TABLE florin.entry_pages IS
  'Insert only: up to 32 entries of one account that follow each other, hold nothing, and take effect on the day of booking. seqs_later and us_later count from first_seq and from booked_at (null: all at booked_at); sides has a 1 for a credit; postings is null where all are 0.';

-- For reading all accounts at once. For one account, its key must stand inside, since no condition on a join passes a UNION.
-- An entry of an edited page may have no side: the invariants show the page, and must not end with an error.
CREATE VIEW florin.all_entries AS
SELECT account_key, version, seq, booked_at, amount, debits_posted, credits_posted, pending_change, debits_pending,
       credits_pending, effective_date, posting, side
FROM florin.entries
UNION ALL
SELECT account_key, first_version + place, first_seq + seq_later, booked_at + coalesce(us_later, 0) * interval '1 microsecond',
       amount, debits_posted, credits_posted, NULL::bigint AS pending_change, NULL::bigint AS debits_pending,
       NULL::bigint AS credits_pending, NULL::date AS effective_date, coalesce(posting, 0::smallint) AS posting,
       CASE WHEN place < length(sides) THEN (1 + get_bit(sides, place))::smallint END AS side
FROM (
  SELECT account_key, first_version, first_seq, booked_at, sides, generate_series(0, cardinality(amounts) - 1) AS place,
         unnest(seqs_later) AS seq_later, unnest(us_later) AS us_later, unnest(amounts) AS amount,
         unnest(debits_posted) AS debits_posted, unnest(credits_posted) AS credits_posted, unnest(postings) AS posting
  FROM florin.entry_pages
) AS paged;
COMMENT ON VIEW florin.all_entries IS 'Every entry of every account, whether it is a row or stands in a page.';

CREATE TABLE florin.displaced_days (
  account_key bigint NOT NULL,
  debits bigint NOT NULL,
  credits bigint NOT NULL,
  day date NOT NULL,
  PRIMARY KEY (account_key, day)
) WITH (fillfactor = 80);
COMMENT ON TABLE florin.displaced_days IS
  'What posted entries whose effective date is not their booking date add to (effective day) and take from (booking day) an account''s days, see docs/adr.';

CREATE TABLE florin.refusals (
  seq bigint NOT NULL,
  id uuid NOT NULL,
  booked_at timestamptz NOT NULL,
  account_id uuid,
  book_no integer NOT NULL,
  reason smallint NOT NULL,
  op smallint NOT NULL,
  posting smallint,
  field text,
  body bytea NOT NULL,
  PRIMARY KEY (book_no, id)
);
CREATE INDEX refusals_seq ON florin.refusals (book_no, seq);
COMMENT ON TABLE florin.refusals IS 'Remembered refusals: their ids are spent.';

CREATE TABLE florin.refusal_days (
  book_no integer NOT NULL,
  day date NOT NULL,
  count integer NOT NULL,
  PRIMARY KEY (book_no, day)
);
COMMENT ON TABLE florin.refusal_days IS 'Remembered refusals a book and UTC day: the quota is counted here.';

CREATE TABLE florin.refusal_reasons (
  number smallint PRIMARY KEY,
  name text NOT NULL
);
COMMENT ON TABLE florin.refusal_reasons IS 'The names of the reasons, from the registry in the code at each start.';

-- References document the model and let tools draw it. Enforced they would cost three quarters of the projection's
-- speed, so Postgres 18 declares them NOT ENFORCED, older ones go without, and "florin verify" checks them. What may be a
-- transfer is no reference: a reference sees a table without its parts.
CREATE FUNCTION florin.declare_references() RETURNS void LANGUAGE plpgsql AS $$
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
      ('displaced_days', 'displaced_days_account', 'account_key', 'accounts', 'account_key')
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
