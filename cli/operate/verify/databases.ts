import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { DatabaseClient } from '../../../core/journal/database.ts';
import { type Config, ConfigError, readConfig } from '../../../core/config.ts';
import { CannotStart } from '../../../core/embedded/cannotStart.ts';
import { startEmbeddedPostgres } from '../../../core/embedded/embedded.ts';
import { CORE_ROLE, DATABASE, urlOf } from '../../../core/embedded/roles.ts';
import { cannotRun } from '../../problem.ts';

export interface Databases {
  /** The owner's URL of each server, in their order. */
  readonly urls: readonly string[];
  /** FLORIN_DATA_DIR/secrets; it need not be there. */
  readonly secrets: string;
  /** Stops what was started for this. */
  close(): Promise<void>;
}

export function settings(): Config {
  try {
    return readConfig();
  } catch (error) {
    throw error instanceof ConfigError ? cannotRun(error.message) : error;
  }
}

/** The servers of DATABASE_URL(S), else the embedded one: as it runs, or started for as long as this takes. */
export async function openDatabases(config: Config, tell: (line: string) => void): Promise<Databases> {
  const secrets = join(config.dataDir, 'secrets');
  const idle = async (): Promise<void> => undefined;
  if (config.databaseUrls.length > 0) return { urls: config.databaseUrls, secrets, close: idle };
  const passwordFile = join(secrets, CORE_ROLE);
  if (!existsSync(passwordFile)) {
    throw cannotRun(
      `there is nothing of Florin in ${config.dataDir}: set FLORIN_DATA_DIR to its data folder, or DATABASE_URL.`,
    );
  }
  const url = urlOf({
    role: CORE_ROLE,
    password: readSecret(passwordFile),
    port: config.pgPort,
    database: DATABASE,
  });
  if (await answers(url)) return { urls: [url], secrets, close: idle };
  tell('Florin is not running: its database is started for this check.');
  try {
    const postgres = await startEmbeddedPostgres({
      dataDir: config.dataDir,
      port: config.pgPort,
      log: () => undefined,
    });
    return { urls: [postgres.coreUrl], secrets, close: () => postgres.stop() };
  } catch (error) {
    throw error instanceof CannotStart ? cannotRun(error.message) : error;
  }
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw cannotRun(
      `the password at ${file} cannot be read (${code}): run this as the user who started Florin.`,
    );
  }
}

/** Whether a Postgres listens there. One that refuses the password is another's: starting ours would fail on the port. */
async function answers(connectionString: string): Promise<boolean> {
  const client = new DatabaseClient({
    connectionString,
    application_name: 'florin verify',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code !== '57P03')
      throw cannotRun(`Postgres refused the connection: ${error.message}.`);
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
