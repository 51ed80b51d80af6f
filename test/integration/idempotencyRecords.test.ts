import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import pg from 'pg';
import { connectFlorin, type FlorinClient, namedId, uuidv7 } from '../../client/index.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { startTestCore, type TestCore } from '../support/core.ts';
import { connectPayments, openShop, type Shop } from '../support/payments/client.ts';
import { verifyFindings } from '../support/payments/verified.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const CALLERS = 50;
/** The least that can be set, and three times as many records. */
const RESIDENT_MAX = 1_000;
const RECORDS = 3_000;
/** The longest body that is kept, bytes, and more of them than one answer of 16 MiB holds. */
const BODY_BYTES_MAX = 262_144;
const LONG_RECORDS = 70;

interface Record {
  readonly id: string;
  readonly fingerprint: Uint8Array;
  readonly status: number;
  readonly body: string;
}

let core: TestCore;
let shop: Shop;
/** Two edges, so to speak: each gathers its own calls. */
let clients: readonly [FlorinClient, FlorinClient];

beforeAll(async () => {
  core = await startTestCore({ env: { FLORIN_IDS_MAX: String(RESIDENT_MAX) } });
  const opening = connectPayments({ target: core.target });
  shop = await openShop(opening, 'shop');
  opening.close();
  clients = [connectFlorin({ target: core.target }), connectFlorin({ target: core.target })];
});

afterAll(async () => {
  for (const client of clients ?? []) client.close();
  await core?.stop();
});

function record(id: string, body: string, status = 200): Record {
  return { id, status, body, fingerprint: createHash('sha256').update(body).digest() };
}

/** What is kept under the id after that, or the reason and field of the refusal. */
async function save(item: Record, client = clients[0]) {
  const { outcome } = await client.idempotencyRecords.saveIdempotencyRecord(shop.book, item);
  if (outcome.case === 'kept') {
    const { fingerprint, ...kept } = outcome.value.record!;
    return {
      ...kept,
      fingerprint: Buffer.from(fingerprint).toString('hex'),
      replayed: outcome.value.replayed,
    };
  }
  return `${outcome.value?.reason} ${outcome.value?.field}`;
}

const keptOf = ({ fingerprint, ...item }: Record) => ({
  ...item,
  fingerprint: Buffer.from(fingerprint).toString('hex'),
});

/** Of records that were saved before: none of them is told as another than it was. */
async function expectKept(items: readonly Record[]): Promise<void> {
  const later = items.map(({ id }) => record(id, `later ${id}`, 402));
  const told = await Promise.all(later.map((item) => save(item)));
  items.forEach((item, i) => expect(told[i]).toMatchObject({ ...keptOf(item), replayed: true }));
}

let ids = 0;
/** Ids as an edge derives them, and of the other versions in turn. */
const newId = (): string => [namedId(['record', String(ids)]), randomUUID(), uuidv7()][ids++ % 3];

