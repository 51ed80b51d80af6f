import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { anotherAddress, type Host, urlAt } from '../support/hosts.ts';
import { type LoadedBook, openBook } from '../support/load/books.ts';
import { startLoad } from '../support/load/callers.ts';
import { findings } from '../support/load/check.ts';
import { ClientLedger } from '../support/load/clientLedger.ts';
import { Draw, seedOfRun } from '../support/load/draw.ts';
import { freePort } from '../support/ports.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts';

const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

const draw = new Draw(seedOfRun());
const ledger = new ClientLedger();
let database: FreshDatabase;
let hosts: Host[];
let url: string;
let core: TestCore;
let books: LoadedBook[];

beforeAll(async () => {
  database = await freshDatabase();
  hosts = [await anotherAddress(database.url), await anotherAddress(database.url)];
  // Nothing listens at the first of three.
  url = urlAt(database.url, await freePort(), ...hosts.map(({ port }) => port));
  core = await startTestCore({ databaseUrls: [url] });
  const florin = connectFlorin({ target: core.target });
  books = [await openBook(florin, 'north', 3), await openBook(florin, 'south', 40)];
  florin.close();
});

afterAll(async () => {
  await core?.stop();
  for (const host of hosts ?? []) await host.stop();
  await database?.drop();
});

test('the command line goes to the host that is there', async () => {
  const args = [CLI, 'sql', '--csv', 'select name from books order by name'];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH ?? '', DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(await text(child.stdout)).toBe('name\r\nnorth\r\nsouth\r\n');
});

test(`a core whose host is lost goes on at the next (seed ${draw.seed})`, async () => {
  const load = startLoad({ target: core.target, books, ledger, draw });
  await ledger.moreAnswers(500);
  const before = hosts[1].connections;
  expect(before).toBe(0);
  await hosts[0].stop();
  await ledger.moreAnswers(1_000);
  await load.stop();
  expect(hosts[1].connections).toBeGreaterThan(0);
  expect(await findings({ target: core.target, databaseUrl: database.url, books, ledger })).toEqual([]);
}, 60_000);
