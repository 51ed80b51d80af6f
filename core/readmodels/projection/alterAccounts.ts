import type pg from 'pg';
import { TamperedRow } from '../../shard/ports.ts';
import type { AccountAlteration } from '../rows/accountChanges.ts';
import { KEY_SHIFT, type Sealer } from '../sealing/seals.ts';
import { type AccountSqlRow, sealedAccountOf } from '../sealing/sqlRows.ts';
import type { Batch } from './batch.ts';
import type { ProjectionStatements } from './statements.ts';

/** Carries limits, metadata and closures into the accounts' rows. Their seals are checked first: an edited row is not sealed anew. */
export async function alterAccounts(
  client: pg.ClientBase,
  sql: ProjectionStatements,
  batch: Batch,
): Promise<void> {
  if (batch.alterations.size === 0) return;
  const found = await client.query<AccountSqlRow>(sql.readAccounts, [[...batch.alterations.keys()]]);
  if (found.rows.length !== batch.alterations.size) {
    const [key = 0] = batch.alterations.keys();
    throw new TamperedRow(Math.floor(key / KEY_SHIFT), 'a row of accounts that is missing');
  }
  for (const row of found.rows) {
    const alteration = batch.alterations.get(Number(row.account_key));
    if (alteration !== undefined)
      await client.query(sql.updateAccount, altered(row, alteration, batch.sealer));
  }
}

function altered(row: AccountSqlRow, alteration: AccountAlteration, sealer: Sealer): unknown[] {
  const account = sealedAccountOf(row, sealer);
  const limits = alteration.limits ?? account.limits;
  const closed = account.closed || alteration.closedAtUs !== undefined;
  const seal = sealer.accountSeal({ ...account, limits, closed });
  return [
    row.account_key,
    ...limits,
    seal,
    alteration.metadata !== undefined,
    alteration.metadata ?? null,
    alteration.closedAtUs ?? null,
  ];
}
