import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  readModelDatabase,
} from '../../test/support/projecting.ts';
import { Op } from '../kernel/ledger/layout.ts';
import { type PaymentStory, paymentStory } from '../../test/support/paymentStory.ts';
import { randomPayments } from '../../test/support/randomPayments.ts';
import { checkInvariants } from './queries/invariants.ts';

const SHARD = 6;
let db: ReadModelDatabase;
let story: PaymentStory;

beforeAll(async () => {
  db = await readModelDatabase();
  story = paymentStory(SHARD);
  const feed = new MemoryFeed();
  feed.add(...story.shard.blocks);
  await projectAll(db.url, feed, { [SHARD]: story.shard.lastSeq });
  for (const block of story.shard.blocks) {
    await db.rows('INSERT INTO florin.journal VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
      block.shard,
      block.height,
      block.epoch,
      block.firstSeq,
      block.eventCount,
      block.blockTimeUs,
      Buffer.from(block.prevHash),
      Buffer.from(block.hash),
      Buffer.from(block.body),
    ]);
  }
});
afterAll(() => db.drop());

const lines = async (sql: string, values: unknown[] = []): Promise<string[]> =>
  (await db.rows(sql, values)).map((row) => Object.values(row).join(' '));

describe('the views', () => {
  test('have a name for every command, and one each', async () => {
    const numbers = Object.values(Op);
    const rows = await db.rows('SELECT florin.command_name(op) AS name FROM unnest($1::smallint[]) AS op', [
      numbers,
    ]);
    const names = rows.map(({ name }) => name);
    const inWords = (op: string) => op.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    expect(names).toEqual(Object.keys(Op).map(inWords));
  });

  test('show each payment as the kernel left it', async () => {
    const rows = await db.rows('SELECT * FROM books.payment_intents ORDER BY seq');
    const intents = [...story.shard.state.payments.intents.values()].toSorted((a, b) => a.seq - b.seq);
    expect(
      rows.map((row) => [
        row.id,
        row.state,
        row.captured,
        row.refunded,
        row.version,
        row.attempts,
        row.provider,
        row.amount,
        row.reference,
        row.metadata,
      ]),
    ).toEqual(
      intents.map((intent) => [
        intent.id,
        intent.state,
        String(intent.counters.captured),
        String(intent.counters.refunded),
        String(intent.version),
        intent.attempts.length,
        intent.attempts.at(-1)?.provider ?? null,
        String(intent.amount),
        intent.reference,
        intent.metadata,
      ]),
    );
    // As it was changed before it was confirmed.
    const changed = rows.find(({ id }) => id === story.changed);
    expect(changed).toMatchObject({ amount: '6000', reference: 'order 9', metadata: { cart: '9' } });
    expect(rows[0].metadata).toEqual({ shop: 'north', 'quote"\\': 'line\nü' });
  });

  test('show the attempts of a payment and why each went to its provider', async () => {
    expect(
      await lines(
        'SELECT attempt, state, provider, method_type FROM books.payment_attempts WHERE payment_intent_id = $1 ORDER BY attempt',
        [story.rerouted],
      ),
    ).toEqual(['0 declined alpha card', '1 captured beta card']);
    const decisions = await db.rows(
      'SELECT attempt, provider, strategy, candidates, excluded FROM books.routing_decisions WHERE payment_intent_id = $1 ORDER BY attempt',
      [story.rerouted],
    );
    expect(decisions.map((row) => [row.attempt, row.provider, row.strategy])).toEqual([
      [0, 'alpha', 'score'],
      [1, 'beta', 'score'],
    ]);
    expect(decisions[1].excluded).toEqual([{ provider: 'alpha', why: 'tried' }]);
    expect(decisions[1].candidates).toHaveLength(2);
  });

  test('show what was asked of providers, with the states on the way', async () => {
    expect(
      await lines(
        `SELECT kind, provider, outcome, tries, decline, array_to_string(states, '>'), settled_at IS NOT NULL, cardinality(changed_at) FROM books.provider_calls
         WHERE payment_intent_id = $1 ORDER BY asked_at, settled_at`,
        [story.rerouted],
      ),
    ).toEqual([
      'sale alpha failed 1 do_not_honor pending>failed true 2',
      'authorize beta succeeded 2  pending>unknown>succeeded true 3',
      'capture beta succeeded 1  pending>succeeded true 2',
    ]);
    // What no text of Postgres holds has become the replacement character.
    expect(
      await lines(
        `SELECT change -> 'operations' -> 0 ->> 'detail' FROM books.payment_timeline WHERE state = 'processing' AND change::text LIKE '%a reset%' ORDER BY seq LIMIT 1`,
      ),
    ).toEqual(['a reset, and \u{fffd} in what came']);
  });

  test('show captures and refunds', async () => {
    expect(
      await lines(
        'SELECT kind, state, amount, final FROM books.captures WHERE payment_intent_id = $1 ORDER BY asked_at',
        [story.captured],
      ),
    ).toEqual(['capture succeeded 2000 false', 'capture succeeded 3000 true']);
    expect(
      await lines(
        'SELECT payment_intent_id, state, amount, from_pending, source FROM books.refunds ORDER BY asked_at',
      ),
    ).toEqual([
      `${story.sold} succeeded 4000 4000 available`,
      `${story.sentBack} succeeded 10001 0 unapplied`,
      `${story.returned} succeeded 10000 0 unapplied`,
    ]);
  });

  test('show what is said of a refund, and when it was settled whatever was said of it afterwards', async () => {
    const [settled] = await db.rows(
      `SELECT booked_at FROM books.payment_timeline
       WHERE payment_intent_id = $1 AND event = 'operation_changed' ORDER BY seq DESC LIMIT 1`,
      [story.sold],
    );
    const of = 'FROM books.refunds WHERE payment_intent_id = $1';
    expect(await db.rows(`SELECT settled_at ${of}`, [story.sold])).toEqual([
      { settled_at: settled.booked_at },
    ]);
    const calls = 'SELECT states FROM books.provider_calls WHERE payment_intent_id = $1 AND kind = $2';
    expect(await db.rows(calls, [story.sold, 'refund'])).toEqual([{ states: ['pending', 'succeeded'] }]);
    expect(await db.rows(`SELECT reason, reference, metadata ${of}`, [story.sold])).toEqual([
      { reason: 'duplicate', reference: 'r "1"', metadata: { 'quote"': 'ü' } },
    ]);
    expect(await db.rows(`SELECT reason, reference, metadata ${of}`, [story.sentBack])).toEqual([
      { reason: '', reference: '', metadata: {} },
    ]);
  });

  test('show every posting of a payment with the operation behind it', async () => {
    const rows = await lines(
      `SELECT purpose, split_part(debit_code, ':', 1) AS debit, split_part(credit_code, ':', 1) AS credit, amount, event, operation_kind, attempt
       FROM books.payment_postings WHERE payment_intent_id = $1 ORDER BY seq, posting`,
      [story.sold],
    );
    expect(rows).toEqual([
      'captured psp_receivable m 10000 operation_changed sale 0',
      'captured m income 320 operation_changed sale 0',
      'captured m tax 61 operation_changed sale 0',
      'captured expense psp_receivable 25 operation_changed sale 0',
      'refund asked m refunds_in_flight 4000 operation_started refund 0',
      'refunded refunds_in_flight psp_receivable 4000 operation_changed refund 0',
      'refunded expense psp_receivable 25 operation_changed refund 0',
      'available m m 5619 money_available  ',
    ]);
  });

  test('show what merchants were told, whom, and what came of it', async () => {
    expect(
      await lines('SELECT type, count(*) FROM books.events WHERE type LIKE $1 GROUP BY type ORDER BY type', [
        'webhook%',
      ]),
    ).toEqual(['webhook_endpoint.disabled 1', 'webhook_endpoint.test 1']);
    expect(
      await lines(
        `SELECT e.type FROM books.events AS e JOIN books.payment_intents AS p ON p.id = e.subject_id WHERE p.id = $1 ORDER BY e.seq, e.index`,
        [story.sold],
      ),
    ).toEqual([
      'payment_intent.created',
      'payment_intent.succeeded',
      'refund.created',
      'refund.updated',
      'refund.updated',
    ]);
    expect(
      await lines(
        'SELECT number, state, disabled_reason, secret_generation, deleted_at IS NOT NULL FROM books.webhook_endpoints ORDER BY number',
      ),
    ).toEqual(['1 enabled  1 false', '2 disabled gone 2 false', '3 enabled  1 true', '4 enabled  1 true']);
    expect(
      await lines(
        'SELECT w.number, a.try, a.status, a.error FROM books.webhook_attempts AS a JOIN books.webhook_endpoints AS w ON w.id = a.endpoint_id ORDER BY a.log_seq, a.place',
      ),
    ).toEqual(['2 1 200 ', '3 1 503 ', '3 2 0 timeout', '2 1 410 ']);
    expect(
      await lines(
        'SELECT w.number, d.state, d.tries, d.last_status FROM books.webhook_deliveries AS d JOIN books.webhook_endpoints AS w ON w.id = d.endpoint_id WHERE d.tries > 0 ORDER BY w.number',
      ),
    ).toEqual(['2 failed 1 410', '3 pending 2 0']);
  });

  test('show what an operator has to look at, and the timeline with its causes', async () => {
    expect(await lines('SELECT payment_intent_id, state, attention FROM books.operator_queue')).toEqual([
      `${story.conflicted} conflicted the provider says 9999 EUR, asked were 10000 EUR`,
    ]);
    expect(
      await lines(
        'SELECT version, event, cause, state, command_id IS NOT NULL FROM books.payment_timeline WHERE payment_intent_id = $1 ORDER BY seq',
        [story.returned],
      ),
    ).toEqual([
      '1 intent_created caller processing true',
      '2 operation_started caller processing true',
      '3 operation_changed provider processing true',
      '4 operation_changed provider canceled true',
    ]);
    expect(
      await lines('SELECT name, settlement_days, fees -> 0 ->> $1 FROM books.merchants', ['ppm']),
    ).toEqual(['South Shop 7 15000']);
    expect(
      await lines(
        'SELECT terms_number, settlement_days, fees_returned, fees -> 0 ->> $1 FROM books.merchant_terms ORDER BY 1',
        ['ppm'],
      ),
    ).toEqual(['1 2 false 29000', '2 7 true 15000']);
    expect(
      await lines('SELECT terms_number, count(*) FROM books.payment_intents GROUP BY 1 ORDER BY 1'),
    ).toEqual([`1 ${story.shard.state.payments.intents.size - 2}`, '2 2']);
  });

  test('show a customer as its last change left it, and what it pays', async () => {
    expect(
      await db.rows('SELECT id, merchant_id, name, email, reference, metadata, version FROM books.customers'),
    ).toEqual([
      {
        id: story.customer,
        merchant_id: story.merchant,
        name: 'Mia Berg',
        email: 'mia@example.org',
        reference: '',
        metadata: { tier: 'gold' },
        version: '2',
      },
    ]);
    expect(
      await lines('SELECT id FROM books.payment_intents WHERE customer_id = $1', [story.customer]),
    ).toEqual([story.captured]);
  });

  test('show a payment method as it stands, and the attempts that were made with it', async () => {
    expect(
      await lines(
        'SELECT id, merchant_id, customer_id, state, type, token, billing_country, version FROM books.payment_methods',
      ),
    ).toEqual([`${story.paymentMethod} ${story.merchant} ${story.customer} detached card pm_stored DE 3`]);
    expect(
      await lines('SELECT payment_intent_id FROM books.payment_attempts WHERE payment_method_id = $1', [
        story.paymentMethod,
      ]),
    ).toEqual([story.captured]);
  });

  test.each([
    ['payment_intents', 'id'],
    ['payment_attempts', 'payment_intent_id'],
    ['captures', 'payment_intent_id'],
    ['refunds', 'payment_intent_id'],
    ['provider_calls', 'payment_intent_id'],
    ['routing_decisions', 'payment_intent_id'],
    ['payment_postings', 'payment_intent_id'],
    ['operator_queue', 'payment_intent_id'],
    ['payment_timeline', 'payment_intent_id'],
  ])('%s finds a payment by its key, whatever the size of the tables', async (view, column) => {
    const client = await db.pool.connect();
    // Where a table can only be read from end to end, the plan still says so.
    await client.query('BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
    const plan = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (COSTS off) SELECT * FROM books.${view} WHERE ${column} = '${story.sold}'`,
    );
    const control = await client.query<{ 'QUERY PLAN': string }>(
      "EXPLAIN (COSTS off) SELECT * FROM books.payment_intents WHERE description = 'x'",
    );
    await client.query('ROLLBACK');
    client.release();
    const text = (rows: { 'QUERY PLAN': string }[]): string =>
      rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(text(plan.rows)).toMatch(/Index Cond: \(id = '/);
    expect(text(plan.rows)).not.toMatch(
      /Seq Scan on (payment|merchants|transactions|postings|transfers|accounts)/,
    );
    expect(text(control.rows)).not.toMatch(/Index Cond: \(id = '/);
  });

  test('find an idempotency record by its id as a spent id is found, with the body as it went out', async () => {
    const found = await db.rows('SELECT id, fingerprint, status, body FROM books.idempotency_records');
    expect(found).toMatchObject([
      { fingerprint: '0123456789abcdef'.repeat(4), status: 200, body: '{"id":"pi_1","text":"ü\\n"}' },
    ]);
    const client = await db.pool.connect();
    await client.query('BEGIN; SET LOCAL enable_seqscan = off');
    const plan = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (COSTS off) SELECT body FROM books.idempotency_records WHERE book = 'x' AND id = '${String(found[0].id)}'`,
    );
    await client.query('ROLLBACK');
    client.release();
    const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toMatch(/Index Scan using payment_events_id|Bitmap Index Scan on payment_events_id/);
    expect(text).toMatch(/Index Cond: \(\(book_no = .*\) AND \(id = '/);
  });
});

async function violated(): Promise<string[]> {
  const names: string[] = [];
  for await (const result of checkInvariants(db.pool, { violationsMax: 5 }))
    if (result.violations.length > 0) names.push(result.name);
  return names;
}

describe('the invariants', () => {
  test('hold on what the projector wrote', async () => {
    expect(await violated()).toEqual([]);
  });

  test('hold on any sequence of commands and outcomes (seeds 1000 to 1029, one a shard)', async () => {
    const random = await readModelDatabase();
    const feed = new MemoryFeed();
    const tips: Record<number, number> = {};
    for (let shard = 0; shard < 30; shard++) {
      const made = randomPayments(shard, 1000 + shard).shard;
      feed.add(...made.blocks);
      tips[shard] = made.lastSeq;
    }
    await projectAll(random.url, feed, tips);
    const names: string[] = [];
    for await (const { name, violations } of checkInvariants(random.pool, { violationsMax: 5 }))
      names.push(...violations.map(({ subject, detail }) => `${name}: ${subject}: ${detail}`));
    // There is no journal beside these tables.
    expect(names.filter((name) => !name.startsWith('i14_'))).toEqual([]);
    expect(
      Number((await random.rows('SELECT count(*) FROM books.payment_intents'))[0].count),
    ).toBeGreaterThan(200);
    await random.drop();
  });

  test.each([
    [
      'i07_ids_unique',
      'payment_events',
      'DROP INDEX florin.payment_events_id; UPDATE florin.payment_events SET id = (SELECT id FROM florin.transactions LIMIT 1) WHERE subject = 1',
    ],
    [
      'i12_payments_bounded',
      'payment_states',
      "UPDATE florin.payment_states SET captured = authorized + 1 WHERE state = 'succeeded'",
    ],
    [
      'i12_payments_bounded',
      'payment_states',
      "UPDATE florin.payment_states SET refunded = captured, refunding = 1 WHERE state = 'succeeded'",
    ],
    [
      'i12_payments_bounded',
      'payment_states',
      "UPDATE florin.payment_states SET capturing = 1 WHERE state = 'succeeded'",
    ],
    [
      'i12_calls_announced',
      'payment_events',
      `DELETE FROM florin.payment_events WHERE name = 'operation_started'`,
    ],
    [
      'payments_posted',
      'payment_states',
      'UPDATE florin.payment_states SET captured = captured - 1 WHERE captured > 0',
    ],
    ['payments_posted', 'payment_states', 'UPDATE florin.payment_states SET fees = fees + 1'],
    ['api_keys_whole', 'api_keys', 'UPDATE florin.api_keys SET scopes = NULL WHERE scopes IS NOT NULL'],
    ['api_keys_whole', 'api_keys', 'UPDATE florin.api_keys SET revoked_at = NULL'],
    ['api_keys_whole', 'api_keys', 'UPDATE florin.api_keys SET version = version + 1'],
    ['api_keys_whole', 'api_keys', 'UPDATE florin.api_keys SET merchant_id = id'],
    ['modes_apart', 'merchants', "UPDATE florin.merchants SET mode = 'live'"],
    [
      'api_keys_whole',
      'api_keys',
      'UPDATE florin.api_keys SET secret_sha256 = (SELECT min(secret_sha256) FROM florin.api_keys)',
    ],
    ['payment_links_whole', 'payment_links', 'UPDATE florin.payment_links SET amount = amount + 1'],
    ['payment_links_whole', 'payment_links', "UPDATE florin.payment_links SET state = 'active'"],
    ['payment_links_whole', 'payment_links', 'UPDATE florin.payment_links SET version = version + 1'],
    ['payment_links_whole', 'payment_links', 'UPDATE florin.payment_links SET merchant_id = id'],
    ['payments_posted', 'payment_states', 'UPDATE florin.payment_states SET unapplied = 5'],
    ['payments_posted', 'payment_states', 'UPDATE florin.payment_states SET refunding = refunding + 5'],
    ['payments_posted', 'payment_events', 'UPDATE florin.payment_events SET transaction_count = 0'],
    [
      'payments_posted',
      'transactions',
      "DELETE FROM florin.transactions WHERE seq = (SELECT min(seq) FROM florin.transactions WHERE reference LIKE '%captured')",
    ],
    [
      'payments_whole',
      'payment_events',
      'DELETE FROM florin.payment_events WHERE seq = (SELECT max(seq) FROM florin.payment_events)',
    ],
    [
      'payments_whole',
      'payment_events',
      `DELETE FROM florin.payment_events WHERE seq = (SELECT min(seq) FROM florin.payment_events WHERE name = 'operation_changed')`,
    ],
    [
      'payments_whole',
      'payment_states',
      "UPDATE florin.payment_states SET state = 'canceled' WHERE state = 'succeeded'",
    ],
    ['payments_whole', 'payment_states', 'UPDATE florin.payment_states SET due_at = NULL'],
    ['payments_whole', 'payment_states', 'DELETE FROM florin.payment_states'],
    ['payments_whole', 'payment_intents', 'DELETE FROM florin.payment_intents'],
    ['payments_whole', 'merchants', 'DELETE FROM florin.merchants'],
    ['payments_reserved', 'payment_states', 'UPDATE florin.payment_states SET reserve = reserve + 1'],
    [
      'payments_reserved',
      'accounts',
      "UPDATE florin.accounts SET code = 'another ' || code WHERE code LIKE '%:reserve:%'",
    ],
    ['merchants_whole', 'merchants', 'UPDATE florin.merchants SET terms_number = 1'],
    ['merchants_whole', 'merchants', 'UPDATE florin.merchants SET version = version + 1'],
    ['merchants_whole', 'merchants', 'UPDATE florin.merchants SET last_seq = last_seq - 1'],
    ['merchants_whole', 'merchants', 'DELETE FROM florin.merchants'],
    ['merchants_whole', 'payment_intents', 'UPDATE florin.payment_intents SET terms_number = 3'],
    ['deliveries_told', 'told_events', 'DELETE FROM florin.told_events'],
    ['deliveries_told', 'webhook_deliveries', 'DELETE FROM florin.webhook_deliveries'],
    [
      'deliveries_told',
      'webhook_deliveries',
      'UPDATE florin.webhook_deliveries SET delivered_at = told_at, next_at = told_at',
    ],
    [
      'merchants_whole',
      'payment_events',
      'DELETE FROM florin.payment_events WHERE subject = 1 AND seq = (SELECT max(seq) FROM florin.payment_events WHERE subject = 1)',
    ],
    [
      'merchants_whole',
      'payment_events',
      'UPDATE florin.payment_events SET change = replace(change, \'"termsNumber":2\', \'"termsNumber":4\') WHERE subject = 1',
    ],
    ['customers_whole', 'customers', "UPDATE florin.customers SET name = 'Eve'"],
    ['customers_whole', 'customers', 'UPDATE florin.customers SET version = 1'],
    ['customers_whole', 'customers', 'DELETE FROM florin.customers'],
    [
      'customers_whole',
      'payment_intents',
      'UPDATE florin.payment_intents SET customer_id = merchant_id WHERE customer_id IS NOT NULL',
    ],
    ['payment_methods_whole', 'payment_methods', "UPDATE florin.payment_methods SET state = 'attached'"],
    [
      'payment_methods_whole',
      'payment_methods',
      'UPDATE florin.payment_methods SET customer_id = merchant_id',
    ],
    ['payment_methods_whole', 'payment_methods', 'DELETE FROM florin.payment_methods'],
    [
      'i14_events_projected',
      'payment_events',
      'DELETE FROM florin.payment_events WHERE seq = (SELECT max(seq) FROM florin.payment_events)',
    ],
  ])('%s notices a wrong write to %s: %s', async (name, table, edit) => {
    await db.rows(`CREATE TABLE florin.kept AS SELECT * FROM ONLY florin.${table}`);
    await db.rows(edit);
    expect(await violated()).toContain(name);
    await db.rows(`DELETE FROM ONLY florin.${table}`);
    await db.rows(`INSERT INTO florin.${table} TABLE florin.kept`);
    await db.rows('DROP TABLE florin.kept');
    expect(await violated()).toEqual([]);
  });
});
