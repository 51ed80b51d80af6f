/** What is broken, and where. Fields that do not apply are absent. */
export interface Finding {
  /** The invariant of docs/journal.md ("What verify proves") that does not hold: I1 to I14, or "checkpoint". */
  rule: string;
  /** Which server, from 1. */
  server?: number;
  shard?: number;
  height?: number;
  seq?: number;
  table?: string;
  key?: string;
  message: string;
}

/** So many are kept in all, and so many of one rule in one shard: one broken block can make thousands. */
const KEPT_MAX = 200;
const ALIKE_MAX = 20;

/** What was found so far: a bounded list, and the count of all. */
export class Findings {
  readonly list: Finding[] = [];
  count = 0;
  readonly #alike = new Map<string, number>();

  add(finding: Finding): void {
    this.count++;
    const alike = `${finding.rule} ${finding.shard ?? ''} ${finding.table ?? ''}`;
    const before = this.#alike.get(alike) ?? 0;
    this.#alike.set(alike, before + 1);
    if (before < ALIKE_MAX && this.list.length < KEPT_MAX) this.list.push(finding);
  }
}

/** One line for a person: the rule, the place, what is wrong. */
export function lineOf(finding: Finding): string {
  const place = [
    finding.server === undefined ? '' : `server ${finding.server}`,
    finding.shard === undefined ? '' : `shard ${finding.shard}`,
    finding.height === undefined ? '' : `height ${finding.height}`,
    finding.seq === undefined ? '' : `seq ${finding.seq}`,
    finding.table === undefined ? '' : finding.table,
    finding.key === undefined ? '' : `[${finding.key}]`,
  ].filter((part) => part !== '');
  return `${finding.rule}${place.length > 0 ? `  ${place.join(' ')}` : ''}: ${finding.message}`;
}
