import type { CoreProcess } from '../core/coreProcess.ts';
import type { Bar, PaymentsResult } from '../report/result.ts';
import type { K6Options } from './options.ts';
import { type Buckets, bucketsOf, percentileBetween } from './metrics.ts';
import { type K6Result, type K6Run, runK6 } from './run.ts';

/** The edge's own time is held against its bar where no more than so many requests arrive. */
const OWN_TIME_RATE = 1_000;

interface Measuring {
  readonly options: K6Options;
  readonly seconds: number;
  readonly run: K6Run;
  readonly report: string | undefined;
}

/** Runs the script as it was asked for, with what it cost each process. */
export async function measureK6(
  core: CoreProcess,
  { options, seconds, run, report }: Measuring,
): Promise<PaymentsResult> {
  const { scenario, rate } = options;
  const measured = async (perSecond: number, page?: string): Promise<Found> => {
    const env = { ...run.env, MEASURED: '1', RATE: String(perSecond), SECONDS: String(seconds) };
    const before = await costs(core, scenario.over);
    const result = await runK6({ ...run, env, report: page });
    return { result, seconds, cost: between(before, await costs(core, scenario.over)), rate: perSecond };
  };
  const share = typeof rate === 'number' ? undefined : rate.share;
  const first = await measured(typeof rate === 'number' ? rate : 0, share === undefined ? report : undefined);
  if (share === undefined) return resultOf(core, scenario, [first]);
  const reached = first.result.iterations / seconds;
  return resultOf(core, scenario, [first, await measured(Math.floor(reached * share), report)]);
}

/** What the processes have used so far, and what the edge has added to its requests. */
interface Costs {
  readonly coreMs: number;
  readonly edgeMs: number;
  readonly simulatorMs: number;
  readonly postgresMs: number;
  readonly added: Buckets;
}

async function costs(core: CoreProcess, over: 'rest' | 'grpc'): Promise<Costs> {
  const page = over === 'rest' ? await (await fetch(`${core.edgeOpsUrl}/metrics`)).text() : '';
  return { ...core.cpu(), edgeMs: core.edgeCpuMs(), added: bucketsOf(page, 'florin_edge_added_seconds') };
}

function between(before: Costs, after: Costs) {
  return {
    coreMs: after.coreMs - before.coreMs,
    edgeMs: after.edgeMs - before.edgeMs,
    simulatorMs: after.simulatorMs - before.simulatorMs,
    postgresMs: after.postgresMs - before.postgresMs,
    addedP99Ms: percentileBetween(before.added, after.added, 0.99) * 1_000,
  };
}

interface Found {
  readonly result: K6Result;
  readonly cost: ReturnType<typeof between>;
  readonly seconds: number;
  readonly rate: number;
}

function figuresOf({ result, cost, seconds }: Found, isRest: boolean, suffix: string) {
  const each = (ms: number): number => ms / result.iterations;
  const figures = {
    iterations_per_s: result.iterations / seconds,
    p50_ms: result.p50Ms,
    p95_ms: result.p95Ms,
    p99_ms: result.p99Ms,
    wrong_answers: result.wrong,
    core_cpu_ms_per_iteration: each(cost.coreMs),
    postgres_cpu_ms_per_iteration: each(cost.postgresMs),
    ...(isRest
      ? {
          edge_cpu_ms_per_iteration: each(cost.edgeMs),
          simulator_cpu_ms_per_iteration: each(cost.simulatorMs),
          edge_added_p99_ms: cost.addedP99Ms,
        }
      : {}),
  };
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${name}${suffix}`, value]));
}

function resultOf(
  core: CoreProcess,
  { name, over, holdsOwnTime }: K6Options['scenario'],
  runs: readonly Found[],
): PaymentsResult {
  const isRest = over === 'rest';
  const bars: Bar[] = runs.flatMap(({ result, rate, cost }) => [
    {
      what: `thresholds of ${name}.js${rate > 0 ? ` at ${rate}/s` : ''}`,
      value: Number(result.areKept),
      least: 1,
    },
    ...(holdsOwnTime === true && rate > 0 && rate <= OWN_TIME_RATE
      ? [{ what: 'p99 of what the edge adds, ms', value: cost.addedP99Ms, most: 5 }]
      : []),
  ]);
  const edgeMib = isRest ? core.edgePeakBytes() / 1_048_576 : 0;
  if (isRest) bars.push({ what: 'memory of the edge, MiB', value: edgeMib, most: 300 });
  const figures = Object.assign(
    {},
    ...runs.map((run) => figuresOf(run, isRest, runs.length > 1 && run.rate > 0 ? '_open' : '')),
    { rss_bytes: core.peakBytes(), ...(isRest ? { edge_peak_mib: edgeMib } : {}) },
  ) as PaymentsResult['figures'];
  return { scenario: name, figures, bars };
}
