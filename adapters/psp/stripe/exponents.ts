import type { Money } from '../../../core/processes/psp.ts';

interface Digits {
  /** Decimal digits as ISO 4217 has them, which is how we count. */
  readonly iso: number;
  /** Decimal digits of an amount in Stripe's API. */
  readonly stripe: number;
  /** An amount in Stripe's API must be a multiple of this. */
  readonly step: bigint;
}

/**
 * Source: Stripe's "Supported currencies". What is not in here is never sent: nobody would know what the number means.
 * - ISK and UGX have no minor unit any more, but keep two digits in the API, which have to be 00.
 * - MGA is divided by five, which ISO 4217 writes as two digits; Stripe takes none.
 * - The last digit of three has to be 0.
 * - HUF and TWD are charged with two digits; that *payouts* of them are whole is no concern of a charge.
 */
const GROUPS: readonly (readonly [digits: Digits, codes: string])[] = [
  [{ iso: 0, stripe: 0, step: 1n }, 'BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF'],
  [{ iso: 0, stripe: 2, step: 100n }, 'ISK UGX'],
  [{ iso: 2, stripe: 0, step: 1n }, 'MGA'],
  [{ iso: 3, stripe: 3, step: 10n }, 'BHD JOD KWD OMR TND'],
  [
    { iso: 2, stripe: 2, step: 1n },
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CVE CZK ' +
      'DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT ' +
      'LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP ' +
      'PKR PLN QAR RON RSD SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST ' +
      'XCD YER ZAR ZMW',
  ],
];

export const EXPONENTS: ReadonlyMap<string, Digits> = new Map(
  GROUPS.flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, digits] as const)),
);

/** Eight digits, in the units of the API: "99999999 for a USD charge of $999,999.99". */
export const API_AMOUNT_MAX = 99_999_999n;

/** Smallest charges, minor units as ISO 4217 counts them. Source: Stripe's "Minimum and maximum charge amounts". */
export const MINIMUM: Readonly<Record<string, bigint>> = {
  AED: 200n,
  AUD: 50n,
  BRL: 50n,
  CAD: 50n,
  CHF: 50n,
  CZK: 1_500n,
  DKK: 250n,
  EUR: 50n,
  GBP: 30n,
  HKD: 400n,
  HUF: 17_500n,
  INR: 50n,
  JPY: 50n,
  MXN: 1_000n,
  MYR: 200n,
  NOK: 300n,
  NZD: 50n,
  PLN: 200n,
  RON: 200n,
  SEK: 300n,
  SGD: 50n,
  THB: 1_000n,
  USD: 50n,
};

/** Why an amount cannot be sent to Stripe. */
export type NoAmount = 'no_exponent' | 'amount_not_representable' | 'amount_too_large';

/** In the units of the API, or why it has none. Nothing is rounded: what Stripe cannot count is not sent. */
export function toApi({ amount, currency }: Money): bigint | NoAmount {
  const digits = EXPONENTS.get(currency);
  if (digits === undefined) return 'no_exponent';
  const scaled = amount * 10n ** BigInt(digits.stripe);
  const unit = 10n ** BigInt(digits.iso);
  const units = scaled / unit;
  if (units * unit !== scaled || units % digits.step !== 0n) return 'amount_not_representable';
  return units > API_AMOUNT_MAX ? 'amount_too_large' : units;
}

/** What Stripe says, in our units; null where it is no amount of a currency that we know. */
export function fromApi({ units, currency }: { units: bigint | null; currency: string }): Money | null {
  const code = currency.toUpperCase();
  const digits = EXPONENTS.get(code);
  if (digits === undefined || units === null || units <= 0n) return null;
  const scaled = units * 10n ** BigInt(digits.iso);
  const unit = 10n ** BigInt(digits.stripe);
  return scaled % unit === 0n ? { amount: scaled / unit, currency: code } : null;
}
