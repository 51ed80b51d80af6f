import { describe, expect, it } from 'vitest';
import { jsonOf } from './sqlForms.ts';
import { isWhole, metaStatement } from './sqlPrompt.ts';

describe('a statement at the prompt', () => {
  it.each(['select 1;', "select ';';", 'select 1; -- done', 'select 1\n;', 'select /* ; */ 1;'])(
    'is whole: %j',
    (text) => {
      expect(isWhole(text)).toBe(true);
    },
  );

  it.each(['select 1', "select ';", "select ';'", 'select 1 -- ;', 'select "a;', 'select /* ; */ 1'])(
    'goes on: %j',
    (text) => {
      expect(isWhole(text)).toBe(false);
    },
  );

  it('names a view for \\d and nothing that could be more than a name', () => {
    expect(metaStatement('\\d books.Entries')).toContain("relname = 'entries'");
    expect(metaStatement("\\d x'; drop table y")).not.toContain('drop');
  });
});

describe('a value in JSON', () => {
  const [int8, numeric, bool, float8, jsonb, text] = [20, 1700, 16, 701, 3802, 25];
  it.each([
    [int8, '3924614280', 3_924_614_280],
    [int8, '9223372036854775807', '9223372036854775807'],
    [numeric, '3924614280', 3_924_614_280],
    [numeric, '0.10', '0.10'],
    [bool, 't', true],
    [bool, 'f', false],
    [float8, '1.5', 1.5],
    [float8, 'NaN', 'NaN'],
    [jsonb, '{"a": [1]}', { a: [1] }],
    [text, '007', '007'],
    [text, null, null],
  ])('of type %i: %s', (dataTypeID, value, expected) => {
    expect(jsonOf({ dataTypeID }, value)).toEqual(expected);
  });
});
