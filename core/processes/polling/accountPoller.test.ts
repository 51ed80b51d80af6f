import { beforeEach, describe, expect, test } from 'vitest';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { Timers } from '../../shard/ports.ts';
import type { ProviderEvents, Taken, TakenOrNot } from '../events.ts';
import { Provider } from '../providers.ts';
import type { ListEventsOutcome, PspAdapter, PspEvent } from '../psp.ts';
import { AccountPoller } from './accountPoller.ts';
import type { EventPlaces, ListedAccount, Unmatched, WaitingEvent } from './ports.ts';

const EVERY_MS = 60_000;
const LATE_MS = 10_000;
const DAY_MS = 86_400_000;
const OPERATION = '01900000-0000-7000-8000-000000000001' as Uuid;

/** Time that passes when a test says so, and whoever waits for it. */
class FakeTime {
  nowMs = 1_700_000_000_000;
  readonly clock = { wallUs: () => this.nowMs * 1_000, monotonicUs: () => this.nowMs * 1_000 };
  readonly waits: number[] = [];
  #waiting: { atMs: number; callback: () => void }[] = [];
  readonly timers: Timers = {
    after: (delayMs, callback) => {
      this.waits.push(delayMs);
      const one = { atMs: this.nowMs + delayMs, callback };
      this.#waiting.push(one);
      return () => (this.#waiting = this.#waiting.filter((other) => other !== one));
    },
    soon: (callback) => void setImmediate(callback),
  };

  /** To the next moment that is waited for, and until nothing moves any more. */
  async next(): Promise<void> {
    const [first] = this.#waiting.toSorted((a, b) => a.atMs - b.atMs);
    if (first === undefined) throw new Error('nobody waits');
    this.#waiting = this.#waiting.filter((other) => other !== first);
    this.nowMs = Math.max(this.nowMs, first.atMs);
    first.callback();
    for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
  }
}

class FakePlaces implements EventPlaces {
  cursor = '';
  isBroken = false;
  readonly waiting = new Map<string, WaitingEvent & { atMs: number; why: string }>();
  readonly #time: FakeTime;

  constructor(time: FakeTime) {
    this.#time = time;
  }

  cursorOf(): Promise<string> {
    return this.#answer(this.cursor);
  }

  saveCursor(_: ListedAccount, cursor: string): Promise<void> {
    this.cursor = cursor;
    return this.#answer(undefined);
  }

  keep(_: ListedAccount, events: readonly Unmatched[]): Promise<void> {
    if (this.isBroken && events.length > 0) return Promise.reject(new Error('the database is away'));
    const { nowMs } = this.#time;
    for (const { event, why, afterMs } of events)
      if (!this.waiting.has(event.dedupeKey))
        this.waiting.set(event.dedupeKey, { event, why, tries: 0, sinceMs: nowMs, atMs: nowMs + afterMs });
    return Promise.resolve();
  }

  due(): Promise<WaitingEvent[]> {
    return this.#answer([...this.waiting.values()].filter(({ atMs }) => atMs <= this.#time.nowMs));
  }

  again(_: ListedAccount, events: readonly Unmatched[]): Promise<void> {
    for (const { event, why, afterMs } of events) {
      const before = this.waiting.get(event.dedupeKey)!;
      const atMs = this.#time.nowMs + afterMs;
      this.waiting.set(event.dedupeKey, { ...before, why, tries: before.tries + 1, atMs });
    }
    return this.#answer(undefined);
  }

  drop(_: ListedAccount, events: readonly PspEvent[]): Promise<void> {
    for (const { dedupeKey } of events) this.waiting.delete(dedupeKey);
    return this.#answer(undefined);
  }

  count(): Promise<number> {
    return this.#answer(this.waiting.size);
  }

  #answer<T>(value: T): Promise<T> {
    return this.isBroken ? Promise.reject(new Error('the database is away')) : Promise.resolve(value);
  }
}

function eventOf(dedupeKey: string): PspEvent {
  return {
    dedupeKey,
    operation: OPERATION,
    providerReference: 'pay_1',
    kind: 'dispute_opened',
    money: { amount: 100n, currency: 'EUR' },
    dispute: dedupeKey,
    occurredAtMs: 1_700_000_000_000,
  };
}

let time: FakeTime;
let places: FakePlaces;
let list: string[];
let taken: string[];
let answer: (cursor: string) => ListEventsOutcome;
let take: (key: string) => Taken;
let leads: boolean;
let logged: [event: string, details: Record<string, unknown>][];
let counts: Record<string, number>;
let asked: string[];
let signals: AbortSignal[];
let poller: AccountPoller;

