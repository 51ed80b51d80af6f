import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  MemoryFeed,
  type ReadModelDatabase,
  SEAL_KEY,
  projectAll,
  readModelDatabase,
  realTimers,
} from '../../test/support/projecting.ts';
import { NOON_US } from '../../test/support/ledger.ts';
import { ScriptedPayments } from '../../test/support/scriptedPayments.ts';
import { type PaymentStory, paymentStory } from '../../test/support/paymentStory.ts';
import { type CardRef, declinesIn } from '../kernel/payments/cardTries.ts';
import { decodeChange } from '../kernel/payments/change.ts';
import { dueOf } from '../kernel/payments/due.ts';
import {
  apiKeyOf,
  customerOf,
  evolve,
  evolveMerchant,
  evolveWebhooks,
  intentOf,
  merchantOf,
  paymentLinkOf,
  paymentMethodOf,
} from '../kernel/payments/evolve.ts';
import type { Uuid } from '../kernel/ledger/commands.ts';
import type { ApiKey, PaymentLink } from '../kernel/payments/edgeModel.ts';
import type { Customer, Intent, Merchant, StoredMethod } from '../kernel/payments/model.ts';
import { type LoadedPaymentEvent, TamperedRow } from '../shard/ports.ts';
import { rebuild } from './rebuild.ts';

const SHARD = 5;
let db: ReadModelDatabase;
let story: PaymentStory;
const feed = new MemoryFeed();

beforeAll(async () => {
  db = await readModelDatabase();
  story = paymentStory(SHARD);
  feed.add(...story.shard.blocks);
  await projectAll(db.url, feed, { [SHARD]: story.shard.lastSeq });
});
afterAll(() => db.drop());

type Subject = Intent | Merchant | Customer | StoredMethod | ApiKey | PaymentLink;

/** What the writer makes of loaded events. */
function folded(rows: readonly LoadedPaymentEvent[]): Map<number, Subject> {
  const found = new Map<number, Subject>();
  for (const { subjectSeq, subjectId, book, seq, change } of rows) {
    const decoded = decodeChange(change);
    const whose = { id: subjectId as Uuid, book, seq };
    if (decoded.name === 'merchant_created') found.set(seq, merchantOf(decoded, whose));
    else if (decoded.name === 'intent_created') found.set(seq, intentOf(decoded, whose));
    else if (decoded.name === 'merchant_updated')
      evolveMerchant(found.get(subjectSeq) as Merchant, decoded, seq);
    else if ('customer' in decoded)
      found.set(subjectSeq, customerOf(decoded, { ...whose, seq: subjectSeq }, seq));
    else if ('paymentMethod' in decoded)
      found.set(subjectSeq, paymentMethodOf(decoded, { ...whose, seq: subjectSeq }, seq));
    else if ('apiKey' in decoded)
      found.set(subjectSeq, apiKeyOf(decoded, { ...whose, seq: subjectSeq }, seq));
    else if ('paymentLink' in decoded)
      found.set(subjectSeq, paymentLinkOf(decoded, { ...whose, seq: subjectSeq }, seq));
    else if ('endpoint' in decoded) evolveWebhooks(found.get(subjectSeq) as Merchant, decoded, seq);
    else if ('record' in decoded || 'tries' in decoded || 'resend' in decoded)
      throw new Error('nothing acts on what is only kept');
    else evolve(found.get(subjectSeq) as Intent, decoded, seq);
  }
  return found;
}

