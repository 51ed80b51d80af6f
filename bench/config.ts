import { tmpdir } from 'node:os';

export interface BenchConfig {
  /** FLORIN_BENCH_DIR: data folders are made here and removed again; it must be on a real disk. Default: the system's. */
  readonly workDir: string;
  /** Passed on to the core that is measured, without settings of Florin that would change what is measured. */
  readonly inherited: Readonly<Record<string, string>>;
}

/** What must not come from the caller's shell: another Florin's ports, folder, database. */
const NOT_INHERITED = /^(FLORIN_|DATABASE_URLS?$|NODE_OPTIONS$)/;

export function readBenchConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
): BenchConfig {
  const inherited = Object.fromEntries(
    Object.entries(env).filter(
      (pair): pair is [string, string] => pair[1] !== undefined && !NOT_INHERITED.test(pair[0]),
    ),
  );
  return { workDir: env.FLORIN_BENCH_DIR || tmpdir(), inherited };
}
