import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Report } from '../../cli/operate/verify/report.ts';
import type { SignedCheckpoint } from '../../core/journal/checkpoint.ts';
import { fileOf } from '../../core/journal/checkpointFile.ts';
import { CheckpointMaker } from '../../core/journal/checkpointMaker.ts';
import { PgCheckpointStore } from '../../core/journal/checkpointStore.ts';
import { appendBlocks, migrated, projectBlocks } from './fabricatedBooks.ts';
import { goldenShards } from './goldenScript.ts';
import { freshDatabase, type FreshDatabase } from './postgres.ts';
import { edit, putBack, verified } from './verifiedBooks.ts';

/** Of the checkpoints that are exported. */
export const key = generateKeyPairSync('ed25519').privateKey;
export const { control, data } = goldenShards();
export const all = [...control.blocks, ...data.blocks];
export const folder = mkdtempSync(join(tmpdir(), 'florin-verify-'));
/** The files of two checkpoints: the first ends one block below the tip of the data shard, the second at the tips. */
export const exported: string[] = [];
/** Set once `writeGoldenBooks` has run. */
export let books: FreshDatabase;

/** For a test file: a database with the golden journal, its read models and two checkpoints. */
export function writeGoldenBooks(): void {
  beforeAll(async () => {
    books = await freshDatabase();
    await migrated(books.url);
    await appendBlocks(books.url, all);
    await projectBlocks(books.url, all);
    await checkpointed(books.url);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await books.drop();
  });
}

/** Makes two checkpoints as the core would, and exports them. */
async function checkpointed(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  try {
    let tips = [control.tip, { ...data.blocks.at(-2)! }];
    const maker = new CheckpointMaker({
      key,
      store: new PgCheckpointStore(pool),
      tips: () => tips,
      intervalMs: 0,
      clock: { wallUs: () => data.nowUs },
      timers: { after: () => () => undefined },
      onMade: (checkpoint) => exported.push(exportTo(`checkpoint-${checkpoint.number}.json`, checkpoint)),
    });
    await maker.makeNow();
    tips = [control.tip, data.blocks.at(-1)!];
    await maker.makeNow();
    expect(await maker.makeNow()).toBeNull();
  } finally {
    await pool.end();
  }
}

function exportTo(name: string, checkpoint: SignedCheckpoint): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(fileOf(checkpoint), null, 2));
  return file;
}

/** Edits one table of the books, which are green before, verifies them, and puts the table back. */
export async function afterEdit(table: string, statement: string): Promise<Report> {
  const before = await verified(books.url, { checkpointFiles: exported });
  expect(before.findings).toEqual([]);
  await edit(books.url, `CREATE TABLE kept AS TABLE florin.${table}`, statement);
  try {
    return await verified(books.url, { checkpointFiles: exported });
  } finally {
    await putBack(books.url, table);
  }
}
