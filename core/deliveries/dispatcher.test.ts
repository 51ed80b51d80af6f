import { expect, test } from 'vitest';
import type { Uuid } from '../kernel/ledger/commands.ts';
import type { ToldEvent, ToldKey } from '../readmodels/queries/toldEvents.ts';
import type { DueDelivery, EndpointKey } from '../readmodels/queries/webhookDeliveries.ts';
import type { OnTellings } from '../shard/payments.ts';
import { Dispatcher } from './dispatcher.ts';
import { type Came, LEASE_US, SLOTS_FIRST, SLOTS_MAX } from './lanes.ts';

const SHARD = 3;
const MERCHANT = '0190a3a0-0000-7000-8000-000000000001' as Uuid;
const TAKEN: Came = { status: 200, retryAfterMs: null, tookMs: 20 };

/** Tables, time and a journal that the test moves by hand. */
class Scene {
  nowUs = 1e15;
  projected = 0;
  lastSeq = 0;
  rows: DueDelivery[] = [];
  looks = 0;
  /** How often events, or what waits, cannot be read. */
  failing = 0;
  tips: { shard: number; seq: number }[] = [];
  whileReading: () => void = () => undefined;
  #listeners = new Set<OnTellings>();
  #timers: { atUs: number; callback: () => void }[] = [];
  readonly dispatcher = new Dispatcher({
    store: {
      waiting: () => {
        if (this.failing-- > 0) return Promise.reject(new Error('away'));
        return Promise.resolve(
          [...Map.groupBy(this.rows, ({ endpoint }) => endpoint)].map(([endpoint, rows]) => ({
            ...keyOf(endpoint),
            dueUs: Math.min(...rows.map(({ dueUs }) => dueUs)),
          })),
        );
      },
      pending: (queues, eachMost) => {
        this.looks++;
        const read = Promise.resolve(
          queues.flatMap(({ endpoint, behind }) =>
            this.rows
              .filter((row) => row.endpoint === endpoint && row.key.seq <= this.projected)
              .toSorted((a, b) => a.dueUs - b.dueUs || a.key.seq - b.key.seq)
              .filter(
                ({ dueUs, key: { seq } }) =>
                  dueUs > behind.dueUs || (dueUs === behind.dueUs && seq > behind.seq),
              )
              .slice(0, eachMost),
          ),
        );
        // What is told from here on the reading does not show.
        this.whileReading();
        this.whileReading = () => undefined;
        return read;
      },
      events: (_shard, keys) =>
        this.failing-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve(keys.map(eventOf)),
    },
    timers: {
      after: (delayMs, callback) => {
        const timer = { atUs: this.nowUs + delayMs * 1_000, callback };
        this.#timers.push(timer);
        return () => void (this.#timers = this.#timers.filter((one) => one !== timer));
      },
      soon: (callback) => callback(),
    },
    nowUs: () => this.nowUs,
    projectedSeq: () => this.projected,
    tips: () => this.tips,
    onTellings: (listener) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
  });

  /** What stands in the tables since before the start. */
  before(...rows: DueDelivery[]): void {
    this.rows.push(...rows);
    this.projected = this.lastSeq = rows.length;
  }

  /** Something is told an endpoint and committed; the read models have it later. */
  tell(endpoint: number): number {
    const seq = ++this.lastSeq;
    this.rows.push(rowOf(endpoint, seq, this.nowUs));
    for (const listener of this.#listeners)
      listener(SHARD, 1, [{ merchant: MERCHANT, endpoint, dueUs: this.nowUs, seq }]);
    return seq;
  }

  /** Somebody asks for it once more; the read models have that later. */
  resend(endpoint: number, seq: number): number {
    const askedSeq = ++this.lastSeq;
    this.rows = this.rows.map((row) =>
      row.key.seq === seq && row.endpoint === endpoint ? { ...row, askedSeq, dueUs: this.nowUs } : row,
    );
    for (const listener of this.#listeners)
      listener(SHARD, 1, [{ merchant: MERCHANT, endpoint, dueUs: this.nowUs, seq: askedSeq }]);
    return askedSeq;
  }

  /** It is due once more then, as the event of its attempt says. */
  retry(endpoint: number, seq: number, dueUs: number): void {
    this.rows = this.rows.map((row) =>
      row.key.seq === seq && row.endpoint === endpoint ? { ...row, tries: row.tries + 1, dueUs } : row,
    );
    for (const listener of this.#listeners)
      listener(SHARD, 1, [{ merchant: MERCHANT, endpoint, dueUs, seq: this.lastSeq }]);
  }

  project(): void {
    this.projected = this.lastSeq;
    this.dispatcher.advanced(SHARD);
  }

  pass(us: number): void {
    this.nowUs += us;
    for (const timer of this.#timers.filter(({ atUs }) => atUs <= this.nowUs)) timer.callback();
  }

  async lease(limit = 500, waitMs = 0): Promise<string[]> {
    const leased = await this.dispatcher.lease(limit, waitMs, new AbortController().signal);
    return leased.map(({ event, delivery }) => {
      expect(event.seq).toBe(delivery.key.seq);
      return `${delivery.endpoint}:${event.seq}`;
    });
  }

  /** It was tried: its row is gone from the tables once they have that. */
  settle(
    endpoint: number,
    seq: number,
    came: Partial<Came> & { askedSeq?: number; try?: number } = {},
  ): void {
    this.lastSeq++;
    this.dispatcher.settle(
      keyOf(endpoint),
      { seq, index: 0, askedSeq: came.askedSeq ?? seq, try: came.try ?? 1 },
      this.lastSeq,
      {
        ...TAKEN,
        ...came,
      },
    );
  }

  gone(seq: number): void {
    this.rows = this.rows.filter(({ key }) => key.seq !== seq);
  }
}

const keyOf = (endpoint: number): EndpointKey => ({
  shard: SHARD,
  bookNumber: 1,
  merchant: MERCHANT,
  endpoint,
});

function rowOf(endpoint: number, seq: number, dueUs: number): DueDelivery {
  const key = { bookNumber: 1, merchant: MERCHANT, seq, index: 0 };
  const webhookEndpoint = {} as DueDelivery['webhookEndpoint'];
  return { ...keyOf(endpoint), key, askedSeq: seq, tries: 0, dueUs, webhookEndpoint };
}

const eventOf = (key: ToldKey): ToldEvent => ({ ...key, shard: SHARD }) as ToldEvent;

test('what is told is handed out once the read models have it, once', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  expect(await scene.lease()).toEqual([]);
  scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  expect(await scene.lease()).toEqual([]);
});

test('whoever waits is woken by what is told, and by what becomes due', async () => {
  const scene = new Scene();
  scene.before(rowOf(2, 1, scene.nowUs + 5e6));
  await scene.dispatcher.start();
  const waiting = scene.lease(500, 30_000);
  scene.tell(1);
  scene.project();
  expect(await waiting).toEqual(['1:2']);
  const next = scene.lease(500, 30_000);
  await Promise.resolve();
  await new Promise(setImmediate);
  scene.pass(5e6);
  expect(await next).toEqual(['2:1']);
});

test('a start looks for what was left, due by now or later', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs - 1), rowOf(1, 2, scene.nowUs + 60e6));
  await scene.dispatcher.start();
  expect(await scene.lease()).toEqual(['1:1']);
  scene.settle(1, 1);
  scene.gone(1);
  scene.project();
  expect(await scene.lease()).toEqual([]);
  scene.pass(60e6);
  expect(await scene.lease()).toEqual(['1:2']);
});

test('what was tried is not handed out again while the read models do not show it', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  await scene.lease();
  scene.settle(1, 1);
  scene.tell(1);
  expect(await scene.lease()).toEqual([]);
  scene.gone(1);
  scene.project();
  expect(await scene.lease()).toEqual(['1:3']);
});

