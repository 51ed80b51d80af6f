import { expect, test } from 'vitest';
import { checkDepth, parseJson } from './json.ts';

const nested = (depth: number, [open, close] = ['[', ']']): string =>
  open.repeat(depth) + close.repeat(depth);

test('a body nests twenty deep and no deeper, arrays and objects together', () => {
  expect(() => checkDepth(nested(20))).not.toThrow();
  expect(() => checkDepth(nested(21))).toThrow(expect.objectContaining({ code: 'body_too_deep' }));
  expect(() => checkDepth(nested(11, ['{"a":[', ']}']))).toThrow(
    expect.objectContaining({ code: 'body_too_deep' }),
  );
});

test('brackets in strings nest nothing, behind an escaped quote neither', () => {
  expect(() => checkDepth(`"${nested(30)}"`)).not.toThrow();
  expect(() => checkDepth(`["\\"${nested(30)}"]`)).not.toThrow();
  expect(() => checkDepth(`"\\\\"${nested(21)}`)).toThrow();
});

test('one after the other is no depth', () => {
  expect(() => checkDepth(`[${Array.from({ length: 1_000 }, () => '{}').join(',')}]`)).not.toThrow();
});

const parse = (text: string): unknown => parseJson(Buffer.from(text));

test.each([
  ['{"a": {"b": [1, {"__proto__": 1}]}}', 'a.b.1.__proto__'],
  ['{"\\u005f\\u005fproto__": 1}', '__proto__'],
  ['{"a": {"constructor": {"prototype": 1}}}', 'a.constructor'],
  ['{"a": ["\\udc00"]}', 'a.0'],
  ['{"\\ud800": 1}', '\ufffd'],
])('%s is refused by the name of what is at fault', (text, param) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({
      code: 'parameter_invalid',
      fields: expect.objectContaining({ param }) as object,
    }),
  );
});

test.each(['{"constructor": "x"}', '{"a": "\\ud83c\\udf75"}', '{"a": "__proto__", "b": "\\u0000"}'])(
  '%s is what it says',
  (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  },
);

test('no bytes say nothing, and null is no object', () => {
  expect(parse('')).toEqual({});
  expect(() => parse('null')).toThrow(expect.objectContaining({ code: 'body_not_an_object' }));
});