describe('what the loader brings', () => {
  test('folds to the very state in which the kernel left every merchant and payment', async () => {
    const { intents, merchants, customers, paymentMethods, apiKeys, paymentLinks } =
      story.shard.state.payments;
    const subjects = [merchants, customers, paymentMethods, apiKeys, paymentLinks, intents];
    const seqs = subjects.flatMap((one) => [...one.keys()]);
    const { watermarkSeq, rows } = await db.loader.payments(SHARD, [...seqs, 999_999]);
    expect(watermarkSeq).toBe(story.shard.lastSeq);
    expect(folded(rows)).toEqual(
      new Map<number, Subject>([
        ...merchants,
        ...customers,
        ...paymentMethods,
        ...apiKeys,
        ...paymentLinks,
        ...intents,
      ]),
    );
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map(({ seq }) => seq).toSorted((a, b) => a - b));
  });

  test.each([
    ['an event less', 'DELETE FROM florin.payment_events WHERE subject = 3 AND seq > subject_seq'],
    ['no row', 'DELETE FROM florin.customers'],
    ['another version', 'UPDATE florin.customers SET version = 1'],
  ])('is refused where a customer has %s', async (_, edit) => {
    const [seq] = story.shard.state.payments.customers.keys();
    await db.rows('CREATE TABLE florin.events_kept AS TABLE florin.payment_events');
    await db.rows('CREATE TABLE florin.customers_kept AS TABLE florin.customers');
    await db.rows(edit);
    await expect(db.loader.payments(SHARD, [seq])).rejects.toThrow(TamperedRow);
    for (const [table, kept] of [
      ['payment_events', 'events_kept'],
      ['customers', 'customers_kept'],
    ]) {
      await db.rows(`DELETE FROM florin.${table}`);
      await db.rows(`INSERT INTO florin.${table} TABLE florin.${kept}`);
      await db.rows(`DROP TABLE florin.${kept}`);
    }
    expect((await db.loader.payments(SHARD, [seq])).rows).toHaveLength(2);
  });

  test('is nothing for seqs of other things, and for other shards, yet has the watermark', async () => {
    expect(await db.loader.payments(SHARD, [1, 999_999])).toEqual({
      watermarkSeq: story.shard.lastSeq,
      rows: [],
    });
    expect(
      (await db.loader.payments(SHARD + 1, [...story.shard.state.payments.intents.keys()])).rows,
    ).toEqual([]);
  });

  test('are the events in which a card was declined, of all cards and of some', async () => {
    const { merchant, rerouted } = story;
    const { rows } = await db.loader.cardDeclines(SHARD, 10);
    const intent = story.shard.intent(rerouted);
    expect(rows).toMatchObject([{ book: 1, merchant }]);
    const decoded = decodeChange(rows[0].change);
    expect('after' in decoded ? declinesIn(decoded) : []).toEqual([
      {
        token: 'pm_sim_visa',
        one: { operation: intent.attempts[0].operation, triedUs: intent.operations[0].askedUs },
      },
    ]);
    const card = { book: 1, merchant, token: 'pm_sim_visa' };
    const other = { ...card, merchant: story.sold };
    const ofCards = async (...cards: CardRef[]) => (await db.loader.cardDeclinesOf(SHARD, cards)).rows;
    expect(await ofCards(other, card)).toEqual(rows);
    expect(await ofCards(other, { ...card, token: 'pm' }, { ...card, book: 2 })).toEqual([]);
    expect((await db.loader.cardDeclines(SHARD + 1, 10)).rows).toEqual([]);
    expect((await db.loader.cardDeclinesOf(SHARD, [other])).watermarkSeq).toBe(story.shard.lastSeq);
    await db.rows(
      `UPDATE florin.payment_events SET change = replace(change, 'pm_sim_visa', 'pm_sim_none') WHERE strpos(change, '"declined"') > 0`,
    );
    await expect(db.loader.cardDeclines(SHARD, 10)).rejects.toThrow(TamperedRow);
    await db.rows(
      `UPDATE florin.payment_events SET change = replace(change, 'pm_sim_none', 'pm_sim_visa') WHERE strpos(change, '"declined"') > 0`,
    );
    expect((await db.loader.cardDeclines(SHARD, 10)).rows).toEqual(rows);
  });

  test('are the payments that are due, those first that are longest so', async () => {
    const dues = [...story.shard.state.payments.intents.values()]
      .map((intent) => ({ seq: intent.seq, dueUs: dueOf(intent) }))
      .filter(({ dueUs }) => dueUs !== Infinity)
      .toSorted((a, b) => a.dueUs - b.dueUs || a.seq - b.seq);
    expect(dues.length).toBeGreaterThan(2);
    const far = dues[dues.length - 1].dueUs;
    expect(await db.loader.duePayments(SHARD, far, 100)).toEqual(dues.map(({ seq }) => seq));
    expect(await db.loader.duePayments(SHARD, far, 1)).toEqual([dues[0].seq]);
    expect(await db.loader.duePayments(SHARD, dues[0].dueUs - 1, 100)).toEqual([]);
    expect(await db.loader.nextPaymentDue(SHARD, 0)).toBe(dues[0].dueUs);
    expect(await db.loader.nextPaymentDue(SHARD, dues[0].dueUs)).toBe(
      dues.find(({ dueUs }) => dueUs > dues[0].dueUs)!.dueUs,
    );
    expect(await db.loader.nextPaymentDue(SHARD, far)).toBe(Infinity);
    expect(await db.loader.nextPaymentDue(SHARD + 1, 0)).toBe(Infinity);
  });

  test('has the ids of commands among the spent ones, of whatever version', async () => {
    const seq = story.shard.intent(story.sold).seq;
    const { rows } = await db.loader.spentIds(SHARD, 1, [story.sold, story.merchant]);
    expect(rows.find(({ id }) => id === story.sold)).toEqual({ id: story.sold, seq });
    expect(rows).toHaveLength(2);
    await db.rows(
      "UPDATE florin.payment_events SET id = '00000000-0000-4000-8000-000000000001' WHERE seq = $1",
      [seq],
    );
    const others: string[] = [];
    await db.loader.otherIds(SHARD, (book, id) => others.push(`${book} ${id}`));
    await db.rows('UPDATE florin.payment_events SET id = $1 WHERE seq = $2', [story.sold, seq]);
    expect(others).toContain('1 00000000-0000-4000-8000-000000000001');
  });
});

