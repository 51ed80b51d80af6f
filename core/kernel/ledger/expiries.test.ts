import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Expiries } from './expiries.ts';

function drained(expiries: Expiries): number[] {
  const moments: number[] = [];
  for (; expiries.size > 0; expiries.removeFirst()) moments.push(expiries.firstUs);
  return moments;
}

test('the earliest comes first, whatever was added, taken out and cleared away before', () => {
  const moment = fc.integer({ min: 1, max: 50 });
  fc.assert(
    fc.property(fc.array(moment), fc.array(moment), fc.nat(40), moment, (first, second, taken, kept) => {
      const expiries = new Expiries();
      first.forEach((atUs, seq) => expiries.add(atUs, seq));
      let expected = first.toSorted((a, b) => a - b).slice(taken);
      for (let i = 0; i < taken; i++) expiries.removeFirst();
      expiries.retain((atUs) => atUs !== kept);
      expected = expected.filter((atUs) => atUs !== kept);
      second.forEach((atUs, seq) => expiries.add(atUs, seq));
      expected = [...expected, ...second].toSorted((a, b) => a - b);
      expect(expiries.size).toBe(expected.length);
      expect(expiries.firstUs).toBe(expected[0] ?? Infinity);
      expect(drained(expiries)).toEqual(expected);
    }),
  );
});

test('a moment keeps its hold, and room is given back', () => {
  const expiries = new Expiries();
  for (let seq = 1; seq <= 100_000; seq++) expiries.add(1_000_000 - seq, seq);
  expect([expiries.firstUs, expiries.firstSeq]).toEqual([900_000, 100_000]);
  expiries.retain((_, seq) => seq % 50_000 === 1);
  expect([expiries.size, expiries.firstUs, expiries.firstSeq]).toEqual([2, 949_999, 50_001]);
  expiries.removeFirst();
  expect([expiries.firstUs, expiries.firstSeq]).toEqual([999_999, 1]);
  expiries.removeFirst();
  expiries.removeFirst();
  expect([expiries.size, expiries.firstUs]).toEqual([0, Infinity]);
});
