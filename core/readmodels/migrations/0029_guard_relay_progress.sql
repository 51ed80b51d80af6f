-- A relay that was held up may save what it knew of a stream that has lost it since: then another era has begun.
ALTER TABLE florin.relay_progress ADD COLUMN era bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN florin.relay_progress.era IS
  'Rises each time a relay finds that the stream is another one or shorter. Saved by a session only while it is its own.';
