import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Caller } from '../auth/caller.ts';
import { canonical, commandId, idempotent, keyOf } from './key.ts';

const caller: Caller = {
  keyId: 'k',
  book: 'shop',
  merchantId: 'm',
  isLive: false,
  kind: 'secret',
  scopes: new Set(),
};
const asked = { caller, method: 'POST', path: '/v1/refunds', body: { amount: 1 } };

describe('the key of a header', () => {
  test('is the same with and without quotes', () => {
    expect(keyOf('order 7')).toBe('order 7');
    expect(keyOf('"order 7"')).toBe('order 7');
    expect(keyOf(String.raw`"a\"b\\c"`)).toBe(String.raw`a"b\c`);
    expect(keyOf('x'.repeat(255))).toHaveLength(255);
    expect(keyOf(undefined)).toBeUndefined();
  });

  test.each(['', '""', 'x'.repeat(256), 'smörgås', 'a\tb'])('is refused as "%s"', (header) => {
    expect(() => keyOf(header)).toThrow(
      expect.objectContaining({
        code: 'idempotency_key_invalid',
        fields: expect.objectContaining({ param: 'Idempotency-Key' }),
      }),
    );
  });
});

describe('what is asked', () => {
  test('is the same in whatever order its keys come', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonical(reversed)).toBe(canonical(value));
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('differs by body, path and method; its record by account, mode and key', () => {
    const { recordId, fingerprint } = idempotent('a', asked);
    const others = [
      { ...asked, body: { amount: 2 } },
      { ...asked, path: '/v1/payment_intents' },
      { ...asked, method: 'DELETE' },
    ];
    for (const other of others) {
      const found = idempotent('a', other);
      expect(found.recordId).toBe(recordId);
      expect(found.fingerprint).not.toEqual(fingerprint);
    }
    const records = [
      idempotent('b', asked),
      idempotent('a', { ...asked, caller: { ...caller, isLive: true } }),
      idempotent('a', { ...asked, caller: { ...caller, merchantId: 'n' } }),
    ];
    expect(new Set([recordId, ...records.map((one) => one.recordId)]).size).toBe(4);
  });

  test('has a command of its own for each try, and none is the record', () => {
    const request = idempotent('a', asked);
    const ids = [request.recordId, commandId(request, 0), commandId(request, 1)];
    expect(new Set(ids).size).toBe(3);
    expect(commandId(idempotent('a', asked), 1)).toBe(ids[2]);
  });
});
