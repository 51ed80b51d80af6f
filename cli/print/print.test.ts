import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { readDate, readMoment } from '../commands/moment.ts';
import { csvRecord } from './csv.ts';
import { isoMoment, jsonInteger } from './json.ts';
import { tableLines } from './table.ts';

const columns = [
  { title: 'CODE', isFlexible: true, text: (row: string[]) => row[0] },
  { title: 'BALANCE', align: 'right', text: (row: string[]) => row[1] },
] as const;
const rows = [
  ['customers:2378', '50,956.20'],
  ['bank', '-1.00'],
];

describe('a table', () => {
  it('stands text to the left and numbers to the right, without colours in a pipe', () => {
    expect(tableLines(columns, rows, { width: undefined, isColoured: false })).toEqual([
      'CODE              BALANCE',
      'customers:2378  50,956.20',
      'bank                -1.00',
    ]);
  });

  it('cuts what may be cut to fit the terminal, and never a number', () => {
    expect(tableLines(columns, rows, { width: 20, isColoured: false })).toEqual([
      'CODE         BALANCE',
      'customer…  50,956.20',
      'bank           -1.00',
    ]);
  });

  it('shows negative numbers in red where colours are', () => {
    const [, positive, negative] = tableLines(columns, rows, { width: undefined, isColoured: true });
    expect(positive).not.toContain('\u001B[');
    expect(negative).toMatch(/\u001B\[31m +-1\.00\u001B\[0m$/);
  });

  it('lets no text move the cursor or break a line', () => {
    const lines = tableLines(columns, [['a\u001B[2Jb\nc\u202Ed', '1']], {
      width: undefined,
      isColoured: false,
    });
    expect(lines[1]).toBe('a\uFFFD[2Jb\uFFFDc\uFFFDd        1');
  });

  it('keeps its columns straight beneath wide characters', () => {
    const lines = tableLines(
      columns,
      [
        ['口座', '1'],
        ['e\u0301a', '2'],
      ],
      { width: undefined, isColoured: false },
    );
    expect(lines.slice(1)).toEqual(['口座        1', 'e\u0301a          2']);
  });
});

describe('JSON', () => {
  it('holds an int64 as a number while that is exact, else as a string', () => {
    expect(jsonInteger(3_924_614_280n)).toBe(3_924_614_280);
    expect(jsonInteger(2n ** 53n - 1n)).toBe(9_007_199_254_740_991);
    expect(jsonInteger(2n ** 53n)).toBe('9007199254740992');
    expect(jsonInteger(-(2n ** 63n))).toBe('-9223372036854775808');
  });

  it('holds a moment to the microsecond', () => {
    expect(isoMoment({ ...timestampFromMs(0), nanos: 1_000 })).toBe('1970-01-01T00:00:00.000001Z');
    expect(isoMoment(undefined)).toBeNull();
  });
});

describe('CSV', () => {
  it('quotes what needs it', () => {
    expect(csvRecord(['a', '1,2', 'say "x"', 'b\nc', ''])).toBe('a,"1,2","say ""x""","b\nc",');
  });
});

describe('a moment typed by a person', () => {
  const at = { option: '--at', dateMeans: 'its end' } as const;

  it('may be a date, which then is its begin or its end', () => {
    expect(isoMoment(readMoment('1993-12-31', at))).toBe('1993-12-31T23:59:59.999999Z');
    expect(isoMoment(readMoment('1993-12-31', { ...at, dateMeans: 'its begin' }))).toBe(
      '1993-12-31T00:00:00.000000Z',
    );
  });

  it('may be a time with its zone', () => {
    expect(isoMoment(readMoment('1994-01-01T00:30+01:00', at))).toBe('1993-12-31T23:30:00.000000Z');
    expect(isoMoment(readMoment('1994-01-01 00:30:05.25Z', at))).toBe('1994-01-01T00:30:05.250000Z');
  });

  it.each(['', 'today', '1993-02-29', '1993-13-01', '1994-01-01T00:30', '1994-01-01T25:00Z', '93-01-01'])(
    'is refused as %j',
    (text) => {
      expect(() => readMoment(text, at)).toThrow(/--at is/);
      expect(() => readDate(text, '--from')).toThrow(/--from is/);
    },
  );

  it('knows leap years', () => {
    expect(readDate('2000-02-29', '--from')).toBe('2000-02-29');
    expect(() => readDate('1900-02-29', '--from')).toThrow();
  });
});
