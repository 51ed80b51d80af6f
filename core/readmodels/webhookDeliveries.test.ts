import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOON_US } from '../../test/support/ledger.ts';
import {
  MemoryFeed,
  projectAll,
  projectorOf,
  type ReadModelDatabase,
  readModelDatabase,
} from '../../test/support/projecting.ts';
import { randomOf } from '../../test/support/randomPayments.ts';
import { ScriptedPayments } from '../../test/support/scriptedPayments.ts';
import type { Uuid } from '../kernel/ledger/commands.ts';
import type { LogWebhookAttempts } from '../kernel/payments/commands.ts';
import type { Merchant } from '../kernel/payments/model.ts';
import { nextTryUs } from '../kernel/payments/webhookSchedule.ts';
import { toldEventsAt } from './queries/toldEvents.ts';
import { deliveryBacklog, hasTakenSince, waitingEndpoints } from './queries/webhookDeliveries.ts';
import { us } from './queries/reading.ts';

type Attempt = LogWebhookAttempts['attempts'][number];

let db: ReadModelDatabase;
beforeAll(async () => {
  db = await readModelDatabase();
});
afterAll(() => db.drop());

let shards = 0;

/** A merchant with an endpoint in a shard of its own. */
class Story {
  readonly shard = new ScriptedPayments(++shards, NOON_US, shards);
  readonly merchant: Merchant = this.shard.merchant();
  readonly endpoints: Uuid[] = [];

  constructor() {
    this.endpoints.push(this.shard.webhookEndpoint(this.merchant));
  }

  /** Something is told; the seq of its event. */
  tell(): number {
    this.shard.customer(this.merchant);
    return this.shard.lastSeq;
  }

  /** Of the try that was handed out when its event was told, unless told otherwise. */
  attempt(seq: number, more: Partial<Attempt> = {}): Attempt {
    const startedUs = this.shard.nowUs;
    const came = { status: 200, error: '', excerpt: '', retryAfterMs: null };
    return {
      merchant: this.merchant.id,
      endpoint: 1,
      seq,
      index: 0,
      askedSeq: seq,
      try: 1,
      startedUs,
      tookMs: 7,
      ...came,
      ...more,
    };
  }

  log(...attempts: Attempt[]): void {
    this.shard.run({ op: 'logWebhookAttempts', id: this.shard.id(), attempts });
  }

  /** The seq of its event. */
  resend(seqs: readonly number[], endpoint = this.endpoints[0]): number {
    const events = seqs.map((seq) => ({ seq, index: 0 }));
    this.shard.run({ op: 'resendEvents', id: this.shard.id(), merchant: this.merchant.id, endpoint, events });
    return this.shard.lastSeq;
  }

  /** All in one batch. */
  async project(): Promise<void> {
    this.shard.seal();
    const feed = new MemoryFeed();
    feed.add(...this.shard.blocks);
    await projectAll(db.url, feed, { [this.shard.shard]: this.shard.lastSeq });
  }

  /** Block by block, each in a batch of its own. */
  async projectEach(): Promise<void> {
    const { shard: number } = this.shard;
    this.shard.seal();
    const feed = new MemoryFeed();
    const projector = projectorOf({ url: db.url, feed, shards: [number] });
    await projector.start();
    for (const block of this.shard.blocks) {
      feed.add(block);
      const lastSeq = block.firstSeq + block.eventCount - 1;
      expect(await projector.waitForSeq(number, lastSeq, 15_000)).toBe(true);
    }
    await projector.stop();
  }

  rows(): Promise<Record<string, unknown>[]> {
    return db.rows(
      `SELECT endpoint, seq::integer, tries, last_status, ${us('told_at')}::float AS told_us, ${us('next_at')}::float AS next_us,
              ${us('delivered_at')}::float AS delivered_us
       FROM florin.webhook_deliveries WHERE book_no = $1 ORDER BY endpoint, seq`,
      [this.shard.book],
    );
  }
}

test('an event that a resend names twice is told once more, once', async () => {
  const story = new Story();
  const seq = story.tell();
  story.log(story.attempt(seq));
  story.resend([seq, seq]);
  await story.project();
  expect(await story.rows()).toMatchObject([{ seq, tries: 0, next_us: NOON_US, delivered_us: null }]);
});

test('of two attempts at one delivery in one log the later one counts, and what was taken stays taken', async () => {
  const story = new Story();
  const [failing, taken, twice] = [story.tell(), story.tell(), story.tell()];
  const at = (seconds: number) => ({ startedUs: NOON_US + seconds * 1e6 });
  story.log(
    story.attempt(failing, { try: 2, status: 500 }),
    story.attempt(taken, at(1)),
    story.attempt(twice, at(2)),
    story.attempt(failing, { try: 1, status: 503, retryAfterMs: 3_600_000 }),
    story.attempt(taken, { status: 410 }),
    story.attempt(twice, { ...at(1), status: 204 }),
  );
  await story.project();
  expect(await story.rows()).toMatchObject([
    { seq: failing, tries: 2, last_status: 503, next_us: NOON_US + 3_600e6, delivered_us: null },
    { seq: taken, last_status: 410, next_us: null, delivered_us: NOON_US + 1e6 + 7_000 },
    { seq: twice, last_status: 204, next_us: null, delivered_us: NOON_US + 2e6 + 7_000 },
  ]);
});