test('an event that came along with another one spends no id, and several of them are no conflict', async () => {
  const own = await readModelDatabase();
  const shard = new ScriptedPayments(SHARD, NOON_US);
  const intent = shard.create(shard.merchant());
  shard.raise(intent, 'a \0 that a provider said, and half a \ud83d pair');
  shard.raise(intent, 'long '.repeat(2_000));
  shard.seal();
  const blocks = new MemoryFeed();
  blocks.add(...shard.blocks);
  await projectAll(own.url, blocks, { [SHARD]: shard.lastSeq });
  const { rows } = await own.loader.payments(SHARD, [intent.seq]);
  expect(folded(rows)).toEqual(new Map([[intent.seq, intent]]));
  expect(await own.rows('SELECT count(*) FROM florin.payment_events WHERE id IS NULL')).toEqual([
    { count: '2' },
  ]);
  // The batch that changes a row, rather than making it.
  shard.raise(intent, 'a \0 that a provider said, and half a \ud83d pair');
  blocks.add(shard.seal());
  await projectAll(own.url, blocks, { [SHARD]: shard.lastSeq });
  expect(await own.rows('SELECT attention, version FROM florin.payment_states')).toEqual([
    { attention: 'a \ufffd that a provider said, and half a \ufffd pair', version: '4' },
  ]);
  expect(
    await own.rows(
      "SELECT change -> 'after' ->> 'attention' AS a FROM books.payment_timeline ORDER BY seq DESC LIMIT 1",
    ),
  ).toEqual([{ a: 'a \ufffd that a provider said, and half a \ufffd pair' }]);
  await own.drop();
});

