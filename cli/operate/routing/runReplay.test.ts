import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Merchant, RouteCandidate } from '../../../core/kernel/payments/model.ts';
import { appendBlocks, migrated, projectBlocks } from '../../../test/support/fabricatedBooks.ts';
import { DAY_US, NOON_US } from '../../../test/support/ledger.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import { ScriptedShard } from '../../../test/support/scriptedShard.ts';
import { runReplay, type ReplayOptions } from './runReplay.ts';

const SHARD = 4;
let database: Awaited<ReturnType<typeof freshDatabase>>;

/** Ten payments on the first day, all sent to alpha, of which six are approved, three declined and one is lost. */
function plant(): ScriptedPayments {
  const shard = new ScriptedPayments(SHARD, NOON_US);
  const { router } = shard;
  const candidates: RouteCandidate[] = [
    {
      provider: 'alpha',
      score: 0.8,
      authRate: 0.7,
      cost: 0.1,
      latency: 0,
      reliability: 1,
      fee: 50,
      sample: 60,
    },
    {
      provider: 'beta',
      score: 0.9,
      authRate: 0.9,
      cost: 0.4,
      latency: 0,
      reliability: 1,
      fee: 200,
      sample: 5,
    },
  ];
  shard.router = {
    abilities: (name) => router.abilities(name),
    obstacle: () => 'route',
    choose: ({ tried }) =>
      tried.length > 0
        ? null
        : { provider: 'alpha', explanation: { strategy: 'order', candidates, excluded: [] } },
  };
  const merchant: Merchant = shard.merchant();
  for (let n = 0; n < 10; n++) {
    const intent = shard.create(merchant);
    if (n < 6) shard.succeed(intent);
    else if (n === 9) shard.outcome(intent, { done: 'unknown', why: 'a reset' });
    else
      shard.outcome(intent, {
        done: 'declined',
        code: 'do_not_honor',
        providerCode: '05',
        providerReference: `no ${n}`,
      });
  }
  shard.seal();
  shard.nowUs += DAY_US;
  // Of the next day, and never confirmed: no decision is in it.
  shard.create(merchant, { confirm: false });
  shard.succeed(shard.create(merchant));
  shard.seal();
  return shard;
}

beforeAll(async () => {
  database = await freshDatabase();
  await migrated(database.url);
  const control = new ScriptedShard(64, NOON_US - 1_000_000);
  control.control({ op: 'createBook', name: 'book 1', description: '', shard: SHARD });
  control.seal();
  const blocks = [...control.blocks, ...plant().blocks];
  await appendBlocks(database.url, blocks);
  await projectBlocks(database.url, blocks);
});
afterAll(() => database.drop());

async function printed(options: Omit<ReplayOptions, 'book'> & { book?: string }): Promise<string> {
  let text = '';
  const print = async (line: string): Promise<void> => void (text += `${line}\n`);
  const terminal = {
    width: undefined,
    isColoured: false,
    write: print,
    print,
    remark: (line: string) => void print(line),
  };
  await runReplay({ ...options, book: options.book }, { terminal, urls: [database.url] });
  return text;
}
const FIRST_DAY = new Date(NOON_US / 1_000).toISOString().slice(0, 10);

test('a planted history comes out as it was planted', async () => {
  const report = JSON.parse(await printed({ strategy: 'order', order: 'beta', to: FIRST_DAY, json: true }));
  expect(report).toEqual({
    decisions: 10,
    changed: 10,
    proven: 9,
    approval: { realised: 0.666667, estimated: 0.9, realised_by_rates: 0.7 },
    money: [
      {
        currency: 'EUR',
        realised: { approved: 60_000, fees: 300 },
        estimated: { approved: 81_000, fees: 1_620 },
      },
    ],
    providers: [
      { provider: 'alpha', realised: 1, estimated: 0 },
      { provider: 'beta', realised: 0, estimated: 1 },
    ],
  });
});

test('the table says the same, and twice the same', async () => {
  const options = { strategy: 'order', order: 'beta', to: FIRST_DAY, book: 'book 1' } as const;
  const table = await printed(options);
  expect(table).toBe(
    [
      '                                as it was    order   change',
      'approved                           66.67%   90.00%    23.33',
      'cost of what was approved, EUR      0.50%    2.00%     1.50',
      'share of alpha                    100.00%    0.00%  -100.00',
      'share of beta                       0.00%  100.00%   100.00',
      '',
      '10 first attempts, of which 10 would have gone elsewhere.',
      'The outcome of 9 is proven: approval and cost are about them alone.',
      'By stored rates alone, what was chosen would have been approved in 70.00%.',
      '',
    ].join('\n'),
  );
  expect(await printed(options)).toBe(table);
});

test('moments bound it, and a book that is not there is told', async () => {
  const all = { strategy: 'score', json: true } as const;
  expect(JSON.parse(await printed(all)).decisions).toBe(11);
  const later = new Date((NOON_US + DAY_US) / 1_000).toISOString().slice(0, 10);
  expect(JSON.parse(await printed({ ...all, from: later })).decisions).toBe(1);
  expect(await printed({ strategy: 'score', from: '2999-01-01' })).toBe(
    'No payment was routed there and then.\n',
  );
  await expect(printed({ ...all, book: 'nowhere' })).rejects.toThrow('there is no book "nowhere"');
  await expect(printed({ ...all, from: later, to: FIRST_DAY })).rejects.toThrow('--from is after --to');
});