test('what comes of a try that began before a resend is no answer to the resend', async () => {
  const story = new Story();
  const [taken, failed, answered] = [story.tell(), story.tell(), story.tell()];
  const askedSeq = story.resend([taken, failed, answered]);
  story.log(
    story.attempt(taken),
    story.attempt(failed, { try: 10, status: 500 }),
    story.attempt(answered, { try: 4, status: 500 }),
    story.attempt(answered, { askedSeq, status: 204 }),
  );
  await story.project();
  const due = { tries: 0, last_status: null, next_us: NOON_US, delivered_us: null };
  expect(await story.rows()).toMatchObject([
    { seq: taken, ...due },
    { seq: failed, ...due },
    { seq: answered, tries: 1, last_status: 204, next_us: null, delivered_us: NOON_US + 7_000 },
  ]);
});

test('a try of an old journal, which does not say what it began for, counts for what stands', async () => {
  const story = new Story();
  const seq = story.tell();
  story.resend([seq]);
  const { askedSeq: _asked, ...attempt } = story.attempt(seq);
  story.log(attempt);
  await story.project();
  expect(await story.rows()).toMatchObject([{ seq, tries: 1, last_status: 200, next_us: null }]);
});

test('whether an endpoint has taken anything is asked since its event was asked for, and not of one asked for anew', async () => {
  const story = new Story();
  const [first, second, third] = [story.tell(), story.tell(), story.tell()];
  story.log(story.attempt(first));
  const askedSeq = story.resend([second]);
  story.log(story.attempt(third, { status: 500 }));
  await story.project();
  const key = { bookNumber: story.shard.book, merchant: story.merchant.id, index: 0 };
  const taken = (seq: number, asked: number) => hasTakenSince(db.pool, 1, { ...key, seq, askedSeq: asked });
  expect(await taken(third, third)).toBe(true);
  expect(await taken(second, second)).toBeNull();
  expect(await taken(second, askedSeq)).toBe(false);
});

test('an event that was edited so that nobody can read it keeps back no other', async () => {
  const story = new Story();
  const [broken, whole] = [story.tell(), story.tell()];
  await story.project();
  const where = [story.shard.shard, broken];
  await db.rows(`UPDATE florin.payment_events SET change = '{' WHERE shard = $1 AND seq = $2`, where);
  const key = { bookNumber: story.shard.book, merchant: story.merchant.id, index: 0 };
  const told: unknown[] = [];
  const keys = [broken, whole].map((seq) => ({ ...key, seq }));
  const events = await toldEventsAt(db.pool, keys, (event) => told.push(event));
  expect(events).toMatchObject([{ seq: whole, type: 'customer.created' }]);
  expect(told).toEqual([{ seq: broken, index: 0 }]);
});

test('what is due is counted, with since when, of endpoints that are told it', async () => {
  const before = await deliveryBacklog(db.pool, NOON_US + 2e6);
  const story = new Story();
  const { shard, merchant } = story;
  const seq = story.tell();
  shard.seal();
  shard.nowUs += 1e6;
  story.tell();
  story.log(story.attempt(seq, { status: 503 }));
  story.tell();
  shard.seal();
  shard.nowUs += 5e6;
  story.tell();
  await story.project();
  // Two of a second later; what has failed, and what was told last, is due after that.
  const key = { shard: shard.shard, bookNumber: shard.book, merchant: merchant.id, endpoint: 1 };
  expect(await waitingEndpoints(db.pool)).toContainEqual({ ...key, dueUs: NOON_US + 1e6 });
  const after = await deliveryBacklog(db.pool, NOON_US + 2e6);
  expect(after.due - before.due).toBe(2);
  expect(await deliveryBacklog(db.pool, NOON_US - 1)).toEqual({ due: 0, oldestUs: null });
  const on = { id: shard.id(), merchant: merchant.id, endpoint: story.endpoints[0] };
  const same = { url: null, events: null, description: null, metadata: null };
  shard.run({ op: 'updateWebhookEndpoint', ...on, ...same, state: 'disabled' });
  await story.project();
  expect(await deliveryBacklog(db.pool, NOON_US + 2e6)).toEqual(before);
  const waiting = await waitingEndpoints(db.pool);
  expect(waiting.filter(({ bookNumber }) => bookNumber === shard.book)).toEqual([]);
});

interface Standing {
  askedSeq: number;
  toldUs: number;
  nextUs: number | null;
  deliveredUs: number | null;
  tries: number;
  lastStatus: number | null;
}

/** What the tables must come to, said as simply as it can be. */
class Model {
  readonly deliveries = new Map<string, Standing>();

  ask(endpoint: number, seq: number, askedSeq: number, nowUs: number): void {
    const nothing = { deliveredUs: null, tries: 0, lastStatus: null };
    this.deliveries.set(`${endpoint} ${seq}`, { askedSeq, toldUs: nowUs, nextUs: nowUs, ...nothing });
  }

