import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Florin, connectFlorin, uuidv7 } from '../../client/index.ts';
import { EventStream } from '../../gen/florin/events/v1/envelopes_pb.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import type { JournalPosition } from '../../gen/florin/ledger/v1/journal_pb.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { temporaryFolder } from '../support/embedded.ts';
import { needs } from '../support/needs.ts';

const root = resolve(import.meta.dirname, '../..');
/** What pip brings is kept beside what npm brings. */
const venv = join(root, 'node_modules', '.cache', 'florin-python');
const python = join(venv, 'bin', 'python');
const PACKAGES = ['grpcio==1.76.0', 'grpcio-tools==1.76.0'];
const INSTALL_MS_MAX = 180_000;
const GO_PLUGINS = [
  'google.golang.org/protobuf/cmd/protoc-gen-go',
  'google.golang.org/grpc/cmd/protoc-gen-go-grpc',
];

let core: TestCore;
let folder: string;

beforeAll(async () => {
  core = await startTestCore();
  folder = await temporaryFolder();
});

afterAll(async () => {
  await core?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

interface Surroundings {
  cwd?: string;
  env?: Record<string, string>;
}

async function run(command: string, args: string[], { cwd, env }: Surroundings = {}): Promise<string> {
  const child = spawn(command, args, { cwd: cwd ?? root, env: { ...process.env, ...env } });
  let out = '';
  let all = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    all += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (all += chunk));
  const code = await new Promise((settle, reject) => {
    child.once('error', reject);
    child.once('close', settle);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${all}`);
  return out;
}

/** False where the packages cannot be had: a machine without the network has nothing to try. */
async function installed(packages: string, install: () => Promise<unknown>): Promise<boolean> {
  try {
    await install();
    return true;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.log(`SKIPPED-NEEDS: ${packages} (${String(error).split('\n')[0]})`);
    return false;
  }
}

async function installPython(): Promise<void> {
  if (existsSync(join(venv, 'installed'))) return;
  await rm(venv, { recursive: true, force: true });
  await mkdir(join(venv, '..'), { recursive: true });
  await run('python', ['-m', 'venv', venv]);
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  await mkdir(join(venv, 'installed'));
}

let generatedPython: string | undefined;

async function generatePython(): Promise<string> {
  if (generatedPython !== undefined) return generatedPython;
  const protos = globSync('proto/florin/**/*.proto', { cwd: root });
  expect(protos.length).toBeGreaterThan(8);
  const generated = join(folder, 'python');
  await mkdir(generated);
  const outs = [`--python_out=${generated}`, `--grpc_python_out=${generated}`];
  await run(python, ['-m', 'grpc_tools.protoc', '-Iproto', ...outs, ...protos]);
  return (generatedPython = generated);
}

/** How many events of SETTLEMENT there are once that one is among them. */
async function eventsUpTo(florin: Florin, { shard, seq }: JournalPosition): Promise<number> {
  let count = 0;
  const wanted = { stream: EventStream.SETTLEMENT, heartbeatMs: 100 };
  for await (const { envelopes, positions } of florin.eventStreams.subscribe(wanted)) {
    count += envelopes.length;
    const isQuiet = envelopes.length === 0;
    if (isQuiet && positions.some((one) => one.shard === shard && one.seq >= seq)) return count;
  }
  throw new Error('the stream has ended');
}

/** A module of its own; Go keeps what it downloads and builds in caches of the user. */
async function startModule(module: string, sources: string): Promise<void> {
  await mkdir(join(module, 'bin'), { recursive: true });
  for (const file of globSync('*.{mod,sum,go}', { cwd: join(root, sources) }))
    await cp(join(root, sources, file), join(module, file));
  await run('go', ['mod', 'download'], { cwd: module });
}

/** proto/ names no package of Go: where the code lies is for those who generate it. */
async function generateGo(module: string, name: string): Promise<void> {
  await run('go', ['build', '-o', 'bin/', ...GO_PLUGINS], { cwd: module });
  const plugins = ['protoc-gen-go', 'protoc-gen-go-grpc'].map((name) => ({
    local: join(module, 'bin', name),
    out: join(module, 'gen'),
    opt: 'paths=source_relative',
  }));
  const override = [{ file_option: 'go_package_prefix', value: `${name}/gen` }];
  const template = join(module, 'buf.gen.json');
  await writeFile(template, JSON.stringify({ version: 'v2', managed: { enabled: true, override }, plugins }));
  await run(join(root, 'node_modules/.bin/buf'), [
    'generate',
    '--template',
    template,
    '--path',
    'proto/florin',
  ]);
}

/** What every stranger prints. */
const seen = (language: string) => ({
  replayed: [false, true],
  same_seq: true,
  amount: '9007199254740993',
  reference: 'Zażółć 💶',
  metadata: { language },
  lines: ['9007199254740993'],
  refused: 'NOT_FOUND',
});

/** What a consumer keeps to, in whatever language: what it makes of the events is what the ledger says, over many runs. */
async function keepsTurnovers(language: string, follow: (args: string[]) => Promise<string>): Promise<void> {
  const book = `turnover-${language}`;
  const florin = connectFlorin({ target: core.target });
  const [cash, sales] = [uuidv7(), uuidv7()];
  await florin.books.createBook({ name: book });
  const account = (id: string, normalSide: NormalSide) => ({
    id,
    code: `a:${id}`,
    asset: 'EUR',
    normalSide,
  });
  const accounts = [account(cash, NormalSide.DEBIT), account(sales, NormalSide.CREDIT)];
  await florin.accounts.createAccounts({ book, accounts });
  const transfer = async (amount: bigint): Promise<JournalPosition> => {
    const postings = [{ debitAccount: cash, creditAccount: sales, amount }];
    const transactions = [{ id: uuidv7(), postings }];
    const { position, results } = await florin.transactions.createTransactions({
      book,
      transactions,
    });
    expect(results[0].outcome).toMatchObject({ case: 'booked' });
    return position!;
  };
  const turnovers = async (upTo: JournalPosition): Promise<unknown> => {
    const count = await eventsUpTo(florin, upTo);
    const file = join(folder, `turnover-${language}`);
    return JSON.parse(await follow([core.target, file, String(count)]));
  };
  const seen = (amount: bigint) => ({ [cash]: [String(amount), '0'], [sales]: ['0', String(amount)] });
  expect(await turnovers(await transfer(2n ** 53n + 1n))).toMatchObject(seen(2n ** 53n + 1n));
  expect(await turnovers(await transfer(1n))).toMatchObject(seen(2n ** 53n + 2n));
  // Everything is there already: nothing is added.
  const again = await follow([core.target, join(folder, `turnover-${language}`), '1']);
  expect(JSON.parse(again)).toMatchObject(seen(2n ** 53n + 2n));
  florin.close();
}

describe('a client that was generated from proto/', () => {
  test.runIf(needs('python'))(
    'in Python books a transaction, has it replayed, and reads it',
    async (context) => {
      if (!(await installed('python packages', installPython))) return context.skip();
      const generated = await generatePython();
      const printed = await run(python, ['test/integration/polyglot/client.py', core.target], {
        env: { PYTHONPATH: generated, PYTHONIOENCODING: 'utf-8' },
      });
      expect(JSON.parse(printed)).toEqual(seen('python'));
    },
    INSTALL_MS_MAX,
  );

  test.runIf(needs('python'))(
    'in Python follows events, and what it makes of them is what the ledger says',
    async (context) => {
      if (!(await installed('python packages', installPython))) return context.skip();
      const env = { PYTHONPATH: await generatePython(), PYTHONIOENCODING: 'utf-8' };
      await keepsTurnovers('python', (args) =>
        run(python, ['examples/consumers/python/turnover.py', ...args], { env }),
      );
    },
    INSTALL_MS_MAX,
  );

  test.runIf(needs('go'))(
    'in Go follows events, and what it makes of them is what the ledger says',
    async (context) => {
      const module = join(folder, 'turnover');
      if (!(await installed('go modules', () => startModule(module, 'examples/consumers/go'))))
        return context.skip();
      await generateGo(module, 'florin.example/turnover');
      await run('go', ['vet', '.'], { cwd: module });
      await run('go', ['build', '-o', 'bin/turnover', '.'], { cwd: module });
      await keepsTurnovers('go', (args) => run(join(module, 'bin', 'turnover'), args));
    },
    INSTALL_MS_MAX,
  );

  test.runIf(needs('go'))(
    'in Go books a transaction, has it replayed, and reads it',
    async (context) => {
      const module = join(folder, 'go');
      if (!(await installed('go modules', () => startModule(module, 'test/integration/polyglot'))))
        return context.skip();
      await generateGo(module, 'florin.example/client');
      await run('go', ['build', '-o', 'bin/client', '.'], { cwd: module });
      expect(JSON.parse(await run(join(module, 'bin', 'client'), [core.target]))).toEqual(seen('go'));
    },
    INSTALL_MS_MAX,
  );
});
