import type { FeeRule, MethodType } from './model.ts';

const MILLION = 1_000_000n;

/** Rounds a quotient to the nearest whole number, halves to the even one. The numerator is 0 or more. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator) return quotient + 1n;
  if (twice < denominator) return quotient;
  return quotient % 2n === 0n ? quotient : quotient + 1n;
}

/** Parts per million of an amount, half-even. */
export function share(amount: bigint, ppm: number): bigint {
  return divideHalfEven(amount * BigInt(ppm), MILLION);
}

/** The rule for a method and a currency: one of its own before one for every method; undefined for none. */
export function feeRuleFor(
  rules: readonly FeeRule[],
  { method, currency }: { method: MethodType; currency: string },
): FeeRule | undefined {
  const ofCurrency = rules.filter((rule) => rule.currency === currency);
  return ofCurrency.find((rule) => rule.method === method) ?? ofCurrency.find((rule) => rule.method === '');
}

/**
 * What a merchant owes for a payment of which so much is captured (less what was refunded, where refunds give fees
 * back). Always computed of the whole: what is posted is the difference to what was posted before, so that no rounding
 * adds up over partial captures and refunds.
 */
export function feeFor(rule: FeeRule | undefined, base: bigint): bigint {
  if (rule === undefined || base === 0n) return 0n;
  const fee = share(base, rule.ppm) + rule.fixed;
  return rule.cap !== null && fee > rule.cap ? rule.cap : fee;
}
