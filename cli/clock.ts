/** This machine's. */
export function wallClock(): Date {
  return new Date();
}
