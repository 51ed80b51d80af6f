import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FIRST_DAY, LAST_DAY } from '../../kernel/ledger/limits.ts';
import { formatDay, parseDay } from './date.ts';

describe('a date', () => {
  test('of every day from 1900 to 2999 survives writing and reading', () => {
    for (let day = FIRST_DAY; day <= LAST_DAY; day++) {
      if (parseDay(formatDay(day)) !== day) expect.fail(`${day} became ${formatDay(day)}`);
    }
  });

  test('has the bounds of the contract', () => {
    expect(formatDay(FIRST_DAY)).toBe('1900-01-01');
    expect(formatDay(LAST_DAY)).toBe('2999-12-31');
    expect(parseDay('1899-12-31')).toBeNull();
    expect(parseDay('3000-01-01')).toBeNull();
    expect(parseDay('1970-01-01')).toBe(0);
  });

  test.each([
    '2023-02-29',
    '2100-02-29',
    '2024-04-31',
    '2024-00-10',
    '2024-13-01',
    '2024-01-00',
    '2024-1-01',
    '+02024-01',
    '',
  ])('%j is none', (text) => expect(parseDay(text)).toBeNull());

  test('is read as the calendar of the machine reads it, or not at all', () => {
    const part = (max: number, digits: number) =>
      fc.integer({ min: 0, max }).map((n) => String(n).padStart(digits, '0'));
    const dates = fc.tuple(part(9999, 4), part(19, 2), part(39, 2)).map((parts) => parts.join('-'));
    fc.assert(
      fc.property(dates, (text) => {
        const time = Date.parse(`${text}T00:00:00Z`);
        const isDay = Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
        const day = time / 86_400_000;
        expect(parseDay(text)).toBe(isDay && day >= FIRST_DAY && day <= LAST_DAY ? day : null);
      }),
      { numRuns: 5_000 },
    );
  });

  test('in any hostile text is refused', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        minLength: 10,
        maxLength: 10,
        unit: fc.constantFrom('0', '1', '2', '-', '\0', '\ud800', '２', ' '),
      }),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const day = parseDay(text);
        if (day !== null) expect(formatDay(day)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
