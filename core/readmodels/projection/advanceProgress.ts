import type pg from 'pg';
import { mergeProgress } from '../rows/progress.ts';
import { type ProgressSqlRow, sealedProgressOf } from '../sealing/sqlRows.ts';
import type { Batch } from './batch.ts';
import type { ProjectionStatements } from './statements.ts';

/** Adds what posts, voids, expiries and reversals of the batch did to transactions before it. */
export async function advanceProgress(
  client: pg.ClientBase,
  sql: ProjectionStatements,
  batch: Batch,
): Promise<void> {
  const drafts = [...batch.progress.values()].filter((draft) => !draft.isNew);
  if (drafts.length === 0) return;
  const found = await client.query<ProgressSqlRow>(sql.readProgress, [
    drafts.map((draft) => draft.shard),
    drafts.map((draft) => draft.seq),
  ]);
  const before = new Map(
    found.rows.map((row) => [`${row.shard}/${row.seq}`, sealedProgressOf(row, batch.sealer)]),
  );
  const rows = drafts.map((draft) => mergeProgress(draft, before.get(`${draft.shard}/${draft.seq}`)));
  await client.query(sql.upsertProgress, [
    rows.map((row) => row.shard),
    rows.map((row) => row.seq),
    rows.map((row) => row.book),
    rows.map((row) => row.state),
    rows.map((row) => row.expiresAtUs),
    rows.map((row) => row.lastSeq),
    rows.map((row) => batch.sealer.progressSeal(row)),
    rows.map((row) => `{${row.posted.join(',')}}`),
    rows.map((row) => `{${row.reversed.join(',')}}`),
  ]);
}
