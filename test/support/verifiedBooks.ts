import pg from 'pg';
import { verify } from '../../cli/operate/verify/verify.ts';
import type { Report } from '../../cli/operate/verify/report.ts';
import type { Block } from '../../core/journal/block.ts';
import { hashBlock, ZERO_HASH } from '../../core/journal/hash.ts';
import { migrated } from './fabricatedBooks.ts';
import { freshDatabase } from './postgres.ts';

/** Runs `florin verify` in this process; keys from no data folder, and SQL left out, unless asked for. */
export function verified(
  url: string,
  more: { checkpointFiles?: string[]; keyFiles?: string[]; sql?: 'asked' } = {},
): Promise<Report> {
  return verify({
    urls: [url],
    checkpointFiles: more.checkpointFiles ?? [],
    keyFiles: more.keyFiles ?? [],
    secrets: '/nowhere',
    isSqlLeftOut: more.sql !== 'asked',
    onPhase: () => ({ update: () => undefined, end: () => undefined }),
  });
}

/** Runs SQL as the superuser, whose edits no permission stops. */
export async function edit(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) {
      const result = await client.query(statement);
      if (result.rowCount === 0) throw new Error(`nothing was edited by: ${statement}`);
    }
  } finally {
    await client.end();
  }
}

/** Ends an edit of a table that was kept as `kept`. */
export async function putBack(url: string, table: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`DELETE FROM florin.${table}; INSERT INTO florin.${table} TABLE kept; DROP TABLE kept`);
  await client.end();
}

/** The blocks with one text of an event put in the place of another that is as long, where it stands the n-th time. */
export function rewrittenBlocks(blocks: readonly Block[], from: string, to: string, n = 1): Block[] {
  if (to.length !== from.length) throw new Error(`"${to}" is not as long as "${from}"`);
  let left = n;
  const written = blocks.map((block) => {
    const body = Buffer.from(block.body);
    for (let at = body.indexOf(from); at >= 0; at = body.indexOf(from, at + 1)) {
      if (--left !== 0) continue;
      body.write(to, at);
    }
    return { ...block, body };
  });
  if (left > 0) throw new Error(`"${from}" does not stand there ${n} times`);
  return written;
}

/** The blocks of one shard, chained anew: what an attacker, or a broken writer, would have left. */
export function rechained(blocks: readonly Block[]): Block[] {
  let prevHash: Uint8Array = ZERO_HASH;
  return blocks.map((block) => {
    const linked = { ...block, prevHash };
    const sealed = { ...linked, hash: hashBlock(linked) };
    prevHash = sealed.hash;
    return sealed;
  });
}

/** Verifies a journal without read models, as a wrong kernel or writer would have left it, in a database of its own. */
export async function verifiedJournal(blocks: readonly Block[]): Promise<Report> {
  const database = await freshDatabase();
  try {
    await migrated(database.url);
    const store = new pg.Client({ connectionString: database.url });
    await store.connect();
    for (const block of blocks) {
      await store.query('INSERT INTO florin.journal VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
        block.shard,
        block.height,
        block.epoch,
        block.firstSeq,
        block.eventCount,
        block.blockTimeUs,
        Buffer.from(block.prevHash),
        Buffer.from(block.hash),
        Buffer.from(block.body),
      ]);
    }
    await store.end();
    return await verified(database.url);
  } finally {
    await database.drop();
  }
}