test('what is told while the tables are read, and nothing else is there, is handed out by the next look', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.rows.length = 0;
  scene.project();
  scene.whileReading = () => {
    scene.tell(1);
    scene.project();
  };
  expect(await scene.lease()).toEqual([]);
  expect(await scene.lease()).toEqual(['1:2']);
});

test('what the read models show only after the endpoint was forgotten is handed out', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.rows.length = 0;
  scene.project();
  scene.tell(1);
  expect(await scene.lease()).toEqual([]);
  scene.project();
  expect(await scene.lease()).toEqual(['1:2']);
});

test('what the read models show late is found, though something of a later moment was handed out', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs + 1));
  await scene.dispatcher.start();
  scene.tell(1);
  scene.pass(1);
  expect(await scene.lease()).toEqual(['1:1']);
  scene.project();
  expect(await scene.lease()).toEqual(['1:2']);
});

test('more than one look takes is handed out in the order of moments, and nothing twice', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < SLOTS_FIRST; count++) {
    scene.tell(1);
    if (count % 10 === 9) scene.nowUs += 1;
  }
  scene.project();
  const taken: string[] = [];
  for (let looks = 0; taken.length < SLOTS_FIRST; looks++) {
    expect(looks).toBeLessThan(10);
    taken.push(...(await scene.lease(7)));
  }
  expect(taken).toEqual(Array.from({ length: SLOTS_FIRST }, (_, index) => `1:${index + 1}`));
});

