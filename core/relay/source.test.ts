import { fromBinary, toBinary, toJsonString } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Envelope, EnvelopeSchema } from '../../gen/florin/events/v1/envelopes_pb.ts';
import { PaymentIntentState } from '../../gen/florin/payments/v1/payments_pb.ts';
import { allLeaving, journalled, sourceOf } from '../../test/support/leaving.ts';
import {
  NOON_US,
  bytes,
  change,
  close,
  create,
  hold,
  metadata,
  open,
  post,
  posting,
  reverse,
  uuid,
  voiding,
} from '../../test/support/ledger.ts';
import { type PaymentStory, paymentStory } from '../../test/support/paymentStory.ts';
import { type ReadModelDatabase, readModelDatabase } from '../../test/support/projecting.ts';
import { ScriptedShard } from '../../test/support/scriptedShard.ts';
import { getTransaction } from '../readmodels/queries/transactions.ts';
import type { Leaving } from './envelopes/encoder.ts';
import type { JournalSource } from './source.ts';
import { Subject } from '../kernel/payments/change.ts';

const LEDGER = 3;
const PAYMENTS = 5;
const [cash, alice, bob] = [uuid(1), uuid(2), uuid(3)];
const BOTH = { SETTLEMENT: { after: 0, previous: 0 }, NOTIFICATION: { after: 0, previous: 0 } };

let db: ReadModelDatabase;
let story: PaymentStory;
let source: JournalSource;
let own: ReturnType<typeof sourceOf>;
let ledger: Leaving[];
let payments: Leaving[];

/** One event of each kind of the ledger, with all that they can carry. */
function scripted(): ScriptedShard {
  const shard = new ScriptedShard(LEDGER, NOON_US);
  shard.book = 2;
  shard.adopt({ type: 'book', seq: 1, number: 2, name: 'äcme', shard: LEDGER });
  shard.run(open(cash, { code: 'cash', normalSide: 1, metadata: metadata('place', 'Köln 🏦') }));
  shard.run(open(alice, { code: 'alice', limits: [0n, null, -5n, 2n ** 61n] }));
  shard.run(open(bob, { code: 'bob' }));
  shard.seal();
  shard.nowUs += 1_234_567;
  const rich = { reference: bytes('Rechnung Ä 1'), metadata: metadata('', '') };
  shard.run(create(uuid(11), [posting(cash, alice, 2n ** 60n)], { ...rich, metadata: metadata('k', '') }));
  shard.run(
    create(uuid(12), [posting(alice, bob, 3n), posting(alice, cash, 300n)], { effectiveDay: 20_000 }),
  );
  shard.run(hold(uuid(13), [posting(alice, bob, 40n)], { expiresAfterSeconds: 60 }));
  shard.run(hold(uuid(14), [posting(alice, bob, 41n), posting(cash, bob, 2n)]));
  shard.seal();
  shard.run(post(uuid(15), uuid(13), { amounts: [{ posting: 0, amount: 7n }] }));
  shard.run(voiding(uuid(16), uuid(14)));
  shard.run(reverse(uuid(17), uuid(12)));
  shard.run(change(uuid(18), bob, { limits: [null, 9n, null, null], metadata: metadata('a', 'b') }));
  shard.run(change(uuid(19), bob, { metadata: metadata('a', 'c') }));
  shard.run(open(uuid(4), { code: 'gone' }));
  shard.run(close(uuid(20), uuid(4)));
  shard.seal();
  return shard;
}

const decoded = (one: Leaving): Envelope => fromBinary(EnvelopeSchema, one.bytes);

beforeAll(async () => {
  db = await readModelDatabase();
  await journalled(db, scripted().blocks);
  story = paymentStory(PAYMENTS);
  await journalled(db, story.shard.blocks);
  own = sourceOf(db);
  source = own.source;
  ledger = await allLeaving(source, LEDGER, BOTH);
  payments = await allLeaving(source, PAYMENTS, BOTH);
});
afterAll(async () => {
  await own.close();
  await db.drop();
});

describe('envelopes of the ledger', () => {
  test('there is one for each event of accounts and money, in order', () => {
    expect(ledger.map(({ type }) => type.replace('florin.v1.ledger.', ''))).toEqual([
      'account_opened',
      'account_opened',
      'account_opened',
      'transaction_booked',
      'transaction_booked',
      'hold_created',
      'hold_created',
      'hold_posted',
      'hold_voided',
      'transaction_reversed',
      'account_changed',
      'account_changed',
      'account_opened',
      'account_closed',
    ]);
  });

  test('are what protobuf makes of what they say, byte by byte', () => {
    for (const one of ledger) expect(toBinary(EnvelopeSchema, decoded(one)), one.type).toEqual(one.bytes);
  });

  test('say of a transaction what it was when it was booked', async () => {
    for (const one of ledger) {
      const { payload, subject } = decoded(one);
      if (payload.case !== 'transaction') continue;
      const { value: row } = await getTransaction(db.pool, { shard: LEDGER, book: 2 }, subject);
      const { value } = payload;
      expect(
        value.postings.map(({ debitAccount, creditAccount, asset, amount }) => ({
          debitAccount,
          creditAccount,
          asset,
          amount,
        })),
      ).toEqual(
        row!.postings.map(({ debitAccount, creditAccount, asset, amount }) => ({
          debitAccount,
          creditAccount,
          asset,
          amount,
        })),
      );
      expect(value).toMatchObject({
        id: row!.id,
        book: 'äcme',
        kind: row!.kind,
        state: row!.kind === 2 ? 1 : 2,
        targetId: row!.targetId ?? '',
        effectiveDate: row!.effectiveDate,
        reference: row!.reference,
        metadata: row!.metadata,
        seq: BigInt(row!.seq),
      });
      expect(momentUs(value.bookedAt)).toBe(row!.bookedUs);
      expect(value.expiresAt === undefined ? null : momentUs(value.expiresAt)).toBe(row!.expiresUs);
    }
  });

  test('carry the attributes of CloudEvents', () => {
    const one = decoded(ledger[0]);
    expect(one).toMatchObject({
      id: `${LEDGER}:2`,
      source: '/florin/books/äcme',
      specversion: '1.0',
      type: 'florin.v1.ledger.account_opened',
      subject: cash,
      shard: LEDGER,
      seq: 2n,
      book: 'äcme',
    });
    expect(momentUs(one.time)).toBe(NOON_US);
    expect(one.payload.value).toMatchObject({ code: 'cash', metadata: { place: 'Köln 🏦' } });
  });

  test('say what was changed of an account, and what was not', () => {
    const [limits, words] = ledger.filter(({ type }) => type.endsWith('changed')).map(decoded);
    expect(limits.payload.value).toMatchObject({ accountId: bob, setMetadata: true, metadata: { a: 'b' } });
    expect(limits.payload.value).toMatchObject({ limits: { postedCeiling: 9n } });
    expect(words.payload.value).toMatchObject({ accountId: bob, metadata: { a: 'c' } });
  });
});

