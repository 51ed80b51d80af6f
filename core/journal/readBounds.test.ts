import fc from 'fast-check';
import { expect, test } from 'vitest';
import { within } from './readBounds.ts';

const block = fc.record({ eventCount: fc.nat(20), bytes: fc.nat(20) });

test('blocks are taken from the front as long as both bounds hold, and the first in any case', () => {
  fc.assert(
    fc.property(fc.array(block), fc.nat(60), fc.nat(60), (blocks, eventsMax, bytesMax) => {
      const taken = within(blocks, ({ bytes }) => bytes, { eventsMax, bytesMax });
      const fits = (count: number) =>
        count <= 1 ||
        (blocks.slice(0, count).reduce((sum, { eventCount }) => sum + eventCount, 0) <= eventsMax &&
          blocks.slice(0, count).reduce((sum, { bytes }) => sum + bytes, 0) <= bytesMax);
      expect(taken).toEqual(blocks.slice(0, taken.length));
      expect(fits(taken.length)).toBe(true);
      if (taken.length < blocks.length) expect(fits(taken.length + 1)).toBe(false);
    }),
  );
});
