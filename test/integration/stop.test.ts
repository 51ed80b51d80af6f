import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { type LoadedBook, openBook } from '../support/load/books.ts';
import { startLoad } from '../support/load/callers.ts';
import { findings } from '../support/load/check.ts';
import { ClientLedger } from '../support/load/clientLedger.ts';
import { Draw, seedOfRun } from '../support/load/draw.ts';

/** Supervisors commonly kill after that. */
const STOP_MS_MAX = 10_000;

const draw = new Draw(seedOfRun());
const ledger = new ClientLedger();
let core: TestCore;
let books: LoadedBook[];

beforeAll(async () => {
  core = await startTestCore();
  const florin = connectFlorin({ target: core.target });
  books = [await openBook(florin, 'north', 3), await openBook(florin, 'south', 40)];
  florin.close();
});

afterAll(() => core?.stop());

describe(`a graceful stop in mid-load (seed ${draw.seed})`, () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s ends in time, and what was acknowledged is there',
    async (signal) => {
      const load = startLoad({ target: core.target, books, ledger, draw });
      await ledger.moreAnswers(1_000);
      const ended = await core.endBy(signal);
      expect(ended).toMatchObject({ exitCode: 0, signal: null });
      expect(ended.tookMs).toBeLessThan(STOP_MS_MAX);
      // What was taken in was decided, committed and answered; what came too late was not touched.
      expect({ unknown: ledger.unknown, reasons: [...ledger.failures.keys()] }).toMatchObject({ unknown: 0 });
      await core.restart();
      await ledger.moreAnswers(100);
      await load.stop();
      expect(await findings({ target: core.target, databaseUrl: core.databaseUrl, books, ledger })).toEqual(
        [],
      );
    },
    60_000,
  );
});
