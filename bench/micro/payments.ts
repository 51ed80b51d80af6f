/**
 * What the writer of one shard spends on a payment, without network, provider and database:
 * `node bin/node.cjs bench/micro/payments.ts [--json]`. Created, confirmed and taken by a provider as three commands, in
 * blocks of 64; microseconds a payment, the median of several rounds and the best of them. Beside it what a change costs
 * on its way into its event and out again, nanoseconds; of the one with which a payment succeeds. And what it costs to keep
 * an answer of the edge.
 */
import { getHeapStatistics } from 'node:v8';
import { ZERO_HASH } from '../../core/journal/hash.ts';
import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import { formatWords } from '../../core/kernel/ledger/uuid.ts';
import { AssetTable } from '../../core/kernel/money/assets.ts';
import { changeAt, decodeChange, encodeChange } from '../../core/kernel/payments/change.ts';
import { derivedId } from '../../core/kernel/payments/chart.ts';
import type { PaymentCommand } from '../../core/kernel/payments/commands.ts';
import { NO_RESERVE } from '../../core/kernel/payments/model.ts';
import type { Router } from '../../core/kernel/payments/router.ts';
import { ShardState } from '../../core/kernel/shardState.ts';
import { Knowledge } from '../../core/shard/knowledge.ts';
import type { LedgerTime } from '../../core/shard/ledgerTime.ts';
import type { Loading } from '../../core/shard/loading.ts';
import { RecentBlocks } from '../../core/shard/openBlock.ts';
import { PaymentWork } from '../../core/shard/paymentWork.ts';
import { ShardWriter } from '../../core/shard/writer.ts';

const BATCH = 64;
const BATCHES_A_ROUND = 32;
const WARM_UP = 10;
const ROUNDS = 20;
const MERCHANTS = 100;
const CODINGS = 20_000;
const BOOK = 1;
/** 2026-01-15 12:00 UTC. */
const NOW_US = 1_768_478_400_000_000;

let count = 0;
function uuid7(): Uuid {
  const stamp = NOW_US / 1_000 + Math.floor(++count / 1_000);
  return formatWords(
    Math.floor(stamp / 65_536),
    ((stamp % 65_536) << 16) | 0x7000,
    0x80000000 | count,
    Math.imul(count, 0x9e3779b1),
  );
}

const candidate = {
  provider: 'simulator',
  score: 0.9,
  authRate: 0.95,
  cost: 0.1,
  latency: 0.2,
  reliability: 1,
};
const router: Router = {
  obstacle: () => 'route',
  choose: () => ({
    provider: 'simulator',
    explanation: {
      strategy: 'only',
      candidates: [candidate],
      excluded: [{ provider: 'other', why: 'it does not take the currency' }],
    },
  }),
  abilities: () => ({
    sale: true,
    partialCapture: true,
    multipleCaptures: true,
    increment: true,
    partialRefund: true,
    authorizationSeconds: 7 * 86_400,
    keySeconds: 86_400,
  }),
};

/** Nothing lies in read models. */
const absent = {
  load: (
    _writer: unknown,
    _book: unknown,
    wanted: { ids: Iterable<Uuid>; accounts: Iterable<Uuid>; codes: Iterable<string> },
    knowledge: { ids: Map<Uuid, number>; absentAccounts: Set<Uuid>; freeCodes: Set<string> },
  ) => {
    for (const id of wanted.ids) knowledge.ids.set(id, 0);
    for (const id of wanted.accounts) knowledge.absentAccounts.add(id);
    for (const code of wanted.codes) knowledge.freeCodes.add(code);
    return Promise.resolve();
  },
} as unknown as Loading;
const fail = (error: Error): never => {
  throw error;
};
const writer = new ShardWriter({
  shard: 0,
  epoch: 1,
  tip: { height: 0, epoch: 0, seq: 0, blockTimeUs: 0, hash: ZERO_HASH },
  state: new ShardState({ seed: 0x51ed, assets: new AssetTable() }),
  time: { nowUs: () => NOW_US } as unknown as LedgerTime,
  clock: { wallUs: () => 0, monotonicUs: () => 0 },
  timers: { after: () => () => undefined, soon: () => undefined },
  loading: absent,
  recent: new RecentBlocks(1 << 24),
  mailboxItemsMax: 1 << 20,
  admits: () => true,
  onBlock: () => undefined,
  onPoisoned: (_, error) => fail(error),
  onBroken: (_, error) => fail(error),
});

async function book(commands: readonly PaymentCommand[]): Promise<void> {
  const work = new PaymentWork({
    commands,
    book: BOOK,
    router,
    deadlineUs: Infinity,
    done: (_, outcomes) => {
      const refused = outcomes.find(({ done }) => !done);
      if (refused !== undefined && !refused.done) throw new Error(`refused: ${refused.reason}`);
    },
    fail,
  });
  while (!work.decided) {
    const step = work.step(writer, BATCH);
    if (typeof step !== 'number') await step;
  }
  writer.seal();
  writer.commit();
  work.answer(writer.position());
}

