import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NOON_US } from '../../../test/support/ledger.ts';
import { appendBlocks, migrated, projectBlocks } from '../../../test/support/fabricatedBooks.ts';
import { paymentStory } from '../../../test/support/paymentStory.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { ScriptedShard } from '../../../test/support/scriptedShard.ts';
import {
  edit,
  putBack,
  rechained,
  rewrittenBlocks,
  verified,
  verifiedJournal,
} from '../../../test/support/verifiedBooks.ts';
import type { Block } from '../../../core/journal/block.ts';
import { jsonbText } from './jsonbText.ts';
import type { Report } from './report.ts';

const SHARD = 4;
const story = paymentStory(SHARD);
const control = new ScriptedShard(64, NOON_US - 1_000_000);
control.control({ op: 'createBook', name: 'book 1', description: '', shard: SHARD });
control.seal();
const all = [...control.blocks, ...story.shard.blocks];
let database: Awaited<ReturnType<typeof freshDatabase>>;

beforeAll(async () => {
  database = await freshDatabase();
  await migrated(database.url);
  await appendBlocks(database.url, all);
  await projectBlocks(database.url, all);
});
afterAll(() => database.drop());

test('is green on what kernel and projector made of payments, and has looked at all of it', async () => {
  const report = await verified(database.url, { sql: 'asked' });
  expect(report.findings).toEqual([]);
  expect(report.events).toBe(story.shard.lastSeq + 1);
  expect(report.rows).toBeGreaterThan(story.shard.lastSeq);
});

test('is green while the read models lag behind', async () => {
  const behind = await freshDatabase();
  await migrated(behind.url);
  await appendBlocks(behind.url, all);
  await projectBlocks(behind.url, [...control.blocks, ...story.shard.blocks.slice(0, 3)]);
  expect((await verified(behind.url)).findings).toEqual([]);
  await behind.drop();
});