  note({ endpoint, seq, askedSeq, startedUs, tookMs, status, ...of }: Attempt, nowUs: number): void {
    const delivery = this.deliveries.get(`${endpoint} ${seq}`);
    if (delivery === undefined || delivery.askedSeq !== askedSeq) return;
    delivery.tries = Math.max(delivery.tries, of.try);
    delivery.lastStatus = status;
    if (status >= 200 && status < 300) delivery.deliveredUs ??= startedUs + tookMs * 1_000;
    delivery.nextUs = delivery.deliveredUs === null ? nextTryUs({ ...of, seq, status, nowUs }) : null;
  }

  rows(): Record<string, unknown>[] {
    return [...this.deliveries]
      .map(([name, { tries, lastStatus, toldUs, nextUs, deliveredUs }]) => {
        const [endpoint, seq] = name.split(' ').map(Number);
        const moments = { told_us: toldUs, next_us: nextUs, delivered_us: deliveredUs };
        return { endpoint, seq, tries, last_status: lastStatus, ...moments };
      })
      .toSorted((a, b) => a.endpoint - b.endpoint || a.seq - b.seq);
  }
}

/** Tells, tries of now and of before, resends, endpoints that come and go, in blocks of any length. */
function anyStory(seed: number): { story: Story; model: Model } {
  const random = randomOf(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const one = <T>(of: readonly T[]): T => of[below(of.length)];
  const story = new Story();
  const model = new Model();
  const { shard, merchant } = story;
  const asked: { endpoint: number; seq: number; askedSeq: number; try: number }[] = [];
  const ask = (endpoint: number, seq: number) => {
    const askedSeq = shard.lastSeq;
    model.ask(endpoint, seq, askedSeq, shard.nowUs);
    asked.push({ endpoint, seq, askedSeq, try: 1 + below(11) });
  };
  story.endpoints.push(shard.webhookEndpoint(merchant, { events: ['customer.created'] }));
  const told: number[] = [];
  const steps = [
    () => {
      const seq = story.tell();
      told.push(seq);
      for (const { number, state } of merchant.webhooks) if (state === 'enabled') ask(number, seq);
    },
    () => {
      if (asked.length === 0) return;
      const attempts = Array.from({ length: 1 + below(6) }, () =>
        story.attempt(0, {
          ...one(asked),
          status: one([200, 204, 0, 410, 500, 503]),
          startedUs: shard.nowUs - below(1e6),
          retryAfterMs: one([null, 9_000_000]),
        }),
      );
      story.log(...attempts);
      for (const attempt of attempts) model.note(attempt, shard.nowUs);
    },
    () => {
      if (told.length === 0) return;
      const { id, number } = one(merchant.webhooks);
      const seqs = Array.from({ length: 1 + below(4) }, () => one(told));
      story.resend(seqs, id);
      for (const seq of new Set(seqs)) ask(number, seq);
    },
    () => {
      const { id: endpoint, state } = one(merchant.webhooks);
      const same = { url: null, events: null, description: null, metadata: null };
      const other = state === 'enabled' ? 'disabled' : 'enabled';
      const on = { id: shard.id(), merchant: merchant.id, endpoint };
      shard.run({ op: 'updateWebhookEndpoint', ...on, ...same, state: other });
    },
    () => {
      shard.seal();
      shard.nowUs += below(5e6);
    },
  ];
  for (let step = 0; step < 60; step++) one(steps)();
  return { story, model };
}

const SEEDS = Array.from({ length: 15 }, (_, index) => index + 1);

test.each(SEEDS)(
  'whatever happens, the tables are what a simple model is, in one batch, story %i',
  async (seed) => {
    const { story, model } = anyStory(seed);
    await story.project();
    expect(model.deliveries.size).toBeGreaterThan(0);
    expect(await story.rows()).toEqual(model.rows());
  },
);

test.each(SEEDS)('the same in as many batches as there are blocks, story %i', async (seed) => {
  const { story, model } = anyStory(seed);
  await story.projectEach();
  expect(await story.rows()).toEqual(model.rows());
});

test('deliveries of before the tables knew what asked for them learn it from the journal', async () => {
  const { story, model } = anyStory(99);
  await story.project();
  await db.rows('ALTER TABLE florin.webhook_deliveries DROP COLUMN asked_seq CASCADE');
  const path = new URL('migrations/0027_tell_resends_apart.sql', import.meta.url);
  await db.rows(readFileSync(path, 'utf8'));
  const rows = await db.rows(
    'SELECT endpoint, seq::integer, asked_seq::integer FROM florin.webhook_deliveries WHERE book_no = $1',
    [story.shard.book],
  );
  const asked = rows.map(({ endpoint, seq, asked_seq }) => [`${endpoint} ${seq}`, asked_seq] as const);
  const expected = [...model.deliveries].map(([name, { askedSeq }]) => [name, askedSeq] as const);
  expect(new Map(asked)).toEqual(new Map(expected));
  expect(asked.some(([name, seq]) => !name.endsWith(` ${seq}`))).toBe(true);
});
