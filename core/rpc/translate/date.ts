import { readDay } from '../wire/day.ts';

const ascii = new Uint8Array(10);
const DAY_MS = 86_400_000;

/** 'YYYY-MM-DD' as days since 1970-01-01; null where it is no such day, or outside 1900 to 2999. */
export function parseDay(text: string): number | null {
  if (text.length !== 10) return null;
  for (let i = 0; i < 10; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return null;
    ascii[i] = unit;
  }
  return readDay(ascii, 0, 10);
}

/** Days since 1970-01-01 as 'YYYY-MM-DD', for days that `parseDay` can make. */
export function formatDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
