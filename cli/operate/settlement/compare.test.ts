import { expect, test } from 'vitest';
import type { SettlementLine } from '../../../core/processes/psp.ts';
import { checkJson, checkLines } from './checkForms.ts';
import { type Movement, type PaymentKey, type PlacedLine, compareSettlement } from './compare.ts';

const DAY = '2026-11-27';
const NOON_MS = Date.UTC(2026, 10, 27, 12);
const HALF_A_DAY_MS = 43_200_000;
const A: PaymentKey = { book: 'shop', payment: 'a' };
const B: PaymentKey = { book: 'shop', payment: 'b' };

function line(
  of: PaymentKey | null,
  gross: bigint,
  fee: bigint,
  more: Partial<SettlementLine> = {},
): PlacedLine {
  const providerReference = `pay_${of?.payment ?? 'x'}`;
  return {
    of,
    line: {
      type: 'charge',
      operation: '',
      providerReference,
      currency: 'EUR',
      gross,
      fee,
      occurredAtMs: NOON_MS,
      ...more,
    },
  };
}

function booked(of: PaymentKey, gross: bigint, fee: bigint, more: Partial<Movement> = {}): Movement {
  return { ...of, gross, fee, currency: 'EUR', day: DAY, ...more };
}

test('what both sides moved of a payment agrees, in however many steps', () => {
  const lines = [line(A, 100n, 2n), line(A, -40n, 0n), line(B, 50n, 1n)];
  const movements = [booked(A, 60n, 2n), booked(B, 50n, 0n), booked(B, 0n, 1n)];
  expect(compareSettlement(DAY, lines, movements)).toEqual({
    day: DAY,
    lines: 3,
    payments: 2,
    shifted: 0,
    sums: [{ currency: 'EUR', provider: { gross: 110n, fee: 3n }, books: { gross: 110n, fee: 3n } }],
    differences: [],
  });
});

test('a movement around midnight agrees with the day beside it, and one of that day alone is not looked at', () => {
  const late = { occurredAtMs: NOON_MS + HALF_A_DAY_MS - 1 };
  const next = { occurredAtMs: NOON_MS + HALF_A_DAY_MS };
  const lines = [line(A, 100n, 2n, late), line(B, 7n, 0n, next)];
  const movements = [booked(A, 100n, 2n, { day: '2026-11-28' })];
  const check = compareSettlement(DAY, lines, movements);
  expect(check).toMatchObject({ lines: 1, payments: 1, shifted: 1, differences: [] });
});

test.each<[string, PlacedLine[], Movement[], string]>([
  [
    'another amount',
    [line(A, 100n, 2n)],
    [booked(A, 99n, 2n)],
    'a in shop (pay_a): the provider says 100 less 2 in fees EUR, the books say 99 less 2 in fees',
  ],
  [
    'another fee',
    [line(A, 100n, 2n)],
    [booked(A, 100n, 3n)],
    'a in shop (pay_a): the provider says 100 less 2 in fees EUR, the books say 100 less 3 in fees',
  ],
  [
    'no payment of ours',
    [line(null, 100n, 2n)],
    [],
    'pay_x: the provider says 100 less 2 in fees EUR, and no book has that payment',
  ],
  [
    'nothing in the report',
    [],
    [booked(A, 100n, 2n)],
    'a in shop: the provider says 0 less 0 in fees EUR, the books say 100 less 2 in fees',
  ],
])('%s is found', (_what, lines, movements, said) => {
  const check = compareSettlement(DAY, lines, movements);
  const [head, ...more] = checkLines('acme', check);
  expect(head).toMatch(/^acme, 2026-11-27: \d lines, 1 payments: 1 do not agree$/);
  expect(more).toContain(`  ${said}`);
  expect(checkJson('acme', check)).toMatchObject({ ok: false, differences: [{ currency: 'EUR' }] });
});

test('one currency does not make up for another', () => {
  const lines = [line(A, 100n, 0n), line(A, 100n, 0n, { currency: 'USD' })];
  const check = compareSettlement(DAY, lines, [booked(A, 200n, 0n)]);
  expect(check.payments).toBe(2);
  expect(check.differences.map(({ currency, books }) => [currency, books.gross])).toEqual([
    ['EUR', 200n],
    ['USD', 0n],
  ]);
});
