import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** The first of its processes; undefined between an end and a start. */
export function postmasterOf(dataDir: string): number | undefined {
  try {
    return Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return undefined;
  }
}

/** The backend that appends blocks. */
export async function appenderOf(databaseUrl: string): Promise<number | undefined> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'florin append'`,
    );
    return rows.at(0)?.pid;
  });
}

/** Operations that may still be done and that nobody has to look at. */
export async function openOf(databaseUrl: string): Promise<number> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ open: string }>(
      `SELECT count(*) AS open FROM books.provider_calls WHERE settled_at IS NULL AND due_at IS NOT NULL`,
    );
    return Number(rows[0].open);
  });
}

async function withClient<T>(databaseUrl: string, body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  // Postgres ends all its connections when one of its processes is killed.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** False where there is no such process any more. */
export function killed(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
