import { expect, test } from 'vitest';
import { foldOf } from '../../../test/support/foldedShard.ts';
import { randomPayments } from '../../../test/support/randomPayments.ts';

const SEEDS = 200;

test(`finds nothing wrong with whatever the kernel makes of any sequence of commands and outcomes (seeds 1 to ${SEEDS})`, () => {
  const came = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const sequence = randomPayments(3, seed);
    const { fold, findings } = foldOf(3, sequence.shard.blocks);
    expect({ seed, findings: findings.list }).toEqual({ seed, findings: [] });
    expect(fold.payments.intents.size).toBe(sequence.shard.state.payments.intents.size);
    for (const [what, count] of sequence.came) came.set(what, (came.get(what) ?? 0) + count);
  }
  // The control: it did go many ways.
  expect(came.get('events')).toBeGreaterThan(SEEDS * 10);
  expect([...came.keys()]).toEqual(expect.arrayContaining(['nothing', 'PAYMENT_STATE', 'EXCEEDS_CAPTURED']));
});