describe('an edited table is found, with the row and the column:', () => {
  test.each([
    [
      'payment_events',
      `UPDATE florin.payment_events SET change = replace(change, '"10000"', '"10001"') WHERE seq = (SELECT min(seq) FROM florin.payment_intents)`,
      'change is',
    ],
    [
      'payment_events',
      'UPDATE florin.payment_events SET transaction_count = transaction_count + 1 WHERE seq = (SELECT max(seq) FROM florin.payment_events)',
      'transaction_count is 1, the journal says 0',
    ],
    [
      'payment_events',
      "UPDATE florin.payment_events SET cause = 'operator' WHERE subject = 1",
      'cause is "operator", the journal says "caller"',
    ],
    ['payment_events', 'DELETE FROM florin.payment_events WHERE subject = 1', 'a row is missing'],
    [
      'payment_events',
      `UPDATE florin.payment_events SET change = replace(change, 'pi_1', 'pi_2') WHERE subject = 5`,
      'change is',
    ],
    ['payment_events', 'DELETE FROM florin.payment_events WHERE subject = 5', 'a row is missing'],
    [
      'payment_intents',
      `UPDATE florin.payment_intents SET metadata = '{"shop": "south"}' WHERE metadata IS NOT NULL`,
      'metadata is {"shop": "south"}',
    ],
    ['payment_intents', 'UPDATE florin.payment_intents SET amount = amount + 1', 'amount is'],
    [
      'payment_states',
      'UPDATE florin.payment_states SET captured = captured - 1 WHERE captured > 0',
      'captured is',
    ],
    [
      'payment_states',
      "UPDATE florin.payment_states SET state = 'succeeded' WHERE state = 'conflicted'",
      'state is "succeeded", the journal says "conflicted"',
    ],
    [
      'payment_states',
      'UPDATE florin.payment_states SET attention = NULL WHERE attention IS NOT NULL',
      'attention is null',
    ],
    [
      'payment_states',
      'UPDATE florin.payment_states SET due_at = NULL WHERE due_at IS NOT NULL',
      'due_at is null',
    ],
    ['payment_states', 'DELETE FROM florin.payment_states', 'a row is missing'],
    ['merchants', `UPDATE florin.merchants SET fees = '[]'`, 'fees is []'],
    ['merchants', `UPDATE florin.merchants SET mode = 'live'`, 'mode is "live", the journal says "test"'],
    ['merchants', 'UPDATE florin.merchants SET reserve_days = 0', 'reserve_days is 0, the journal says 90'],
    ['payment_states', 'UPDATE florin.payment_states SET reserve = 0', 'reserve is 0, the journal says 491'],
    ['customers', "UPDATE florin.customers SET email = 'eve@example.org'", 'email is "eve@example.org"'],
    ['customers', 'UPDATE florin.customers SET version = version - 1', 'version is 1'],
    ['customers', 'DELETE FROM florin.customers', 'a row is missing'],
    ['payment_methods', "UPDATE florin.payment_methods SET token = 'eve'", 'token is "eve"'],
    [
      'payment_methods',
      "UPDATE florin.payment_methods SET state = 'attached'",
      'state is "attached", the journal says "detached"',
    ],
    [
      'told_events',
      "UPDATE florin.told_events SET type = 'payment_intent.succeeded'",
      'type is "payment_intent.succeeded"',
    ],
    ['told_events', "UPDATE florin.told_events SET about = 'x' WHERE about IS NOT NULL", 'about is "x"'],
    ['told_events', 'DELETE FROM florin.told_events', 'a row is missing'],
    [
      'webhook_endpoints',
      "UPDATE florin.webhook_endpoints SET url = 'https://eve.test'",
      'url is "https://eve.test"',
    ],
    [
      'webhook_endpoints',
      "UPDATE florin.webhook_endpoints SET state = 'enabled'",
      'the journal says "disabled"',
    ],
    ['webhook_endpoints', 'UPDATE florin.webhook_endpoints SET deleted_at = NULL', 'deleted_at is null'],
    [
      'webhook_endpoints',
      'UPDATE florin.webhook_endpoints SET secret_generation = 1',
      'secret_generation is 1',
    ],
    ['webhook_deliveries', 'UPDATE florin.webhook_deliveries SET next_at = NULL', 'next_at is null'],
    [
      'webhook_deliveries',
      'UPDATE florin.webhook_deliveries SET delivered_at = told_at, next_at = NULL',
      'delivered_at is',
    ],
    ['webhook_deliveries', 'UPDATE florin.webhook_deliveries SET tries = 9', 'tries is 9'],
    ['webhook_deliveries', 'DELETE FROM florin.webhook_deliveries', 'a row is missing'],
    ['webhook_attempts', 'UPDATE florin.webhook_attempts SET status = 200', 'status is 200'],
    ['webhook_attempts', "UPDATE florin.webhook_attempts SET excerpt = 'x'", 'excerpt is "x"'],
    ['webhook_attempts', 'DELETE FROM florin.webhook_attempts', 'a row is missing'],
    [
      'payment_intents',
      'UPDATE florin.payment_intents SET customer_id = NULL WHERE customer_id IS NOT NULL',
      'customer_id is null',
    ],
  ])('%s after %s', async (table, statement, message) => {
    await edit(database.url, `CREATE TABLE kept AS TABLE florin.${table}`, statement);
    const report = await verified(database.url);
    await putBack(database.url, table);
    expect(report.findings.map((one) => `${one.rule} ${one.table} ${one.message}`).join('\n')).toContain(
      message,
    );
    expect(new Set(report.findings.map((one) => one.table))).toEqual(new Set([`florin.${table}`]));
  });
});

/** The journal with a text of an event in another's place, chained anew. */
const rewritten = (from: string, to: string): Block[] => [
  ...control.blocks,
  ...rechained(rewrittenBlocks(story.shard.blocks, from, to)),
];

const found = (report: Report): string[] => report.findings.map((one) => `${one.rule} ${one.message}`);

