import { expect, test } from 'vitest';
import { chart } from '../payments/chart.ts';
import type { Uuid } from './commands.ts';
import { isReserved } from './reserved.ts';
import { wordsOf } from './uuid.ts';

const MERCHANT = '0190a000-0000-7000-8000-000000000011' as Uuid;

test('of the accounts of the chart those that hold what is under way are payments’ own', () => {
  const reserved = [
    chart.pspReceivable('simulator', 'EUR'),
    chart.merchantReceivable(MERCHANT, 'EUR'),
    chart.pending(MERCHANT, 'EUR'),
    chart.available(MERCHANT, 'EUR'),
    chart.disputeHold(MERCHANT, 'EUR'),
    chart.disputePending('simulator', 'EUR'),
    chart.reserve(MERCHANT, 'EUR'),
    chart.refundsInFlight('EUR'),
    chart.unappliedFunds('EUR'),
    chart.tax('DE', 'EUR'),
    chart.incomeDispute('EUR'),
    chart.incomeFees('EUR'),
    chart.expensePspFees('EUR'),
    chart.expenseMerchantLoss('EUR'),
    chart.authOpen('EUR'),
    chart.authContra('EUR'),
  ].filter(({ id, code }) => isReserved(wordsOf(id), code));
  expect(reserved.map(({ code }) => code.replace(MERCHANT, '..'))).toEqual([
    'm:..:pending:EUR',
    'm:..:dispute_hold:EUR',
    'dispute_pending:simulator:EUR',
    'm:..:reserve:EUR',
    'refunds_in_flight:EUR',
    'unapplied_funds:EUR',
    'auth_open:EUR',
    'auth_contra:EUR',
  ]);
});

test('a caller’s own account is its own, whatever it is called', () => {
  expect(isReserved(wordsOf(MERCHANT), 'refunds_in_flight:EUR')).toBe(false);
});
