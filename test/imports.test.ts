import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from './support/embedded.ts';

const root = resolve(import.meta.dirname, '..');
const folders = ['core', 'client', 'cli', 'bench', 'adapters', 'edge', 'test', 'gen'];

interface Report {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { from: string; to: string; rule: { name: string } }[];
  };
}

function cruise(cwd: string): Promise<Report['summary']> {
  const tool = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const present = folders.filter((folder) => existsSync(join(cwd, folder)));
  const args = [tool, '--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', ...present];
  return new Promise((done, reject) => {
    // It exits with the number of violations, so only unreadable output is a failure to run.
    execFile(process.execPath, args, { cwd, maxBuffer: 2 ** 28 }, (error, stdout) => {
      try {
        done((JSON.parse(stdout) as Report).summary);
      } catch {
        reject(error ?? new Error('dependency-cruiser printed no report'));
      }
    });
  });
}

let planted: string | undefined;
afterAll(async () => {
  if (planted !== undefined) await rm(planted, { recursive: true });
});

test('every import goes the way that the architecture allows', async () => {
  const { totalCruised, violations } = await cruise(root);
  expect(violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  // With a parser that knows no TypeScript the tool finds nothing, and nothing wrong.
  expect(totalCruised).toBeGreaterThan(40);
});

test('each rule catches a planted violation', async () => {
  planted = await temporaryFolder();
  const plants: [file: string, text: string, rule: string][] = [
    ['core/kernel/pure.ts', "import { b } from '../journal/b.ts'; export const a = b;", 'kernel-is-pure'],
    ['core/kernel/node.ts', "import * as os from 'node:os'; export const a = os;", 'kernel-is-pure'],
    ['core/kernel/type.ts', "import type { B } from '../journal/b.ts'; export type A = B;", 'kernel-is-pure'],
    [
      'core/journal/b.ts',
      "export const b = 1; export type B = 1; import '../shard/s.ts';",
      'journal-downward',
    ],
    ['core/readmodels/r.ts', "import '../shard/s.ts';", 'readmodels-downward'],
    ['core/shard/s.ts', "import '../rpc/r.ts';", 'shard-downward'],
    ['core/shard/pg.ts', "import pg from 'pg'; export const a = pg;", 'ports-not-things'],
    ['core/processes/p.ts', "import '../rpc/r.ts';", 'processes-downward'],
    ['core/deliveries/d.ts', "import '../processes/p.ts';", 'deliveries-downward'],
    ['core/relay/l.ts', "import '../shard/s.ts';", 'relay-downward'],
    ['core/relay/m.ts', "import '../rpc/r.ts';", 'relay-downward'],
    ['core/embedded/e.ts', "import '../kernel/ok.ts';", 'embedded-alone'],
    ['core/rpc/r.ts', "import '../embedded/e.ts';", 'rpc-serves'],
    ['core/rpc/sql.ts', "import pg from 'pg'; export const a = pg;", 'sql-lives-in-two-places'],
    ['core/up.ts', "import '../client/c.ts';", 'core-knows-no-caller'],
    ['core/kernel/ok.ts', 'export const ok = 1;', ''],
    ['client/c.ts', "import '../core/kernel/ok.ts';", 'client-knows-the-contract'],
    ['adapters/psp/a.ts', "import '../../core/kernel/ok.ts';", 'adapters-know-the-ports'],
    ['core/processes/psp.ts', 'export type Port = 1;', ''],
    [
      'adapters/psp/good.ts',
      "import type { Port } from '../../core/processes/psp.ts'; export type A = Port;",
      '',
    ],
    ['adapters/psp/one/a.ts', "import '../two/b.ts';", 'providers-stand-alone'],
    ['adapters/psp/two/b.ts', "import '../http/h.ts';", ''],
    ['adapters/psp/http/h.ts', "import '../two/b.ts';", 'providers-stand-alone'],
    ['adapters/psp/two/c.ts', "import '../contract/suite.ts';", 'not-to-tests'],
    ['adapters/psp/contract/suite.ts', "import { test } from 'vitest'; export const a = test;", ''],
    ['adapters/psp/simulator/a.ts', "import './server/s.ts';", 'a-simulator-is-somebody-else'],
    [
      'adapters/psp/simulator/server/s.ts',
      "import '../../../../core/processes/psp.ts';",
      'a-simulator-knows-no-port',
    ],
    ['bench/m.ts', "import '../core/kernel/ok.ts';", 'bench-as-a-caller'],
    ['edge/h.ts', "import '../core/kernel/ok.ts';", 'edge-over-the-wire'],
    ['cli/list.ts', "import '../core/kernel/ok.ts';", 'cli-over-the-wire'],
    ['cli/operate/verify.ts', "import '../../core/kernel/ok.ts';", ''],
    ['client/t.ts', "import './x.test.ts';", 'not-to-tests'],
    ['client/x.test.ts', 'export {};', ''],
    ['client/lost.ts', "import './nowhere.ts';", 'no-unresolvable'],
    ['client/one.ts', "import { two } from './two.ts'; export const one = () => two;", 'no-cycles'],
    // The tool reports a cycle once, at one of its files.
    ['client/two.ts', "import { one } from './one.ts'; export const two = () => one;", 'reported above'],
  ];
  for (const [file, text] of plants) {
    await mkdir(dirname(join(planted, file)), { recursive: true });
    await writeFile(join(planted, file), `${text}\n`);
  }
  await symlink(join(root, 'node_modules'), join(planted, 'node_modules'));
  const { violations } = await cruise(planted);
  for (const [file, , rule] of plants) {
    const found = violations.filter(({ from }) => from === file).map((violation) => violation.rule.name);
    if (rule === 'reported above') continue;
    if (rule === '') expect(found, file).toEqual([]);
    else expect(found, file).toContain(rule);
  }
});
