/**
 * What one core spends on a plain transfer between the bytes of a request and the bytes of its answer, step by step,
 * without network and database: `node bin/node.cjs bench/micro/kernel.ts [--json]`.
 * Batches of 8,192 over 10,000 accounts; nanoseconds a transfer, the median
 * of several rounds and the best of them: on a machine with neighbours only the best tells what the code takes.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { ZERO_HASH, hashBlock } from '../../core/journal/hash.ts';
import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import type { LimitValues, MetadataBytes, OpenAccount } from '../../core/kernel/ledger/commands.ts';
import { ShardState } from '../../core/kernel/shardState.ts';
import { formatWords } from '../../core/kernel/ledger/uuid.ts';
import { AssetTable } from '../../core/kernel/money/assets.ts';
import { readTransactions } from '../../core/rpc/wire/readTransactions.ts';
import { writeResults } from '../../core/rpc/wire/writeResults.ts';
import { CommandWork } from '../../core/shard/commandWork.ts';
import type { LedgerTime } from '../../core/shard/ledgerTime.ts';
import type { Loading } from '../../core/shard/loading.ts';
import { RecentBlocks } from '../../core/shard/openBlock.ts';
import type { Outcomes } from '../../core/shard/outcomes.ts';
import { TransactionWork } from '../../core/shard/transactionWork.ts';
import type { Work } from '../../core/shard/work.ts';
import { ShardWriter } from '../../core/shard/writer.ts';
import { CreateTransactionsRequestSchema } from '../../gen/florin/ledger/v1/transactions_pb.ts';

const BATCH = 8_192;
const ACCOUNTS = 10_000;
const WARM_UP = 60;
const ROUNDS = 60;
/** 2026-01-15 12:00 UTC. */
const NOW_US = 1_768_478_400_000_000;

/** The same numbers in every run: xorshift. */
let word = 0x2545f491;
function random(): number {
  word ^= word << 13;
  word ^= word >>> 17;
  word ^= word << 5;
  return word >>> 0;
}

function uuid7(n: number): Uuid {
  const stamp = NOW_US / 1_000 + Math.floor(n / 1_000);
  return formatWords(
    Math.floor(stamp / 65_536),
    ((stamp % 65_536) << 16) | 0x7000 | (random() & 0xfff),
    0x80000000 | (random() & 0x3fffffff),
    random(),
  );
}

const time = { nowUs: () => NOW_US } as unknown as LedgerTime;
const absent = {
  load: async (
    _: unknown,
    __: unknown,
    wanted: { ids: Iterable<Uuid>; accounts: Iterable<Uuid>; codes: Iterable<string> },
    knowledge: { ids: Map<Uuid, number>; absentAccounts: Set<Uuid>; freeCodes: Set<string> },
  ) => {
    for (const id of wanted.ids) knowledge.ids.set(id, 0);
    for (const id of wanted.accounts) knowledge.absentAccounts.add(id);
    for (const code of wanted.codes) knowledge.freeCodes.add(code);
  },
} as unknown as Loading;
const fail = (error: Error) => {
  throw error;
};

function makeWriter(): ShardWriter {
  return new ShardWriter({
    shard: 0,
    epoch: 1,
    tip: { height: 0, epoch: 0, seq: 0, blockTimeUs: 0, hash: ZERO_HASH },
    state: new ShardState({ seed: 0x51ed, assets: new AssetTable() }),
    time,
    clock: { wallUs: () => 0, monotonicUs: () => 0 },
    timers: { after: () => () => {}, soon: () => {} },
    loading: absent,
    recent: new RecentBlocks(1 << 24),
    mailboxItemsMax: 1 << 20,
    admits: () => true,
    onBlock: () => {},
    onPoisoned: (_, error) => fail(error),
    onBroken: (_, error) => fail(error),
  });
}

async function run(writer: ShardWriter, work: Work): Promise<void> {
  while (!work.decided) {
    const step = work.step(writer, BATCH);
    if (typeof step !== 'number') await step;
    else if (!writer.hasRoom()) commit(writer);
  }
}

function commit(writer: ShardWriter): void {
  writer.seal();
  writer.commit();
}

const NO_LIMITS: LimitValues = [null, null, null, null];
const HOLDER_LIMITS: LimitValues = [null, null, -(2n ** 62n), null];

function accountOf(id: Uuid, n: number): OpenAccount {
  // Half of them with a floor, as customers' accounts have.
  return {
    op: 'openAccount',
    id,
    code: `bench:${n}`,
    asset: 'EUR',
    normalSide: 2,
    limits: n % 2 === 0 ? NO_LIMITS : HOLDER_LIMITS,
    metadata: new Uint8Array(0) as MetadataBytes,
  };
}

