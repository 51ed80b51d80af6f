import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { type LoadedBook, openBook } from '../support/load/books.ts';
import { startLoad } from '../support/load/callers.ts';
import { findings } from '../support/load/check.ts';
import { ClientLedger } from '../support/load/clientLedger.ts';
import { Draw, seedOfRun } from '../support/load/draw.ts';
import { freePort } from '../support/ports.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts';

const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

const draw = new Draw(seedOfRun());
const ledgers = [new ClientLedger(), new ClientLedger()];
let databases: FreshDatabase[];
let core: TestCore;
/** Shard s lies on server s mod 2. */
let books: LoadedBook[];

beforeAll(async () => {
  databases = [await freshDatabase(), await freshDatabase()];
  core = await startTestCore({ databaseUrls: databases.map(({ url }) => url) });
  const florin = connectFlorin({ target: core.target });
  books = [await openBook(florin, 'even', 4), await openBook(florin, 'odd', 5)];
  florin.close();
});

afterAll(async () => {
  await core?.stop();
  for (const database of databases ?? []) await database.drop();
});

/** Each server is held to what was told about its own book. */
async function checkBoth(): Promise<string[]> {
  const both = await Promise.all(
    databases.map(({ url }, i) =>
      findings({ target: core.target, databaseUrl: url, books: [books[i]], ledger: ledgers[i] }),
    ),
  );
  return both.flat();
}

async function loadBoth(answers: number): Promise<void> {
  const loads = ledgers.map((ledger, i) =>
    startLoad({ target: core.target, books: [books[i]], ledger, draw }),
  );
  await Promise.all(ledgers.map((ledger) => ledger.moreAnswers(answers)));
  await Promise.all(loads.map((load) => load.stop()));
}

/** A start that cannot be, on these databases: how it ends, and what it says. */
async function refusedStart(urls: readonly string[]): Promise<{ exitCode: number | null; said: string }> {
  const env = {
    PATH: process.env.PATH ?? '',
    DATABASE_URLS: urls.join(','),
    FLORIN_DATA_DIR: core.dataDir,
    FLORIN_GRPC_PORT: String(await freePort()),
    FLORIN_CONNECT_PORT: String(await freePort()),
    FLORIN_OPS_PORT: String(await freePort()),
    FLORIN_LOG_LEVEL: 'error',
  };
  const child = spawn(process.execPath, [CLI, 'start'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const said = await text(child.stderr);
  return { exitCode: await exited, said: said.replace(/^\(node:.*\n.*\n/, '') };
}

describe(`two servers (seed ${draw.seed})`, () => {
  test('hold the books of their own shards, and nothing of the others', async () => {
    await loadBoth(500);
    expect(await checkBoth()).toEqual([]);
    for (const [i, { url }] of databases.entries()) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query<{ shard: number }>(
        'SELECT DISTINCT shard FROM florin.journal WHERE shard < 64 ORDER BY shard',
      );
      const control = await client.query('SELECT 1 FROM florin.journal WHERE shard = 64 LIMIT 1');
      await client.end();
      expect(rows.map(({ shard }) => shard)).toEqual(Array.from({ length: 32 }, (_, n) => 2 * n + i));
      expect(control.rowCount).toBe(i === 0 ? 1 : 0);
    }
  }, 60_000);

  test('are both taken up again after a kill', async () => {
    const loads = ledgers.map((ledger, i) =>
      startLoad({ target: core.target, books: [books[i]], ledger, draw }),
    );
    await Promise.all(ledgers.map((ledger) => ledger.moreAnswers(300)));
    await core.kill();
    await core.restart();
    await Promise.all(ledgers.map((ledger) => ledger.moreAnswers(300)));
    await Promise.all(loads.map((load) => load.stop()));
    expect(await checkBoth()).toEqual([]);
  }, 60_000);

  test('are refused in another order, alone, or with a stranger, each in one line', async () => {
    expect(await core.endBy('SIGTERM')).toMatchObject({ exitCode: 0 });
    const [first, second] = databases.map(({ url }) => url);
    const stranger = await freshDatabase();
    try {
      for (const urls of [[second, first], [first], [first, second, stranger.url]]) {
        const { exitCode, said } = await refusedStart(urls);
        expect({ exitCode, said }).toEqual({
          exitCode: 2,
          said: expect.stringMatching(
            /^florin: database \d of \d was created as server \d of 2: name the same databases in DATABASE_URLS, in the same order\.\n$/,
          ) as string,
        });
      }
    } finally {
      await stranger.drop();
    }
    await core.restart();
    await loadBoth(100);
    expect(await checkBoth()).toEqual([]);
  }, 60_000);
});
