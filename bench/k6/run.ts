import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../options.ts';

const INSTALL = 'go install go.k6.io/k6@latest';
/** k6 says by it that a threshold was not kept, and has said which. */
const THRESHOLD_CROSSED = 99;

/** Throws UsageError where there is none. */
export function findK6(): void {
  if (spawnSync('k6', ['version']).status !== 0)
    throw new UsageError(`k6 is not on PATH. It comes with: ${INSTALL}`);
}

export interface K6Run {
  readonly scenario: string;
  /** What the scripts read. */
  readonly env: Readonly<Record<string, string>>;
  readonly report?: string | undefined;
}

/** What k6 found; `areKept`: the thresholds of the script. */
export interface K6Result {
  readonly areKept: boolean;
  readonly iterations: number;
  /** Answers that were not what they should be. */
  readonly wrong: number;
  /** Of a request, of a call where it is gRPC; milliseconds. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

interface Summary {
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>> | undefined>>;
}

/** Runs a script; k6 tells the user of it, unless it only makes warm. Throws where k6 itself failed. */
export async function runK6(
  { scenario, env, report }: K6Run,
  loudness: 'loud' | 'quiet' = 'loud',
): Promise<K6Result> {
  const isQuiet = loudness === 'quiet';
  const folder = mkdtempSync(join(tmpdir(), 'florin-k6-'));
  const summary = join(folder, 'summary.json');
  const page = report === undefined ? {} : { K6_WEB_DASHBOARD: 'true', K6_WEB_DASHBOARD_EXPORT: report };
  try {
    const script = join(import.meta.dirname, `${scenario}.js`);
    const silence = isQuiet ? ['--log-output=none'] : [];
    const child = spawn(
      'k6',
      ['run', '--quiet', ...silence, '--no-usage-report', `--summary-export=${summary}`, script],
      {
        env: { ...env, ...page, K6_NO_USAGE_REPORT: 'true' },
        stdio: ['ignore', isQuiet ? 'ignore' : 'inherit', 'inherit'],
      },
    );
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0 && code !== THRESHOLD_CROSSED) throw new Error(`k6 ended with ${code}`);
    return resultOf(JSON.parse(readFileSync(summary, 'utf8')) as Summary, code === 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function resultOf({ metrics }: Summary, areKept: boolean): K6Result {
  const took = metrics['http_req_duration'] ?? metrics['grpc_req_duration'] ?? {};
  return {
    areKept,
    iterations: metrics['iterations']?.['count'] ?? 0,
    wrong: metrics['checks']?.['fails'] ?? NaN,
    p50Ms: took['med'],
    p95Ms: took['p(95)'],
    p99Ms: took['p(99)'],
  };
}
