/** Milliseconds since 1970. */
export type ClockMs = () => number;

export const systemClockMs: ClockMs = () => Date.now();

/** Milliseconds with fractions since some moment; they never go back. */
export const monotonicMs: ClockMs = () => performance.now();
