import { expect, test } from 'vitest';
import { canonicalMetadata, textFault } from './metadata.ts';

const utf8 = new TextEncoder();
const entry = (key: string, value: string) => ({ key: utf8.encode(key), value: utf8.encode(value) });

test.each([
  ['a lead byte alone', [0xc3]],
  ['bytes that UTF-8 never has', [0xff, 0xfe]],
  ['a continuation byte alone', [0x80]],
  ['a lead byte before ASCII', [0xc3, 0x41]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['U+0000', [0x41, 0x00]],
])('refuses text with %s', (_, bytes) => {
  expect(textFault(Uint8Array.from(bytes), 10)).toBe('INVALID_TEXT');
});

test('counts code points, not bytes', () => {
  expect(textFault(utf8.encode('😀'.repeat(10)), 10)).toBeNull();
  expect(textFault(utf8.encode('😀'.repeat(11)), 10)).toBe('TOO_LONG');
  expect(textFault(utf8.encode('a'.repeat(11)), 10)).toBe('TOO_LONG');
});

test('metadata in another order is the same metadata', () => {
  const one = canonicalMetadata([entry('a', '1'), entry('b', '2'), entry('ä', '3')]);
  expect(one).toEqual(canonicalMetadata([entry('ä', '3'), entry('b', '2'), entry('a', '1')]));
});

test('of a key that comes twice the last value counts', () => {
  expect(canonicalMetadata([entry('a', '1'), entry('a', '2')])).toEqual(canonicalMetadata([entry('a', '2')]));
});

test('metadata keeps its bounds', () => {
  const reason = (entries: ReturnType<typeof entry>[]) => {
    const canonical = canonicalMetadata(entries);
    return 'reason' in canonical ? canonical.reason : null;
  };
  const many = (count: number) => Array.from({ length: count }, (_, i) => entry(`k${i}`, 'v'));
  expect(reason(many(50))).toBeNull();
  expect(reason(many(51))).toBe('TOO_MANY');
  expect(reason([entry('', 'v')])).toBe('MISSING_FIELD');
  expect(reason([entry('k'.repeat(40), 'v'.repeat(500))])).toBeNull();
  expect(reason([entry('k'.repeat(41), 'v')])).toBe('TOO_LONG');
  expect(reason([entry('k', 'v'.repeat(501))])).toBe('TOO_LONG');
  expect(reason([entry('k', 'a\u0000')])).toBe('INVALID_TEXT');
});
