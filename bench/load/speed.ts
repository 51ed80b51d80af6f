// What the load generator itself costs a transfer: `node bin/node.cjs bench/load/speed.ts`.
import { AccountIds } from './accountIds.ts';
import { countBooked } from './answers.ts';
import { BatchIds } from './batchIds.ts';
import { Draw } from './draw.ts';
import { TransferBatch } from './transferBatch.ts';
import { create, toBinary } from '@bufbuild/protobuf';
import { CreateTransactionsResponseSchema } from '../../gen/florin/ledger/v1/transactions_pb.ts';

const COUNT = 8_192;
const ROUNDS = 200;

const effect = { version: 30_000n, postedBalance: -5_000_000n, availableBalance: -5_000_000n };
const results = Array.from({ length: COUNT }, (_, i) => ({
  outcome: {
    case: 'booked' as const,
    value: { seq: BigInt(1_000_000 + i), effects: [{ debit: effect, credit: effect }] },
  },
}));
const answer = toBinary(
  CreateTransactionsResponseSchema,
  create(CreateTransactionsResponseSchema, { results }),
);

function time(what: string, run: () => void): void {
  for (let i = 0; i < 20; i++) run();
  const began = performance.now();
  for (let i = 0; i < ROUNDS; i++) run();
  const ns = ((performance.now() - began) * 1e6) / (ROUNDS * COUNT);
  console.log(`${what.padEnd(32)} ${ns.toFixed(1)} ns a transfer`);
}

const ids = new BatchIds();
const draw = new Draw(1);
for (const accounts of [10_000, 1_000_000]) {
  const batch = new TransferBatch({
    book: 'bench',
    count: COUNT,
    traffic: { accounts: new AccountIds(accounts) },
  });
  time(`renew, ${accounts} accounts`, () => batch.renew(ids, draw));
}
time('count the booked of an answer', () => {
  if (countBooked(answer) !== COUNT) throw new Error('miscounted');
});
