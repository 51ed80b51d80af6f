import { describe, expect, test } from 'vitest';
import { Lane, whereToGoOn } from './lane.ts';

const PLACE = { shard: 3, stream: 'SETTLEMENT' } as const;
const KEPT = { ...PLACE, created: 'monday', streamSeq: 100, lastSeq: 40, readSeq: 60, era: 7 };
const SAME = { created: 'monday', lastSeq: 100 };
const OTHER = { created: 'tuesday', lastSeq: 100 };
const SHORTER = { created: 'monday', lastSeq: 99 };
const at = (seq: number, streamSeq = 99) => ({ seq, streamSeq });

describe('where to go on', () => {
  test.each([
    ['a new stream that holds nothing: from the beginning', null, undefined, SAME, [0, 0, 1]],
    ['what a stream holds that nothing is known of proves nothing', at(35), undefined, SAME, [0, 0, 1]],
    ['the very stream: where there was nothing more to bring', at(40), KEPT, SAME, [40, 60, 7]],
    ['more is held than was acknowledged without a gap: at the gap', at(70), KEPT, SAME, [40, 60, 7]],
    ['less is held than was acknowledged: behind what is held', at(30), KEPT, SAME, [30, 30, 7]],
    ['retention let go of it: nothing is brought again', null, KEPT, SAME, [40, 60, 7]],
    ['into a stream made anew another relay may have put its next', at(45), KEPT, OTHER, [0, 0, 8]],
    ['a stream that is another and empty: from the beginning', null, KEPT, OTHER, [0, 0, 8]],
    ['a stream that is shorter than it was: behind what it holds', at(20), KEPT, SHORTER, [20, 20, 8]],
    ['shorter, and there was a gap: no further than that', at(50), KEPT, SHORTER, [40, 40, 8]],
    ['shorter, and something came since: from the beginning', at(50, 100), KEPT, SHORTER, [0, 0, 8]],
    ['shorter, and nothing is held: from the beginning', null, KEPT, SHORTER, [0, 0, 8]],
  ] as const)('%s', (_, held, kept, identity, [last, read, era]) => {
    expect(whereToGoOn(held, kept, identity)).toEqual({ last, read, era });
  });
});

describe('a lane', () => {
  test('has stored what is acknowledged with all before it, in whatever order that comes', () => {
    const lane = new Lane(PLACE, { last: 4, read: 9, era: 1 });
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
    const lane = new Lane(PLACE, { last: 0, read: 0, era: 1 });
    for (let seq = 1; seq <= 5_000; seq++) {
      lane.send(seq);
      if (seq > 100) lane.store(seq - 100);
    }
    expect([lane.stored, lane.settled]).toEqual([4_900, 4_900]);
    for (let seq = 5_000; seq > 4_900; seq--) lane.store(seq);
    expect(lane.stored).toBe(5_000);
  });
});