describe('envelopes of payments', () => {
  const notified = (): Envelope[] =>
    payments.filter(({ stream }) => stream === 'NOTIFICATION').map((one) => decoded(one));

  test('tell of intents what merchants are told, and the state after', async () => {
    // Payment links stay within, though their merchants are told of them.
    const rows = await db.rows(
      'SELECT seq, type, about FROM florin.told_events WHERE shard = $1 AND subject <> $2 ORDER BY seq, index',
      [PAYMENTS, Subject.paymentLink],
    );
    const told = notified().flatMap(({ seq, payload }) =>
      (payload.value as { told: { type: string; about: string }[] }).told.map(({ type, about }) => ({
        seq: String(seq),
        type,
        about: about || null,
      })),
    );
    expect(told).toEqual(rows);
    expect(told.length).toBeGreaterThan(5);
    const states = await db.rows(
      `SELECT DISTINCT ON (subject_id) subject_id, seq FROM florin.payment_events
       WHERE shard = $1 AND subject = 2 ORDER BY subject_id, seq DESC`,
      [PAYMENTS],
    );
    for (const { subject_id, seq } of states) {
      const last = notified().find((one) => String(one.seq) === seq)!;
      const { amount, currency, merchant, version, counters } = story.shard.intent(subject_id as never);
      expect(last.payload.value).toMatchObject({ amount, currency, merchantId: merchant });
      expect(last.payload.value).toMatchObject({
        version: BigInt(version),
        change: { seq: 0n, version: 0n, state: PaymentIntentState.UNSPECIFIED },
      });
      const { authorized, captured, refunded } = counters;
      expect(last.payload.value).toMatchObject({ counters: { authorized, captured, refunded } });
    }
  });

  test('what is nobody else’s business stays: API keys, idempotency records, webhook logs, tokens', async () => {
    const stays = await db.rows(
      'SELECT seq, change FROM florin.payment_events WHERE shard = $1 AND subject > 4',
      [PAYMENTS],
    );
    expect(stays.length).toBeGreaterThan(0);
    const seqs = new Set(payments.map(({ seq }) => String(seq)));
    expect(stays.filter(({ seq }) => seqs.has(seq as string))).toEqual([]);
    const all = notified()
      .map((one) => toJsonString(EnvelopeSchema, one))
      .join();
    expect(all).not.toContain('pm_');
    expect(all).not.toContain('://shop.test/hooks');
    // The control: the journal does have them.
    const [{ count }] = await db.rows(
      "SELECT count(*)::int AS count FROM florin.payment_events WHERE change LIKE '%pm_%'",
    );
    expect(count).toBeGreaterThan(0);
  });
});

describe('a stream of a shard', () => {
  test.each(['SETTLEMENT', 'NOTIFICATION'] as const)('%s names the event before, without a gap', (stream) => {
    const events = payments.filter((one) => one.stream === stream).map(decoded);
    expect(events.length).toBeGreaterThan(5);
    expect(events.map(({ previousSeq }) => previousSeq)).toEqual([
      0n,
      ...events.slice(0, -1).map(({ seq }) => seq),
    ]);
  });

  test.each(['SETTLEMENT', 'NOTIFICATION'] as const)(
    '%s is the same wherever it is begun',
    async (stream) => {
      const events = payments.filter((one) => one.stream === stream);
      for (const after of [1, 7, events[4].seq, events[4].seq + 1, events.at(-1)!.seq]) {
        const reader = source.shard(PAYMENTS);
        const previous = await reader.lastUpTo(stream, after);
        expect(previous).toBe(events.findLast(({ seq }) => seq <= after)?.seq ?? 0);
        const rest = await allLeaving(source, PAYMENTS, { [stream]: { after, previous } });
        expect(rest).toEqual(events.filter(({ seq }) => seq > after));
      }
    },
  );

  test('ends where the read models are', async () => {
    const mark = (await source.marks()).find(({ shard }) => shard === LEDGER)!;
    const part = await source.shard(LEDGER).next(0, { ...mark, height: 2, seq: 8 }, BOTH);
    expect(part?.seq).toBe(8);
    expect(part?.leaving.at(-1)?.seq).toBe(8);
  });
});

function momentUs(at: { seconds: bigint; nanos: number } | undefined): number {
  return Number(at!.seconds) * 1e6 + at!.nanos / 1000;
}
