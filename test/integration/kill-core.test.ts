import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { drawTransfer, type LoadedBook, openBook } from '../support/load/books.ts';
import { startLoad } from '../support/load/callers.ts';
import { findings } from '../support/load/check.ts';
import { ClientLedger } from '../support/load/clientLedger.ts';
import { Draw, roundsOfRun, seedOfRun } from '../support/load/draw.ts';
import { edit, verified } from '../support/verifiedBooks.ts';

const ROUNDS = roundsOfRun(2);
/** A kill, a start, and half a second of load, with everything else that this machine does. */
const ROUND_MS_MAX = 30_000;
/** From the start of the process to the first answer. */
const RECOVERY_MS_MAX = 10_000;
/** What the core has said last, where a test fails. */
const OUTPUT_SHOWN = 20_000;

const draw = new Draw(seedOfRun());
const ledger = new ClientLedger();
let core: TestCore;
let books: LoadedBook[];
const checked = () => ({ target: core.target, databaseUrl: core.databaseUrl, books, ledger });

beforeAll(async () => {
  core = await startTestCore();
  const florin = connectFlorin({ target: core.target });
  books = [await openBook(florin, 'north', 3), await openBook(florin, 'south', 40)];
  florin.close();
});

afterAll(() => core?.stop());

/** Whatever a start has done by then, the next one must cope with it. */
async function killInTheStart(): Promise<void> {
  const started = core.restart().catch(() => undefined);
  await wait(draw.from(100, 1_500));
  await core.kill();
  await started;
}

describe(`SIGKILL of the core in mid-load (seed ${draw.seed}, ${ROUNDS} rounds)`, () => {
  test(
    'loses no acknowledged transaction, doubles none, and every id sent again gets its answer',
    async () => {
      onTestFailed(() => console.log(core.output().slice(-OUTPUT_SHOWN)));
      const load = startLoad({ target: core.target, books, ledger, draw });
      try {
        for (let round = 0; round < ROUNDS; round++) {
          await ledger.moreAnswers(draw.from(200, 3_000));
          await wait(draw.from(0, 30));
          await core.kill();
          if (draw.unit() < 0.25) await killInTheStart();
          const beganAt = performance.now();
          const answered = ledger.moreAnswers(1);
          await core.restart();
          await answered;
          expect(performance.now() - beganAt).toBeLessThan(RECOVERY_MS_MAX);
        }
        await ledger.moreAnswers(200);
      } finally {
        await load.stop();
      }
      // The load was what it should be: calls were cut off, and every kind of answer was given.
      expect(ledger.unknown).toBeGreaterThan(ROUNDS);
      expect([...ledger.outcomes]).toEqual(
        expect.arrayContaining([
          'booked',
          'INSUFFICIENT_FUNDS',
          'ACCOUNT_CLOSED',
          'ACCOUNT_NOT_FOUND',
          'EXCEEDS_HELD',
        ]),
      );
      expect(await findings(checked())).toEqual([]);
    },
    ROUNDS * ROUND_MS_MAX + 60_000,
  );

  test('leaves books that verify finds whole', async () => {
    const report = await verified(core.databaseUrl);
    expect(report.findings).toEqual([]);
  }, 60_000);
});

describe('the check itself', () => {
  test('notices an acknowledged transaction that was never booked', async () => {
    const lying = ledger.copy();
    const asked = drawTransfer(draw, { ...books[0], customers: books[0].customers.slice(0, 2) });
    lying.kept.set(asked.item.id, { book: 'north', asked, told: { is: 'booked', seq: 1n, effects: [] } });
    expect(await findings({ ...checked(), ledger: lying })).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`${asked.item.id} was booked before and is done again`),
      ]),
    );
    // It is there now, booked or refused for want of funds as the draw has it, and the other ledger never heard of it.
    expect(await findings(checked())).toContainEqual(
      expect.stringMatching(`^(transaction|refusal) ${asked.item.id} is there and was never told`),
    );
    ledger.kept.set(asked.item.id, { book: 'north', asked, told: { is: 'open' } });
    expect(await findings(checked())).toEqual([]);
  }, 60_000);

  test('notices another seq, another effect, another body and another block', async () => {
    const bent = ledger.copy();
    const [first, second] = [bent.anyBooked('create'), bent.anyBooked('post')];
    const kept = bent.kept.get(first)!;
    if (kept.told.is !== 'booked' || kept.asked.op !== 'create') throw new Error('not booked');
    kept.told = { ...kept.told, seq: kept.told.seq + 1n };
    const post = bent.kept.get(second)!;
    if (post.asked.op !== 'post') throw new Error('no post');
    post.asked = { op: 'post', item: { ...post.asked.item, amounts: [{ posting: 0, amount: 1n }] } };
    const [[key, receipt]] = bent.receipts;
    bent.receipts.set(key, { ...receipt, blockHash: new Uint8Array(32) });
    const found = await findings({ ...checked(), ledger: bent });
    for (const what of [
      `create ${first} was told`,
      `post ${second} was booked before and is done again`,
      `block ${key} is another`,
    ])
      expect(found).toContainEqual(expect.stringContaining(what));
  }, 60_000);

  test('notices a transaction that somebody deleted', async () => {
    const id = ledger.anyBooked('void');
    await edit(core.databaseUrl, `DELETE FROM florin.transactions WHERE id = '${id}'`);
    const found = await findings(checked());
    expect(found).toContain(`transaction ${id} was told and is missing`);
    expect(found).toContainEqual(expect.stringMatching(/^invariant_i/));
  }, 60_000);
});
