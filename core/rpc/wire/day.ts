import { FIRST_DAY, LAST_DAY } from '../../kernel/ledger/limits.ts';

/** 'YYYY-MM-DD' in ASCII as days since 1970-01-01; null where it is no such day, or outside 1900 to 2999. */
export function readDay(bytes: Uint8Array, at: number, length: number): number | null {
  if (length !== 10 || bytes[at + 4] !== 45 || bytes[at + 7] !== 45) return null;
  const year = digits(bytes, at, 4),
    month = digits(bytes, at + 5, 2),
    day = digits(bytes, at + 8, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  const days = civil(year, month, day);
  return days < FIRST_DAY || days > LAST_DAY ? null : days;
}

function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) {
    const digit = bytes[at + i] - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 of a day of the Gregorian calendar; years begin in March, so that the leap day comes last. */
function civil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
