import { expect, test } from 'vitest';
import { checkDepth } from './json.ts';

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