/** Two events a page; a cursor is how many were read. */
function page(cursor: string): ListEventsOutcome {
  const from = Number(cursor || 0);
  const keys = list.slice(from, from + 2);
  return {
    done: 'listed',
    events: keys.map(eventOf),
    cursor: String(from + keys.length),
    isMore: list.length > from + 2,
    newestMs: keys.length === 0 ? null : time.nowMs,
    isAnew: false,
    unreadable: [],
  };
}

function opened(): AccountPoller {
  const adapter = {
    name: 'acme',
    capabilities: { live: false },
    listEvents: ({ cursor }: { cursor: string }, { signal }: { signal: AbortSignal }) => {
      asked.push(cursor);
      signals.push(signal);
      return Promise.resolve(answer(cursor));
    },
  } as unknown as PspAdapter;
  const events = {
    takeAll: async (_: PspAdapter, all: readonly PspEvent[]): Promise<TakenOrNot[]> =>
      all.map(({ dedupeKey }) => {
        try {
          const said = take(dedupeKey);
          if (said === 'new') taken.push(dedupeKey);
          return said;
        } catch (error) {
          return error as Error;
        }
      }),
  } as unknown as ProviderEvents;
  return new AccountPoller({
    provider: new Provider(adapter),
    adapter,
    listing: { keptSeconds: DAY_MS / 1_000, lateMs: LATE_MS },
    events,
    places,
    clock: time.clock,
    timers: time.timers,
    random: { unit: () => 0.5 },
    everyMs: EVERY_MS,
    leads: () => leads,
    observe: {
      log: (_, event, details) => void logged.push([event, details]),
      took: (_, outcome, n) => (counts[outcome] = (counts[outcome] ?? 0) + n),
    },
  });
}

beforeEach(() => {
  time = new FakeTime();
  places = new FakePlaces(time);
  list = ['a', 'b', 'c'];
  taken = [];
  answer = page;
  const known = new Set<string>();
  take = (key) => (known.has(key) ? 'known' : (known.add(key), 'new'));
  leads = true;
  logged = [];
  counts = {};
  asked = [];
  signals = [];
  poller = opened();
  poller.start();
});

describe('the list of an account', () => {
  test('is read to its end, again and again, and each event is taken once', async () => {
    await time.next();
    expect(asked).toEqual(['', '2']);
    list.push('d');
    await time.next();
    await time.next();
    expect(taken).toEqual(['a', 'b', 'c', 'd']);
    expect(counts).toEqual({ new: 4, known: 3 + 1, waiting: 0 });
    // What the second reading has added was read once more by the third one, which began long after it.
    expect(places.cursor).toBe('4');
    expect(time.waits.slice(1)).toEqual([EVERY_MS, EVERY_MS, EVERY_MS]);
  });

  test('leaves the writer to others for as long as it was busy with events', async () => {
    const before = take;
    // Of a payment that has to be read first, say.
    take = (key) => {
      time.nowMs += 40;
      return before(key);
    };
    await time.next();
    expect(taken).toEqual(['a', 'b']);
    expect(time.waits.at(-1)).toBe(80);
    await time.next();
    expect(taken).toEqual(['a', 'b', 'c']);
    await time.next();
    expect(time.waits.slice(1)).toEqual([80, 40, EVERY_MS]);
    poller.stop();
  });

  test('a stop ends that wait', async () => {
    take = () => {
      time.nowMs += 40;
      return 'new';
    };
    await time.next();
    asked.length = 0;
    poller.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toEqual([]);
    await expect(time.next()).rejects.toThrow('nobody waits');
  });

  test('goes on after a restart where it was', async () => {
    for (let n = 0; n < 3; n++) await time.next();
    poller.stop();
    expect(places.cursor).toBe('3');
    list.push('d');
    asked.length = 0;
    poller = opened();
    poller.start();
    await time.next();
    expect(asked).toEqual(['3']);
    expect(taken).toEqual(['a', 'b', 'c', 'd']);
  });

  test('is read by nobody who does not lead, and by whoever does from where the other one was', async () => {
    leads = false;
    await time.next();
    expect([asked, poller.standing()]).toEqual([[], null]);
    leads = true;
    places.cursor = '2';
    await time.next();
    expect(asked).toEqual(['2']);
    leads = false;
    await time.next();
    places.cursor = '3';
    leads = true;
    await time.next();
    expect(asked).toEqual(['2', '3']);
  });

  test('that cannot be read is asked for ever less often, and at once as before when it can', async () => {
    answer = () => ({ done: 'unknown', why: 'no answer within 10000 ms' });
    for (let n = 0; n < 10; n++) await time.next();
    const waits = [1.5, 3, 6, 12, 24, 48, 96, 192, 225, 225].map((seconds) => seconds * 1_000);
    expect(time.waits.slice(1)).toEqual(waits);
    expect(logged[0]).toEqual([
      'provider.events.failed',
      { provider: 'acme', error: 'no answer within 10000 ms', retryMs: 1_500 },
    ]);
    const lagSeconds = (time.nowMs - 1_700_000_000_000) / 1_000;
    expect(poller.standing()).toEqual({ provider: 'acme', lagSeconds, waiting: 0 });
    answer = page;
    await time.next();
    expect(logged.at(-1)?.[0]).toBe('provider.events.recovered');
    expect(time.waits.at(-1)).toBe(EVERY_MS);
    expect(poller.standing()?.lagSeconds).toBe(0);
  });

  test('that breaks off is read from before the break', async () => {
    answer = (cursor) => (cursor === '2' ? { done: 'not_sent', why: 'ECONNRESET' } : page(cursor));
    await time.next();
    answer = page;
    await time.next();
    expect(asked).toEqual(['', '2', '', '2']);
    expect(taken).toEqual(['a', 'b', 'c']);
  });

  test('that goes round in a circle is given up', async () => {
    answer = () => ({
      ...(page('') as Extract<ListEventsOutcome, { done: 'listed' }>),
      cursor: '',
      isMore: true,
    });
    await time.next();
    expect(logged).toMatchObject([['provider.events.failed', { error: 'the list does not go on' }]]);
  });

  test('that begins anew, or holds what cannot be read, is told of, the latter once', async () => {
    answer = (cursor) => ({
      ...(page(cursor) as Extract<ListEventsOutcome, { done: 'listed' }>),
      isAnew: true,
      isMore: false,
      unreadable: ['evt_1: no amount'],
    });
    await time.next();
    await time.next();
    expect(logged.map(([event]) => event)).toEqual([
      'provider.events.anew',
      'provider.events.unreadable',
      'provider.events.anew',
    ]);
    expect(taken).toEqual(['a', 'b']);
  });
});

