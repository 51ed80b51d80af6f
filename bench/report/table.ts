import { type Bar, isKept, type LedgerResult, type Result } from './result.ts';

/** 1234567.8 as "1,234,568"; small figures keep three digits. */
export function figure(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '-';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

const mib = (bytes: number): string => `${figure(bytes / 1_048_576)} MiB`;

function barLine(bar: Bar): string {
  const { what, value, least, most } = bar;
  const bound = least === undefined ? `at most ${figure(most ?? NaN)}` : `at least ${figure(least)}`;
  return `${isKept(bar) ? 'kept  ' : 'MISSED'}  ${what}: ${figure(value)} (${bound})`;
}

type Row = readonly [name: string, text: string];

/** A run as people read it. */
export function table(result: Result): string {
  const rows = 'figures' in result ? rowsOf(result.figures) : ledgerRows(result);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
  return [result.scenario, ...lines, ...result.bars.map((bar) => `  ${barLine(bar)}`)].join('\n');
}

/** One row a figure, under its own name. */
function rowsOf(figures: Readonly<Record<string, number | string | readonly number[]>>): Row[] {
  return Object.entries(figures).map(([name, value]) => {
    if (typeof value === 'string') return [name.replaceAll('_', ' '), value];
    if (name === 'rss_bytes') return ['core', `${mib(Number(value))} at most`];
    const text = typeof value === 'number' ? figure(value) : value.map(figure).join('; ');
    return [name.replaceAll('_', ' '), text];
  });
}

function ledgerRows(result: LedgerResult): Row[] {
  const { cores_used: cores, projection } = result;
  const rows: Row[] = [
    [
      'transfers a second',
      `${figure(result.transfers_per_s)}  (rounds: ${result.rounds.map(figure).join('; ')})`,
    ],
    [
      'a call, p50 / p99',
      `${figure(result.p50_ms)} / ${figure(result.p99_ms)} ms  (${figure(result.calls)} calls)`,
    ],
    ['floor', `${figure(result.floor_per_s)}/s  (the core reaches ${figure(result.ratio_to_floor)} of it)`],
    [
      'plain way',
      `${figure(result.plain_per_s)}/s  (the core reaches ${figure(result.ratio_to_plain)} times that)`,
    ],
    ['core', `${mib(result.rss_bytes)} at most, ${figure(result.core_cpu_us_per_call)} us of CPU a call`],
    [
      'cores used',
      `core ${figure(cores.core)}, Postgres ${figure(cores.postgres)}, load generator ${figure(cores.load_generator)}`,
    ],
    [
      'projection',
      `${projection}, ${figure(result.lag_events_start)} events behind at the start, ${figure(result.lag_events_end)} at the end, caught up in ${figure(result.catch_up_s)} s`,
    ],
  ];
  if (result.turned_away > 0) rows.push(['turned away', `${figure(result.turned_away)} calls, sent again`]);
  return [...rows, ...rowsOf(result.extra)];
}
