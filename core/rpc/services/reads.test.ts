import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AccountService, AccountState } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { AssetService } from '../../../gen/florin/ledger/v1/assets_pb.ts';
import { BalanceService } from '../../../gen/florin/ledger/v1/balances_pb.ts';
import { BookService } from '../../../gen/florin/ledger/v1/books_pb.ts';
import { ProofService } from '../../../gen/florin/ledger/v1/proofs_pb.ts';
import { StatementAxis, StatementService } from '../../../gen/florin/ledger/v1/statements_pb.ts';
import {
  TransactionKind,
  TransactionService,
  TransactionState,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { pageToken } from '../paging/token.ts';
import { byGrpc, refusalOf, streamByGrpc } from '../testing/callers.ts';
import { ALICE, accountRow, lineRow, transactionRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { getAccount, listAccounts } = AccountService.method;
const { getStatement, listEntries, streamStatement } = StatementService.method;
const { getTransaction, listTransactions } = TransactionService.method;
const { getBalance } = BalanceService.method;
const { getBlock, getCheckpoint } = ProofService.method;

const account = { case: 'code', value: 'customers:alice' } as const;
const byId = { case: 'accountId', value: ALICE } as const;
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

describe('a statement', () => {
  test('comes in pages that go on behind the last line', async () => {
    serving.reads.lineRows = [lineRow(1), lineRow(2), lineRow(3)];
    const request = {
      book: 'shop',
      account,
      axis: StatementAxis.BOOKED,
      fromDate: '2024-01-01',
      pageSize: 2,
    };
    const first = await byGrpc(serving.grpc, getStatement, request);
    expect(first).toMatchObject({
      header: { accountId: ALICE, fromDate: '2024-01-01', toDate: '', openingBalance: 5n },
      closingBalance: 9n,
      lines: [{ version: 1n, effectiveDate: '2024-10-04', counterAccount: 'bank:cash' }, { version: 2n }],
    });
    const next = await byGrpc(serving.grpc, getStatement, { ...request, pageToken: first.nextPageToken });
    expect(next.lines.map(({ version }) => version)).toEqual([3n]);
    expect(serving.reads.asked[1]).toMatchObject({
      axis: 'booked',
      fromDay: 19_723,
      after: { day: 20_000, version: 2 },
    });
    const other = { ...request, axis: StatementAxis.EFFECTIVE, pageToken: first.nextPageToken };
    expect((await refusalOf(byGrpc(serving.grpc, getStatement, other))).info?.metadata.field).toBe(
      'page_token',
    );
  });

  test.each([
    [1e9, 1, '0'],
    [0, 1, '9223372036854775808'],
    [0, 1, 'much'],
  ])('with a page token made up of %j, %j, %j is refused', async (...cursor) => {
    const query = ['GetStatement', 'shop', 'customers:alice', 'effective', null, null] as const;
    const request = { book: 'shop', account, pageToken: pageToken(query, cursor) };
    expect((await refusalOf(byGrpc(serving.grpc, getStatement, request))).info?.metadata.field).toBe(
      'page_token',
    );
    const fine = { ...request, pageToken: pageToken(query, [0, 1, '9223372036854775807']) };
    await byGrpc(serving.grpc, getStatement, fine);
  });

  test('that ends before it begins is refused', async () => {
    const request = { book: 'shop', account, fromDate: '2024-01-02', toDate: '2024-01-01' };
    expect((await refusalOf(byGrpc(serving.grpc, getStatement, request))).info?.metadata.field).toBe(
      'to_date',
    );
  });

  test('streamed carries its head first and its totals last', async () => {
    serving.reads.lineRows = Array.from({ length: 1_001 }, (_, i) => lineRow(i + 1));
    const parts = await streamByGrpc(serving.grpc, streamStatement, { book: 'shop', account }).toArray();
    expect(parts).toMatchObject([
      { header: { code: 'customers:alice' } },
      { footer: { lineCount: 1_001n, closingBalance: 9n } },
    ]);
    expect([parts[0].footer, parts[1].header]).toEqual([undefined, undefined]);
  });

  test('of no lines is one chunk with head and totals', async () => {
    const parts = await streamByGrpc(serving.grpc, streamStatement, { book: 'shop', account }).toArray();
    expect(parts).toMatchObject([{ header: {}, lines: [], footer: { lineCount: 0n } }]);
  });

  test('is read no faster than its caller takes it, and its snapshot is freed when he leaves', async () => {
    serving.reads.lineRows = Array.from({ length: 200_000 }, (_, i) => lineRow(i + 1));
    serving.reads.chunksRead = 0;
    const stream = streamByGrpc(serving.grpc, streamStatement, { book: 'shop', account });
    stream.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      stream.once('data', () => {
        stream.pause();
        resolve();
      });
    });
    await expect.poll(() => serving.reads.chunksRead).toBeGreaterThan(0);
    // Without backpressure all 200 would be read within this time (the whole takes less in the test above).
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(serving.reads.chunksRead).toBeLessThan(100);
    expect(serving.reads.snapshotsOpen).toBe(1);
    stream.cancel();
    await expect.poll(() => serving.reads.snapshotsOpen).toBe(0);
    await expect
      .poll(() => serving.ended.at(-1))
      .toBe('florin.ledger.v1.StatementService/StreamStatement CANCELLED');
  });
});

