import { describe, expect, test } from 'vitest';
import { Lane, whereToGoOn } from './lane.ts';

const PLACE = { shard: 3, stream: 'SETTLEMENT' } as const;
const KEPT = { ...PLACE, created: 'monday', streamSeq: 100, lastSeq: 40, readSeq: 60 };
const SAME = { created: 'monday', lastSeq: 100 };

describe('where to go on', () => {
  test.each([
    ['a new stream that holds nothing: from the beginning', null, undefined, SAME, 0, 0],
    ['a stream that nothing is known of: behind what it holds', 35, undefined, SAME, 35, 35],
    ['the very stream: where there was nothing more to bring', 40, KEPT, SAME, 40, 60],
    ['more is held than was acknowledged without a gap: at the gap', 70, KEPT, SAME, 40, 60],
    ['less is held than was acknowledged: behind what is held', 30, KEPT, SAME, 30, 30],
    ['retention let go of it: nothing is brought again', null, KEPT, SAME, 40, 60],
    ['another stream of that name: behind what it holds', 5, KEPT, { ...SAME, created: 'tuesday' }, 5, 5],
    [
      'a stream that is another and empty: from the beginning',
      null,
      KEPT,
      { ...SAME, created: 'tuesday' },
      0,
      0,
    ],
    [
      'a stream that is shorter than it was: behind what it holds',
      20,
      KEPT,
      { ...SAME, lastSeq: 99 },
      20,
      20,
    ],
  ] as const)('%s', (_, held, kept, identity, last, read) => {
    expect(whereToGoOn(held, kept, identity)).toEqual({ last, read });
  });
});

describe('a lane', () => {
  test('has stored what is acknowledged with all before it, in whatever order that comes', () => {
    const lane = new Lane(PLACE, { last: 4, read: 9 });
    expect([lane.stored, lane.settled]).toEqual([4, 9]);
    for (const seq of [10, 12, 15]) lane.send(seq);
    lane.read = 20;
    lane.store(12);
    expect([lane.stored, lane.settled]).toEqual([4, 4]);
    lane.store(10);
    expect([lane.stored, lane.settled]).toEqual([12, 12]);
    lane.store(15);
    expect([lane.stored, lane.settled, lane.sent]).toEqual([15, 20, 15]);
  });

  test('goes on so for as long as it lasts', () => {
    const lane = new Lane(PLACE, { last: 0, read: 0 });
    for (let seq = 1; seq <= 5_000; seq++) {
      lane.send(seq);
      if (seq > 100) lane.store(seq - 100);
    }
    expect([lane.stored, lane.settled]).toEqual([4_900, 4_900]);
    for (let seq = 5_000; seq > 4_900; seq--) lane.store(seq);
    expect(lane.stored).toBe(5_000);
  });
});
