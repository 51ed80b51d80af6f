import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  type CreateTransactionsRequest,
  CreateTransactionsRequestSchema,
} from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { AccountIds } from './accountIds.ts';
import { BatchIds } from './batchIds.ts';
import { Draw } from './draw.ts';
import { TransferBatch } from './transferBatch.ts';

const SEED = 20_260_101;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const decode = (bytes: Uint8Array): CreateTransactionsRequest =>
  fromBinary(CreateTransactionsRequestSchema, bytes);

describe('a batch of transfers', () => {
  const accounts = new AccountIds(50);
  const known = new Set(Array.from({ length: 50 }, (_, i) => accounts.at(i)));

  test('is what protobuf-es writes for the same transactions', () => {
    const batch = new TransferBatch({ book: 'bench', count: 300, traffic: { accounts } });
    batch.renew(new BatchIds(), new Draw(SEED));
    const request = decode(batch.bytes);
    expect(request.book).toBe('bench');
    expect(request.transactions).toHaveLength(300);
    expect(
      Buffer.from(
        toBinary(CreateTransactionsRequestSchema, create(CreateTransactionsRequestSchema, request)),
      ),
    ).toEqual(batch.bytes);
    for (const { id, postings } of request.transactions) {
      expect(id).toMatch(UUID_V7);
      expect(postings).toHaveLength(1);
      const [{ debitAccount, creditAccount, amount }] = postings;
      expect(known.has(debitAccount) && known.has(creditAccount)).toBe(true);
      expect(debitAccount).not.toBe(creditAccount);
      expect(amount).toBeGreaterThanOrEqual(128n);
      expect(amount).toBeLessThan(16_384n);
    }
  });

  test('has ids that never come again, whatever the clock does', () => {
    const times = [5_000, 5_000, 4_000, 5_001];
    let at = 0;
    const ids = new BatchIds(() => times[at++ % times.length]);
    const draw = new Draw(SEED);
    const seen = new Set<string>();
    const batch = new TransferBatch({ book: 'bench', count: 3, traffic: { accounts } });
    // More than the counter of one millisecond holds.
    for (let round = 0; round < 10_000; round++) {
      batch.renew(ids, draw);
      if (round % 100 < 3 || (round > 4_000 && round < 4_200))
        for (const { id } of decode(batch.bytes).transactions) seen.add(`${round} ${id}`);
    }
    const bare = new Set([...seen].map((text) => text.split(' ')[1]));
    expect(bare.size).toBe(seen.size);
  });

  test('debits one account only where one is hot, and draws over all others evenly', () => {
    const batch = new TransferBatch({ book: 'bench', count: 4_900, traffic: { accounts, hot: 7 } });
    batch.renew(new BatchIds(), new Draw(SEED));
    const credits = new Map<string, number>();
    for (const { postings } of decode(batch.bytes).transactions) {
      expect(postings[0].debitAccount).toBe(accounts.at(7));
      credits.set(postings[0].creditAccount, (credits.get(postings[0].creditAccount) ?? 0) + 1);
    }
    expect(credits.size).toBe(49);
    for (const count of credits.values()) expect(Math.abs(count - 100)).toBeLessThan(50);
  });
});