const merchants = Array.from({ length: MERCHANTS }, uuid7);
await book(
  merchants.map((id) => ({
    op: 'createMerchant',
    id,
    name: 'Chairs and more',
    country: 'DE',
    mode: 'test' as const,
    fees: [{ method: '', currency: 'EUR', ppm: 29_000, fixed: 30n, cap: null }],
    taxPpm: 200_000,
    taxJurisdiction: 'DE',
    feesReturned: false,
    settlementDays: 2,
    reserve: NO_RESERVE,
    routing: { strategy: 'score', rules: [], attemptsMax: 3 },
  })),
);

function creationOf(id: Uuid): PaymentCommand {
  return {
    op: 'createIntent',
    id,
    merchant: merchants[Number.parseInt(id.slice(-4), 16) % MERCHANTS],
    amount: 2_500n,
    currency: 'EUR',
    capture: 'automatic',
    method: { type: 'card', token: 'pm_card_visa' },
    reference: '',
    description: '',
    statementDescriptor: '',
    returnUrl: '',
    metadata: {},
    expiresAfterSeconds: 86_400,
    confirm: false,
  };
}

function successOf(intent: Uuid): PaymentCommand {
  const [operation] = writer.state.payments.intents.get(
    writer.seqOf(BOOK, intent, new Knowledge()),
  )!.operations;
  return {
    op: 'recordOutcome',
    id: derivedId(operation.id, 'outcome'),
    intent,
    operation: operation.id,
    outcome: {
      done: 'succeeded',
      amount: operation.amount,
      currency: 'EUR',
      providerReference: `sim_${operation.id}`,
      cost: 25n,
      expiresAtUs: NOW_US + 7 * 86_400e6,
    },
  };
}

async function payBatch(): Promise<void> {
  const ids = Array.from({ length: BATCH }, uuid7);
  await book(ids.map(creationOf));
  await book(
    ids.map((intent): PaymentCommand => ({ op: 'confirmIntent', id: uuid7(), intent, method: null })),
  );
  await book(ids.map(successOf));
}

/** About what an edge answers to a payment, whose quotes JSON escapes once more. */
const ANSWER = JSON.stringify(
  Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`field_${i}`, 'value'.repeat(3)])),
);

/** Answers of an edge to as many payments. */
async function recordBatch(): Promise<void> {
  const record = { fingerprint: 'ab'.repeat(32), status: 200, body: ANSWER };
  await book(Array.from({ length: BATCH }, () => ({ op: 'saveIdempotencyRecord', id: uuid7(), record })));
}

/** Memory lets go of them, as it does once the read models have them. */
function forget(): void {
  const { payments } = writer.state;
  for (const seq of payments.intents.keys()) payments.letGo(seq, Infinity);
}

function nsOf(work: () => unknown): number {
  const runs = Array.from({ length: 5 }, () => {
    const began = performance.now();
    for (let i = 0; i < CODINGS; i++) work();
    return ((performance.now() - began) * 1e6) / CODINGS;
  });
  return Math.round(Math.min(...runs));
}

/** What one of a batch takes, microseconds, a figure a round, the best first. */
async function roundsOf(work: () => Promise<void>): Promise<number[]> {
  const tookUs: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const began = performance.now();
    for (let batch = 0; batch < BATCHES_A_ROUND; batch++) await work();
    const us = ((performance.now() - began) * 1e3) / (BATCH * BATCHES_A_ROUND);
    if (round >= WARM_UP) tookUs.push(us);
    forget();
  }
  return tookUs.toSorted((a, b) => a - b);
}

/** What V8 allocates for one of a batch, bytes; the collector's work follows from it. */
async function allocatedBy(work: () => Promise<void>): Promise<number> {
  const before = getHeapStatistics().total_allocated_bytes;
  for (let batch = 0; batch < BATCHES_A_ROUND; batch++) await work();
  return Math.round((getHeapStatistics().total_allocated_bytes - before) / (BATCH * BATCHES_A_ROUND));
}

const tookUs = await roundsOf(payBatch);
const allocated = await allocatedBy(payBatch);
const last = writer.eventOf(writer.committed.seq)!;
const change = changeAt(last.view, last.at);
const bytes = encodeChange(change);
const recordUs = await roundsOf(recordBatch);
const found = {
  scenario: 'micro/payments',
  node: process.version,
  us_a_payment: { median: Math.round(tookUs[ROUNDS >> 1]), best: Math.round(tookUs[0]) },
  allocated_bytes_a_payment: allocated,
  journal_bytes_of_success: bytes.length,
  encode_ns: nsOf(() => encodeChange(change)),
  decode_ns: nsOf(() => decodeChange(bytes)),
  answer_bytes: ANSWER.length,
  us_a_record: { median: Math.round(recordUs[ROUNDS >> 1]), best: Math.round(recordUs[0]) },
};
if (process.argv.includes('--json')) console.log(JSON.stringify(found));
else
  console.log(
    [
      `A payment at its writer, Node ${found.node}`,
      `  all three commands: ${found.us_a_payment.median} us at the median, ${found.us_a_payment.best} us at best, ${(found.allocated_bytes_a_payment / 1_024).toFixed(1)} KiB allocated`,
      `  the change of a success, ${found.journal_bytes_of_success} bytes: encoded in ${found.encode_ns} ns, decoded in ${found.decode_ns} ns`,
      `  an answer of ${found.answer_bytes} bytes kept: ${found.us_a_record.median} us at the median, ${found.us_a_record.best} us at best`,
    ].join('\n'),
  );
