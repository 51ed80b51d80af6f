import type { Reader } from './reading.ts';

export interface InvariantResult {
  /** The view's name without its prefix: i03_counters_fold. */
  name: string;
  /** What it says must hold. */
  rule: string;
  /** The first of the violations; none: it holds. */
  violations: { subject: string; detail: string }[];
}

const LIST = `
  SELECT c.relname AS view, obj_description(c.oid) AS rule FROM pg_class AS c
  WHERE c.relnamespace = 'books'::regnamespace AND c.relkind = 'v' AND c.relname LIKE 'invariant\\_%' ORDER BY c.relname`;

/** Runs the invariants that are SQL, one after the other; inside a snapshot they all see the same books. */
export async function* checkInvariants(
  reader: Reader,
  { violationsMax }: { violationsMax: number },
): AsyncGenerator<InvariantResult> {
  const views = await reader.query<{ view: string; rule: string }>(LIST);
  for (const { view, rule } of views.rows) {
    // The name comes from the catalogue, under a pattern of ours.
    const found = await reader.query<{ subject: string; detail: string }>(
      `SELECT subject, detail FROM books."${view}" LIMIT $1`,
      [violationsMax],
    );
    yield { name: view.replace(/^invariant_/, ''), rule, violations: found.rows };
  }
}