test('of fifty who save at once one is first, and all are told the same', async () => {
  for (let round = 0; round < 20; round++) {
    const id = namedId(['contested', String(round)]);
    const told = await Promise.all(
      Array.from({ length: CALLERS }, (_, i) => save(record(id, `answer ${i}`, 200 + i), clients[i % 2])),
    );
    const kept = told.map((one) => (typeof one === 'string' ? one : { ...one, replayed: null }));
    expect(new Set(kept.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(told.filter((one) => typeof one !== 'string' && !one.replayed)).toHaveLength(1);
  }
});

test('an id of a merchant, an account or a transaction keeps no record, and that of a record is nothing else', async () => {
  const { book, merchant } = shop;
  const [florin] = clients;
  const [debitAccount, creditAccount, transaction, kept] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  for (const id of [debitAccount, creditAccount]) {
    const account = { id, code: `account:${id}`, asset: 'EUR', normalSide: NormalSide.DEBIT };
    expect((await florin.accounts.openAccount(book, account)).outcome.case).toBe('done');
  }
  const postings = [{ debitAccount, creditAccount, amount: 1n }];
  const booked = await florin.transactions.createTransaction(book, { id: transaction, postings });
  expect(booked.outcome.case).toBe('booked');
  for (const id of [merchant, debitAccount, transaction])
    expect(await save(record(id, 'x'))).toBe('ID_REUSED id');
  await save(record(kept, 'x'));
  const { outcome } = await florin.transactions.createTransaction(book, { id: kept, postings });
  expect(outcome).toMatchObject({ case: 'refused', value: { reason: 'ID_REUSED', field: 'id' } });
});

/** JSON, its escapes, what JSON would escape, and what only looks like an escape. */
const TEXTS = [
  '',
  '{"id":"pi_1","text":"ü\\n","quote":"\\"","slash":"\\\\"}',
  '\uFEFF\u0001\u001F\u007F\u2028 \u{1F600}\r\n\t\\',
  String.raw`{"nul":"\u0000","half":"\ud83d","twice":"\\u0000"}`,
  '"declined" %s $1 \\',
];

test('a body comes back as it went in, to the byte, and people read it by its id', async () => {
  const texts = [...TEXTS, 'ü'.repeat(BODY_BYTES_MAX / 2)].map((body) => record(newId(), body));
  for (const item of texts)
    expect(await save(item)).toEqual({ ...keptOf(item), $typeName: expect.anything(), replayed: false });
  await expectKept(texts);
  const database = new pg.Client({ connectionString: core.databaseUrl });
  await database.connect();
  try {
    for (const { id, body, status } of texts) {
      const read = () =>
        database.query(
          'SELECT book, status, body, fingerprint FROM books.idempotency_records WHERE id = $1',
          [id],
        );
      await expect.poll(async () => (await read()).rowCount, { timeout: 5_000 }).toBe(1);
      const fingerprint = Buffer.from(record(id, body).fingerprint).toString('hex');
      expect((await read()).rows).toEqual([{ book: shop.book, status, body, fingerprint }]);
    }
  } finally {
    await database.end();
  }
});

test.each<[string, Partial<Record>, string]>([
  ['no id', { id: '' }, 'MISSING_FIELD id'],
  ['a short fingerprint', { fingerprint: new Uint8Array(31) }, 'INVALID_VALUE fingerprint'],
  ['the status of no answer', { status: 199 }, 'INVALID_VALUE status'],
  ['a status beyond all', { status: 600 }, 'INVALID_VALUE status'],
  ['U+0000', { body: 'a\0b' }, 'INVALID_TEXT body'],
  ['a body of a byte too much', { body: `${'ü'.repeat(BODY_BYTES_MAX / 2)}.` }, 'TOO_LONG body'],
])('%s is refused, and the id stays free', async (_, wrong, told) => {
  const right = record(uuidv7(), 'x');
  expect(await save({ ...right, ...wrong })).toBe(told);
  expect(await save(right)).toMatchObject({ replayed: false });
});

const long = Array.from({ length: LONG_RECORDS }, (_, i) =>
  record(newId(), String(i).padEnd(BODY_BYTES_MAX, '"')),
);
const many = Array.from({ length: RECORDS }, (_, i) => record(newId(), `{"number":${i}}`));

test('the longest answers are told to all who ask for them at once', async () => {
  for (const told of await Promise.all(long.map((item) => save(item))))
    expect(told).toMatchObject({ replayed: false });
  await expectKept(long);
}, 60_000);

test('what memory let go of is told as it was, twice over', async () => {
  for (let from = 0; from < RECORDS; from += 500)
    await Promise.all(many.slice(from, from + 500).map((item) => save(item)));
  await expectKept(many);
  await expectKept(many);
}, 60_000);

test('and after a restart', async () => {
  expect(await core.endBy('SIGTERM')).toMatchObject({ exitCode: 0 });
  await core.restart();
  await expectKept(many);
  await expectKept(long);
  expect(await save(record(uuidv7(), 'new'))).toMatchObject({ replayed: false });
}, 60_000);

test('verify finds nothing, nor after the read models were built anew', async () => {
  expect(await verifyFindings(core)).toEqual([]);
  const count = async (): Promise<number> => {
    const database = new pg.Client({ connectionString: core.databaseUrl });
    await database.connect();
    const { rows } = await database.query<{ n: number }>(
      'SELECT count(*)::integer AS n FROM books.idempotency_records',
    );
    await database.end();
    return rows[0].n;
  };
  const before = await count();
  expect(before).toBeGreaterThan(RECORDS + LONG_RECORDS);
  const env = { ...process.env, DATABASE_URL: core.databaseUrl, FLORIN_DATA_DIR: core.dataDir };
  await promisify(execFile)(process.execPath, [cli, 'rebuild'], { env });
  expect(await count()).toBe(before);
  expect(await verifyFindings(core)).toEqual([]);
  await expectKept(many.slice(0, 100));
  expect(core.output()).not.toContain('call.poisoned');
}, 60_000);
