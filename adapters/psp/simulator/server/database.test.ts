import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { paymentId } from './model.ts';
import { startSimulator } from './simulator.ts';

const SALE = '0190a000-0000-4000-8000-000000000001';
const REFUND = '0190a000-0000-4000-8000-000000000002';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-simulator-'));
  file = join(folder, 'simulator.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

function versionOf(): unknown {
  const database = new DatabaseSync(file);
  const { user_version: version } = database.prepare('PRAGMA user_version').get()!;
  database.close();
  return version;
}

const version1 = (): string => readFileSync(new URL('testing/version1.sql', import.meta.url), 'utf8');

test('a database of version 1 goes on where it was, and has what came after', async () => {
  write(version1());
  expect(versionOf()).toBe(1);
  const simulator = await startSimulator({ port: 0, file, secret: 'a secret of the tests' });
  try {
    const { url } = simulator;
    const listed = async (path: string): Promise<Record<string, string>[]> =>
      ((await (await fetch(`${url}${path}`)).json()) as { data: Record<string, string>[] }).data;
    // The refund that was to fail has done so meanwhile.
    await expect
      .poll(async () => (await listed('/v1/report')).map(({ reference, status }) => [reference, status]))
      .toEqual([
        [SALE, 'succeeded'],
        [REFUND, 'declined'],
      ]);
    const post = async (path: string, body: object): Promise<number> => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
      const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      await answer.body?.cancel();
      return answer.status;
    };
    const sale = { token: 'tok_typed', amount: '500', currency: 'EUR', capture: true };
    expect(await post('/v1/payments', sale)).toBe(200);
    expect(await post(`/control/payments/${paymentId(SALE)}/dispute`, { move: 'opened' })).toBe(200);
    expect((await listed('/v1/settlement')).map(({ type, credit, debit }) => [type, credit, debit])).toEqual([
      ['charge', '10000', '0'],
      ['refund', '0', '3000'],
      ['refund_failure', '3000', '0'],
      ['charge', '500', '0'],
      ['dispute', '0', '10000'],
    ]);
  } finally {
    await simulator.stop();
  }
  expect(versionOf()).toBe(2);
});

test('a database that is up to date is opened as it is', () => {
  write(version1());
  openDatabase(file).close();
  write("INSERT INTO disputes VALUES ('x', 'opened', 1)");
  const again = openDatabase(file);
  expect(again.prepare('SELECT payment FROM disputes').all()).toEqual([{ payment: 'x' }]);
  again.close();
});

test('a database of a later version is refused, and left as it is', () => {
  write('PRAGMA user_version = 99');
  expect(() => openDatabase(file)).toThrow('later version');
  expect(versionOf()).toBe(99);
});
