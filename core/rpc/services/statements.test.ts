import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StatementAxis, StatementService } from '../../../gen/florin/ledger/v1/statements_pb.ts';
import { pageToken } from '../paging/token.ts';
import { byGrpc, refusalOf, streamByGrpc } from '../testing/callers.ts';
import { ALICE, accountRow, lineRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { getStatement, streamStatement } = StatementService.method;

const account = { case: 'code', value: 'customers:alice' } as const;

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
