import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { MerchantService } from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { NOON_US } from '../../../test/support/ledger.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import type { Merchant } from '../../kernel/payments/model.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { listMerchants } = MerchantService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve({ level: 'debug' });
});
afterAll(() => serving.close());
beforeEach(() => {
  Object.assign(serving.reads, { merchantDocs: [doc(9), doc(8), doc(7)] });
  serving.reads.asked.length = 0;
});

/** One that had other terms before. */
function doc(seq: number): Merchant {
  const made = new ScriptedPayments(0, NOON_US).merchant({ name: `Merchant ${seq}` });
  return { ...made, seq, book: 2, terms: [made.terms[0], { ...made.terms[0], settlementDays: 9 }] };
}

test('merchants are listed newest first, by pages, without their terms of before', async () => {
  const request = { book: 'shop', pageSize: 2 };
  const first = await byGrpc(serving.grpc, listMerchants, request);
  expect(first.merchants).toMatchObject([
    { seq: 9n, book: 'shop', name: 'Merchant 9', settlementDays: 9, termsNumber: 2, pastTerms: [] },
    { seq: 8n },
  ]);
  const pageToken = first.nextPageToken;
  const second = await byGrpc(serving.grpc, listMerchants, { ...request, pageToken });
  expect(second).toMatchObject({ merchants: [{ seq: 7n }], nextPageToken: '' });
  const filter = { aboveSeq: null, order: 'newest first', limit: 3 };
  expect(serving.reads.asked).toEqual([
    { ...filter, belowSeq: null },
    { ...filter, belowSeq: 8 },
  ]);
});

test('a page goes on in the order in which it began, within the seqs that are asked for', async () => {
  const request = { book: 'shop', oldestFirst: true, aboveSeq: 3n, belowSeq: 20n, pageSize: 1 };
  const { nextPageToken: pageToken } = await byGrpc(serving.grpc, listMerchants, request);
  await byGrpc(serving.grpc, listMerchants, { ...request, pageToken });
  expect(serving.reads.asked).toEqual([
    { aboveSeq: 3, belowSeq: 20, order: 'oldest first', limit: 2 },
    { aboveSeq: 9, belowSeq: 20, order: 'oldest first', limit: 2 },
  ]);
  const other = { ...request, oldestFirst: false, pageToken };
  expect((await refusalOf(byGrpc(serving.grpc, listMerchants, other))).code).toBe(status.INVALID_ARGUMENT);
});

test('a page of no size is the caller’s to put right', async () => {
  const told = await refusalOf(byGrpc(serving.grpc, listMerchants, { book: 'shop', pageSize: 1_001 }));
  expect(told.code).toBe(status.INVALID_ARGUMENT);
});
