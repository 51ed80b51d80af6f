/** Milliseconds since 1970, by this machine's clock. */
export function wallClockMs(): number {
  return Date.now();
}

/** Milliseconds that only go up, from no particular time. */
export function monotonicMs(): number {
  return performance.now();
}
