import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { DatabaseClient, NoWritableHost } from '../../core/journal/database.ts';
import { type Config, ConfigError, readConfig } from '../../core/config.ts';
import { DATABASE, READER_ROLE, urlOf } from '../../core/embedded/roles.ts';
import type { Terminal } from '../print/terminal.ts';
import { cannotRun, refused } from '../problem.ts';
import { promptForSql } from './sqlPrompt.ts';
import { type SqlForm, printerOf } from './sqlForms.ts';

/** Rows fetched at a time, so that a query over the whole ledger needs no memory for it. */
const FETCH_ROWS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

export interface SqlOptions {
  /** Undefined: statements come from the prompt. */
  readonly query: string | undefined;
  readonly form: SqlForm;
  readonly timeoutMs: number;
  /** Which of several servers, from 1. */
  readonly server: number;
  readonly terminal: Terminal;
}

/** `florin sql`. */
export async function runSql(options: SqlOptions): Promise<void> {
  const client = await connectReader(databaseUrl(options.server), options.timeoutMs);
  try {
    const ask = (text: string): Promise<void> => runStatement(client, text, options);
    if (options.query === undefined) await promptForSql({ ask, terminal: options.terminal });
    else await ask(options.query);
  } finally {
    await client.end();
  }
}

function databaseUrl(server: number): string {
  const { databaseUrls } = settings();
  if (databaseUrls.length > 0 && server > databaseUrls.length)
    throw cannotRun(`--server ${server}: DATABASE_URLS names ${databaseUrls.length}.`);
  if (databaseUrls.length === 0 && server !== 1)
    throw cannotRun(`--server ${server}: there is one Postgres only.`);
  return readerUrls()[server - 1];
}

/** The external databases where some are set, else the embedded one, whose password lies in the data folder. */
export function readerUrls(): readonly string[] {
  const { databaseUrls, dataDir, pgPort } = settings();
  if (databaseUrls.length > 0) return databaseUrls;
  const password = readerPassword(dataDir);
  return [urlOf({ role: READER_ROLE, password, port: pgPort, database: DATABASE })];
}

function settings(): Config {
  try {
    return readConfig();
  } catch (error) {
    throw error instanceof ConfigError ? cannotRun(error.message) : error;
  }
}

function readerPassword(dataDir: string): string {
  const file = join(dataDir, 'secrets', READER_ROLE);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw cannotRun(
      code === 'ENOENT'
        ? `there is no password at ${file}: start Florin once with "npm start", or set FLORIN_DATA_DIR to its data folder.`
        : `the password at ${file} cannot be read (${code}): run this as the user who started Florin.`,
    );
  }
}

/** A session that reads the books: values come as Postgres writes them. */
export async function connectReader(connectionString: string, timeoutMs: number): Promise<pg.Client> {
  const client = new DatabaseClient({
    connectionString,
    application_name: 'florin sql',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Values as Postgres writes them: nothing is rounded on the way.
    types: { getTypeParser: () => (text: string | Buffer) => text },
  });
  // A server that goes away between two statements is reported by the next one.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`SET statement_timeout = ${timeoutMs}`);
    await client.query('SET search_path = books, public');
    // Cursors read here are read to their end.
    await client.query('SET cursor_tuple_fraction = 1');
  } catch (error) {
    await client.end().catch(() => undefined);
    throw notConnected(client, error);
  }
  return client;
}

function notConnected(client: pg.Client, error: unknown): Error {
  if (error instanceof pg.DatabaseError)
    return cannotRun(`Postgres refused the connection: ${error.message}.`);
  if (error instanceof NoWritableHost) return cannotRun(error.message);
  const code = error instanceof AggregateError ? error.errors[0] : error;
  const why = code instanceof Error && 'code' in code ? String(code.code) : String(code);
  return cannotRun(
    `no Postgres answers at ${client.host}:${client.port} (${why}): start Florin with "npm start", or set FLORIN_PG_PORT or DATABASE_URL.`,
  );
}

/**
 * One statement in a read-only transaction of its own that is always rolled back. The extended protocol takes one
 * statement only, so no text can end the transaction and go on outside it.
 */
async function runStatement(client: pg.Client, text: string, { form, terminal }: SqlOptions): Promise<void> {
  const printer = printerOf(form, terminal);
  try {
    await client.query('BEGIN TRANSACTION READ ONLY');
    const isRead = /^(?:\s|--[^\n]*\n|\/\*.*?\*\/)*(?:select|with|values|table)\b/is.test(text);
    if (isRead) {
      await one(client, `DECLARE answer NO SCROLL CURSOR FOR ${text.replace(/[;\s]+$/, '')}`);
      for (;;) {
        const part = await one(client, `FETCH ${FETCH_ROWS} FROM answer`);
        const next = await printer.rows(part.fields, part.rows);
        if (part.rows.length < FETCH_ROWS || next === 'enough') break;
      }
    } else {
      const part = await one(client, text);
      if (part.fields.length > 0) await printer.rows(part.fields, part.rows);
    }
    await printer.end();
  } catch (error) {
    throw error instanceof pg.DatabaseError ? sqlProblem(error) : error;
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

/** `queryMode` is of pg 8.12 and not in its types. */
interface OneStatement extends pg.QueryArrayConfig {
  readonly queryMode: 'extended';
}

function one(client: pg.Client, text: string): Promise<pg.QueryArrayResult<(string | null)[]>> {
  const query: OneStatement = { text, rowMode: 'array', queryMode: 'extended' };
  return client.query<(string | null)[]>(query);
}

function sqlProblem(error: pg.DatabaseError): Error {
  const hint = error.hint === undefined ? '' : ` Hint: ${error.hint}`;
  if (error.code === '57014') return refused('the statement took too long: narrow it, or raise --timeout.');
  if (error.code === '25006') return refused(`${error.message}: florin sql only reads.`);
  return refused(`SQL error ${error.code}: ${error.message}.${hint}`);
}
