import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { MerchantSchema } from '../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import { feeOf, merchantLines, reserveOf, taxOf } from './merchantForms.ts';

test('a fee rule, a tax and a reserve are read as the command line has them', () => {
  expect(feeOf('card:EUR:29000:30')).toEqual({
    method: PaymentMethodType.CARD,
    currency: 'EUR',
    ppm: 29_000,
    fixed: 30n,
  });
  expect(feeOf('*:EUR:0:0:900')).toMatchObject({ method: PaymentMethodType.UNSPECIFIED, cap: 900n });
  expect(taxOf('190000:DE')).toEqual({ ppm: 190_000, jurisdiction: 'DE' });
  expect(reserveOf('100000:180')).toEqual({ ppm: 100_000, days: 180 });
});

test.each(['', 'card', 'cheque:EUR:1:1', 'card:EUR:-1:1', 'card:EUR:1', 'card:eur:1:1', 'card:EUR:1:1:'])(
  'no fee rule is read from "%s"',
  (text) => {
    expect(feeOf(text)).toBeUndefined();
  },
);

test('a merchant shows its terms of now first, then those of before', () => {
  const merchant = create(MerchantSchema, {
    id: '0190a000-0000-7000-8000-000000000011',
    name: 'Chairs',
    country: 'DE',
    fees: [{ currency: 'EUR', ppm: 29_000, fixed: 30n }],
    taxPpm: 190_000,
    taxJurisdiction: 'DE',
    settlementDays: 2,
    reserve: { ppm: 100_000, days: 180 },
    routing: { attemptsMax: 3 },
    termsNumber: 2,
    pastTerms: [{ number: 1, feesReturned: true }],
  });
  expect(merchantLines(merchant)).toEqual([
    'merchant      0190a000-0000-7000-8000-000000000011',
    'name          Chairs',
    'country       DE',
    'mode          test',
    'routing       0 rules, at most 3 routes a payment',
    'terms 2       EUR 2.9% + 30; tax of 19% in DE; refunds give no fees back; available after 2 business days; 10% kept back for 180 days',
    'terms 1       no fees; refunds give fees back; available after 0 business days',
  ]);
});
