/** Milliseconds since 1970, by this machine's clock. */
export function wallClockMs(): number {
  return Date.now();
}
