import { tableLines } from '../../print/table.ts';
import type { Terminal } from '../../print/terminal.ts';
import type { ReplayReport } from './replay.ts';

interface Row {
  readonly what: string;
  readonly realised: string;
  readonly other: string;
  readonly change: string;
}

/** One object, in snake case as everywhere. */
export function replayJson(report: ReplayReport): object {
  const { decisions, changed, proven, approval, money, providers } = report;
  return {
    decisions,
    changed,
    proven,
    approval: {
      realised: approval.realised,
      estimated: approval.estimated,
      realised_by_rates: approval.realisedByRates,
    },
    money,
    providers,
  };
}

export function replayLines(report: ReplayReport, strategy: string, terminal: Terminal): string[] {
  const { approval, money, providers } = report;
  const rows: Row[] = [
    row('approved', approval.realised, approval.estimated),
    ...money.map(({ currency, realised, estimated }) =>
      row(`cost of what was approved, ${currency}`, costOf(realised), costOf(estimated)),
    ),
    ...providers.map(({ provider, realised, estimated }) => row(`share of ${provider}`, realised, estimated)),
  ];
  const columns = [
    { title: '', text: ({ what }: Row) => what },
    { title: 'as it was', align: 'right' as const, text: ({ realised }: Row) => realised },
    { title: strategy, align: 'right' as const, text: ({ other }: Row) => other },
    { title: 'change', align: 'right' as const, text: ({ change }: Row) => change },
  ];
  return [
    ...tableLines(columns, rows, terminal),
    '',
    `${report.decisions} first attempts, of which ${figure(report.changed)} would have gone elsewhere.`,
    `The outcome of ${report.proven} is proven: approval and cost are about them alone.`,
    `By stored rates alone, what was chosen would have been approved in ${percent(approval.realisedByRates)}.`,
  ];
}

function row(what: string, realised: number | null, estimated: number | null): Row {
  const change = realised === null || estimated === null ? null : estimated - realised;
  return {
    what,
    realised: percent(realised),
    other: percent(estimated),
    change: change === null ? '' : points(change),
  };
}

function costOf({ approved, fees }: { approved: number; fees: number }): number | null {
  return approved === 0 ? null : fees / approved;
}

const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(2)}%`);
/** Never "-0.00". */
const points = (change: number): string => (Math.round(change * 10_000) / 100 || 0).toFixed(2);
const figure = (count: number): string => String(Math.round(count * 10) / 10);
