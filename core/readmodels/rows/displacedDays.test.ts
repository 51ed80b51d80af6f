import { expect, test } from 'vitest';
import { DisplacedDays } from './displacedDays.ts';

test('keeps every sum when the days of a batch outgrow the first array', () => {
  const days = new DisplacedDays();
  for (let place = 0; place < 1_000; place++)
    days.add(place, { bookedDay: 20_000, date: 8_401, isDebit: place % 2 === 0, amount: 7n });
  const rows = [...days.rows()];
  expect(rows).toHaveLength(2_000);
  expect(
    rows.filter(({ day }) => day === 8_401).every(({ debits, credits }) => debits + credits === 7n),
  ).toBe(true);
  expect(rows.reduce((sum, { debits, credits }) => sum + debits + credits, 0n)).toBe(0n);
});
