/** Milliseconds since 1970: dates of messages are the calendar's. */
export const wallMs = (): number => Date.now();
