import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { SchemaTooNew, migrate } from './migrate.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('several cores that start at once migrate once, and a later start migrates nothing', async () => {
  const ran = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
  const lengths = ran.map((names) => names.length).sort((a, b) => a - b);
  expect(lengths.slice(0, 2)).toEqual([0, 0]);
  expect(lengths[2]).toBeGreaterThan(3);
  expect(await migrate(database.url)).toEqual([]);
});

test('registries are written, and again without harm', async () => {
  const registries = {
    assets: [{ code: 'EUR', scale: 2, name: 'Euro' }],
    reasons: [{ number: 118, name: 'INSUFFICIENT_FUNDS' }],
  };
  await migrate(database.url, registries);
  await migrate(database.url, registries);
  expect(await query('SELECT code, scale, iso_4217 FROM books.assets')).toEqual([
    { code: 'EUR', scale: 2, iso_4217: true },
  ]);
});

test('references are declared and not enforced where Postgres can, absent where it cannot', async () => {
  const [{ version }] = await query("SELECT current_setting('server_version_num')::int AS version");
  const enforced =
    Number(version) >= 180000
      ? await query(
          "SELECT conenforced AS e FROM pg_constraint WHERE contype = 'f' AND connamespace = 'florin'::regnamespace",
        )
      : [];
  expect(enforced.length > 0).toBe(Number(version) >= 180000);
  expect(enforced.every((row) => row.e === false)).toBe(true);
});

test('partitions of the journal are made ahead, once', async () => {
  expect(await query('SELECT florin.ensure_journal_partitions(16777216) AS made')).toEqual([{ made: 1 }]);
  expect(await query('SELECT florin.ensure_journal_partitions(16777216) AS made')).toEqual([{ made: 0 }]);
  expect(
    await query(
      "SELECT DISTINCT attstorage FROM pg_attribute WHERE attname = 'body' AND attrelid IN ('florin.journal'::regclass, 'florin.journal_00001'::regclass)",
    ),
  ).toEqual([{ attstorage: 'e' }]);
});

test('a database of a newer release is refused by the name of what is unknown, and left alone', async () => {
  await query("INSERT INTO florin.schema_migrations (name, run_on) VALUES ('9999_add_payments', now())");
  await expect(migrate(database.url)).rejects.toThrow(SchemaTooNew);
  await expect(migrate(database.url)).rejects.toThrow('9999_add_payments');
  await query("DELETE FROM florin.schema_migrations WHERE name = '9999_add_payments'");
  expect(await migrate(database.url)).toEqual([]);
});
