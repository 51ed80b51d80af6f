import type { IntentFold } from './paymentFold.ts';

const MILLION = 1_000_000n;

/**
 * What a payment owes by the terms that it began under, reckoned anew: of all that is captured, less what is refunded
 * where refunds give fees back; null where it has no terms.
 */
export function chargesOf(
  { terms, currency, attemptMethod }: IntentFold,
  { captured, refunded }: { captured: bigint; refunded: bigint },
): { fees: bigint; tax: bigint } | null {
  if (terms === null) return null;
  const base = terms.feesReturned ? captured - refunded : captured;
  const rule =
    terms.fees.find((one) => one.currency === currency && one.method === attemptMethod) ??
    terms.fees.find((one) => one.currency === currency && one.method === '');
  let fees = 0n;
  if (rule !== undefined && base > 0n) {
    fees = partOf(base, rule.ppm) + BigInt(rule.fixed);
    if (rule.cap !== null && fees > BigInt(rule.cap)) fees = BigInt(rule.cap);
  }
  return { fees, tax: partOf(fees, terms.taxPpm) };
}

/** Parts per million, rounded to the nearest, from the middle to the even one. */
export function partOf(amount: bigint, ppm: number): bigint {
  const exact = amount * BigInt(ppm);
  const below = exact / MILLION;
  const twice = (exact - below * MILLION) * 2n;
  if (twice === MILLION) return below + (below % 2n);
  return twice > MILLION ? below + 1n : below;
}
