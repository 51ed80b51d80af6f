import { connectFlorin } from '../client/index.ts';
import { readBenchConfig } from './config.ts';
import { CoreProcess, WITH_SIMULATOR, WITH_WEBHOOKS } from './core/coreProcess.ts';
import { type HeldMemory, holdMemory } from './core/memory.ts';
import { machine } from './core/procfs.ts';
import { Draw } from './load/draw.ts';
import { type BenchOptions, readOptions, UsageError } from './options.ts';
import { profileTable } from './report/profile.ts';
import { isKept, jsonOf, type Projection, type Result } from './report/result.ts';
import { table } from './report/table.ts';
import { scenarios } from './scenarios/all.ts';
import { type Scenario, SMOKE, type Sizes, UNBOUNDED_LAG } from './scenarios/ground.ts';

const tell = (line: string): void => console.log(`  ${line}`);

interface Run {
  readonly core: CoreProcess;
  readonly sizes: Sizes;
  readonly projection: Projection;
  readonly seed: number;
}

async function run(scenario: Scenario, { core, sizes, projection, seed }: Run): Promise<Result> {
  const client = connectFlorin({ target: core.target, timeoutMs: 60_000, channels: 4 });
  try {
    const draw = new Draw(seed);
    return await scenario.run({
      core,
      client,
      draw,
      sizes,
      projection,
      book: `bench-${scenario.name}`,
      tell,
    });
  } finally {
    client.close();
  }
}

/** Runs `body` on a core of its own and leaves nothing behind, also after Ctrl-C. */
async function withCore<T>(
  { env, options }: { env: Record<string, string>; options: BenchOptions },
  body: (core: CoreProcess) => Promise<T>,
): Promise<T> {
  const { profileDir } = options;
  const core = await CoreProcess.start({ config: readBenchConfig(), env, profileDir });
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new UsageError(`ended by ${signal}`)));
    }
  });
  try {
    return await Promise.race([body(core), interrupted]);
  } finally {
    await core.remove();
    if (profileDir !== undefined) console.log(profileTable(profileDir, core));
  }
}

/** Memory that the machine has to fetch is fetched before anything is measured, unless the caller forbids it. */
async function warmed<T>(options: BenchOptions, body: (memory: HeldMemory) => Promise<T>): Promise<T> {
  if (!options.warm) return body({ firstTouchUs: null, release: () => {} });
  const memory = await holdMemory({ dir: readBenchConfig().workDir, tell });
  try {
    return await body(memory);
  } finally {
    memory.release();
  }
}

/** One scenario on a core of its own, with the sizes that its bar is about. */
async function full(scenario: Scenario, options: BenchOptions): Promise<Result> {
  return withCore({ env: scenario.env, options }, (core) =>
    run(scenario, {
      core,
      sizes: { ...scenario.sizes, ...options.sizes },
      projection: options.projection ?? scenario.projection,
      seed: options.seed,
    }),
  );
}

/** All scenarios in small on one core: that each runs to its end and every answer was right. */
async function smoke(options: BenchOptions): Promise<{ scenario: 'smoke'; results: object[] }> {
  return withCore(
    { env: { ...UNBOUNDED_LAG, ...WITH_SIMULATOR, ...WITH_WEBHOOKS }, options },
    async (core) => {
      const results: Result[] = [];
      for (const scenario of scenarios) {
        const missing = scenario.missing?.() ?? null;
        tell(missing === null ? scenario.name : `${scenario.name}: passed over, for there is no ${missing}`);
        if (missing !== null) continue;
        const { projection } = scenario;
        const sizes = { ...SMOKE, ...options.sizes };
        const result = await run(scenario, { core, sizes, projection, seed: options.seed });
        const wrong = result.bars.find((bar) => bar.atAnySize === true && !isKept(bar));
        if (wrong !== undefined) throw new Error(`${scenario.name}: ${wrong.what}: ${wrong.value}`);
        results.push(result);
      }
      console.log(`smoke: ${results.length} scenarios ran`);
      return { scenario: 'smoke', results: results.map(jsonOf) };
    },
  );
}

/** One scenario, on memory that the machine has; told as a table. */
async function alone(scenario: Scenario, options: BenchOptions): Promise<object> {
  return warmed(options, async ({ firstTouchUs }) => {
    const result = await full(scenario, options);
    console.log(table(result));
    return { ...jsonOf(result), first_touch_us: firstTouchUs };
  });
}

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2));
    const about = { machine: machine(), node: process.version, seed: options.seed };
    console.log(`${about.machine}, Node ${about.node}, seed ${about.seed}`);
    const scenario = scenarios.find(({ name }) => name === options.scenario);
    const found = scenario === undefined ? await smoke(options) : await alone(scenario, options);
    if (options.json) console.log(JSON.stringify({ ...found, ...about }));
    return 0;
  } catch (error) {
    console.error(error instanceof UsageError ? error.message : error);
    return 1;
  }
}

process.exit(await main());
