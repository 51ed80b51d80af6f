import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendBlocks, migrated, projectBlocks } from '../../../test/support/fabricatedBooks.ts';
import { foldOf } from '../../../test/support/foldedShard.ts';
import { NOON_US } from '../../../test/support/ledger.ts';
import { paymentStory } from '../../../test/support/paymentStory.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { randomPayments } from '../../../test/support/randomPayments.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import { ScriptedShard } from '../../../test/support/scriptedShard.ts';
import { edit, putBack, rewrittenBlocks, verified } from '../../../test/support/verifiedBooks.ts';
import { everyWebhookCommand } from '../../../test/support/webhookStory.ts';
import type { Block } from '../../../core/journal/block.ts';
import { TOLD_TYPES } from '../../../core/kernel/payments/told.ts';
import type { Column, ColumnType } from './columns.ts';
import { TABLES } from './tables.ts';

const SHARD = 4;

/** A story of endpoints alone, so that a verify of it is short. */
function webhookStory(): ScriptedPayments {
  const shard = new ScriptedPayments(SHARD, NOON_US);
  everyWebhookCommand(shard, shard.merchant());
  shard.seal();
  return shard;
}

describe('each column of a table of webhooks, edited by hand, is found with its row:', () => {
  const shard = webhookStory();
  let database: Awaited<ReturnType<typeof freshDatabase>>;

  beforeAll(async () => {
    const control = new ScriptedShard(64, NOON_US - 1_000_000);
    control.control({ op: 'createBook', name: 'book 1', description: '', shard: SHARD });
    control.seal();
    database = await freshDatabase();
    const blocks = [...control.blocks, ...shard.blocks];
    await migrated(database.url);
    await appendBlocks(database.url, blocks);
    await projectBlocks(database.url, blocks);
  });
  afterAll(() => database.drop());

  test('control: untouched nothing is', async () => {
    expect((await verified(database.url, { sql: 'asked' })).findings).toEqual([]);
  });

  /** Another value of the column in each row, which no constraint refuses. */
  const OTHER: Record<ColumnType, (name: string) => string> = {
    i16: (name) => `coalesce(${name}, 0) + 1000`,
    i32: (name) => `coalesce(${name}, 0) + 1000`,
    i64: (name) => `coalesce(${name}, 0) + 1000`,
    boolean: (name) => `NOT ${name}`,
    uuid: (name) => `overlay(${name}::text placing 'eeee' from 10)::uuid`,
    moment: (name) => `coalesce(${name}, now()) + interval '1 second'`,
    date: (name) => `${name} + 1`,
    text: (name) => `coalesce(${name}, '') || 'x'`,
    jsonb: () => `'{"eve": "1"}'`,
    bytes: () => `'x'`,
  };
  const NAMED: Record<string, string> = {
    mode: `CASE mode WHEN 'test' THEN 'live' ELSE 'test' END`,
    // A delivery is asked for by its event, or by a later one.
    seq: 'seq - 1000',
    state: `CASE state WHEN 'enabled' THEN 'disabled' ELSE 'enabled' END`,
  };
  const columns = (
    ['toldEvents', 'webhookEndpoints', 'webhookDeliveries', 'webhookAttempts'] as const
  ).flatMap((of) => {
    const { name, keys, columns: all } = TABLES[of];
    return all.map(
      (column: Column, place) => [`${name}.${column.name}`, name, column, place < keys] as const,
    );
  });

  test.each(columns)('%s', async (_, table, { name, type }, isKey) => {
    const edited = `UPDATE florin.${table} SET ${name} = ${NAMED[name] ?? OTHER[type](name)}`;
    await edit(database.url, `CREATE TABLE kept AS TABLE florin.${table}`, edited);
    const { findings } = await verified(database.url);
    await putBack(database.url, table);
    expect(new Set(findings.map((one) => one.table))).toEqual(new Set([`florin.${table}`]));
    const messages = findings.map(({ message }) => message).join('\n');
    expect(messages).toContain(isKey ? 'a row is missing' : `${name} is`);
  });

  test('and no column is left out', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'florin' AND table_name = ANY ($1)`,
      [[...new Set(columns.map(([, table]) => table))]],
    );
    await client.end();
    expect(new Set(columns.map(([column]) => column))).toEqual(new Set(rows.map(({ name }) => name)));
  });
});

/** The findings about blocks in which texts are exchanged. */
function found(blocks: readonly Block[], from: string, to: string, n = 1): string {
  const { findings } = foldOf(SHARD, rewrittenBlocks(blocks, from, to, n));
  return findings.list.map(({ rule, message }) => `${rule} ${message}`).join('\n');
}

/** A dispute that is won, and opened again. */
function reopenedStory(): ScriptedPayments {
  const shard = new ScriptedPayments(SHARD, NOON_US);
  const intent = shard.create(shard.merchant());
  shard.succeed(intent);
  const moved = { reference: 'dp_1', amount: 1_000n, currency: 'EUR', cost: 15n };
  const of = {
    intent: intent.id,
    operation: intent.operations[0].id,
    payment: '',
    provider: 'alpha',
    proof: null,
  };
  for (const [place, kind] of (['dispute_opened', 'dispute_won', 'dispute_opened'] as const).entries())
    shard.run({ op: 'recordEvent', id: shard.id(), ...of, kind, occurredUs: NOON_US + place, moved });
  shard.seal();
  return shard;
}

const STORIES = [
  reopenedStory(),
  paymentStory(SHARD).shard,
  ...Array.from({ length: 120 }, (_, seed) => randomPayments(SHARD, seed + 1).shard),
].map(({ blocks }) => blocks);

describe('what is told is what happened:', () => {
  test.each(TOLD_TYPES)('%s is missed where it is not told, and found where it is told instead', (type) => {
    const from = `"type":"${type}"`;
    const blocks = STORIES.find((all) => all.some(({ body }) => Buffer.from(body).includes(from)));
    if (blocks === undefined) throw new Error('no story tells it');
    expect(found(blocks, from, from)).toBe('');
    const other = `${type.slice(0, -1)}~`;
    const findings = found(blocks, from, `"type":"${other}"`);
    expect(findings).toMatch(new RegExp(`I12 tells .*${other}.*, where .*${type}.* is to be told`));
  });
});

describe('endpoints that no right kernel wrote are found:', () => {
  const { blocks } = webhookStory();

  test.each([
    [
      'one that is left out',
      '"type":"payment_intent.succeeded","to":[1,2]',
      '"type":"payment_intent.succeeded","to":[1  ]',
      /I12 payment_intent.succeeded is told endpoint 1 of .*, where endpoint 1, 2 may be told and want it/,
    ],
    [
      'one that does not want it',
      '"type":"payment_intent.created","to":[1]',
      '"type":"payment_intent.created","to":[2]',
      /I12 payment_intent.created is told endpoint 2 of .*, where endpoint 1 may be told/,
    ],
    [
      'a test of another one',
      '"to":[2]',
      '"to":[1]',
      /I12 webhook_endpoint.test is told endpoint 1 of .*, where endpoint 2 may be told/,
    ],
    [
      'a number that is skipped',
      '"number":2',
      '"number":3',
      /I4 webhook endpoint 3 of .* begins, where 2 is next/,
    ],
    [
      'a mode that changes',
      '"mode":"test"',
      '"mode":"live"',
      /I12 mode of webhook endpoint 1 of .* was live and is test/,
    ],
    [
      'a version that skips',
      '"apiVersion":"2026',
      '"apiVersion":"2027',
      /I12 apiVersion of webhook endpoint 1/,
    ],
    [
      'a try behind one that was taken',
      '"status":200,"error":"","excerpt":"ok \u2028\\u0000","nextUs":null',
      '"status":200,"error":"","excerpt":"ok \u2028\\u0000","nextUs":9   ',
      /I12 try 1 of .* came to 200 and is followed by one at 9/,
    ],
    [
      'a try that nobody follows',
      '"status":503',
      '"status":200',
      /I12 try 1 of .* came to 200 and is followed/,
    ],
  ])('%s', (_, from, to, message) => {
    expect(found(blocks, from, to)).toMatch(message);
  });
});
