import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOON_US, open, uuid } from '../../test/support/ledger.ts';
import { type ReadModelDatabase, SEAL_KEY, readModelDatabase } from '../../test/support/projecting.ts';
import { ScriptedShard } from '../../test/support/scriptedShard.ts';
import { Batch } from './projection/batch.ts';
import { PgProjectionStore } from './projection/pgStore.ts';
import { noWatermark } from './projection/watermark.ts';
import { Sealer } from './sealing/seals.ts';

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

test('while a batch is being written, the store refuses another one, and to read watermarks inside its transaction', async () => {
  const shard = new ScriptedShard(SHARD, NOON_US);
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: SHARD });
  shard.run(open(uuid(1), { code: 'cash' }));
  shard.seal();
  const batch = new Batch(new Sealer(SEAL_KEY));
  for (const _slice of batch.encode([noWatermark(SHARD)], shard.blocks));

  const store = new PgProjectionStore({ url: db.url });
  await store.watermarks([SHARD]);
  const person = await stalled('psql');
  const applying = store.apply(batch);
  await expect(store.watermarks([SHARD])).rejects.toThrow('a batch is being written');
  await expect(store.apply(batch)).rejects.toThrow('a batch is being written');
  await person.client.query('COMMIT');
  await applying;
  expect(await store.watermarks([SHARD])).toMatchObject([{ shard: SHARD, height: 1 }]);
  // One that fails leaves the store usable.
  await expect(store.apply(batch)).rejects.toThrow('another projector has moved a watermark');
  expect(await store.watermarks([SHARD])).toMatchObject([{ shard: SHARD, height: 1 }]);
  await person.client.end();
  await store.close();
});
