import pg from 'pg';
import { nowMs } from '../measure/clock.ts';

/** Blocks of the core that are read back to be appended again; together at most this many bytes. */
const BLOCKS_MAX = 64;
const BYTES_MAX = 64 * 1_048_576;

interface CoreBlock {
  readonly events: number;
  readonly body: Buffer;
}

/** The table of the core's journal once more: columns, keys, checks, storage and one partition. */
const CREATE = `
CREATE SCHEMA IF NOT EXISTS bench;
DROP TABLE IF EXISTS bench.journal;
CREATE TABLE bench.journal (LIKE florin.journal INCLUDING ALL) PARTITION BY RANGE (height);
CREATE TABLE bench.journal_0 (LIKE bench.journal INCLUDING ALL);
ALTER TABLE bench.journal ATTACH PARTITION bench.journal_0 FOR VALUES FROM (0) TO (16777216)`;

/** Where the core's journal stands: the heights that a section of load has added begin after it. */
const TIPS = 'SELECT shard, max(height) AS height FROM florin.journal GROUP BY shard';

/** Every n-th of the blocks that came after a tip, the empty ones left out. */
const BLOCKS = `
SELECT event_count AS events, body FROM (
  SELECT event_count, body, row_number() OVER (ORDER BY height) AS number, count(*) OVER () AS blocks
  FROM florin.journal WHERE shard = $1 AND height > $2 AND event_count > 0) AS added
WHERE (number - 1) % greatest(1, (blocks + $3 - 1) / $3) = 0 LIMIT $3`;

const APPEND = `
INSERT INTO bench.journal (shard, height, epoch, first_seq, event_count, block_time_us, prev_hash, hash, body)
VALUES (0, $1, 1, $2, $3, $4, $5, $6, $7)`;

/**
 * The floor: what a bare `pg` client reaches that appends the core's own blocks, one bytea a statement, one statement a
 * commit, one after the other. It reads no request, decides nothing and hashes nothing.
 */
export class Floor {
  readonly #client: pg.Client;
  #height = 0;
  #seq = 1;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<Floor> {
    const client = new pg.Client({ connectionString: url });
    // After Ctrl-C the server goes first; whoever awaits a query hears of it.
    client.on('error', () => {});
    await client.connect();
    await client.query(CREATE);
    return new Floor(client);
  }

  /** Heights of all shards now. */
  async tips(): Promise<Map<number, number>> {
    const { rows } = await this.#client.query<{ shard: number; height: string }>(TIPS);
    return new Map(rows.map(({ shard, height }) => [shard, Number(height)]));
  }

  /** A sample of the blocks that the core wrote since then, in the shard that grew most. */
  async blocksSince(before: Map<number, number>): Promise<CoreBlock[]> {
    const grown = [...(await this.tips())].map(([shard, height]) => ({
      shard,
      from: before.get(shard) ?? 0,
      by: height - (before.get(shard) ?? 0),
    }));
    const { shard, from } = grown.reduce((most, one) => (one.by > most.by ? one : most));
    const { rows } = await this.#client.query<CoreBlock>(BLOCKS, [shard, from, BLOCKS_MAX]);
    let bytes = 0;
    const sample = rows.filter(({ body }) => (bytes += body.length) <= BYTES_MAX);
    return sample.length > 0 ? sample : rows.slice(0, 1);
  }

  /** Appends these blocks over and over for so long; returns transfers a second, each event counted as one. */
  async measure(blocks: readonly CoreBlock[], ms: number): Promise<number> {
    await this.#append(blocks, ms / 4);
    return this.#append(blocks, ms);
  }

  async #append(blocks: readonly CoreBlock[], ms: number): Promise<number> {
    const hash = Buffer.alloc(32, 7);
    const began = nowMs();
    let transfers = 0;
    for (let i = 0; nowMs() - began < ms; i = (i + 1) % blocks.length) {
      const { events, body } = blocks[i];
      this.#height += 1;
      const values = [this.#height, this.#seq, events, this.#seq, hash, hash, body];
      await this.#client.query({ name: 'append', text: APPEND, values });
      this.#seq += events;
      transfers += events;
    }
    return (transfers * 1_000) / (nowMs() - began);
  }

  async close(): Promise<void> {
    await this.#client.query('DROP TABLE bench.journal');
    await this.#client.end();
  }
}
