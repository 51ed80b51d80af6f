/**
 * Decimal digits of an amount at this provider, by currency: it counts as ISO 4217 does, so nothing is converted, but
 * what is not in here is never sent: a wrong guess would be wrong by a factor of ten.
 */
const CODES: readonly (readonly [digits: number, codes: string])[] = [
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

/** By currency: digits at the provider. */
export const EXPONENTS: ReadonlyMap<string, number> = new Map(
  CODES.flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, digits] as const)),
);
