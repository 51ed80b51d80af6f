import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { named, PREFIX, prefixed, uuidOf } from './prefixed.ts';

describe('an id of the API', () => {
  test('is the digits of a UUID behind what it names, and leads back to it', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.constantFrom(...Object.values(PREFIX)), (uuid, prefix) => {
        expect(uuidOf(prefix, prefixed(prefix, uuid))).toBe(uuid);
      }),
    );
    expect(prefixed('pi', '0190a000-0000-7000-8000-000000000001')).toBe(
      'pi_0190a000000070008000000000000001',
    );
  });

  test.each(['', 'pi_', 'pi', 're_0190a000000070008000000000000001', 'pi_0190A000000070008000000000000001'])(
    'is not "%s"',
    (id) => expect(uuidOf('pi', id)).toBeUndefined(),
  );

  test('that names nothing is no object, the nil UUID too', () => {
    for (const id of ['pi_x', `pi_${'0'.repeat(32)}`, `pi_${'1'.repeat(33)}`])
      expect(() => named('pi', id, 'payment_intent')).toThrow(
        expect.objectContaining({ code: 'resource_missing', fields: { param: 'payment_intent' } }),
      );
  });
});
