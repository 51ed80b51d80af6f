-- The journal and what guards it. Read and written by core/journal only.
CREATE SCHEMA IF NOT EXISTS florin;
CREATE SCHEMA IF NOT EXISTS books;
COMMENT ON SCHEMA florin IS 'Tables of the core. They may change from release to release: query the views of the schema books.';
COMMENT ON SCHEMA books IS 'What people query: views whose columns are the contract.';

CREATE TABLE florin.settings (
  key text PRIMARY KEY,
  value text NOT NULL
);
COMMENT ON TABLE florin.settings IS 'What was fixed when this Florin was created.';
INSERT INTO florin.settings (key, value) VALUES ('shard_count', '64'), ('journal_format', '1');

-- Partitioned by height and never by time: a partition key must be part of the primary key.
CREATE TABLE florin.journal (
  shard smallint NOT NULL,
  height bigint NOT NULL,
  epoch bigint NOT NULL,
  first_seq bigint NOT NULL,
  event_count integer NOT NULL,
  block_time_us bigint NOT NULL,
  prev_hash bytea NOT NULL,
  hash bytea NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (shard, height),
  CONSTRAINT journal_shard CHECK (shard BETWEEN 0 AND 64),
  CONSTRAINT journal_height CHECK (height >= 1),
  CONSTRAINT journal_epoch CHECK (epoch >= 1),
  CONSTRAINT journal_first_seq CHECK (first_seq >= 1),
  CONSTRAINT journal_event_count CHECK (event_count >= 0),
  CONSTRAINT journal_prev_hash CHECK (octet_length(prev_hash) = 32),
  CONSTRAINT journal_hash CHECK (octet_length(hash) = 32)
) PARTITION BY RANGE (height);
-- Bodies are dense binary: compressing them costs more than it saves.
ALTER TABLE florin.journal ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX journal_seq ON florin.journal (shard, first_seq);
COMMENT ON TABLE florin.journal IS 'The truth: blocks of events, chained by hash, see docs/journal.md.';

-- Makes the partitions that heights up to this one need. Attaching takes a weaker lock than creating in place, so
-- appends go on meanwhile.
CREATE FUNCTION florin.ensure_journal_partitions(upto_height bigint) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  heights CONSTANT bigint := 16777216;
  made integer := 0;
  name text;
BEGIN
  FOR part IN 0 .. upto_height / heights LOOP
    name := format('journal_%s', lpad(part::text, 5, '0'));
    IF to_regclass('florin.' || name) IS NULL THEN
      -- Two cores may ask at once; the second one waits here and then finds it made.
      PERFORM pg_advisory_xact_lock(hashtext('florin.journal.partitions'));
      IF to_regclass('florin.' || name) IS NULL THEN
        EXECUTE format('CREATE TABLE florin.%I (LIKE florin.journal INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE florin.journal ATTACH PARTITION florin.%I FOR VALUES FROM (%s) TO (%s)',
                       name, part * heights, (part + 1) * heights);
        made := made + 1;
      END IF;
    END IF;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION florin.ensure_journal_partitions(bigint) IS 'Makes missing partitions of 2^24 heights; returns how many.';
SELECT florin.ensure_journal_partitions(0);

CREATE TABLE florin.epochs (
  shard smallint PRIMARY KEY,
  epoch bigint NOT NULL,
  owner text NOT NULL
);
COMMENT ON TABLE florin.epochs IS 'The fence: the epoch under which a shard is written. Appends lock the row.';

CREATE TABLE florin.leases (
  shard smallint PRIMARY KEY,
  holder text NOT NULL,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE florin.leases IS 'Who may take a shard, until when, by the time of this database. A row of its own, so renewals never wait for appends.';

CREATE TABLE florin.checkpoints (
  number bigint PRIMARY KEY,
  body bytea NOT NULL,
  hash bytea NOT NULL,
  signature bytea NOT NULL,
  public_key bytea NOT NULL,
  created_at timestamptz NOT NULL,
  CONSTRAINT checkpoints_number CHECK (number >= 1),
  CONSTRAINT checkpoints_hash CHECK (octet_length(hash) = 32),
  CONSTRAINT checkpoints_signature CHECK (octet_length(signature) = 64),
  CONSTRAINT checkpoints_public_key CHECK (octet_length(public_key) = 32)
);
COMMENT ON TABLE florin.checkpoints IS 'Signed records of all shards'' tips, numbered and chained. Keep copies outside.';
