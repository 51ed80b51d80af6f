import { expect, test } from 'vitest';
import { paymentFaults } from '../faults/payments.ts';
import { roundsOfRun, seedOfRun } from '../support/load/draw.ts';

const SEED = seedOfRun();
const ROUNDS = roundsOfRun(2);
/** What nobody knows is asked about after 5 s and after 30 s; later only where the provider was away long. */
const HEAL_MS_MAX = 180_000;

test(
  `core, provider and Postgres may die under payment load: the provider's report is what the books say (seed ${SEED})`,
  async () => {
    const lines: string[] = [];
    const { findings, rounds, kills, lost, ledger, truth, output } = await paymentFaults({
      seed: SEED,
      forMs: Infinity,
      rounds: ROUNDS,
      loadMs: [4_000, 6_000],
      healMsMax: HEAL_MS_MAX,
      tell: (line) => lines.push(line),
    });
    if (findings.length > 0) console.log([...lines, output].join('\n'));
    expect(findings).toEqual([]);
    // The load was what it should be: things were killed, and money has moved both ways.
    expect(rounds).toBe(ROUNDS);
    expect(Object.values(kills).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(0);
    expect(lost).toBeGreaterThan(0);
    expect(ledger.payments).toBeGreaterThan(50);
    expect(truth?.captured).toBeGreaterThan(0n);
    expect(truth?.refunded).toBeGreaterThan(0n);
    expect(truth?.open).toBe(0);
  },
  ROUNDS * 60_000 + HEAL_MS_MAX,
);
