import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { type LoadedBook, openBook } from '../support/load/books.ts';
import { type Load, startLoad } from '../support/load/callers.ts';
import { findings, resend } from '../support/load/check.ts';
import { ClientLedger } from '../support/load/clientLedger.ts';
import { Draw, roundsOfRun, seedOfRun } from '../support/load/draw.ts';
import { edit, verified } from '../support/verifiedBooks.ts';

const ROUNDS = roundsOfRun(2);
const ROUND_MS_MAX = 60_000;
/** From the kill to the first answer that was asked for after it. */
const RECOVERY_MS_MAX = 15_000;
/** The embedded Postgres is given up after five ends in a minute; a core that was started again counts anew. */
const KILLS_A_START = 4;
/** What the core has said last, where a test fails. */
const OUTPUT_SHOWN = 20_000;

const draw = new Draw(seedOfRun());
const ledger = new ClientLedger();
let core: TestCore;
let books: LoadedBook[];
let load: Load;
const checked = () => ({ target: core.target, databaseUrl: core.databaseUrl, books, ledger });

beforeAll(async () => {
  core = await startTestCore({ isEmbedded: true });
  const florin = connectFlorin({ target: core.target });
  books = [await openBook(florin, 'north', 3), await openBook(florin, 'south', 40)];
  florin.close();
});

afterAll(() => core?.stop());

/** Ends the process of a database that the core believes in, in mid-load, and waits for answers after it. */
async function inMidLoad(kill: () => Promise<void>): Promise<void> {
  await ledger.moreAnswers(draw.from(200, 2_000));
  await wait(draw.from(0, 30));
  await kill();
  const killedAt = performance.now();
  // What was on its way at the kill may still arrive: an answer to something sent now is meant.
  await answerTo(books[0]);
  await answerTo(books[1]);
  expect(performance.now() - killedAt).toBeLessThan(RECOVERY_MS_MAX);
}

async function answerTo({ name, world }: LoadedBook): Promise<void> {
  const florin = connectFlorin({
    target: core.target,
    timeoutMs: RECOVERY_MS_MAX,
    retry: { attemptsMax: 20 },
  });
  try {
    const freshness = { latest: true, waitMs: 10_000 };
    await florin.accounts.getAccount({ book: name, account: { case: 'accountId', value: world }, freshness });
  } finally {
    florin.close();
  }
}

function postmaster(): number {
  return Number(readFileSync(join(core.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** The backend that appends blocks. */
async function appender(): Promise<number> {
  const client = new pg.Client({ connectionString: core.databaseUrl });
  // Postgres ends all its connections when one of its processes is killed.
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'florin append'`,
  );
  await client.end();
  expect(rows).toHaveLength(1);
  return rows[0].pid;
}

describe(`Postgres in mid-load (seed ${draw.seed}, ${ROUNDS} rounds)`, () => {
  test(
    'killed whole, or in the one process that appends, costs no acknowledged transaction and doubles none',
    async () => {
      onTestFailed(() => console.log(core.output().slice(-OUTPUT_SHOWN)));
      load = startLoad({ target: core.target, books, ledger, draw });
      try {
        for (let round = 1; round <= ROUNDS; round++) {
          const before = postmaster();
          await inMidLoad(async () => void process.kill(before, 'SIGKILL'));
          expect(postmaster()).not.toBe(before);
          await inMidLoad(async () => void process.kill(await appender(), 'SIGKILL'));
          // Only that connection is lost: the others, and what they have read, live on.
          await inMidLoad(async () =>
            edit(core.databaseUrl, `SELECT pg_terminate_backend(${await appender()})`),
          );
          if (round % KILLS_A_START > 0) continue;
          expect(await core.endBy('SIGTERM')).toMatchObject({ exitCode: 0 });
          await core.restart();
        }
        await ledger.moreAnswers(200);
      } finally {
        await load.stop();
      }
      expect(ledger.unknown).toBeGreaterThan(0);
      expect(core.output()).toContain('append.unknown');
      await resend(checked(), 'open');
      expect(await findings(checked())).toEqual([]);
      expect((await verified(core.databaseUrl)).findings).toEqual([]);
    },
    ROUNDS * ROUND_MS_MAX + 60_000,
  );

  test(
    'is the same afterwards for a core that begins anew',
    async () => {
      await core.kill();
      await core.restart();
      expect(await findings(checked())).toEqual([]);
    },
    ROUNDS * 10_000 + 60_000,
  );
});
