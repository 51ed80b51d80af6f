/** Milliseconds since some moment in the past; it never goes back. */
export function nowMs(): number {
  return performance.now();
}

/** Microseconds of the machine's monotonic clock, the same in every process: what V8's profiles count in. */
export function machineUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** Milliseconds since 1970, as UUIDv7 stamps and gRPC deadlines want them. */
export function wallClockMs(): number {
  return Date.now();
}
