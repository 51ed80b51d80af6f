import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin, type Florin, FlorinError, uuidv7 } from '../../client/index.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { drawTransfer, type LoadedBook, openBook } from '../support/load/books.ts';
import { startLoad } from '../support/load/callers.ts';
import { findings } from '../support/load/check.ts';
import { ClientLedger } from '../support/load/clientLedger.ts';
import { Draw, seedOfRun } from '../support/load/draw.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres.ts';

/** Leases last 10 s and are renewed after a third; a takeover of 65 shards takes a second or so. */
const TAKEOVER_MS_MAX = 25_000;
const LEASE_LEFT_MS_MIN = 5_000;
/** A call that is sent to a stopped process waits until it runs again. */
const FROZEN_CALL_MS = 60_000;

const draw = new Draw(seedOfRun());
const ledger = new ClientLedger();
let database: FreshDatabase;
let first: TestCore;
let second: TestCore;
let books: LoadedBook[];

beforeAll(async () => {
  database = await freshDatabase();
  first = await startTestCore({ databaseUrls: [database.url] });
  const florin = connectFlorin({ target: first.target });
  books = [await openBook(florin, 'north', 3), await openBook(florin, 'south', 40)];
  florin.close();
});

afterAll(async () => {
  await second?.stop();
  await first?.stop();
  await database?.drop();
});

/** What became of a call to a core that must not say yes. */
async function refusal(call: Promise<unknown>): Promise<FlorinError> {
  const outcome = await call.then(
    () => new Error('it was answered'),
    (error: unknown) => error,
  );
  if (outcome instanceof FlorinError) return outcome;
  throw outcome;
}

/** Calls that lie in the socket of a stopped core: a write, and a read that promises to be the latest. */
function frozenCalls(florin: Florin, { name, world }: LoadedBook, id: string): Promise<FlorinError>[] {
  const { item } = drawTransfer(draw, books[0]);
  const options = { timeoutMs: FROZEN_CALL_MS };
  const account = { case: 'accountId', value: world } as const;
  return [
    refusal(florin.transactions.createTransactions({ book: name, transactions: [{ ...item, id }] }, options)),
    refusal(florin.accounts.getAccount({ book: name, account, freshness: { latest: true } }, options)),
  ];
}

/** The process is there, and says that it is not ready. */
async function untilWaiting({ opsUrl }: TestCore): Promise<void> {
  const status = () =>
    fetch(`${opsUrl}/readyz`).then(
      (response) => response.status,
      () => 0,
    );
  await expect.poll(status, { timeout: 15_000 }).toBe(503);
}

describe(`two cores on one database (seed ${draw.seed})`, () => {
  test('the second waits for the lease, and does not disturb the first', async () => {
    second = await startTestCore({ databaseUrls: [database.url], keysOf: first.dataDir, isImpatient: true });
    await untilWaiting(second);
    const load = startLoad({ target: first.target, books, ledger, draw });
    await ledger.moreAnswers(1_000);
    await load.stop();
    expect((await fetch(`${second.opsUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${first.opsUrl}/readyz`)).status).toBe(200);
  }, 30_000);

  test('one that waits for the lease can be stopped', async () => {
    const standby = await startTestCore({
      databaseUrls: [database.url],
      keysOf: first.dataDir,
      isImpatient: true,
    });
    await untilWaiting(standby);
    expect(await standby.endBy('SIGTERM')).toMatchObject({ exitCode: 0 });
    await standby.stop();
    expect((await fetch(`${first.opsUrl}/readyz`)).status).toBe(200);
  }, 30_000);

  test('the second takes over from a stopped first one, which then answers nothing wrong', async () => {
    const atFirst = startLoad({ target: first.target, books, ledger, draw });
    await ledger.moreAnswers(500);
    first.signal('SIGSTOP');
    const stoppedAt = performance.now();
    const florin = connectFlorin({ target: first.target, retry: { attemptsMax: 1 } });
    const frozenId = uuidv7();
    const frozen = frozenCalls(florin, books[0], frozenId);
    await second.ready();
    const tookMs = performance.now() - stoppedAt;
    expect(tookMs).toBeGreaterThan(LEASE_LEFT_MS_MIN);
    expect(tookMs).toBeLessThan(TAKEOVER_MS_MAX);

    const atSecond = startLoad({ target: second.target, books, ledger, draw });
    await ledger.moreAnswers(1_000);
    const answersBefore = ledger.answers;
    first.signal('SIGCONT');
    for (const error of await Promise.all(frozen)) {
      expect(error.codeName).toBe('UNAVAILABLE');
      expect(['OUTCOME_UNKNOWN', 'SHARD_NOT_READY', 'BOOK_NOT_FOUND']).toContain(error.reason);
    }
    await expect.poll(() => fetch(`${first.opsUrl}/readyz`).then((r) => r.status)).toBe(503);
    for (const book of books)
      for (const error of await Promise.all(frozenCalls(florin, book, uuidv7())))
        expect(error).toMatchObject({ codeName: 'UNAVAILABLE', reason: 'SHARD_NOT_READY' });
    florin.close();
    expect(ledger.answers).toBeGreaterThan(answersBefore);
    await atSecond.stop();
    await atFirst.stop();
    expect(ledger.unknown).toBeGreaterThan(0);
    expect(await findings({ target: second.target, databaseUrl: database.url, books, ledger })).toEqual([]);
  }, 120_000);

  test('the first takes over again when the second leaves, and nothing of either is lost', async () => {
    const left = await second.endBy('SIGTERM');
    expect(left).toMatchObject({ exitCode: 0 });
    // Leases are given back, so nobody waits for them to run out.
    await first.ready();
    const load = startLoad({ target: first.target, books, ledger, draw });
    await ledger.moreAnswers(500);
    await load.stop();
    expect(await findings({ target: first.target, databaseUrl: database.url, books, ledger })).toEqual([]);
  }, 60_000);
});
