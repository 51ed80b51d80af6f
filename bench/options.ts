import { parseArgs } from 'node:util';
import type { Projection } from './report/result.ts';
import { scenarios } from './scenarios/all.ts';
import type { Sizes } from './scenarios/ground.ts';

/** The command line cannot be used; the message is a line for the person who wrote it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface BenchOptions {
  /** A scenario's name, or `smoke` for all of them in small. */
  readonly scenario: string;
  readonly json: boolean;
  /** What the caller wants other than the scenario's own. */
  readonly sizes: Partial<Sizes>;
  readonly projection: Projection | undefined;
  /** Repeats the draw of accounts and amounts of another run. */
  readonly seed: number;
  readonly profileDir: string | undefined;
  /** Whether memory is fetched from the host first, see core/memory.ts. */
  readonly warm: boolean;
}

const SEED = 20_260_101;

export function usage(): string {
  return [
    'npm run bench -- SCENARIO [options]',
    '',
    ...scenarios.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`),
    `  ${'smoke'.padEnd(16)} each of them for a moment, to see that it runs: its figures mean nothing`,
    '',
    '  --json             the result as one object in the last line',
    '  --seconds N        length of a round',
    '  --rounds N         rounds of load',
    '  --accounts N       accounts in the book, at least 100',
    '  --transfers N      of large and restart: how many in all',
    '  --payments N       of payments-restart and payments-outage: how many are open, or unknown',
    '  --projection WORD  ran or deferred: whether the read models are kept up under the load',
    '  --seed N           repeats the accounts that another run has drawn',
    "  --cold             does not fetch the machine's memory first, see METHOD.md",
    '  --cpu-prof DIR     writes a CPU profile of the core there, and lists where its time went',
  ].join('\n');
}

/** Reads the arguments; throws UsageError. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parse(args);
  const [scenario, ...more] = positionals;
  const names = [...scenarios.map(({ name }) => name), 'smoke'];
  if (scenario === undefined || more.length > 0 || !names.includes(scenario)) throw new UsageError(usage());
  const { projection } = values;
  if (projection !== undefined && projection !== 'ran' && projection !== 'deferred') {
    throw new UsageError('--projection is "ran" or "deferred".');
  }
  return {
    scenario,
    json: values.json ?? false,
    projection,
    seed: count('seed', values.seed, 1) ?? SEED,
    profileDir: values['cpu-prof'],
    warm: !(values.cold ?? false),
    sizes: withoutAbsent({
      roundMs: scaled(count('seconds', values.seconds, 1), 1_000),
      rounds: count('rounds', values.rounds, 1),
      accounts: count('accounts', values.accounts, 100),
      transfers: count('transfers', values.transfers, 10_000),
      payments: count('payments', values.payments, 100),
    }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        accounts: { type: 'string' },
        transfers: { type: 'string' },
        payments: { type: 'string' },
        projection: { type: 'string' },
        seed: { type: 'string' },
        'cpu-prof': { type: 'string' },
        cold: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usage()}`);
  }
}

function count(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= least) return value;
  throw new UsageError(`--${name} is a whole number of at least ${least}, not "${text}".`);
}

function scaled(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value * by;
}

/** Leaves out what the caller did not say, so that the scenario's own sizes stand. */
function withoutAbsent(sizes: { [Name in keyof Sizes]?: number | undefined }): Partial<Sizes> {
  return Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined));
}
