import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { METADATA } from '../../kernel/ledger/layout.ts';
import { METADATA_KEY_CHARACTERS_MAX, METADATA_VALUE_CHARACTERS_MAX } from '../../kernel/ledger/limits.ts';
import { encodeMetadata } from './metadata.ts';

/** Reads canonical bytes back, in their order. */
function entriesOf(bytes: Uint8Array): [string, string][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const entries: [string, string][] = [];
  for (let at = 0; at < bytes.length;) {
    const key = view.getUint8(at + METADATA.keyBytes),
      value = view.getUint16(at + METADATA.valueBytes, true);
    at += METADATA.bytes;
    entries.push([
      utf8.decode(bytes.subarray(at, at + key)),
      utf8.decode(bytes.subarray(at + key, at + key + value)),
    ]);
    at += key + value;
  }
  return entries;
}

const text = (min: number, max: number) => fc.string({ unit: 'binary', minLength: min, maxLength: max });

describe('metadata', () => {
  test('in whatever order has one canonical form that says the same', () => {
    const entries = fc.uniqueArray(fc.tuple(text(1, 12), text(0, 20)), {
      selector: ([key]) => key,
      maxLength: 20,
    });
    fc.assert(
      fc.property(entries, (pairs) => {
        const given = encodeMetadata(Object.fromEntries(pairs));
        const reversed = encodeMetadata(Object.fromEntries(pairs.toReversed()));
        expect(reversed).toEqual(given);
        const isClean = pairs.every((pair) =>
          pair.every((part) => part.isWellFormed() && !part.includes('\0')),
        );
        expect('bytes' in given).toBe(isClean);
        if (!('bytes' in given)) return;
        const read = entriesOf(given.bytes);
        expect(Object.fromEntries(read)).toEqual(Object.fromEntries(pairs));
        const keys = read.map(([key]) => Buffer.from(key));
        expect(keys.toSorted((a, b) => Buffer.compare(a, b))).toEqual(keys);
      }),
      { numRuns: 2_000 },
    );
  });

  test('never lets half a surrogate pair become another character', () => {
    expect(encodeMetadata({ note: 'a\ud800b' })).toEqual({ reason: 'INVALID_TEXT' });
    expect(encodeMetadata({ '\udfff': 'a' })).toEqual({ reason: 'INVALID_TEXT' });
    // A control: the encoder alone would write U+FFFD, which is another text.
    expect(new TextEncoder().encode('\ud800')).toEqual(new TextEncoder().encode('\ufffd'));
  });

  test('has no U+0000, no empty key, and bounds in characters, not bytes', () => {
    const reasonOf = (entries: Record<string, string>) => {
      const encoded = encodeMetadata(entries);
      return 'reason' in encoded ? encoded.reason : null;
    };
    expect(reasonOf({ a: 'b\0' })).toBe('INVALID_TEXT');
    expect(reasonOf({ 'a\0': 'b' })).toBe('INVALID_TEXT');
    expect(reasonOf({ '': 'b' })).toBe('MISSING_FIELD');
    expect(
      reasonOf({ ['𝄞'.repeat(METADATA_KEY_CHARACTERS_MAX)]: '𝄞'.repeat(METADATA_VALUE_CHARACTERS_MAX) }),
    ).toBeNull();
    expect(reasonOf({ ['k'.repeat(METADATA_KEY_CHARACTERS_MAX + 1)]: '' })).toBe('TOO_LONG');
    expect(reasonOf({ k: 'v'.repeat(METADATA_VALUE_CHARACTERS_MAX + 1) })).toBe('TOO_LONG');
    expect(reasonOf(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, ''])))).toBeNull();
    expect(reasonOf(Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, ''])))).toBe(
      'TOO_MANY',
    );
  });

  test('keeps a key called __proto__ as a key like any other', () => {
    const encoded = encodeMetadata(JSON.parse('{"__proto__":"x"}') as Record<string, string>);
    expect('bytes' in encoded && entriesOf(encoded.bytes)).toEqual([['__proto__', 'x']]);
  });
});
