-- How far events were brought to the bus. What the bus itself holds decides; this says what it once had and may have let
-- go of, and up to where there was nothing to bring.
CREATE TABLE florin.relay_progress (
  shard smallint NOT NULL,
  stream text COLLATE "C" NOT NULL,
  stream_created text NOT NULL,
  stream_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  read_seq bigint NOT NULL,
  PRIMARY KEY (shard, stream),
  CONSTRAINT relay_progress_seqs CHECK (last_seq >= 0 AND read_seq >= last_seq)
) WITH (fillfactor = 50);
COMMENT ON TABLE florin.relay_progress IS
  'Per shard and stream of the bus: the last event that was acknowledged with all before it (last_seq), how far the journal was read (read_seq), and the very stream that had it: when that was created, and its own last sequence number then. Void for a stream that was created at another time or is shorter.';
