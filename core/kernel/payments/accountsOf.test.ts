import { expect, test } from 'vitest';
import type { Uuid } from '../ledger/commands.ts';
import { accountsOf } from './accountsOf.ts';
import type { Intent } from './model.ts';

const intent = { merchant: '0190a000-0000-7000-8000-000000000011' as Uuid, currency: 'EUR' } as Intent;

test('accounts are named once, and those that were let go of for others come again as they were', () => {
  const before = accountsOf(intent, 'simulator');
  expect(accountsOf(intent, 'simulator')).toBe(before);
  for (let n = 0; n < 20_000; n++) accountsOf(intent, `provider_${n}`);
  expect(accountsOf(intent, 'simulator')).not.toBe(before);
  expect(accountsOf(intent, 'simulator')).toEqual(before);
});

test.each([
  ['provider', accountsOf(intent, 'other')],
  ['currency', accountsOf(intent, 'simulator', 'JPY')],
  [
    'merchant',
    accountsOf({ ...intent, merchant: '0190a000-0000-7000-8000-000000000012' as Uuid }, 'simulator'),
  ],
])('those of another %s are others', (_, others) => {
  expect(others).not.toEqual(accountsOf(intent, 'simulator'));
});
