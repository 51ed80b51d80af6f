import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  CreateTransactionsResponseSchema,
  type TransactionResultSchema,
} from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { countBooked, expectAllBooked, WrongAnswer } from './answers.ts';

type Result = MessageInitShape<typeof TransactionResultSchema>;

const effect = { version: 3n, postedBalance: -500n, availableBalance: -500n };
const booked = (seq: bigint, replayed = false): Result => ({
  outcome: { case: 'booked', value: { seq, replayed, effects: [{ debit: effect, credit: effect }] } },
});
const refused: Result = { outcome: { case: 'refused', value: { reason: 'ACCOUNT_CLOSED' } } };

function answer(results: Result[]): Uint8Array {
  const position = { shard: 3, epoch: 1n, seq: 900n, height: 12n, blockHash: new Uint8Array(32) };
  return toBinary(
    CreateTransactionsResponseSchema,
    create(CreateTransactionsResponseSchema, { position, results }),
  );
}

test('counts what was booked, for sequence numbers of any width', () => {
  expect(countBooked(answer([1n, 127n, 128n, 1_000_000n, 2n ** 53n].map((seq) => booked(seq))))).toBe(5);
  expect(countBooked(answer([]))).toBe(0);
});

test('refuses an answer with a refusal, a replay, or too few results', () => {
  expectAllBooked(answer([booked(1n), booked(2n)]), 2);
  expect(() => expectAllBooked(answer([booked(1n), refused]), 2)).toThrow(
    /1 were booked.*1 refused.*ACCOUNT_CLOSED/,
  );
  expect(() => expectAllBooked(answer([booked(1n), booked(2n, true)]), 2)).toThrow(/1 replayed/);
  expect(() => expectAllBooked(answer([booked(1n)]), 2)).toThrow(WrongAnswer);
  expect(() => countBooked(answer([booked(1n)]).subarray(0, -1))).toThrow(WrongAnswer);
});
