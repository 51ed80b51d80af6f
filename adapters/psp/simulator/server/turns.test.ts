import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from './database.ts';
import { Turns } from './turns.ts';

let database: DatabaseSync;
let turns: Turns;
beforeEach(() => {
  database = openDatabase(':memory:');
  database.exec('CREATE TABLE numbers (n INTEGER PRIMARY KEY)');
  turns = new Turns(database);
});
afterEach(() => database.close());

const insert = (n: number) => () => database.prepare('INSERT INTO numbers VALUES (?)').run(n);
const count = (): unknown => database.prepare('SELECT count(*) AS n FROM numbers').get()?.n;

test('what gathers in a turn is one transaction, and answers come after its commit', async () => {
  const inside: boolean[] = [];
  const all = [1, 2, 3].map((n) =>
    turns
      .do(() => {
        insert(n)();
        return database.isTransaction;
      })
      .then((isTransaction) => inside.push(isTransaction, database.isTransaction)),
  );
  expect(count()).toBe(0);
  await Promise.all(all);
  expect(count()).toBe(3);
  expect(inside.filter((one) => one)).toHaveLength(3);
});

test('one that throws fails alone, and what it had written is gone', async () => {
  const results = await Promise.allSettled([
    turns.do(insert(1)),
    turns.do(() => {
      insert(7)();
      throw new Error('a defect');
    }),
    turns.do(insert(1)),
    turns.do(insert(2)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect(
    database
      .prepare('SELECT n FROM numbers ORDER BY n')
      .all()
      .map(({ n }) => n),
  ).toEqual([1, 2]);
  expect(database.isTransaction).toBe(false);
});

test('closing carries out what waits and takes nothing more', async () => {
  const last = turns.do(insert(1));
  turns.close();
  await last;
  expect(count()).toBe(1);
  await expect(turns.do(insert(2))).rejects.toThrow('stopping');
});
