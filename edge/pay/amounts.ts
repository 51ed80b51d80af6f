/** "EUR 19.99", "JPY 1000", "KWD 1.234": exact, by the number of decimals that the currency has. */
export function amountText(
  { minorUnits, asset }: { minorUnits: bigint; asset: string },
  scale: number,
): string {
  const digits = String(minorUnits).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return scale === 0 ? `${asset} ${whole}` : `${asset} ${whole}.${digits.slice(-scale)}`;
}
