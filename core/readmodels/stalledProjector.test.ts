import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ReadModelDatabase, readModelDatabase } from '../../test/support/projecting.ts';
import { PgProjectionStore } from './projection/pgStore.ts';

const SHARD = 3;
const LOCK_WAIT_MS = 300;

let db: ReadModelDatabase;
beforeAll(async () => {
  db = await readModelDatabase();
});
afterAll(() => db.drop());

/** A transaction that has the shard's watermark and goes on no further, as that of a process that was stopped. */
async function stalled(applicationName: string): Promise<{ client: pg.Client; ended: Promise<unknown> }> {
  const client = new pg.Client({ connectionString: db.url, application_name: applicationName });
  const ended = new Promise((resolve) => client.on('error', resolve));
  await client.connect();
  await client.query('BEGIN');
  await client.query('UPDATE florin.projection SET height = height WHERE shard = $1', [SHARD]);
  return { client, ended };
}

test('a projector that was stopped in mid-transaction does not hold up the one that comes after it', async () => {
  const store = new PgProjectionStore({ url: db.url, lockWaitMs: LOCK_WAIT_MS });
  await store.watermarks([SHARD]);
  const before = await stalled('florin projector');
  expect(await store.watermarks([SHARD])).toMatchObject([{ shard: SHARD, height: 0 }]);
  await before.ended;
  await store.close();
});

test('whoever is no projector is waited for, and told as an error', async () => {
  const store = new PgProjectionStore({ url: db.url, lockWaitMs: LOCK_WAIT_MS });
  const person = await stalled('psql');
  await expect(store.watermarks([SHARD])).rejects.toThrow(/lock timeout/);
  await person.client.query('COMMIT');
  expect(await store.watermarks([SHARD])).toMatchObject([{ shard: SHARD }]);
  await person.client.end();
  await store.close();
});
