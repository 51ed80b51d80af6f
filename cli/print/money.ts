const INT64_MAX = 9_223_372_036_854_775_807n;
const SCALE_MAX = 9;

/**
 * The minor units of a decimal text such as "1234.5", exactly; undefined unless it is a plain decimal number of at most
 * `scale` decimals whose minor units fit an int64. Never goes through a float.
 */
export function parseMinorUnits(text: string, scale: number): bigint | undefined {
  const match = /^(-?)(\d{1,19})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, decimals = ''] = match;
  if (decimals.length > scale) return undefined;
  const units = BigInt(whole + decimals.padEnd(scale, '0'));
  if (units > INT64_MAX) return undefined;
  return sign === '-' ? -units : units;
}

/** An amount for the eye: "-1,234.50". The sign is always written, and the decimals are exactly those of the asset. */
export function formatAmount(minorUnits: bigint, scale: number): string {
  return decimal(minorUnits, scale, (whole) => whole.replaceAll(/\B(?=(\d{3})+$)/g, ','));
}

/** An amount for a program: "-1234.50". */
export function formatPlainAmount(minorUnits: bigint, scale: number): string {
  return decimal(minorUnits, scale, (whole) => whole);
}

function decimal(minorUnits: bigint, scale: number, group: (whole: string) => string): string {
  if (!Number.isInteger(scale) || scale < 0 || scale > SCALE_MAX) throw new RangeError(`scale ${scale}`);
  const isNegative = minorUnits < 0n;
  const digits = (isNegative ? -minorUnits : minorUnits).toString().padStart(scale + 1, '0');
  const whole = group(digits.slice(0, digits.length - scale));
  const fraction = digits.slice(digits.length - scale);
  return `${isNegative ? '-' : ''}${whole}${scale === 0 ? '' : `.${fraction}`}`;
}
