import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uuidv7 } from '../../client/index.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { TransactionKind, TransactionState } from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { byClient, SERVICES, type Way } from '../support/bothWays.ts';
import { startTestCore, type TestCore } from '../support/core.ts';

const books = SERVICES.books.method;
const accounts = SERVICES.accounts.method;
const transactions = SERVICES.transactions.method;
const balances = SERVICES.balances.method;
const latest = { latest: true, waitMs: 10_000 };

let core: TestCore;
const ways: Way[] = [];

beforeAll(async () => {
  core = await startTestCore();
  ways.push(byClient(core));
});

afterAll(async () => {
  for (const way of ways) way.close();
  await core?.stop();
});

describe('a hold of one second', () => {
  test('expires by itself, and also where the core was away when its time came', async () => {
    const [way] = ways;
    const [from, to, first, second] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
    await way.call(books.createBook, { name: 'holds' });
    const open = (id: string, code: string) => ({ id, code, asset: 'EUR', normalSide: NormalSide.DEBIT });
    await way.call(accounts.createAccounts, {
      book: 'holds',
      accounts: [open(from, 'from'), open(to, 'to')],
    });
    const hold = (id: string) =>
      way.call(transactions.createTransactions, {
        book: 'holds',
        transactions: [
          {
            id,
            postings: [{ debitAccount: from, creditAccount: to, amount: 7n }],
            pending: true,
            expiresAfterSeconds: 1n,
          },
        ],
      });
    const stateOf = async (transactionId: string) => {
      const read = await way.call(transactions.getTransaction, {
        book: 'holds',
        transactionId,
        freshness: latest,
      });
      return read.transaction?.state;
    };
    await hold(first);
    await expect.poll(() => stateOf(first), { timeout: 10_000 }).toBe(TransactionState.EXPIRED);

    await hold(second);
    await core.kill();
    await core.restart();
    await expect.poll(() => stateOf(second), { timeout: 10_000 }).toBe(TransactionState.EXPIRED);
    const { results } = await way.call(transactions.postTransactions, {
      book: 'holds',
      posts: [{ id: uuidv7(), transactionId: second }],
    });
    expect(results[0].outcome).toMatchObject({ case: 'refused', value: { reason: 'ALREADY_EXPIRED' } });
    const { balance } = await way.call(balances.getBalance, {
      book: 'holds',
      account: { case: 'accountId', value: from },
      freshness: latest,
    });
    expect(balance).toMatchObject({ debitsPending: 0n, postedBalance: 0n });
    const { transactions: expiries } = await way.call(transactions.listTransactions, {
      book: 'holds',
      kind: TransactionKind.EXPIRY,
    });
    expect(expiries.map(({ targetId, id }) => [targetId, id])).toEqual([
      [second, ''],
      [first, ''],
    ]);
  }, 60_000);
});
