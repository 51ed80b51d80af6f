/** Milliseconds since 1970, as gRPC deadlines and UUIDv7 stamps want them. It may jump. */
export function wallClockMs(): number {
  return Date.now();
}

/** Milliseconds since some moment in the past; it never goes back. For everything that measures a span. */
export function monotonicMs(): number {
  return performance.now();
}
