import type pg from 'pg';

/** What florin.relay_progress says of a stream of a shard. */
export interface RelayProgress {
  readonly shard: number;
  readonly stream: string;
  /** The very stream: when it was created, as its server says it, and its last sequence number then. */
  readonly created: string;
  readonly streamSeq: number;
  /** The last event that was acknowledged, and all before it. */
  readonly lastSeq: number;
  /** Between the two there was nothing to bring. */
  readonly readSeq: number;
  /** Rises each time somebody finds that the stream is another one or shorter. */
  readonly era: number;
}

export async function readRelayProgress(database: Pick<pg.ClientBase, 'query'>): Promise<RelayProgress[]> {
  const { rows } = await database.query<{
    shard: number;
    stream: string;
    stream_created: string;
    stream_seq: string;
    last_seq: string;
    read_seq: string;
    era: string;
  }>('SELECT shard, stream, stream_created, stream_seq, last_seq, read_seq, era FROM florin.relay_progress');
  return rows.map((row) => ({
    shard: row.shard,
    stream: row.stream,
    created: row.stream_created,
    streamSeq: Number(row.stream_seq),
    lastSeq: Number(row.last_seq),
    readSeq: Number(row.read_seq),
    era: Number(row.era),
  }));
}

// In one order, so that two relays that save at once do not wait for each other in a circle. What two of them say of one
// stream is true together; of an era that is over nothing is.
const SAVE = `
INSERT INTO florin.relay_progress AS kept (shard, stream, stream_created, stream_seq, last_seq, read_seq, era)
SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
  AS p (shard, stream)
ORDER BY p.shard, p.stream
ON CONFLICT (shard, stream) DO UPDATE SET era = EXCLUDED.era, stream_created = EXCLUDED.stream_created,
  (stream_seq, last_seq, read_seq) = (
    SELECT CASE WHEN isSame THEN greatest(kept.stream_seq, EXCLUDED.stream_seq) ELSE EXCLUDED.stream_seq END,
      CASE WHEN isSame THEN greatest(kept.last_seq, EXCLUDED.last_seq) ELSE EXCLUDED.last_seq END,
      CASE WHEN isSame THEN greatest(kept.read_seq, EXCLUDED.read_seq) ELSE EXCLUDED.read_seq END
    FROM (VALUES (kept.era = EXCLUDED.era)) AS era (isSame))
WHERE kept.era = EXCLUDED.era AND kept.stream_created = EXCLUDED.stream_created OR kept.era = EXCLUDED.era - 1`;

/** Throws where another relay has begun another era: whoever goes on must look at the stream again. */
export async function saveRelayProgress(
  database: Pick<pg.ClientBase, 'query'>,
  rows: readonly RelayProgress[],
): Promise<void> {
  if (rows.length === 0) return;
  const { rowCount } = await database.query(SAVE, [
    rows.map(({ shard }) => shard),
    rows.map(({ stream }) => stream),
    rows.map(({ created }) => created),
    rows.map(({ streamSeq }) => streamSeq),
    rows.map(({ lastSeq }) => lastSeq),
    rows.map(({ readSeq }) => readSeq),
    rows.map(({ era }) => era),
  ]);
  if (rowCount !== rows.length) throw new Error('another relay has found that a stream has lost something');
}
