import pg from 'pg';
import type { Findings } from './findings.ts';
import type { Snapshot } from './snapshot.ts';

/** Every view books.invariant_* shows what breaks it: no rows, and it holds. */
const SHIPPED = `
SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'books' AND c.relkind IN ('v', 'm') AND c.relname LIKE 'invariant\\_%' ORDER BY c.relname`;
const SHOWN_MAX = 20;

/** Runs the invariants that the read models ship in SQL. Answers how many there are. */
export async function runInvariants(
  snapshot: Snapshot,
  findings: Findings,
  onInvariant: (name: string) => void,
): Promise<number> {
  const shipped = await snapshot.client.query<{ name: string; comment: string | null }>(SHIPPED);
  for (const { name, comment } of shipped.rows) {
    onInvariant(name);
    const broken = await snapshot.client.query<{ row: string }>(
      `SELECT to_jsonb(v)::text AS row FROM books.${pg.escapeIdentifier(name)} AS v LIMIT ${SHOWN_MAX}`,
    );
    for (const { row } of broken.rows)
      findings.add({
        rule: ruleOf(name),
        server: snapshot.server,
        table: `books.${name}`,
        message: `${comment ?? 'does not hold'} Found: ${row}`,
      });
  }
  return shipped.rows.length;
}

/** "invariant_i6_holds" is about I6. */
function ruleOf(name: string): string {
  const number = /^invariant_i?0*(\d+)(?:_|$)/.exec(name)?.[1];
  return number === undefined ? 'SQL' : `I${number}`;
}
