import pg from 'pg';
import { CannotStart } from './cannotStart.ts';
import { ADMIN_ROLE } from './cluster.ts';
import { scramVerifier } from './password.ts';

export const DATABASE = 'florin';
/** Owns the schemas; the core connects as this one. */
export const CORE_ROLE = 'florin';
/** For people: reads what migrations grant, changes nothing. */
export const READER_ROLE = 'florin_reader';

export interface Passwords {
  readonly admin: string;
  readonly core: string;
  readonly reader: string;
}

/** A connection URL; user and password are escaped, so any secret fits. */
export function urlOf(options: { role: string; password: string; port: number; database: string }): string {
  const { role, password, port, database } = options;
  return `postgres://${encodeURIComponent(role)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/**
 * Makes the database and its two roles, or puts them right again: the files in `secrets/` are the truth for passwords, so
 * one that was deleted and made anew works at the next start. The superuser is used for nothing else.
 */
export async function ensureRoles(port: number, passwords: Passwords): Promise<void> {
  const client = new pg.Client({
    connectionString: urlOf({ role: ADMIN_ROLE, password: passwords.admin, port, database: 'postgres' }),
  });
  try {
    await client.connect();
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '28P01') {
      throw new CannotStart(
        `the password in secrets/${ADMIN_ROLE} is not that of the database: put the secrets folder back that belongs to this data folder.`,
      );
    }
    throw error;
  }
  try {
    await ensureRole(client, CORE_ROLE, passwords.core);
    await ensureRole(client, READER_ROLE, passwords.reader);
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE} OWNER ${CORE_ROLE}`);
    // At each start, for a start cut short between two of these lines must not leave a door open.
    await client.query(`ALTER ROLE ${READER_ROLE} SET default_transaction_read_only = on`);
    await client.query('REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC');
    await client.query(`REVOKE ALL ON DATABASE ${DATABASE} FROM PUBLIC`);
    await client.query(`GRANT CONNECT ON DATABASE ${DATABASE} TO ${READER_ROLE}`);
  } finally {
    await client.end();
  }
}

async function ensureRole(client: pg.Client, role: string, password: string): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER';
  await client.query(`${verb} ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(scramVerifier(password))}`);
}