describe('an event that matches nothing yet', () => {
  test('waits, holds nothing up, and is taken as soon as it matches', async () => {
    const takes = take;
    take = (key) => (key === 'b' ? 'later' : takes(key));
    for (let n = 0; n < 3; n++) await time.next();
    expect(taken).toEqual(['a', 'c']);
    expect(places.cursor).toBe('3');
    expect(poller.standing()?.waiting).toBe(1);
    take = takes;
    for (let n = 0; n < 3; n++) await time.next();
    expect(taken).toEqual(['a', 'c', 'b']);
    expect(poller.standing()?.waiting).toBe(0);
  });

  test('waits too where taking it met a defect', async () => {
    const takes = take;
    take = (key) => {
      if (key === 'a') throw new Error('shard 3 is not ready');
      return takes(key);
    };
    await time.next();
    expect(taken).toEqual(['b', 'c']);
    expect(places.waiting.get('a')?.why).toBe('shard 3 is not ready');
  });

  test('keeps the cursor back where it cannot be kept itself', async () => {
    const takes = take;
    take = (key) => (key === 'b' ? 'later' : takes(key));
    await time.next();
    places.isBroken = true;
    list.push('d');
    await time.next();
    expect(logged.at(-1)).toMatchObject(['provider.events.failed', { error: 'the database is away' }]);
    expect(places.cursor).toBe('');
    places.isBroken = false;
    take = takes;
    for (let n = 0; n < 3; n++) await time.next();
    expect(taken.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('is tried ever less often, for a month, and then told of', async () => {
    take = (key) => (key === 'b' ? 'later' : 'known');
    let turns = 0;
    while (places.waiting.size > 0 || turns === 0) {
      await time.next();
      if (++turns > 50_000) throw new Error('it waits for ever');
    }
    expect(time.nowMs - 1_700_000_000_000).toBeGreaterThan(30 * DAY_MS);
    expect(logged).toEqual([
      [
        'provider.events.unmatched',
        {
          provider: 'acme',
          event: 'b',
          kind: 'dispute_opened',
          operation: OPERATION,
          providerReference: 'pay_1',
          why: 'nothing of ours has that reference yet',
        },
      ],
    ]);
    expect(counts.given_up).toBe(1);
  }, 60_000);
});

test('a poller that is stopped in the middle of a page takes no more of it, and gives its call up', async () => {
  list = Array.from({ length: 250 }, (_, n) => `event ${n}`);
  answer = () => ({
    ...(page('') as Extract<ListEventsOutcome, { done: 'listed' }>),
    events: list.map(eventOf),
    isMore: false,
  });
  take = () => {
    poller.stop();
    return 'new';
  };
  await time.next();
  expect(taken).toHaveLength(20);
  expect(places.cursor).toBe('');
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  expect(logged).toEqual([]);
});

test('a poller that is stopped reads no further page', async () => {
  answer = (cursor) => {
    if (cursor === '') poller.stop();
    return page(cursor);
  };
  await time.next();
  expect(asked).toEqual(['']);
  poller.stop();
  await expect(time.next()).rejects.toThrow('nobody waits');
  expect(logged).toEqual([]);
});
