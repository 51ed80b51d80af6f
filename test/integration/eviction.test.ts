import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { type LoadedBook, openBook } from '../support/load/books.ts';
import { startLoad } from '../support/load/callers.ts';
import { findings } from '../support/load/check.ts';
import { ClientLedger } from '../support/load/clientLedger.ts';
import { Draw, seedOfRun } from '../support/load/draw.ts';

/** The least that can be set: the load below has several times as many of both, so that memory is swept all the time. */
const RESIDENT_MAX = 1_000;
const CUSTOMERS = 3_000;
const ANSWERS = 8_000;

const draw = new Draw(seedOfRun());
const ledger = new ClientLedger();
let core: TestCore;
let books: LoadedBook[];
const checked = () => ({ target: core.target, databaseUrl: core.databaseUrl, books, ledger });

beforeAll(async () => {
  const most = String(RESIDENT_MAX);
  core = await startTestCore({ env: { FLORIN_IDS_MAX: most, FLORIN_ACCOUNTS_MAX: most } });
  const florin = connectFlorin({ target: core.target });
  books = [await openBook(florin, 'many', 7, CUSTOMERS), await openBook(florin, 'few', 8)];
  florin.close();
});

afterAll(() => core?.stop());

describe(`with memory for ${RESIDENT_MAX} ids and accounts (seed ${draw.seed})`, () => {
  test('new ids are booked and old ones replayed, of either version, while both are let go all the time', async () => {
    onTestFailed(() => console.log(core.output()));
    const load = startLoad({ target: core.target, books, ledger, draw });
    await ledger.moreAnswers(ANSWERS);
    await load.stop();
    expect(ledger.kept.size).toBeGreaterThan(RESIDENT_MAX * 3);
    // Twice: the first round brings in again what was evicted, the second finds it evicted by the first.
    expect(await findings(checked())).toEqual([]);
    expect(await findings(checked())).toEqual([]);
  }, 90_000);

  test('the same after a restart', async () => {
    expect(await core.endBy('SIGTERM')).toMatchObject({ exitCode: 0 });
    await core.restart();
    const load = startLoad({ target: core.target, books, ledger, draw });
    await ledger.moreAnswers(RESIDENT_MAX);
    await load.stop();
    expect(await findings(checked())).toEqual([]);
    expect(core.output()).not.toContain('call.poisoned');
  }, 90_000);
});
