import { lineOf, type Finding } from './findings.ts';

/** Blocks at the end of a shard that nothing outside vouches for. */
export interface Tail {
  server: number;
  shard: number;
  from_height: number;
  to_height: number;
  to_seq: number;
}

/** What `florin verify` found; with --json, its last line. */
export interface Report {
  ok: boolean;
  servers: number;
  /** Shards with a journal. */
  shards: number;
  blocks: number;
  events: number;
  transactions: number;
  accounts: number;
  /** Rows of the read models that were compared. */
  rows: number;
  /** Invariants that ran in SQL. */
  invariants: number;
  checkpoints: { stored: number; outside: number; trusted_keys: number };
  tails: Tail[];
  /** At most 200. */
  findings: Finding[];
  findings_count: number;
  seconds: number;
}

const TAILS_SHOWN_MAX = 8;
const grouped = (count: number): string => count.toLocaleString('en-US');

/** The report for a person. */
export function linesOf(report: Report): string[] {
  const { checkpoints } = report;
  const rate =
    report.seconds > 0 ? `, ${grouped(Math.round(report.transactions / report.seconds))} transactions/s` : '';
  return [
    `journal      ${grouped(report.events)} events in ${grouped(report.blocks)} blocks of ${report.shards} shards: ${grouped(report.transactions)} transactions, ${grouped(report.accounts)} accounts`,
    `read models  ${grouped(report.rows)} rows compared, ${report.invariants} invariants asked in SQL`,
    `checkpoints  ${grouped(checkpoints.stored)} stored, ${checkpoints.outside} from outside${checkpoints.trusted_keys === 0 && checkpoints.stored > 0 ? '; no key was given to trust, so whoever can write the table can have made them' : ''}`,
    ...tailLines(report),
    `${report.seconds.toFixed(1)} s${rate}`,
    '',
    ...(report.ok
      ? ['All true.']
      : [
          `${grouped(report.findings_count)} ${report.findings_count === 1 ? 'thing is' : 'things are'} broken:`,
          ...report.findings.map((finding) => `  ${lineOf(finding)}`),
        ]),
    ...(report.findings_count > report.findings.length
      ? [`  .. and ${grouped(report.findings_count - report.findings.length)} more`]
      : []),
  ];
}

function tailLines({ tails, checkpoints }: Report): string[] {
  if (tails.length === 0) return [];
  const heading =
    checkpoints.outside === 0
      ? 'uncovered    everything: no checkpoint from outside was given (florin checkpoint export --out FILE, kept elsewhere; then --checkpoint FILE)'
      : `uncovered    ${tails.length} shards have blocks that no checkpoint from outside covers yet:`;
  const shown = checkpoints.outside === 0 ? [] : tails.slice(0, TAILS_SHOWN_MAX);
  return [
    heading,
    ...shown.map(
      (tail) =>
        `             shard ${tail.shard}: height ${tail.from_height} to ${tail.to_height}, up to seq ${tail.to_seq}`,
    ),
    ...(shown.length > 0 && tails.length > shown.length
      ? [`             and ${tails.length - shown.length} shards more, see --json`]
      : []),
  ];
}
