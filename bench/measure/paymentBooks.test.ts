import { describe, expect, test } from 'vitest';
import type { Reported } from '../core/simulator.ts';
import { type Booked, differingOperations, differingSums, owedBy } from './paymentBooks.ts';

const said = (more: Partial<Reported> = {}): Reported => ({
  reference: 'a',
  kind: 'sale',
  status: 'succeeded',
  amount: 1_000n,
  currency: 'EUR',
  cost: 22n,
  ...more,
});
const ours = (more: Partial<Booked> = {}): Booked => ({
  reference: 'a',
  kind: 'sale',
  outcome: 'succeeded',
  amount: 1_000n,
  currency: 'EUR',
  ...more,
});

describe('operations', () => {
  test('that both sides know alike do not differ, whatever became of them', () => {
    const reported = [said(), said({ reference: 'b', status: 'declined' })];
    const booked = [ours(), ours({ reference: 'b', outcome: 'failed' })];
    expect(differingOperations(reported, booked)).toBe(0);
  });

  test.each<[string, Reported[], Booked[]]>([
    ['charged and not booked', [said()], []],
    ['booked and not charged', [], [ours()]],
    ['charged and still open here', [said()], [ours({ outcome: 'unknown' })]],
    ['declined and booked as done', [said({ status: 'declined' })], [ours()]],
    ['of another amount', [said({ amount: 999n })], [ours()]],
    ['of another currency', [said({ currency: 'USD' })], [ours()]],
    ['of another kind', [said({ kind: 'authorize' })], [ours()]],
    ['reported twice', [said(), said()], [ours()]],
  ])('%s are one that differs', (_, reported, booked) => {
    expect(differingOperations(reported, booked)).toBe(1);
  });

  test('that never reached the provider need not be in its report', () => {
    expect(differingOperations([], [ours({ outcome: 'not_sent' })])).toBe(0);
  });
});

describe('what a provider owes', () => {
  test('is what it took, less what it sent back and keeps; what was not done does not count', () => {
    const reported = [
      said(),
      said({ kind: 'capture', amount: 500n, cost: 16n }),
      said({ kind: 'authorize', amount: 500n, cost: 0n }),
      said({ kind: 'refund', amount: 300n, cost: 0n }),
      said({ status: 'declined' }),
      said({ currency: 'USD', amount: 7n, cost: 0n }),
    ];
    expect(owedBy(reported)).toEqual(
      new Map([
        ['EUR', 1_162n],
        ['USD', 7n],
      ]),
    );
  });

  test('differs by currency, and a currency that one side lacks is 0 there', () => {
    expect(differingSums(new Map([['EUR', 1n]]), new Map([['EUR', 1n]]))).toBe(0);
    expect(differingSums(new Map([['EUR', 1n]]), new Map([['EUR', 2n]]))).toBe(1);
    expect(differingSums(new Map([['EUR', 1n]]), new Map())).toBe(1);
    expect(differingSums(new Map(), new Map([['EUR', 0n]]))).toBe(0);
  });
});