describe('a journal that no right kernel wrote is found:', () => {
  test('control: the same journal untouched is not', async () => {
    expect(found(await verifiedJournal(rewritten('"sale"', '"sale"')))).toEqual([]);
  });

  test.each([
    [
      'captured without a posting',
      '"captured":"10000"',
      '"captured":"10001"',
      /^I12 .*10001 captured, 10000 authorised; captured is 10001, its operations add up to 10000; captured is 10001, its postings add up to 10000/,
    ],
    [
      'fees that were not booked',
      '"fees":"320"',
      '"fees":"321"',
      /^I12 .*fees is 321, its postings add up to 320/,
    ],
    [
      'money under way that is not',
      '"capturing":"10000"',
      '"capturing":"10009"',
      /^I12 .*capturing is 10009, its operations add up to 10000/,
    ],
    ['refunds that nobody asked for', '"refunded":"4000"', '"refunded":"4001"', /^I12 .*refunded is 4001/],
    [
      'more kept back than by the counter',
      '"reserves":[{"amount":"491"',
      '"reserves":[{"amount":"492"',
      /^I12 .*the reserve is 491, and 492 are kept back/,
    ],
    [
      'a reserve that was not booked',
      '"reserve":"491"',
      '"reserve":"490"',
      /^I12 .*reserve is 490, its postings add up to 491/,
    ],
    [
      'a reserve that is kept for another time',
      '"reserve":{"ppm":100000,"days":90}',
      '"reserve":{"ppm":100000,"days":91}',
      /^I12 .*491 are kept back until .*, by its terms it is/,
    ],
    [
      'fees by other terms',
      '"ppm":15000,',
      '"ppm":15001,',
      /^I12 .*(terms 2 of merchant .* are not what was agreed|by its terms it is)/,
    ],
    [
      'terms that were never agreed',
      '"termsNumber":2,"customer"',
      '"termsNumber":3,"customer"',
      /^I12 begins under terms 3/,
    ],
    ['a version that skips', '"version":2', '"version":3', /^I4 .*is at version 3, where 2 is next/],
    [
      'a call before its intent',
      '"state":"pending"',
      '"state":"unknown"',
      /^I12 operation .* comes in as unknown/,
    ],
    [
      'a state that may not follow',
      '"state":"conflicted"',
      '"state":"canceled"  ',
      /^I12 attempt 0 of payment .* goes from authorizing to canceled/,
    ],
    [
      'a customer whose version skips',
      '"metadata":[],"createdUs":' + String(NOON_US) + ',"version":1',
      '"metadata":[],"createdUs":' + String(NOON_US) + ',"version":7',
      /^I4 customer .* is at version 7, where 1 is next/,
    ],
    [
      'a payment method that comes back',
      '"state":"detached"',
      '"state":"attached"',
      /^I12 payment method .* goes from attached to attached/,
    ],
    [
      'an idempotency record without its fingerprint',
      '"fingerprint":"0123456789abcdef',
      '"fingerprint":"0123456789ABCDEF',
      /^I14 idempotency record .* has the fingerprint "0123456789ABCDEF/,
    ],
    [
      'a success that is told nobody',
      '"type":"payment_intent.succeeded"',
      '"type":"payment_intent.succeeeed"',
      /^I12 tells payment_intent.succeeeed, where payment_intent.succeeded is to be told/,
    ],
    [
      'something told an endpoint that is none',
      '"type":"payment_intent.created","to":[1]',
      '"type":"payment_intent.created","to":[9]',
      /^I12 payment_intent.created is told endpoint 9 of .*, where endpoint 1 may be told and want it/,
    ],
    [
      'an endpoint that skips a version of its merchant',
      '"merchantVersion":2',
      '"merchantVersion":3',
      /^I4 merchant .* is at version 3, where 2 is next/,
    ],
    [
      'an attempt that nobody asked for',
      '"endpoint":2,"seq"',
      '"endpoint":9,"seq"',
      /^I12 endpoint 9 of .* was to be told .* by nobody/,
    ],
    ['an unknown cause', '"by":"timer"', '"by":"magic"', /^I14 is caused by "magic"/],
    [
      'JSON that is none',
      '{"name":"money_available"',
      '["name":"money_available"',
      /^I11 a change of a payment that cannot be read/,
    ],
  ])('%s', async (_, from, to, message) => {
    expect(found(await verifiedJournal(rewritten(from, to))).join('\n')).toMatch(new RegExp(message, 'm'));
  });
});

test('jsonb prints shorter keys first, whatever their order was', () => {
  expect(jsonbText({ bb: 1, a: [true, null, 'ü"'], ab: {} })).toBe(
    '{"a": [true, null, "ü\\""], "ab": {}, "bb": 1}',
  );
});
