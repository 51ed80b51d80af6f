/** What the provider takes for a capture or sale: a part in a million of the amount, and a fixed sum in minor units. */
interface Price {
  readonly ppm: bigint;
  readonly fixed: bigint;
}

const STANDARD: Price = { ppm: 12_000n, fixed: 10n };

/** Where a fixed sum of ten minor units would be worth next to nothing. */
const PRICES: Readonly<Record<string, Price>> = {
  JPY: { ppm: 12_000n, fixed: 15n },
  KRW: { ppm: 12_000n, fixed: 150n },
  BHD: { ppm: 12_000n, fixed: 50n },
  KWD: { ppm: 12_000n, fixed: 50n },
};

/** Minor units, for each dispute that is opened; not given back when it is won. */
export const DISPUTE_FEE = 1_500n;

/** Minor units, for each debit that comes back. */
export const RETURN_FEE = 400n;

const MILLION = 1_000_000n;

/** The cost of a capture or sale, minor units of its currency; never more than the amount. */
export function costOf(amount: bigint, currency: string): bigint {
  const { ppm, fixed } = PRICES[currency] ?? STANDARD;
  const cost = halfEven(amount * ppm, MILLION) + fixed;
  return cost < amount ? cost : amount;
}

/** The quotient, a half to the even neighbour; of what is not negative. */
function halfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = 2n * (numerator % denominator);
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}
