import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestCore, type TestCore } from '../support/core.ts';
import { temporaryFolder } from '../support/embedded.ts';
import { needs } from '../support/needs.ts';

const root = resolve(import.meta.dirname, '../..');
/** What pip brings is kept beside what npm brings. */
const venv = join(root, 'node_modules', '.cache', 'florin-python');
const python = join(venv, 'bin', 'python');
const PACKAGES = ['grpcio==1.76.0', 'grpcio-tools==1.76.0'];
const INSTALL_MS_MAX = 180_000;

let core: TestCore;
let generated: string;

beforeAll(async () => {
  core = await startTestCore();
  generated = await temporaryFolder();
});

afterAll(async () => {
  await core?.stop();
  if (generated !== undefined) await rm(generated, { recursive: true });
});

async function run(command: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env } });
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
async function installed(): Promise<boolean> {
  if (existsSync(join(venv, 'installed'))) return true;
  try {
    await rm(venv, { recursive: true, force: true });
    await mkdir(join(venv, '..'), { recursive: true });
    await run('python', ['-m', 'venv', venv]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
    await mkdir(join(venv, 'installed'));
    return true;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.log(`SKIPPED-NEEDS: python packages (${String(error).split('\n')[0]})`);
    return false;
  }
}

describe('a client that was generated from proto/', () => {
  test.runIf(needs('python'))(
    'in Python books a transaction, has it replayed, and reads it',
    async (context) => {
      if (!(await installed())) return context.skip();
      const protos = globSync('proto/florin/**/*.proto', { cwd: root });
      expect(protos.length).toBeGreaterThan(8);
      await run(python, [
        '-m',
        'grpc_tools.protoc',
        '-Iproto',
        `--python_out=${generated}`,
        `--grpc_python_out=${generated}`,
        ...protos,
      ]);
      const printed = await run(python, ['test/integration/polyglot/client.py', core.target], {
        PYTHONPATH: generated,
        PYTHONIOENCODING: 'utf-8',
      });
      expect(JSON.parse(printed)).toEqual({
        replayed: [false, true],
        same_seq: true,
        amount: '9007199254740993',
        reference: 'Zażółć 💶',
        metadata: { language: 'python' },
        lines: ['9007199254740993'],
        refused: 'NOT_FOUND',
      });
    },
    INSTALL_MS_MAX,
  );
});
