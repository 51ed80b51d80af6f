import type { Fingerprints } from './comparison.ts';
import type { Differences } from './differences.ts';
import type { Snapshot } from './snapshot.ts';
import { SUMS, TABLES, selectOf, type SumName, type TableName } from './tables.ts';

const tableNames = Object.keys(TABLES) as TableName[];
const sumNames = Object.keys(SUMS) as SumName[];

/** Reads every table once, and takes its rows from what the journal led to. Answers how many rows there were. */
export async function takeAway(
  snapshot: Snapshot,
  fingerprints: Fingerprints,
  onTable: (table: string) => void,
): Promise<number> {
  let rows = 0;
  for (const name of tableNames) {
    onTable(TABLES[name].name);
    rows += await snapshot.scan(selectOf(TABLES[name]), (tuples, at, end) =>
      fingerprints.actualRow(name, tuples, at, end),
    );
  }
  for (const name of sumNames) {
    onTable(SUMS[name].name);
    rows += await snapshot.scan(selectOf(SUMS[name]), (tuples, at) =>
      fingerprints.actualSum(name, tuples, at),
    );
  }
  return rows;
}

/** Asks for the parts in which something is left over. */
export function wantDifferences(fingerprints: Fingerprints, differences: Differences): void {
  for (const name of [...tableNames, ...sumNames]) differences.want(name, fingerprints.differing(name));
}

/** Reads the tables that differ once more, row by row. */
export async function showDifferences(snapshot: Snapshot, differences: Differences): Promise<void> {
  for (const name of tableNames) {
    if (!differences.wants(name)) continue;
    await snapshot.scan(selectOf(TABLES[name]), (tuples, at, end) =>
      differences.actualRow(name, tuples, at, end),
    );
    differences.missing(name);
  }
  for (const name of sumNames) {
    if (!differences.wants(name)) continue;
    await snapshot.scan(selectOf(SUMS[name]), (tuples, at, end) =>
      differences.actualSum(name, tuples, at, end),
    );
    differences.missing(name);
  }
}
