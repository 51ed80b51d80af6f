import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AccountService } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { BalanceService } from '../../../gen/florin/ledger/v1/balances_pb.ts';
import { StatementService } from '../../../gen/florin/ledger/v1/statements_pb.ts';
import { TransactionService } from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { ALICE, accountRow, transactionRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { getAccount } = AccountService.method;
const { getStatement, listEntries } = StatementService.method;
const { getTransaction, listTransactions } = TransactionService.method;
const { getBalance } = BalanceService.method;

const account = { case: 'code', value: 'customers:alice' } as const;
const byId = { case: 'accountId', value: ALICE } as const;

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
});
afterAll(() => serving.close());
beforeEach(() => {
  const { reads, ledger } = serving;
  Object.assign(reads, {
    seq: 41,
    accountRows: [accountRow()],
    entryRows: [],
    lineRows: [],
    transactionRows: [],
  });
  reads.asked.length = reads.waits.length = 0;
  ledger.latest = 0;
});

describe('how fresh a read is', () => {
  const get = (freshness: object) => byGrpc(serving.grpc, getAccount, { book: 'shop', account, freshness });

  test('without a wish: whatever the read models hold', async () => {
    expect(await get({})).toMatchObject({ asOfSeq: 41n });
    expect(serving.reads.waits).toEqual([]);
  });

  test('min_seq waits so long as asked, a second unless told', async () => {
    await get({ minSeq: 41n });
    await get({ minSeq: 40n, waitMs: 10_000 });
    expect(serving.reads.waits).toEqual([
      { seq: 41, waitMs: 1_000 },
      { seq: 40, waitMs: 10_000 },
    ]);
  });

  test('latest asks the writer, and takes the higher of the two', async () => {
    serving.ledger.latest = 39;
    await get({ latest: true });
    await get({ latest: true, minSeq: 41n });
    expect(serving.reads.waits.map(({ seq }) => seq)).toEqual([39, 41]);
  });

  test('READ_MODEL_BEHIND with RetryInfo where it is not reached in time', async () => {
    const told = await refusalOf(get({ minSeq: 42n, waitMs: 1 }));
    expect(told).toMatchObject({ code: status.UNAVAILABLE, info: { reason: 'READ_MODEL_BEHIND' } });
    expect(told.retry).toBeDefined();
  });

  test('a wait never outlives the caller', async () => {
    const deadline = new Date(Date.now() + 500);
    await byGrpc(
      serving.grpc,
      getAccount,
      { book: 'shop', account, freshness: { minSeq: 1n, waitMs: 10_000 } },
      { deadline },
    );
    expect(serving.reads.waits[0].waitMs).toBeLessThanOrEqual(500);
  });

  test.each([{ minSeq: -1n }, { minSeq: 2n ** 60n }, { waitMs: 10_001 }, { waitMs: -1 }])(
    '%o is refused',
    async (freshness) => {
      const told = await refusalOf(get(freshness));
      expect(told.info?.metadata.field).toMatch(/^freshness\./);
    },
  );
});

describe('a tenant is a book', () => {
  test.each([
    ['an account', () => byGrpc(serving.grpc, getAccount, { book: 'shop', account })],
    ['a balance', () => byGrpc(serving.grpc, getBalance, { book: 'shop', account: byId })],
    ['entries', () => byGrpc(serving.grpc, listEntries, { book: 'shop', account })],
    ['a statement', () => byGrpc(serving.grpc, getStatement, { book: 'shop', account })],
    [
      'a transaction',
      () => byGrpc(serving.grpc, getTransaction, { book: 'shop', transactionId: transactionRow(1).id }),
    ],
    [
      'the account of a list of transactions',
      () => byGrpc(serving.grpc, listTransactions, { book: 'shop', accountId: byId.value }),
    ],
  ])('%s of another book is NOT_FOUND', async (_what, call) => {
    serving.reads.transactionRows = [transactionRow(1)];
    await call();
    const locate = serving.ledger.locate.bind(serving.ledger);
    serving.ledger.locate = () => ({ shard: 7, number: 3 });
    const told = await refusalOf(call());
    serving.ledger.locate = locate;
    expect(told).toMatchObject({ code: status.NOT_FOUND, info: { reason: 'NOT_FOUND' } });
  });
});
