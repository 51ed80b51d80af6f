/** Milliseconds since some moment in the past; it never goes back. */
export function nowMs(): number {
  return performance.now();
}

/** Milliseconds since 1970, as UUIDv7 stamps and gRPC deadlines want them. */
export function wallClockMs(): number {
  return Date.now();
}
