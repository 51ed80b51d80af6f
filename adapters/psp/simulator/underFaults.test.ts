import { afterAll, expect, test } from 'vitest';
import type { PspOutcome } from '../../../core/processes/psp.ts';
import { authorization, onto } from '../contract/calls.ts';
import { SimulatorAdapter } from './adapter.ts';
import { type Faults, NO_FAULTS } from './server/faults.ts';
import { startSimulator } from './server/simulator.ts';

const PAYMENTS = 400;
const CALLERS = 25;
const TRIES_MAX = 12;
const SEED = Math.floor(performance.timeOrigin) % 2 ** 32;
const FAULTS: Faults = {
  ...NO_FAULTS,
  seed: SEED,
  latency_ms: { p50: 2, p95: 40 },
  rate_limited: 0.08,
  unavailable: 0.08,
  error_before: 0.08,
  hang_before: 0.04,
  error_after: 0.08,
  lost_reply: 0.08,
  hang_after: 0.04,
};

const simulator = await startSimulator({ port: 0, file: ':memory:', secret: 'unused', faults: FAULTS });
const adapter = new SimulatorAdapter({ url: simulator.url, secrets: [], connections: CALLERS });
afterAll(async () => {
  adapter.close();
  await simulator.stop();
});

interface Line {
  readonly number: number;
  readonly reference: string;
  readonly kind: string;
  readonly status: string;
  readonly amount: string;
}

async function all(list: 'report' | 'settlement'): Promise<(Line & Record<'credit' | 'debit', string>)[]> {
  const lines: (Line & Record<'credit' | 'debit', string>)[] = [];
  for (;;) {
    const answer = await fetch(`${simulator.url}/v1/${list}?limit=1000&after=${lines.at(-1)?.number ?? 0}`);
    const { data } = (await answer.json()) as { data: typeof lines };
    if (data.length === 0) return lines;
    lines.push(...data);
  }
}

test(`whatever goes wrong, no certain outcome is false, and no try charges twice (seed ${SEED})`, async () => {
  const tokens = ['pm_card_visa', 'pm_card_visa', 'pm_card_chargeDeclined', 'pm_card_mastercard'];
  const outcomes = new Map<string, PspOutcome[]>();
  let next = 0;

  /** Tries until the outcome is certain, and keeps each outcome on the way. */
  async function insist(operation: string, send: () => Promise<PspOutcome>): Promise<PspOutcome> {
    const seen: PspOutcome[] = [];
    outcomes.set(operation, seen);
    for (;;) {
      const outcome = await send();
      seen.push(outcome);
      const isCertain = outcome.done === 'succeeded' || outcome.done === 'declined';
      if (isCertain || seen.length === TRIES_MAX) return outcome;
    }
  }

  async function caller(): Promise<void> {
    for (let index = next++; index < PAYMENTS; index = next++) {
      const context = { deadlineMs: 120 };
      const sale = authorization(tokens[index % tokens.length], { capture: true, amount: 1_000n });
      const sold = await insist(sale.operation, () => adapter.authorize(sale, context));
      if (sold.done !== 'succeeded') continue;
      const refund = onto(sale, sold.providerReference, { amount: 400n });
      await insist(refund.operation, () => adapter.refund(refund, context));
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, caller));

  const report = new Map((await all('report')).map((line) => [line.reference, line]));
  const kinds = new Set<string>();
  for (const [operation, seen] of outcomes) {
    const line = report.get(operation);
    for (const { done } of seen) kinds.add(done);
    const last = seen.at(-1);
    if (last?.done === 'succeeded')
      expect(line).toMatchObject({ status: 'succeeded', amount: `${last.amount}` });
    if (last?.done === 'declined') expect(line).toMatchObject({ status: 'declined' });
    // Where every try was proven not to have been sent, nothing can have been done.
    if (seen.every(({ done }) => done === 'not_sent')) expect(line).toBeUndefined();
  }
  // A control: all of that has happened.
  expect([...kinds].toSorted()).toEqual(['declined', 'not_sent', 'succeeded', 'unknown']);
  expect([...outcomes.values()].some((seen) => seen.length > 1)).toBe(true);

  const succeeded = [...report.values()].filter(({ status }) => status === 'succeeded');
  const moved = await all('settlement');
  expect(moved).toHaveLength(succeeded.length);
  const sumOf = (amounts: string[]): bigint => amounts.reduce((sum, amount) => sum + BigInt(amount), 0n);
  const amountsOf = (kind: string): string[] =>
    succeeded.filter((line) => line.kind === kind).map(({ amount }) => amount);
  expect(sumOf(moved.map(({ credit }) => credit))).toBe(sumOf(amountsOf('sale')));
  expect(sumOf(moved.map(({ debit }) => debit))).toBe(sumOf(amountsOf('refund')));
});
