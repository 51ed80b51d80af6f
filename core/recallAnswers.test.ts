import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOON_US } from '../test/support/ledger.ts';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  readModelDatabase,
} from '../test/support/projecting.ts';
import { ScriptedPayments } from '../test/support/scriptedPayments.ts';
import { SimulatedPsp } from '../test/simulation/simulatedPsp.ts';
import { systemClock } from './clock.ts';
import { PaymentProcesses } from './processes/payments.ts';
import { recallAnswers } from './recallAnswers.ts';
import { systemTimers } from './timers.ts';

const SHARD = 3;
let db: ReadModelDatabase;
beforeAll(async () => {
  db = await readModelDatabase();
});
afterAll(() => db.drop());

function processesOf(...names: string[]): PaymentProcesses {
  const random = (): number => 0.5;
  return new PaymentProcesses({
    providers: names.map((name) => ({
      kind: 'simulator',
      adapter: new SimulatedPsp({ name, timers: systemTimers, random, sale: true }),
      cost: { ppm: 10_000, fixed: 0n },
    })),
    clock: systemClock,
    timers: systemTimers,
    random: { unit: random },
    log: () => undefined,
    onCall: () => undefined,
  });
}

test('the routing of a new process knows what providers answered before it began', async () => {
  const shard = new ScriptedPayments(SHARD, NOON_US);
  const merchant = shard.merchant();
  const later = (us: number): void => {
    shard.seal();
    shard.nowUs += us;
  };
  const declined = {
    done: 'declined',
    code: 'do_not_honor',
    providerCode: '05',
    providerReference: '',
  } as const;
  for (let n = 0; n < 4; n++) {
    // The first provider declines, the second authorises; each takes 200 ms.
    const intent = shard.create(merchant);
    later(200_000);
    shard.outcome(intent, declined);
    later(200_000);
    shard.succeed(intent);
    later(20_000_000);
  }
  const lost = shard.create(merchant);
  later(1_000_000);
  shard.outcome(lost, { done: 'unknown', why: 'a reset' });
  later(1_000_000);
  const feed = new MemoryFeed();
  feed.add(...shard.blocks);
  await projectAll(db.url, feed, { [SHARD]: shard.lastSeq });

  const processes = processesOf('alpha', 'beta');
  const told: unknown[] = [];
  const log = {
    info: (details: unknown) => told.push(details),
    warn: (details: unknown) => told.push(details),
  };
  await recallAnswers([db.pool], processes, { nowUs: shard.nowUs, log });
  expect(told).toEqual([{ answers: 9 }]);
  const method = { type: 'card', token: 'tok' } as const;
  const route = processes.router.choose({
    merchant,
    amount: 100n,
    currency: 'EUR',
    method,
    tried: [],
    attempt: 0,
  });
  const seen = route!.explanation.candidates.toSorted((a, b) => (a.provider < b.provider ? -1 : 1));
  expect(seen).toMatchObject([
    { provider: 'alpha', sample: 4, authRate: 0.75, reliability: 0.8 },
    // Only first attempts say something about the rate.
    { provider: 'beta', sample: 0, authRate: 0.9, reliability: 1 },
  ]);
  expect(seen[1].latency).toBeGreaterThan(0.03);
  expect(seen[1].latency).toBeLessThan(0.06);
});
