import { expect, test } from 'vitest';
import { DECLINES } from '../../../core/kernel/payments/declines.ts';
import { errorDeclineOf, refusalOf } from './declines.ts';

const isHard = (code: number): boolean => DECLINES[refusalOf(String(code))].hard;

test('a card that cannot be used any more is a hard refusal', () => {
  for (const code of [5, 6, 8, 14, 20, 22, 23, 24, 25, 26, 31, 34, 35, 46])
    expect(isHard(code), String(code)).toBe(true);
});

test('what another day or another route may change is a soft one', () => {
  for (const code of [2, 3, 4, 9, 11, 12, 15, 16, 17, 18, 19, 21, 27, 28, 29, 32, 33, 38, 39, 42])
    expect(isHard(code), String(code)).toBe(false);
});

test('a code that we do not know is a refusal all the same, and a soft one', () => {
  for (const code of ['0', '13', '999', '', 'constructor', '__proto__'])
    expect(refusalOf(code)).toBe('generic_decline');
});

test('an error of the request is a hard one, in the word that fits', () => {
  expect(errorDeclineOf('137')).toBe('amount_not_allowed');
  expect(errorDeclineOf('138')).toBe('currency_not_supported');
  expect(errorDeclineOf('803')).toBe('invalid_account');
  for (const code of ['702', '14_031', 'toString', ''])
    expect(errorDeclineOf(code)).toBe('operation_not_allowed');
  for (const code of ['100', '101', '103', '129', '800', '802', '702'])
    expect(DECLINES[errorDeclineOf(code)].hard).toBe(true);
});
