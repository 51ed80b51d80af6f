import { expect, test } from 'vitest';
import { Draw, seedOfRun } from '../../../test/support/load/draw.ts';
import { ListPosition, type Moment } from './position.ts';

const LATE_MS = 10_000;
const NOON_MS = Date.UTC(2026, 10, 27, 12);
const HOUR_MS = 3_600_000;
/** Within what clocks may be apart. */
const CLOCK_PUT_MS = 290_000;
const AT_END = { isMore: false, isAnew: false, unreadable: [] };

/** By a wall that was put forward by so much; the monotonic clock knows nothing of that. */
const at = (ms: number, putMs = 0): Moment => ({ wallMs: ms + putMs, monotonicMs: ms - NOON_MS });

function positionOf(from = ''): ListPosition {
  return new ListPosition(from, { lateMs: LATE_MS });
}

/** A reading of one page. */
function read(position: ListPosition, atMs: number, cursor: string, newestMs: number | null = atMs): string {
  position.begin(at(atMs));
  position.took({ ...AT_END, cursor, newestMs }, at(atMs));
  return position.from;
}

test('what is new is read again until nothing can come in before it any more', () => {
  const position = positionOf();
  expect(read(position, NOON_MS, 'a')).toBe('');
  expect(read(position, NOON_MS + LATE_MS - 1, 'b')).toBe('');
  expect(read(position, NOON_MS + LATE_MS, 'c')).toBe('a');
  expect(read(position, NOON_MS + 3 * LATE_MS, 'd')).toBe('c');
  expect(read(position, NOON_MS + 4 * LATE_MS, 'd', null)).toBe('d');
});

test('what is old by the provider’s clock is not read again, though there is more behind it', () => {
  const position = positionOf();
  position.begin(at(NOON_MS));
  const page = { ...AT_END, isMore: true };
  position.took({ ...page, cursor: 'a', newestMs: NOON_MS - HOUR_MS }, at(NOON_MS));
  expect(position.from).toBe('a');
  position.took({ ...page, cursor: 'b', newestMs: NOON_MS - HOUR_MS }, at(NOON_MS));
  expect(position.from).toBe('b');
  position.took({ ...page, cursor: 'c', newestMs: NOON_MS - LATE_MS }, at(NOON_MS));
  // Clocks may be five minutes apart.
  expect(position.from).toBe('b');
  position.took({ ...page, cursor: 'd', newestMs: NOON_MS - HOUR_MS }, at(NOON_MS));
  expect(position.from).toBe('b');
});

test('a wall clock that is put forward makes nothing old that was just read', () => {
  const position = positionOf();
  const page = { ...AT_END, cursor: 'a', newestMs: NOON_MS };
  position.begin(at(NOON_MS));
  position.took(page, at(NOON_MS));
  position.begin(at(NOON_MS + 1, CLOCK_PUT_MS));
  position.took({ ...page, cursor: 'b' }, at(NOON_MS + 1, CLOCK_PUT_MS));
  expect(position.from).toBe('');
});

test('a list that has begun anew is read from its beginning, by no place of the one before', () => {
  const position = positionOf('z');
  read(position, NOON_MS, 'y');
  position.begin(at(NOON_MS + LATE_MS));
  position.took({ ...AT_END, cursor: 'a', newestMs: NOON_MS, isAnew: true }, at(NOON_MS + LATE_MS));
  expect(position.from).toBe('');
  expect(read(position, NOON_MS + 2 * LATE_MS, 'b')).toBe('a');
});

/** A list whose order is that of happening, into which events come up to `LATE_MS` late. */
class LateList {
  readonly #events: { readonly happenedMs: number; readonly listedMs: number }[] = [];

  happen(happenedMs: number, listedMs: number): void {
    this.#events.push({ happenedMs, listedMs });
  }

  get count(): number {
    return this.#events.length;
  }

  page(cursor: string, nowMs: number, limit: number) {
    const from = cursor === '' ? 0 : Number(cursor) + 1;
    const behind = this.#events.flatMap((event, index) =>
      index >= from && event.listedMs <= nowMs ? { ...event, index } : [],
    );
    const events = behind.slice(0, limit);
    const last = events.at(-1);
    return {
      seen: events.map(({ index }) => index),
      cursor: last === undefined ? cursor : String(last.index),
      newestMs: last?.happenedMs ?? null,
      isMore: behind.length > limit,
      isAnew: false,
      unreadable: [],
    };
  }
}

interface Run {
  readonly missed: number[];
  readonly read: number;
  readonly events: number;
}

/** Readings at any moments of a list that grows meanwhile, with restarts in between. */
function run(seed: number, lateMs: number): Run {
  const draw = new Draw(seed);
  const list = new LateList();
  const seen = new Set<number>();
  let nowMs = NOON_MS;
  let read = 0;
  let position = new ListPosition('', { lateMs });
  const readAll = (): void => {
    position.begin(at(nowMs));
    for (let cursor = position.from; ;) {
      const page = list.page(cursor, nowMs, draw.from(1, 20));
      for (const index of page.seen) seen.add(index);
      read += page.seen.length;
      position.took(page, at(nowMs));
      if (!page.isMore) return;
      cursor = page.cursor;
      nowMs += draw.from(0, 500);
    }
  };
  for (let step = 0; step < 200; step++) {
    for (let n = draw.from(0, 10); n > 0; n--) {
      const isLate = draw.unit() < 0.3;
      list.happen(nowMs, nowMs + (isLate ? draw.from(1, LATE_MS) : 0));
      nowMs += draw.from(0, 300);
    }
    nowMs += draw.unit() < 0.05 ? HOUR_MS : draw.from(0, 6_000);
    if (draw.unit() < 0.1) position = new ListPosition(position.from, { lateMs });
    readAll();
  }
  nowMs += LATE_MS;
  readAll();
  const missed = Array.from({ length: list.count }, (_, index) => index).filter((index) => !seen.has(index));
  return { missed, read, events: list.count };
}

test('whatever is listed late, in whatever rhythm it is read, nothing is missed', () => {
  const seed = seedOfRun();
  let read = 0;
  let events = 0;
  for (let n = 0; n < 200; n++) {
    const one = run(seed + n, LATE_MS);
    expect(one.missed, `seed ${seed + n}`).toEqual([]);
    read += one.read;
    events += one.events;
  }
  // Not by reading everything from the beginning each time.
  expect(read / events).toBeLessThan(10);
});

test('control: without going back what comes late is missed', () => {
  const missed = Array.from({ length: 20 }, (_, seed) => run(seed, -HOUR_MS).missed.length);
  expect(missed.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(0);
});
