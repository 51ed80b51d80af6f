import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_COUNTERS } from './evolve.ts';
import { addPending, dropAvailable, nextAvailable, putBack, takePending } from './pending.ts';
import type { Maturing } from './model.ts';

function nothing() {
  return { counters: { ...NO_COUNTERS }, availableAtUs: Infinity, later: [] as readonly Maturing[] };
}

test('a later capture waits for its own day, and puts no earlier one off', () => {
  const intent = nothing();
  addPending(intent, 60n, 2);
  addPending(intent, 40n, 5);
  expect(nextAvailable(intent)).toBe(60n);
  expect(intent).toMatchObject({
    availableAtUs: 2,
    counters: { pending: 100n },
    later: [{ amount: 40n, atUs: 5 }],
  });
  dropAvailable(intent);
  expect(intent).toMatchObject({ availableAtUs: 5, counters: { pending: 40n }, later: [] });
  dropAvailable(intent);
  expect(intent).toEqual(nothing());
});

test('what is taken comes from what would become available last', () => {
  const intent = nothing();
  addPending(intent, 60n, 2);
  addPending(intent, 40n, 5);
  expect(takePending(intent, 50n)).toBe(50n);
  expect(intent).toMatchObject({ availableAtUs: 2, counters: { pending: 50n }, later: [] });
  expect(takePending(intent, 70n)).toBe(50n);
  expect(intent).toEqual(nothing());
});

test('whatever comes and goes, the parts are the whole, in the order of their days', () => {
  const step = fc.oneof(
    fc.record({ add: fc.bigInt(1n, 100n), day: fc.nat(3) }),
    fc.record({ take: fc.bigInt(1n, 150n) }),
    fc.record({ back: fc.bigInt(1n, 100n), day: fc.nat(12) }),
    fc.constant({ drop: true as const }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const intent = nothing();
      let day = 0;
      let sum = 0n;
      for (const one of steps) {
        if ('add' in one) {
          day += one.day;
          addPending(intent, one.add, day);
          sum += one.add;
        } else if ('back' in one) {
          putBack(intent, one.back, one.day);
          sum += one.back;
        } else if ('take' in one) {
          sum -= takePending(intent, one.take);
        } else {
          sum -= nextAvailable(intent);
          dropAvailable(intent);
        }
        const days = [intent.availableAtUs, ...intent.later.map(({ atUs }) => atUs)];
        expect(intent.counters.pending).toBe(sum);
        expect(days).toEqual([...new Set(days)].toSorted((a, b) => a - b));
        expect(intent.later.every(({ amount }) => amount > 0n)).toBe(true);
        expect(nextAvailable(intent) > 0n).toBe(intent.availableAtUs !== Infinity);
      }
    }),
  );
});
