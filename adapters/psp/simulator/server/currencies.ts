/** Currencies that this provider takes, by the decimal digits of an amount; it counts as ISO 4217 does. */
const BY_DIGITS: readonly (readonly [digits: number, codes: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'],
  [
    2,
    'AED ALL AMD ARS AUD AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BZD CAD CHF CNY COP CRC CZK DKK DOP DZD EGP ETB EUR ' +
      'FJD GBP GEL GHS GIP GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LBP LKR MAD MDL MKD MNT MOP ' +
      'MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD SAR SBD SCR SEK SGD SRD SZL ' +
      'THB TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD YER ZAR ZMW',
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
];

const DIGITS: ReadonlyMap<string, number> = new Map(
  BY_DIGITS.flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, digits] as const)),
);

export const CURRENCIES: readonly string[] = [...DIGITS.keys()].toSorted();

export function takesCurrency(code: string): boolean {
  return DIGITS.has(code);
}

/** "10.50", as people write it: what a comparison that shares no code with the counting of minor units needs. */
export function decimalOf(amount: bigint, currency: string): string {
  const digits = DIGITS.get(currency);
  if (digits === undefined || amount < 0n)
    throw new Error(`no amount of a currency that is taken: ${currency}`);
  const text = amount.toString().padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