test('what nobody comes back from is handed out again, and not before', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  scene.pass(LEASE_US - 1);
  expect(await scene.lease()).toEqual([]);
  scene.pass(1);
  expect(await scene.lease()).toEqual(['1:1']);
});

test('what waits in the tables and nobody told of is found after a while', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.before(rowOf(1, 1, scene.nowUs));
  expect(await scene.lease()).toEqual([]);
  scene.pass(60e6);
  expect(await scene.lease()).toEqual(['1:1']);
});

test('an endpoint has so many under way and no more, and others do not wait for it', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < 2 * SLOTS_FIRST; count++) scene.tell(1);
  scene.tell(2);
  scene.project();
  const first = await scene.lease();
  expect(first).toHaveLength(SLOTS_FIRST + 1);
  expect(first).toContain(`2:${2 * SLOTS_FIRST + 1}`);
  expect(await scene.lease()).toEqual([]);
  // One that is taken makes room for itself and for one more.
  scene.settle(1, 1);
  expect(await scene.lease()).toEqual([`1:${SLOTS_FIRST + 1}`, `1:${SLOTS_FIRST + 2}`]);
});

test('an endpoint that cannot keep up gets half of it, and a pause where it asks for one', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < 3 * SLOTS_FIRST; count++) scene.tell(1);
  scene.project();
  const first = await scene.lease();
  for (const name of first.slice(1)) scene.settle(1, Number(name.slice(2)), { status: 400 });
  scene.settle(1, Number(first[0].slice(2)), { status: 503, retryAfterMs: 7_000 });
  for (const name of first) scene.gone(Number(name.slice(2)));
  scene.project();
  expect(await scene.lease()).toEqual([]);
  scene.pass(7e6);
  expect(await scene.lease()).toHaveLength(SLOTS_FIRST / 2);
});

test('a caller gets no more than it has room for, and the next one gets the rest', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let endpoint = 1; endpoint <= 5; endpoint++) scene.tell(endpoint);
  scene.project();
  const [some, others] = await Promise.all([scene.lease(3), scene.lease(3)]);
  expect(some).toHaveLength(3);
  expect(others).toHaveLength(2);
  expect(new Set([...some, ...others]).size).toBe(5);
});

test('nothing that is told while nobody asks costs more than its endpoint, or a look before somebody asks', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < 1_000; count++) {
    scene.tell(1);
    scene.project();
  }
  expect(scene.looks).toBe(0);
  await scene.lease(1);
  expect(scene.looks).toBe(1);
});

test('who waits while it stops is told that there is nothing', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  const waiting = scene.lease(1, 30_000);
  await new Promise(setImmediate);
  scene.dispatcher.stop();
  expect(await waiting).toEqual([]);
});

test('what is asked for anew while an older try is under way is handed out, and the older one holds nothing up', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  scene.pass(1e6);
  const askedSeq = scene.resend(1, 1);
  scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  scene.settle(1, 1);
  scene.project();
  expect(await scene.lease()).toEqual([]);
  scene.settle(1, 1, { askedSeq });
  scene.gone(1);
  scene.project();
  scene.pass(LEASE_US);
  expect(await scene.lease()).toEqual([]);
});

test('what is told of an earlier moment while the tables are read is handed out by the next look', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs + 10));
  await scene.dispatcher.start();
  scene.tell(1);
  scene.pass(10);
  scene.whileReading = () => scene.project();
  expect(await scene.lease()).toEqual(['1:1']);
  expect(await scene.lease()).toEqual(['1:2']);
});