function requestOf(ids: readonly Uuid[], accounts: readonly Uuid[]): Uint8Array {
  const transactions = ids.map((id) => {
    const debit = random() % ACCOUNTS;
    return {
      id,
      postings: [
        {
          debitAccount: accounts[debit],
          creditAccount: accounts[(debit + 1 + (random() % (ACCOUNTS - 1))) % ACCOUNTS],
          amount: BigInt(1 + (random() % 100_000)),
        },
      ],
    };
  });
  return toBinary(
    CreateTransactionsRequestSchema,
    create(CreateTransactionsRequestSchema, { book: 'bench', transactions }),
  );
}

/** Median and best of the rounds, nanoseconds a transfer. */
function figures(values: readonly number[]): { median: number; best: number } {
  const sorted = values.map((one) => Math.round(one / BATCH)).sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], best: sorted[0] };
}

const writer = makeWriter();
const accounts = Array.from({ length: ACCOUNTS }, (_, n) => uuid7(n));
await run(
  writer,
  new CommandWork({ commands: accounts.map(accountOf), book: 1, deadlineUs: Infinity, done: () => {}, fail }),
);
commit(writer);

const took = {
  read: [] as number[],
  decide: [] as number[],
  seal: [] as number[],
  hash: [] as number[],
  write: [] as number[],
};
let requestBytes = 0,
  bodyBytes = 0,
  answerBytes = 0;
// All of them beforehand: making messages would push what is measured out of the caches.
const requests = Array.from({ length: WARM_UP + ROUNDS }, (_, round) =>
  requestOf(
    Array.from({ length: BATCH }, (__, n) => uuid7(ACCOUNTS + round * BATCH + n)),
    accounts,
  ),
);
for (const [round, request] of requests.entries()) {
  let outcomes: Outcomes | null = null;
  const t0 = process.hrtime.bigint();
  const batch = readTransactions(request);
  const t1 = process.hrtime.bigint();
  const work = new TransactionWork({
    batch,
    book: 1,
    deadlineUs: Infinity,
    done: (_, all) => (outcomes = all),
    fail,
  });
  // In slices, as the writer does it.
  while (!work.decided)
    if (typeof work.step(writer, 1_024) !== 'number') throw new Error('everything is in memory');
  const t2 = process.hrtime.bigint();
  const block = writer.seal()!;
  const t3 = process.hrtime.bigint();
  hashBlock(block);
  const t4 = process.hrtime.bigint();
  writer.commit();
  work.answer(writer.position());
  if (outcomes === null || (outcomes as Outcomes).refused.size > 0) throw new Error('a transfer was refused');
  const t5 = process.hrtime.bigint();
  const answer = writeResults(writer.position(), outcomes);
  const t6 = process.hrtime.bigint();
  [requestBytes, bodyBytes, answerBytes] = [request.length, block.body.length, answer.length];
  if (round < WARM_UP) continue;
  took.read.push(Number(t1 - t0));
  took.decide.push(Number(t2 - t1));
  took.seal.push(Number(t3 - t2));
  took.hash.push(Number(t4 - t3));
  took.write.push(Number(t6 - t5));
}

const ns = {
  read: figures(took.read),
  decide: figures(took.decide),
  seal: figures(took.seal),
  hash: figures(took.hash),
  write: figures(took.write),
};
const sum = (which: 'median' | 'best') =>
  ns.read[which] + ns.decide[which] + ns.seal[which] + ns.write[which];
const bytes = {
  request: Math.round(requestBytes / BATCH),
  journal: Math.round(bodyBytes / BATCH),
  answer: Math.round(answerBytes / BATCH),
};
if (process.argv.includes('--json'))
  console.log(
    JSON.stringify({
      scenario: 'micro/kernel',
      node: process.version,
      ns,
      sum_ns: sum('median'),
      best_sum_ns: sum('best'),
      bytes,
    }),
  );
else {
  const line = (name: string, { median, best }: { median: number; best: number }) =>
    `  ${name.padEnd(24)}${String(median).padStart(8)}${String(best).padStart(8)}`;
  console.log(
    [
      `Nanoseconds a transfer in ${ROUNDS} rounds of ${BATCH} over ${ACCOUNTS} accounts, Node ${process.version}`,
      `  ${''.padEnd(24)}${'median'.padStart(8)}${'best'.padStart(8)}`,
      line('readTransactions', ns.read),
      line('look up, decide, apply', ns.decide),
      line('seal', ns.seal),
      line('  of it SHA-256', ns.hash),
      line('writeResults', ns.write),
      line('all of it', { median: sum('median'), best: sum('best') }),
      `Bytes a transfer: request ${bytes.request}, journal ${bytes.journal}, answer ${bytes.answer}`,
    ].join('\n'),
  );
}
