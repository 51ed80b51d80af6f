import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ISO_4217 } from './iso4217.ts';

const words = (text: string): string[] => text.trim().split(/\s+/);

// The list a second time, by scale, so that one slip of the hand, or a lost line, cannot pass.
const NOT_APPLICABLE = words('XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX');
const ZERO_DIGITS = words('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF');
const TWO_DIGITS = words(`
  AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
  COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
  JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
  NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
  THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
`);
const THREE_DIGITS = words('BHD IQD JOD KWD LYD OMR TND');
const FOUR_DIGITS = words('CLF UYW');

/** Withdrawn before the first release. CLDR keeps a code for some years longer than ISO does. */
const WITHDRAWN = words('ANG BGN CUC HRK SLL ZWL');

/**
 * CLDR counts the digits in everyday use, ISO those of the minor unit, and money is kept in the latter: prices in
 * Budapest have no fillér, yet a bank's balance does. CLDR says 0 for all of these, ISO 2, and 3 for IQD.
 */
const CLDR_SAYS_ZERO = words('AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR SOS SYP YER');

const codes = ISO_4217.map(([code]) => code);
const source = readFileSync(new URL('./iso4217.ts', import.meta.url), 'utf8');

const withScale = (wanted: number): string[] =>
  ISO_4217.filter(([, scale]) => scale === wanted).map(([code]) => code);

function cldrDigits(code: string): number | undefined {
  return new Intl.NumberFormat('en', { style: 'currency', currency: code }).resolvedOptions()
    .maximumFractionDigits;
}

/** The codes for which the scale is not what CLDR says. */
const differing = (rows: typeof ISO_4217): string[] =>
  rows.filter(([code, scale]) => cldrDigits(code) !== scale).map(([code]) => code);

describe('the table of ISO 4217', () => {
  it('is sorted by code, each code once', () => {
    expect(codes).toEqual([...new Set(codes)].toSorted());
  });

  it('has three capital letters, a scale from 0 to 4 and a trimmed name in every line', () => {
    for (const [code, scale, name] of ISO_4217) {
      expect(code).toMatch(/^[A-Z]{3}$/);
      expect([0, 1, 2, 3, 4]).toContain(scale);
      // 100 characters is the bound of an asset's name on the wire.
      expect(name).toMatch(/^\S(.{0,98}\S)?$/u);
    }
  });

  it('has no decimals for exactly the currencies without a minor unit', () => {
    expect(withScale(0)).toEqual([...ZERO_DIGITS, ...NOT_APPLICABLE].toSorted());
  });

  it('has three decimals for exactly the dinars and the rial that are divided by a thousand', () => {
    expect(withScale(3)).toEqual(THREE_DIGITS);
  });

  it('has four decimals for exactly the two index units', () => {
    expect(withScale(4)).toEqual(FOUR_DIGITS);
  });

  it('has one decimal for none', () => {
    expect(withScale(1)).toEqual([]);
  });

  it('keeps every two-decimal currency that was ever shipped', () => {
    expect(TWO_DIGITS.filter((code) => !withScale(2).includes(code))).toEqual([]);
  });

  it('does not have the currencies that were withdrawn before the first release', () => {
    expect(WITHDRAWN.filter((code) => codes.includes(code))).toEqual([]);
  });

  it('says N.A. on exactly the lines where the list has no minor unit', () => {
    const said = [...source.matchAll(/^ {2}\['([A-Z]{3})', 0, .* \/\/ N\.A\.$/gm)].map(([, code]) => code);
    expect(said).toEqual(NOT_APPLICABLE);
  });
});

describe('compared with the CLDR data of the runtime', () => {
  it('knows every currency of the runtime, except the withdrawn', () => {
    const runtime = Intl.supportedValuesOf('currency');
    expect(runtime.length).toBeGreaterThan(100);
    expect(runtime.filter((code) => !codes.includes(code) && !WITHDRAWN.includes(code))).toEqual([]);
  });

  it('has other decimals than CLDR only where CLDR is known to say something else', () => {
    // CLDR has no "N.A.": it gives 2 where it knows nothing.
    const known = [...CLDR_SAYS_ZERO, ...NOT_APPLICABLE];
    expect(differing(ISO_4217).filter((code) => !known.includes(code))).toEqual([]);
  });

  it('would notice a wrong scale', () => {
    const wrong = [
      ['JPY', 2, 'Yen'],
      ['KWD', 2, 'Kuwaiti Dinar'],
      ['EUR', 0, 'Euro'],
      ['CHF', 2, 'Swiss Franc'],
    ] as const;
    expect(differing(wrong)).toEqual(['JPY', 'KWD', 'EUR']);
  });
});

describe('the file', () => {
  it('is data only: a comment, one constant, one line for each currency', () => {
    const row = /^ {2}\['[A-Z]{3}', \d, '[^'\\]+'\],(?: \/\/ N\.A\.)?$/;
    const [comment, code] = source.split(' */\n');
    expect(comment).toMatch(/^\/\*\*\n(?: \*.*\n)+$/);
    const lines = code?.trimEnd().split('\n') ?? [];
    expect(lines[0]).toBe(
      'export const ISO_4217: readonly (readonly [code: string, scale: number, name: string])[] = [',
    );
    expect(lines.at(-1)).toBe('];');
    expect(lines.slice(1, -1).filter((line) => !row.test(line))).toEqual([]);
    expect(lines.length).toBe(ISO_4217.length + 2);
  });
});