describe('an edited row', () => {
  test.each([
    [
      'an amount in a change',
      `UPDATE florin.payment_events SET change = replace(change, '"10000"', '"10001"') WHERE name = 'intent_created'`,
    ],
    [
      'an event that is gone',
      `DELETE FROM florin.payment_events WHERE name = 'operation_changed' AND seq = (SELECT min(seq) FROM florin.payment_events WHERE name = 'operation_changed')`,
    ],
    [
      'the last event of a payment',
      'DELETE FROM florin.payment_events AS e USING florin.payment_states AS s WHERE s.last_seq = e.seq',
    ],
    ['all events of the payments', 'DELETE FROM florin.payment_events WHERE subject = 2'],
    [
      'an event of another payment',
      'UPDATE florin.payment_events SET subject_seq = (SELECT min(seq) FROM florin.payment_intents) WHERE subject = 2',
    ],
    ['a version', 'UPDATE florin.payment_states SET version = version + 1'],
    ['a last event', 'UPDATE florin.payment_states SET last_seq = last_seq - 1'],
    ['a moment that is put off', "UPDATE florin.payment_states SET due_at = due_at + interval '1 day'"],
    ['a moment that is taken away', 'UPDATE florin.payment_states SET due_at = NULL'],
    ['a state that is gone', 'DELETE FROM florin.payment_states'],
  ])('is refused: %s', async (_, edit) => {
    const seqs = [...story.shard.state.payments.intents.keys()];
    const client = await db.pool.connect();
    await client.query(
      `CREATE TABLE florin.kept_events AS TABLE florin.payment_events; CREATE TABLE florin.kept_states AS TABLE florin.payment_states`,
    );
    const edited = await client.query(edit);
    expect(edited.rowCount).toBeGreaterThan(0);
    await expect(db.loader.payments(SHARD, seqs)).rejects.toThrow(TamperedRow);
    await client.query(`
      DELETE FROM florin.payment_events; INSERT INTO florin.payment_events TABLE florin.kept_events; DROP TABLE florin.kept_events;
      DELETE FROM florin.payment_states; INSERT INTO florin.payment_states TABLE florin.kept_states; DROP TABLE florin.kept_states`);
    client.release();
    expect((await db.loader.payments(SHARD, seqs)).rows.length).toBeGreaterThan(seqs.length);
  });

  test.each([
    [
      'its last event is gone',
      'DELETE FROM florin.payment_events AS e USING florin.merchants AS m WHERE m.last_seq = e.seq',
    ],
    ['all of its events are gone', 'DELETE FROM florin.payment_events WHERE subject = 1'],
    ['its version is another', 'UPDATE florin.merchants SET version = version + 1'],
    ['its row is gone', 'DELETE FROM florin.merchants'],
  ])('is refused of a merchant: %s', async (_, edit) => {
    const seqs = [...story.shard.state.payments.merchants.keys()];
    const { rows: whole } = await db.loader.payments(SHARD, seqs);
    await db.rows('CREATE TABLE florin.kept_events AS TABLE florin.payment_events');
    await db.rows('CREATE TABLE florin.kept_merchants AS TABLE florin.merchants');
    await db.rows(edit);
    await expect(db.loader.payments(SHARD, seqs)).rejects.toThrow(TamperedRow);
    for (const [table, kept] of [
      ['payment_events', 'kept_events'],
      ['merchants', 'kept_merchants'],
    ]) {
      await db.rows(`DELETE FROM florin.${table}`);
      await db.rows(`INSERT INTO florin.${table} TABLE florin.${kept}`);
      await db.rows(`DROP TABLE florin.${kept}`);
    }
    expect((await db.loader.payments(SHARD, seqs)).rows).toEqual(whole);
  });

  test('is refused where it is about to be due', async () => {
    await db.rows("UPDATE florin.payment_states SET due_at = due_at - interval '1 day'");
    await expect(db.loader.duePayments(SHARD, story.shard.nowUs * 2, 10)).rejects.toThrow(TamperedRow);
    await db.rows("UPDATE florin.payment_states SET due_at = due_at + interval '1 day'");
    expect(await db.loader.duePayments(SHARD, story.shard.nowUs, 10)).not.toEqual([]);
  });
});

const TABLES = [
  'payment_events',
  'payment_intents',
  'payment_states',
  'merchants',
  'transactions',
  'projection',
];

async function tables(of: ReadModelDatabase): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const table of TABLES)
    found[table] = await of.rows(`SELECT to_jsonb(t)::text AS row FROM florin.${table} AS t ORDER BY 1`);
  return found;
}

describe('the tables', () => {
  test('are the same whether blocks come in one batch or each in one of its own', async () => {
    const other = await readModelDatabase();
    const slow = new MemoryFeed();
    for (const block of story.shard.blocks) {
      slow.add(block);
      await projectAll(other.url, slow, { [SHARD]: block.firstSeq + block.eventCount - 1 });
    }
    expect(await tables(other)).toEqual(await tables(db));
    await other.drop();
  });

  test('tell how many of the transactions before an event are its own', async () => {
    const rows = await db.rows(
      'SELECT name, transaction_count, count(*) FROM florin.payment_events GROUP BY 1, 2 ORDER BY 1, 2',
    );
    expect(rows.filter((row) => row.transaction_count === 0).map((row) => row.name)).toContain(
      'intent_created',
    );
    const [{ sum }] = await db.rows('SELECT sum(transaction_count) FROM florin.payment_events');
    const [{ count }] = await db.rows(
      "SELECT count(*) FROM florin.transactions WHERE reference LIKE 'payment %'",
    );
    expect(sum).toBe(count);
    expect(Number(sum)).toBeGreaterThan(10);
  });

  test('are left by a rebuild as they were', async () => {
    const before = await tables(db);
    await db.rows("UPDATE florin.payment_states SET state = 'succeeded', captured = 1");
    await db.rows('DELETE FROM florin.payment_intents');
    expect(await tables(db)).not.toEqual(before);
    await rebuild({
      url: db.url,
      shards: [SHARD],
      journal: { read: (of, from) => feed.read(of, from, { eventsMax: 9, bytesMax: Infinity }) },
      timers: realTimers,
      sealKey: SEAL_KEY,
    });
    expect(await tables(db)).toEqual(before);
  });
});
