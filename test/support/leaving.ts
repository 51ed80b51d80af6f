import { PgStore } from '../../core/journal/pgStore.ts';
import type { Block } from '../../core/journal/block.ts';
import { BLOCK_COLUMNS } from '../../core/journal/sql.ts';
import { JournalSource } from '../../core/relay/source.ts';
import type { Cursors, Leaving } from '../../core/relay/envelopes/encoder.ts';
import { MemoryFeed, type ReadModelDatabase, projectAll } from './projecting.ts';

/** Puts blocks of one shard into the journal as they are, and projects them. */
export async function journalled(db: ReadModelDatabase, blocks: readonly Block[]): Promise<void> {
  for (const block of blocks)
    await db.rows(
      `INSERT INTO florin.journal (${BLOCK_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        block.shard,
        block.height,
        block.epoch,
        block.firstSeq,
        block.eventCount,
        block.blockTimeUs,
        block.prevHash,
        block.hash,
        block.body,
      ],
    );
  const feed = new MemoryFeed();
  feed.add(...blocks);
  const last = blocks.at(-1)!;
  await projectAll(db.url, feed, { [last.shard]: last.firstSeq + last.eventCount - 1 });
}

export function sourceOf(db: ReadModelDatabase): { source: JournalSource; close(): Promise<void> } {
  const store = new PgStore({ url: db.url });
  return {
    source: new JournalSource([{ store, reader: db.pool }], () => 0),
    close: () => store.close(),
  };
}

/** Everything behind a place of a shard that leaves. */
export async function allLeaving(source: JournalSource, shard: number, cursors: Cursors): Promise<Leaving[]> {
  const mark = (await source.marks()).find((one) => one.shard === shard)!;
  const reader = source.shard(shard);
  const leaving: Leaving[] = [];
  let at = Math.min(...Object.values(cursors).map(({ after }) => after));
  for (;;) {
    const part = await reader.next(at, mark, cursors);
    if (part === null) return leaving;
    leaving.push(...part.leaving);
    at = part.seq;
  }
}