test('what was committed before the start and is projected after it is handed out as soon as it is there', async () => {
  const scene = new Scene();
  scene.rows.push(rowOf(1, 1, scene.nowUs));
  scene.lastSeq = 1;
  scene.tips = [{ shard: SHARD, seq: 1 }];
  await scene.dispatcher.start();
  expect(await scene.lease()).toEqual([]);
  const waiting = scene.lease(500, 30_000);
  await new Promise(setImmediate);
  scene.project();
  expect(await waiting).toEqual(['1:1']);
});

test('what is handed to somebody who has gone meanwhile is handed to the next one at once', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  const gone = new AbortController();
  scene.whileReading = () => gone.abort();
  expect(await scene.dispatcher.lease(10, 0, gone.signal)).toEqual([]);
  expect(await scene.lease()).toEqual(['1:1']);
});

test('what cannot be read after it was taken from the queue is handed out once it can', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  scene.failing = 1;
  await expect(scene.lease()).rejects.toThrow('away');
  expect(await scene.lease()).toEqual(['1:1']);
});

test('what was tried by somebody of before a restart is not handed out until the read models show what came of it', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs));
  await scene.dispatcher.start();
  scene.settle(1, 1);
  expect(await scene.lease()).toEqual([]);
  scene.gone(1);
  scene.project();
  expect(await scene.lease()).toEqual([]);
});

test('an endpoint that takes everything slowly has few under way for all that', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  const rounds = async (count: number, tookMs: number) => {
    let most = 0;
    for (let round = 0; round < count; round++) {
      for (let told = 0; told < SLOTS_MAX; told++) scene.tell(1);
      scene.project();
      const leased = await scene.lease(5_000);
      most = leased.length;
      for (const name of leased) scene.settle(1, Number(name.slice(2)), { tookMs });
      scene.rows = [];
      scene.project();
    }
    return most;
  };
  expect(await rounds(8, 20)).toBe(SLOTS_MAX);
  expect(await rounds(2, 3_000)).toBe(SLOTS_FIRST);
});

test('an endpoint with much to be told leaves the next caller to those that came after it', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  for (let count = 0; count < SLOTS_FIRST; count++) scene.tell(1);
  scene.pass(1);
  scene.tell(2);
  scene.pass(1);
  scene.project();
  expect(await scene.lease(10)).toHaveLength(10);
  expect(await scene.lease(10)).toContain(`2:${SLOTS_FIRST + 1}`);
});

test('a try that is far away does not make each event leave something behind', async () => {
  const scene = new Scene();
  scene.before(rowOf(1, 1, scene.nowUs + 24 * 3_600e6));
  await scene.dispatcher.start();
  for (let count = 0; count < 1_000; count++) {
    const seq = scene.tell(1);
    scene.project();
    expect(await scene.lease()).toEqual([`1:${seq}`]);
    scene.settle(1, seq);
    scene.gone(seq);
    scene.project();
    scene.pass(1e6);
    expect(await scene.lease()).toEqual([]);
  }
  expect(scene.dispatcher.looksPlanned).toBeLessThan(500);
  scene.pass(24 * 3_600e6);
  expect(await scene.lease()).toEqual(['1:1']);
});

test('what waits is looked for again at once where it could not be', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.before(rowOf(1, 1, scene.nowUs));
  scene.pass(60e6);
  scene.failing = 1;
  await expect(scene.lease()).rejects.toThrow('away');
  expect(await scene.lease()).toEqual(['1:1']);
});

test('a report that is told twice settles no later try', async () => {
  const scene = new Scene();
  await scene.dispatcher.start();
  scene.tell(1);
  scene.project();
  await scene.lease();
  scene.settle(1, 1, { status: 500 });
  scene.retry(1, 1, scene.nowUs + 5e6);
  scene.project();
  scene.pass(5e6);
  expect(await scene.lease()).toEqual(['1:1']);
  scene.settle(1, 1, { status: 500 });
  scene.project();
  expect(await scene.lease()).toEqual([]);
  // Nobody comes back from the second try: it is handed out again when its lease is over.
  scene.pass(LEASE_US);
  expect(await scene.lease()).toEqual(['1:1']);
});
