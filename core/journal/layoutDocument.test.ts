import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as layout from '../kernel/ledger/layout.ts';
import { CHECKPOINT, CHECKPOINT_TIP } from './checkpoint.ts';

const document = readFileSync(new URL('../../docs/journal.md', import.meta.url), 'utf8');

const { HEADER, EventType, Kind, State, Flag, Op, SIDES, LIMIT_ORDER, FORMAT, ...others } = layout;
const layouts: Record<string, Record<string, number>> = { ...others, CHECKPOINT, CHECKPOINT_TIP };
const names: Record<string, Record<string, number>> = { EventType, Kind, State, Flag, Op };

/** The rows of the table behind a marker: the field that stands in backticks, and the number in the first cell. */
function tableOf(marker: string): Record<string, number> {
  const [, behind] = document.split(`<!-- ${marker} -->\n`);
  if (behind === undefined) throw new Error(`docs/journal.md has no table "${marker}"`);
  const rows = behind.slice(0, behind.search(/\n(?!\|)/)).split('\n');
  return Object.fromEntries(
    rows.flatMap((row) => {
      const found = /^\| (\d+) \|.*?`(\w+)`/.exec(row);
      return found === null ? [] : [[found[2], Number(found[1])]];
    }),
  );
}

describe('docs/journal.md', () => {
  test.each(Object.keys(layouts))('has the offsets of %s', (name) => {
    expect(tableOf(`layout ${name}`)).toEqual(layouts[name]);
  });

  test('has the offsets of HEADER', () => {
    const { bytes, ...fields } = HEADER;
    expect(tableOf('layout HEADER')).toEqual(fields);
    expect(bytes).toBe(8);
  });

  test.each(Object.keys(names))('has the numbers of %s', (name) => {
    expect(tableOf(`names ${name}`)).toEqual(names[name]);
  });

  test('control: a table that is not there is noticed', () => {
    expect(() => tableOf('layout NOTHING')).toThrow('no table');
    expect(Object.keys(layouts).length).toBeGreaterThan(14);
    expect([SIDES, LIMIT_ORDER.length, FORMAT]).toEqual([
      { debitCreditNormal: 1, creditCreditNormal: 2 },
      4,
      1,
    ]);
  });
});
