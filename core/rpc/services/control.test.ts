import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AssetService } from '../../../gen/florin/ledger/v1/assets_pb.ts';
import { BookService } from '../../../gen/florin/ledger/v1/books_pb.ts';
import { ProofService } from '../../../gen/florin/ledger/v1/proofs_pb.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { accountRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { getBlock, getCheckpoint } = ProofService.method;

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

describe('books, assets and proofs', () => {
  test('a book is created, found and listed', async () => {
    const { createBook, getBook, listBooks } = BookService.method;
    const created = await byGrpc(serving.grpc, createBook, { name: 'shop-2', shard: 63 });
    expect(created).toMatchObject({
      book: { name: 'shop-2', shard: 63, createdAt: { seconds: 1_700_000_000n, nanos: 123_456_000 } },
      position: { height: 9n },
    });
    expect(serving.reads.waits).toEqual([{ seq: Number(created.position!.seq), waitMs: 1_000 }]);
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
