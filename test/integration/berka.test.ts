import { readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestCore, type TestCore } from '../support/core.ts';
import { temporaryFolder } from '../support/embedded.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const FILE = fileURLToPath(new URL('../../examples/berka/trans.asc', import.meta.url));
const IMPORT_MS_MAX = 60_000;

interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let core: TestCore;

beforeAll(async () => {
  core = await startTestCore();
});

afterAll(async () => {
  await core.stop();
});

/** The command as a person runs it, in a process of its own, against the core of this test. */
function florin(...args: string[]): Promise<Ran> {
  return run([...args, '--target', core.target]);
}

function run(args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    const out: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (out.stderr += text));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, ...out }));
  });
}

async function json(...args: string[]) {
  const ran = await florin(...args, '--json');
  expect(ran.stderr.includes('florin:') ? ran.stderr : '').toBe('');
  expect(ran.exitCode).toBe(0);
  return JSON.parse(ran.stdout.trimEnd().split('\n').at(-1) ?? '');
}

/** The sum of a customer's rows up to a date, straight from the file. */
function sumOfRows(accountId: string, upToDate: string): number {
  let sum = 0n;
  for (const line of readFileSync(FILE, 'utf8').split('\r\n').slice(1)) {
    const [, account, date, type, , amount] = line.split(';');
    if (account !== accountId || date === undefined || `19${date}` > upToDate.replaceAll('-', '')) continue;
    const units = BigInt((amount ?? '').replace('.', ''));
    sum += type === '"PRIJEM"' ? units : -units;
  }
  return Number(sum);
}

describe("a real bank's books", () => {
  it(
    'are imported exactly, and a second import changes nothing',
    async () => {
      const figures = { book: 'berka', accounts: 1_229, transactions: 49_102, balance_sum: 3_924_614_280 };
      expect(await json('import', 'berka', FILE)).toMatchObject({ ...figures, created: 49_102, replayed: 0 });
      expect(await json('import', 'berka', FILE)).toMatchObject({ ...figures, created: 0, replayed: 49_102 });
      const again = await florin('import', 'berka', FILE);
      expect(again.stdout).toContain('Nothing changed: all 49,102 transactions were in book berka already');
    },
    IMPORT_MS_MAX,
  );

  it('end at the balances that the bank had', async () => {
    expect(await json('balance', 'customers:2378')).toMatchObject({ posted_balance: 5_095_620 });
    expect(await json('balance', 'customers:576')).toMatchObject({ posted_balance: 1_855_660 });
    const customers: { posted_balance: number }[] = await json('accounts', '--prefix', 'customers:');
    expect(customers.filter((one) => one.posted_balance < 0)).toHaveLength(1);
  });

  it('balance: total debits are total credits', async () => {
    const accounts: { debits_posted: number; credits_posted: number }[] = await json('accounts');
    const total = (side: 'debits_posted' | 'credits_posted') =>
      accounts.reduce((sum, one) => sum + one[side], 0);
    expect(total('debits_posted')).toBe(total('credits_posted'));
    expect(total('debits_posted')).toBeGreaterThan(0);
  });

  it.each([
    ['2378', '1993-01-01'],
    ['2378', '1993-06-30'],
    ['576', '1993-12-31'],
    ['15', '1994-03-31'],
  ])('show what customer %s had at the effective date %s', async (account, date) => {
    const balance = await json('balance', `customers:${account}`, '--effective', date);
    expect(balance.posted_balance).toBe(sumOfRows(account, date));
  });

  it('give a statement whose lines lead from the opening to the closing balance', async () => {
    const statement = await json('statement', 'customers:2378', '--from', '1993-06-01', '--to', '1993-06-30');
    expect(statement.opening_balance).toBe(sumOfRows('2378', '1993-05-31'));
    expect(statement.closing_balance).toBe(sumOfRows('2378', '1993-06-30'));
    expect(statement.lines.at(-1).balance).toBe(statement.closing_balance);
    expect(statement.opening_balance + statement.credits - statement.debits).toBe(statement.closing_balance);
  });

  it('print as tables and CSV that a person likes to read', async () => {
    const table = await florin('statement', 'customers:2378', '--to', '1993-01-31');
    expect(table.stdout.split('\n')[1]).toMatch(/^DATE +REFERENCE +COUNTER-ACCOUNT +DEBIT +CREDIT +BALANCE$/);
    expect(table.stdout).toContain('1993-01-01  695247');
    const csv = await florin('statement', 'customers:2378', '--to', '1993-01-31', '--csv');
    expect(csv.stdout.split('\r\n')[1]).toMatch(/^1993-01-01,.*,695247,bank:cash,,700\.00,700\.00,CZK$/);
    const accounts = await florin('accounts', '--prefix', 'banks:');
    expect(accounts.stdout.trimEnd().split('\n')).toHaveLength(14);
  });
});

describe('a file with a bad row', () => {
  it('leaves no trace, unless its good rows are asked for', async () => {
    const file = join(await temporaryFolder(), 'bad.asc');
    const [header, first, second] = readFileSync(FILE, 'utf8').split('\r\n');
    writeFileSync(file, [header, first, 'x;y', second, ''].join('\r\n'));
    const turnedAway = await florin('import', 'berka', file, '--book', 'bad-rows');
    expect(turnedAway.exitCode).toBe(1);
    expect(turnedAway.stderr).toMatch(/Nothing was sent:\n {2}line 3, column date: it is missing/);
    const names: { name: string }[] = await json('books');
    expect(names.map(({ name }) => name)).not.toContain('bad-rows');

    const skipped = await json('import', 'berka', file, '--book', 'bad-rows', '--skip-bad');
    expect(skipped).toMatchObject({ accounts: 2, created: 2, skipped: [{ line: 3, column: 'date' }] });
  });
});

describe('a command', () => {
  it('says what to do when no core is there', async () => {
    const ran = await run(['books', '--target', '127.0.0.1:1']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(/^florin: no core answers at 127\.0\.0\.1:1: start it with "npm start"/);
  });

  it('asks for a book where there are several', async () => {
    const ran = await florin('accounts');
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(/^florin: which book\? Name one with --book/);
  });
});
