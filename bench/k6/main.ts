import { setTimeout as sleep } from 'node:timers/promises';
import { connectFlorin, newApiKeySecret, uuidv7 } from '../../client/index.ts';
import { ApiKeyKind, Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { readBenchConfig } from '../config.ts';
import { CoreProcess, WITH_SIMULATOR } from '../core/coreProcess.ts';
import { machine } from '../core/procfs.ts';
import { UsageError } from '../options.ts';
import { isKept, jsonOf } from '../report/result.ts';
import { table } from '../report/table.ts';
import { type K6Options, readK6Options } from './options.ts';
import { measureK6 } from './measure.ts';
import { findK6, runK6 } from './run.ts';
import { k6Scenarios } from './scenarios.ts';

/** `npm run bench:k6 -- SCENARIO`: one script of k6 against a core, an edge and a simulator of its own. */

const BOOK = 'k6';
const UNLIMITED = {
  FLORIN_EDGE_KEY_PER_SECOND: '1000000',
  FLORIN_EDGE_KEY_CONCURRENCY: '100000',
  FLORIN_EDGE_CONCURRENCY: '100000',
};

/** A merchant of the run's own; the secrets of its keys. */
async function openMerchant(target: string, keys: number): Promise<string[]> {
  const client = connectFlorin({ target });
  try {
    await client.books.createBook({ name: BOOK });
    const id = uuidv7();
    const fees = [{ currency: 'EUR', ppm: 29_000, fixed: 25n }];
    await client.merchants.createMerchant(BOOK, { id, name: 'k6', country: 'DE', fees });
    const made = Array.from({ length: keys }, async () => {
      const { secret, ...hash } = newApiKeySecret({ kind: 'secret', mode: 'test' });
      const key = { id: uuidv7(), merchantId: id, mode: Mode.TEST, kind: ApiKeyKind.SECRET, ...hash };
      await client.apiKeys.createApiKey(BOOK, key);
      return secret;
    });
    return await Promise.all(made);
  } finally {
    client.close();
  }
}

/** The core is ready before its edge is. */
async function untilThere(edge: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const isThere = await fetch(`${edge}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isThere) return;
    if (tries === 200) throw new Error(`no edge at ${edge}`);
    await sleep(50);
  }
}

const WITH_EDGE = { ...WITH_SIMULATOR, FLORIN_EDGE: '1' } as const;

/** What a scenario needs to run along. */
function environment({ scenario }: K6Options): Record<string, string> {
  if (scenario.over === 'grpc') return {};
  return { ...WITH_EDGE, ...(scenario.isLimited ? {} : UNLIMITED) };
}

/** What the scripts over REST read, once there is somebody to ask. */
async function restOf(core: CoreProcess, keys = 1): Promise<Record<string, string>> {
  await untilThere(core.edgeOpsUrl);
  return { EDGE: core.edgeUrl, KEYS: (await openMerchant(core.target, keys)).join(',') };
}

/** Each script for a moment, to see that it runs and is answered rightly: its figures mean nothing. */
async function smoke(): Promise<boolean> {
  findK6();
  const core = await CoreProcess.start({ config: readBenchConfig(), env: { ...WITH_EDGE, ...UNLIMITED } });
  try {
    const own = { ...(await restOf(core)), CORE: core.target };
    const env = { ...readBenchConfig().inherited, ...own, CALLERS: '4', SECONDS: '2', RATE: '20' };
    let isRight = true;
    for (const { name } of k6Scenarios) {
      const { iterations, wrong } = await runK6({ scenario: name, env }, 'quiet');
      console.log(`${name.padEnd(10)} ${iterations} iterations, ${wrong} wrong answers`);
      isRight &&= iterations > 0 && wrong === 0;
    }
    return isRight;
  } finally {
    await core.remove();
  }
}

async function bench(options: K6Options): Promise<boolean> {
  findK6();
  const { scenario, callers, seconds, warmSeconds, report } = options;
  const core = await CoreProcess.start({ config: readBenchConfig(), env: environment(options) });
  try {
    console.log(`${machine()}, Node ${process.version}, ${scenario.name}`);
    const own = scenario.over === 'rest' ? await restOf(core, scenario.keys) : { CORE: core.target };
    const env = { ...readBenchConfig().inherited, ...own, CALLERS: String(callers) };
    const run = { scenario: scenario.name, env };
    await runK6({ ...run, env: { ...env, SECONDS: String(warmSeconds) } }, 'quiet');
    const result = await measureK6(core, { options, seconds, run, report });
    console.log(table(result));
    if (options.json) console.log(JSON.stringify(jsonOf(result)));
    return result.bars.every(isKept);
  } finally {
    await core.remove();
  }
}

try {
  const args = process.argv.slice(2);
  const isRight = args.join(' ') === 'smoke' ? await smoke() : await bench(readK6Options(args));
  process.exit(isRight ? 0 : 1);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(2);
}
