import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { DatabaseClient } from '../journal/database.ts';

const FOLDER = fileURLToPath(new URL('migrations', import.meta.url));
const TABLE = 'schema_migrations';
const SCHEMA = 'florin';

/** The database was migrated by a newer Florin: this one does not know what its tables mean. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
  constructor(unknown: string) {
    super(`the database was migrated by a newer florin (${unknown}): run that one, or use another database.`);
  }
}

/** What the code knows and SQL wants to join. */
export interface Registries {
  /** ISO 4217. */
  assets: Iterable<{ code: string; scale: number; name: string }>;
  /** The reasons of refusals with the numbers that the journal stores. */
  reasons: Iterable<{ number: number; name: string }>;
}

/**
 * Brings one server's schemas to this release, all or nothing, and returns the migrations that ran. Several cores may
 * start at once: the others wait. Throws `SchemaTooNew`.
 */
export async function migrate(databaseUrl: string, registries?: Registries): Promise<string[]> {
  const client = new DatabaseClient({ connectionString: databaseUrl, application_name: 'florin migrate' });
  await client.connect();
  try {
    await client.query(LOCK);
    const ran = (await isComplete(client)) ? [] : await runMissing(client);
    await client.query(GRANT_READERS);
    if (registries !== undefined) await writeRegistries(client, registries);
    return ran;
  } finally {
    // The lock goes with the session.
    await client.end();
  }
}

async function runMissing(client: pg.Client): Promise<string[]> {
  // Loaded only where there is something to do: it brings a compiler along.
  const { runner } = await import('node-pg-migrate');
  const ran = await runner({
    dbClient: client,
    dir: FOLDER,
    direction: 'up',
    migrationsTable: TABLE,
    migrationsSchema: SCHEMA,
    createMigrationsSchema: true,
    // Ours is taken already, so that the check for a newer schema stands under it too.
    noLock: true,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  });
  return ran.map((migration) => migration.name);
}

function silent(): void {}

/** Whether every migration of this release was applied; throws where there are more. */
async function isComplete(client: pg.Client): Promise<boolean> {
  const found = await client.query<{ table: string | null }>(FIND_TABLE);
  if (found.rows[0].table === null) return false;
  const applied = await client.query<{ name: string }>(APPLIED);
  const known = new Set((await readdir(FOLDER)).map((file) => file.replace(/\.sql$/, '')));
  const unknown = applied.rows.find((row) => !known.has(row.name));
  if (unknown !== undefined) throw new SchemaTooNew(unknown.name);
  return applied.rows.length === known.size;
}

async function writeRegistries(client: pg.Client, { assets, reasons }: Registries): Promise<void> {
  const iso = [...assets];
  await client.query(UPSERT_ASSETS, [
    iso.map((asset) => asset.code),
    iso.map((asset) => asset.scale),
    iso.map((asset) => asset.name),
  ]);
  const named = [...reasons];
  await client.query(UPSERT_REASONS, [
    named.map((reason) => reason.number),
    named.map((reason) => reason.name),
  ]);
}

const LOCK = `SELECT pg_advisory_lock(hashtext('florin migrate'))`;

const FIND_TABLE = `SELECT to_regclass('${SCHEMA}.${TABLE}')::text AS table`;

const APPLIED = `SELECT name FROM ${SCHEMA}.${TABLE} ORDER BY id`;

/** The role for people is made by whoever runs the server; without it there is nobody to grant to. */
const GRANT_READERS = `
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'florin_reader') THEN
    GRANT USAGE ON SCHEMA books TO florin_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA books TO florin_reader;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA books TO florin_reader;
  END IF;
END $$`;

const UPSERT_ASSETS = `
INSERT INTO florin.assets (code, scale, name, iso_4217)
SELECT code, scale, name, true FROM unnest($1::text[], $2::smallint[], $3::text[]) AS a(code, scale, name)
ON CONFLICT (code) DO UPDATE SET scale = EXCLUDED.scale, name = EXCLUDED.name, iso_4217 = true`;

const UPSERT_REASONS = `
INSERT INTO florin.refusal_reasons (number, name)
SELECT number, name FROM unnest($1::smallint[], $2::text[]) AS r(number, name)
ON CONFLICT (number) DO UPDATE SET name = EXCLUDED.name`;
