import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AccountService, AccountState } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { BalanceService } from '../../../gen/florin/ledger/v1/balances_pb.ts';
import {
  TransactionKind,
  TransactionService,
  TransactionState,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { ALICE, accountRow, transactionRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { listAccounts } = AccountService.method;
const { listTransactions } = TransactionService.method;
const { getBalance } = BalanceService.method;

const account = { case: 'code', value: 'customers:alice' } as const;
const SECONDS = 20_000n * 86_400n;

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

describe('accounts', () => {
  test('are listed page by page under their filters', async () => {
    serving.reads.accountRows = ['a', 'b', 'c'].map((code) => accountRow({ code, closedUs: 1_000_000 }));
    const request = { book: 'shop', asset: 'EUR', state: AccountState.CLOSED, pageSize: 2 };
    const first = await byGrpc(serving.grpc, listAccounts, request);
    expect(first.accounts.map(({ code, state, closedAt }) => [code, state, closedAt?.seconds])).toEqual([
      ['a', AccountState.CLOSED, 1n],
      ['b', AccountState.CLOSED, 1n],
    ]);
    const next = await byGrpc(serving.grpc, listAccounts, { ...request, pageToken: first.nextPageToken });
    expect(next.accounts.map(({ code }) => code)).toEqual(['c']);
    expect(next.nextPageToken).toBe('');
    expect(serving.reads.asked[1]).toEqual({
      codePrefix: '',
      asset: 'EUR',
      isClosed: true,
      after: 'b',
      limit: 3,
    });
    const misuse = await refusalOf(
      byGrpc(serving.grpc, listAccounts, { ...request, asset: '', pageToken: first.nextPageToken }),
    );
    expect(misuse).toMatchObject({
      code: status.INVALID_ARGUMENT,
      info: { metadata: { field: 'page_token' } },
    });
  });

  test('with much metadata make smaller pages, which a client receives by default', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, '€'.repeat(200)]));
    serving.reads.accountRows = Array.from({ length: 400 }, (_, i) =>
      accountRow({ code: `a${String(i).padStart(3, '0')}`, metadata }),
    );
    let pageToken = '',
      pages = 0,
      accounts = 0;
    do {
      const page = await byGrpc(serving.grpc, listAccounts, { book: 'shop', pageSize: 1_000, pageToken });
      pageToken = page.nextPageToken;
      accounts += page.accounts.length;
      pages++;
    } while (pageToken !== '');
    expect({ accounts, isSplit: pages > 1 }).toEqual({ accounts: 400, isSplit: true });
  });
});

describe('a balance', () => {
  const balance = (at: object) => byGrpc(serving.grpc, getBalance, { book: 'shop', account, at } as never);

  test('counts against what is available only what would lower it', async () => {
    expect(await balance({ case: undefined })).toMatchObject({
      balance: { postedBalance: 900n, availableBalance: 850n, version: 3n },
    });
    serving.reads.accountRows = [accountRow({ normalSide: 1 })];
    expect(await balance({ case: undefined })).toMatchObject({
      balance: { postedBalance: -900n, availableBalance: -907n },
    });
  });

  test('is asked for now, at a moment, or at the end of a date', async () => {
    await balance({ case: undefined });
    await balance({ case: 'bookedAt', value: { seconds: 1n, nanos: 1_999 } });
    await balance({ case: 'bookedAt', value: { seconds: 253_402_300_799n, nanos: 0 } });
    await balance({ case: 'effectiveDate', value: '1970-01-03' });
    expect(serving.reads.asked).toEqual([
      { at: 'now' },
      { at: 'booked', upToUs: 1_000_001 },
      { at: 'booked', upToUs: Number.MAX_SAFE_INTEGER },
      { at: 'effective', day: 2 },
    ]);
  });

  test.each([
    ['effective_date', { case: 'effectiveDate', value: '2023-02-30' }],
    ['effective_date', { case: 'effectiveDate', value: '' }],
    ['booked_at', { case: 'bookedAt', value: { seconds: 1n, nanos: -1 } }],
  ])('with a wrong %s is refused', async (field, at) => {
    expect((await refusalOf(balance(at))).info?.metadata.field).toBe(field);
  });
});

describe('transactions', () => {
  test('are listed newest first under all filters', async () => {
    serving.reads.transactionRows = [9, 8, 7].map((seq) =>
      transactionRow(seq, { expiresUs: 5_000_000, reference: 'r' }),
    );
    const request = {
      book: 'shop',
      accountId: ALICE.toUpperCase(),
      kind: TransactionKind.PENDING,
      state: TransactionState.EXPIRED,
      reference: 'r',
      bookedFrom: { seconds: SECONDS, nanos: 1 },
      bookedUntil: { seconds: -1n },
      pageSize: 2,
    };
    const first = await byGrpc(serving.grpc, listTransactions, request);
    expect(first.transactions).toMatchObject([
      { seq: 9n, book: 'shop', expiresAt: { seconds: 5n } },
      { seq: 8n },
    ]);
    await byGrpc(serving.grpc, listTransactions, { ...request, pageToken: first.nextPageToken });
    const filter = { accountId: ALICE, kind: 2, state: 4, reference: 'r', bookedUntilUs: -1, limit: 3 };
    expect(serving.reads.asked[1]).toEqual({ ...filter, bookedFromUs: Number(SECONDS) * 1e6 + 1, after: 8 });
  });

  test.each([
    ['kind', { kind: 7 }],
    ['state', { state: 5 }],
    ['account_id', { accountId: 'alice' }],
    ['reference', { reference: 'r\0' }],
    ['reference', { reference: 'r'.repeat(257) }],
    ['booked_from', { bookedFrom: { seconds: 0n, nanos: 1_000_000_000 } }],
    ['page_size', { pageSize: 1_001 }],
    ['page_token', { pageToken: 'x' }],
  ])('with a wrong %s are refused', async (field, change) => {
    const call = byGrpc(serving.grpc, listTransactions, { book: 'shop', ...change } as never);
    expect((await refusalOf(call)).info).toMatchObject({ reason: 'MALFORMED_REQUEST', metadata: { field } });
  });
});
