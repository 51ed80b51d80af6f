/** Milliseconds since 1970. */
export type ClockMs = () => number;

export const systemClockMs: ClockMs = () => Date.now();
