import { expect, test } from 'vitest';
import { randomPayments } from '../../../test/support/randomPayments.ts';

test('whatever a provider says, whenever it says it, is booked, kept for an operator, or known already', () => {
  const met = new Map<string, number>();
  for (let seed = 0; seed < 400; seed++)
    for (const [came, times] of randomPayments(seed % 64, seed).came)
      if (came.startsWith('payments: ')) met.set(came, (met.get(came) ?? 0) + times);
  expect(Object.fromEntries(met)).toEqual({});
});
