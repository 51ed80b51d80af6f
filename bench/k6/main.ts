import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectFlorin, newApiKeySecret, uuidv7 } from '../../client/index.ts';
import { ApiKeyKind, Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { readBenchConfig } from '../config.ts';
import { CoreProcess, WITH_SIMULATOR } from '../core/coreProcess.ts';
import { freePorts } from '../core/ports.ts';
import { machine } from '../core/procfs.ts';

/** `npm run bench:k6 -- SCENARIO [--rate N] [--callers N] [--seconds N] [--report FILE]`: one scenario against a core, an edge and a simulator of its own. */

const BOOK = 'k6';
const INSTALL = 'go install go.k6.io/k6@latest';
const names = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.js') && name !== 'edge.js')
  .map((name) => name.replace('.js', ''));

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string', default: '0' },
    callers: { type: 'string', default: '128' },
    seconds: { type: 'string', default: '15' },
    warm: { type: 'string', default: '8' },
    report: { type: 'string' },
  },
});
const [scenario] = positionals;
if (scenario === undefined || !names.includes(scenario)) {
  console.error(
    `npm run bench:k6 -- SCENARIO [--rate N] [--callers N] [--seconds N] [--report FILE]; one of: ${names.join(', ')}`,
  );
  process.exit(2);
}
if (spawnSync('k6', ['version']).status !== 0) {
  console.error(`k6 is not on PATH. It comes with: ${INSTALL}`);
  process.exit(2);
}

/** A merchant of the run's own; the secret of its key. */
async function openMerchant(target: string): Promise<string> {
  const client = connectFlorin({ target });
  try {
    await client.books.createBook({ name: BOOK });
    const id = uuidv7();
    const fees = [{ currency: 'EUR', ppm: 29_000, fixed: 25n }];
    await client.merchants.createMerchant(BOOK, { id, name: 'k6', country: 'DE', fees });
    const { secret, ...hash } = newApiKeySecret({ kind: 'secret', mode: 'test' });
    const key = { id: uuidv7(), merchantId: id, mode: Mode.TEST, kind: ApiKeyKind.SECRET, ...hash };
    await client.apiKeys.createApiKey(BOOK, key);
    return secret;
  } finally {
    client.close();
  }
}

/** The core is ready before its edge is. */
async function untilThere(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const isThere = await fetch(`${url}/openapi.json`).then(
      async (answer) => (await answer.arrayBuffer()).byteLength > 0,
      () => false,
    );
    if (isThere) return;
    if (tries === 200) throw new Error(`no edge at ${url}`);
    await sleep(50);
  }
}

async function k6(env: Readonly<Record<string, string>>, args: readonly string[]): Promise<number> {
  const child = spawn('k6', ['run', ...args, join(import.meta.dirname, `${scenario}.js`)], {
    env: { ...readBenchConfig().inherited, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

const [port] = await freePorts(1);
const unlimited = { FLORIN_EDGE_KEY_PER_SECOND: '1000000', FLORIN_EDGE_KEY_CONCURRENCY: '100000' };
const edge = { FLORIN_EDGE: '1', FLORIN_EDGE_PORT: String(port), ...unlimited };
const core = await CoreProcess.start({ config: readBenchConfig(), env: { ...WITH_SIMULATOR, ...edge } });
let code = 1;
try {
  console.log(`${machine()}, Node ${process.version}, ${scenario}`);
  const KEY = await openMerchant(core.target);
  const { rate, callers, seconds, warm, report } = values;
  const env = { EDGE: `http://127.0.0.1:${port}`, KEY, CALLERS: callers };
  await untilThere(env.EDGE);
  await k6({ ...env, SECONDS: warm }, ['--quiet', '--summary-mode=disabled']);
  const dashboard = report === undefined ? {} : { K6_WEB_DASHBOARD: 'true', K6_WEB_DASHBOARD_EXPORT: report };
  code = await k6({ ...env, ...dashboard, RATE: rate, SECONDS: seconds }, ['--quiet']);
} finally {
  await core.remove();
}
process.exit(code);
