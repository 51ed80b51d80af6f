import type { Money } from '../../../core/processes/psp.ts';

/**
 * Decimal digits of an amount at Adyen, by currency, after its table of currency codes and minor units. What is not in
 * here is never sent: a wrong guess would be wrong by a factor of a hundred.
 */
const CODES: readonly (readonly [digits: number, codes: string])[] = [
  [0, 'CVE DJF GNF IDR JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'],
  [
    2,
    'AED ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CHF CLP CNY COP CRC CZK DKK DOP DZD ' +
      'EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF ILS INR ISK JMD KES KGS KHR KYD KZT LAK LBP LKR ' +
      'MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD SAR ' +
      'SBD SCR SEK SGD SHP SLE SOS SRD STN SZL THB TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD YER ZAR ZMW',
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
];

/** Where ISO 4217, in which Florin counts, has other digits than Adyen. */
const ISO_DIGITS: Readonly<Record<string, number>> = { CLP: 0, ISK: 0, CVE: 2, IDR: 2 };

export interface Digits {
  readonly adyen: number;
  readonly iso: number;
}

export const EXPONENTS: ReadonlyMap<string, Digits> = new Map(
  CODES.flatMap(([adyen, codes]) =>
    codes.split(' ').map((code) => [code, { adyen, iso: ISO_DIGITS[code] ?? adyen }] as const),
  ),
);

/** As Adyen writes it: a JSON number of its own minor units. */
export interface AdyenAmount {
  readonly value: number;
  readonly currency: string;
}

/** Why an amount cannot be said in Adyen's units. */
export type Inexpressible = 'no_exponent' | 'not_whole';

/** Ours in Adyen's units. 10.50 of a currency that Adyen counts in whole units is not rounded: it cannot be said. */
export function toAdyen({ amount, currency }: Money): AdyenAmount | Inexpressible {
  const digits = EXPONENTS.get(currency);
  if (digits === undefined) return 'no_exponent';
  const scaled = rescaled(amount, digits.iso, digits.adyen);
  if (scaled === null || scaled > BigInt(Number.MAX_SAFE_INTEGER)) return 'not_whole';
  return { value: Number(scaled), currency };
}

/** Adyen's in ours; null where it is no amount above 0 that ISO 4217 can count. */
export function fromAdyen({ value, currency }: { value: unknown; currency: unknown }): Money | null {
  if (typeof currency !== 'string' || !Number.isSafeInteger(value) || (value as number) <= 0) return null;
  const digits = EXPONENTS.get(currency);
  if (digits === undefined) return null;
  const amount = rescaled(BigInt(value as number), digits.adyen, digits.iso);
  return amount === null ? null : { amount, currency };
}

/** Exact, or null. */
function rescaled(amount: bigint, from: number, to: number): bigint | null {
  if (to >= from) return amount * 10n ** BigInt(to - from);
  const divisor = 10n ** BigInt(from - to);
  return amount % divisor === 0n ? amount / divisor : null;
}