describe('transactions', () => {
  test('are listed newest first under all filters', async () => {
    serving.reads.transactionRows = [9, 8, 7].map((seq) => transactionRow(seq, { expiresUs: 5_000_000 }));
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

describe('books, assets and proofs', () => {
  test('a book is created, found and listed', async () => {
    const { createBook, getBook, listBooks } = BookService.method;
    const created = await byGrpc(serving.grpc, createBook, { name: 'shop-2', shard: 63 });
    expect(created).toMatchObject({
      book: { name: 'shop-2', shard: 63, createdAt: { seconds: 1_700_000_000n, nanos: 123_456_000 } },
      position: { height: 9n },
    });
    serving.reads.bookRows = ['a', 'b'].map((name) => ({ name, shard: 1, description: '', createdUs: 0 }));
    expect(await byGrpc(serving.grpc, getBook, { name: 'b' })).toMatchObject({ book: { name: 'b' } });
    const page = await byGrpc(serving.grpc, listBooks, { pageSize: 1 });
    expect(
      (await byGrpc(serving.grpc, listBooks, { pageSize: 1, pageToken: page.nextPageToken })).books[0].name,
    ).toBe('b');
    expect((await refusalOf(byGrpc(serving.grpc, getBook, { name: 'c' }))).info?.reason).toBe(
      'BOOK_NOT_FOUND',
    );
    expect(
      (await refusalOf(byGrpc(serving.grpc, createBook, { name: 'x', shard: 64 }))).info?.metadata.field,
    ).toBe('shard');
    const long = { name: 'x', description: 'd'.repeat(201) };
    expect(
      (await refusalOf(byGrpc(serving.grpc, createBook, long))).badRequest?.fieldViolations[0].reason,
    ).toBe('TOO_LONG');
  });

  test('an asset is created, found and listed; another body is ALREADY_EXISTS with the field', async () => {
    const { createAsset, getAsset, listAssets } = AssetService.method;
    const points = { code: 'POINTS', scale: 0, name: 'Points' };
    expect(await byGrpc(serving.grpc, createAsset, points)).toMatchObject({
      asset: { ...points, iso4217: false },
      replayed: false,
    });
    serving.reads.assetRows = [{ ...points, iso: false }];
    expect(await byGrpc(serving.grpc, getAsset, { code: 'POINTS' })).toMatchObject({ asset: points });
    expect((await byGrpc(serving.grpc, listAssets, { customOnly: true })).assets).toHaveLength(1);
    expect((await refusalOf(byGrpc(serving.grpc, getAsset, { code: 'NONE' }))).info?.reason).toBe(
      'NOT_FOUND',
    );
    const usual = serving.ledger.onControl;
    serving.ledger.onControl = () => ({ done: false, reason: 'ALREADY_EXISTS', field: 'scale' });
    const told = await refusalOf(byGrpc(serving.grpc, createAsset, points));
    serving.ledger.onControl = usual;
    expect(told).toMatchObject({
      code: status.ALREADY_EXISTS,
      info: { reason: 'ALREADY_EXISTS', metadata: { field: 'scale' } },
    });
  });

  test.each([
    ['code', 'MISSING_FIELD', { code: '' }],
    ['code', 'INVALID_VALUE', { code: '1UP' }],
    ['code', 'INVALID_VALUE', { code: 'A'.repeat(17) }],
    ['scale', 'INVALID_VALUE', { scale: 10 }],
    ['scale', 'INVALID_VALUE', { scale: -1 }],
    ['name', 'MISSING_FIELD', { name: '' }],
    ['name', 'INVALID_TEXT', { name: '\0' }],
  ])('an asset with a wrong %s (%s) is refused', async (field, reason, change) => {
    const call = byGrpc(serving.grpc, AssetService.method.createAsset, {
      code: 'A',
      scale: 2,
      name: 'n',
      ...change,
    });
    expect((await refusalOf(call)).badRequest?.fieldViolations[0]).toMatchObject({ field, reason });
  });

  test('a block is found by height, the newest checkpoint by 0', async () => {
    const block = { case: 'height', value: 1n } as const;
    expect(await byGrpc(serving.grpc, getBlock, { shard: 64, block })).toMatchObject({
      header: { shard: 64, bodyBytes: 99n },
    });
    expect(await byGrpc(serving.grpc, getCheckpoint, {})).toMatchObject({
      checkpoint: { number: 1n, tips: [{ height: 4n }] },
    });
    const absent = refusalOf(byGrpc(serving.grpc, getBlock, { block: { case: 'seq', value: 1n } }));
    expect((await absent).info?.reason).toBe('NOT_FOUND');
  });

  test.each([
    ['shard', { shard: 65, block: { case: 'height', value: 1n } }],
    ['height', { block: { case: 'height', value: 0n } }],
    ['seq', { block: { case: 'seq', value: -1n } }],
    ['block', {}],
  ])('a block with a wrong %s is refused', async (field, request) => {
    expect((await refusalOf(byGrpc(serving.grpc, getBlock, request as never))).info?.metadata.field).toBe(
      field,
    );
  });
});
