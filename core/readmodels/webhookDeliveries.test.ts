import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOON_US } from '../../test/support/ledger.ts';
import {
  MemoryFeed,
  projectAll,
  type ReadModelDatabase,
  readModelDatabase,
} from '../../test/support/projecting.ts';
import { ScriptedPayments } from '../../test/support/scriptedPayments.ts';
import type { Uuid } from '../kernel/ledger/commands.ts';
import type { LogWebhookAttempts } from '../kernel/payments/commands.ts';
import type { Merchant } from '../kernel/payments/model.ts';
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

  attempt(seq: number, more: Partial<Attempt> = {}): Attempt {
    const startedUs = this.shard.nowUs;
    const came = { status: 200, error: '', excerpt: '', retryAfterMs: null };
    return {
      merchant: this.merchant.id,
      endpoint: 1,
      seq,
      index: 0,
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

  resend(seqs: readonly number[], endpoint = this.endpoints[0]): void {
    const events = seqs.map((seq) => ({ seq, index: 0 }));
    this.shard.run({ op: 'resendEvents', id: this.shard.id(), merchant: this.merchant.id, endpoint, events });
  }

  /** All in one batch. */
  async project(): Promise<void> {
    this.shard.seal();
    const feed = new MemoryFeed();
    feed.add(...this.shard.blocks);
    await projectAll(db.url, feed, { [this.shard.shard]: this.shard.lastSeq });
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
