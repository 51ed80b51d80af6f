import { readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
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

function run(args: string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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

interface Row {
  readonly accountId: string;
  /** "1993-01-05" */
  readonly date: string;
  /** What it adds to the customer's balance. */
  readonly units: bigint;
}

/** The rows, read here once more and by other means than the import's. */
const ROWS: readonly Row[] = readFileSync(FILE, 'utf8')
  .split('\r\n')
  .slice(1)
  .filter((line) => line !== '')
  .map((line) => {
    const [, accountId, day, type, , amount] = line.split(';');
    const units = BigInt(amount.replace('.', ''));
    return {
      accountId,
      date: `19${day.slice(0, 2)}-${day.slice(2, 4)}-${day.slice(4)}`,
      units: type === '"PRIJEM"' ? units : -units,
    };
  });

/** The sum of a customer's rows up to a date. */
function sumOfRows(accountId: string, upToDate: string): number {
  let sum = 0n;
  for (const row of ROWS) if (row.accountId === accountId && row.date <= upToDate) sum += row.units;
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

  it('show what a customer had at an effective date', async () => {
    const balance = await json('balance', 'customers:2378', '--effective', '1993-06-30');
    expect(balance).toMatchObject({
      code: 'customers:2378',
      asset: 'CZK',
      effective_date: '1993-06-30',
      booked_at: null,
      posted_balance: sumOfRows('2378', '1993-06-30'),
    });
    const table = await florin('balance', 'customers:2378', '--effective', '1993-06-30');
    expect(table.stdout).toMatch(/^customers:2378 +EFFECTIVE TO 1993-06-30$/im);
  });

  it('have at any effective date in 1993 what the rows of each customer come to', async () => {
    const accountIds = [...new Set(ROWS.filter(({ date }) => date < '1994').map((row) => row.accountId))];
    expect(accountIds.length).toBeGreaterThan(100);
    const client = connectFlorin({ target: core.target });
    try {
      for (const date of ['1993-07-14', '1993-12-31']) {
        const at = { case: 'effectiveDate', value: date } as const;
        const told = await Promise.all(
          accountIds.map(async (id) => {
            const account = { case: 'code', value: `customers:${id}` } as const;
            const { balance } = await client.balances.getBalance({ book: 'berka', account, at });
            return [id, Number(balance?.postedBalance)];
          }),
        );
        expect(told).toEqual(accountIds.map((id) => [id, sumOfRows(id, date)]));
      }
    } finally {
      client.close();
    }
  });

  it('answer SQL, as a table, CSV and JSON', async () => {
    const env = { DATABASE_URL: core.databaseUrl };
    const query = "select sum(posted_balance) as total from accounts where code like 'customers:%'";
    expect((await run(['sql', query], env)).stdout).toMatch(/3924614280/);
    expect((await run(['sql', '--csv', query], env)).stdout.split(/\r?\n/)).toEqual([
      'total',
      '3924614280',
      '',
    ]);
    expect(JSON.parse((await run(['sql', '--json', query], env)).stdout)).toEqual([{ total: 3_924_614_280 }]);
    const written = await run(['sql', 'delete from florin.entries'], env);
    expect(written.exitCode).not.toBe(0);
    expect(written.stderr).toMatch(/read-only/);
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
