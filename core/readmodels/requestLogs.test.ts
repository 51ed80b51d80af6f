import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ReadModelDatabase, readModelDatabase } from '../../test/support/projecting.ts';
import { firstIdOf, type RequestLog, type RequestLogFilter, RequestLogs } from './requestLogs.ts';

const MERCHANT = '0190a000-0000-7000-8000-00000000000a';
const OTHER = '0190a000-0000-7000-8000-00000000000b';
const NOON_MS = Date.UTC(2026, 10, 27, 12);

let db: ReadModelDatabase;
let pool: pg.Pool;
let logs: RequestLogs;
beforeAll(async () => {
  db = await readModelDatabase();
  pool = new pg.Pool({ connectionString: db.url });
  logs = new RequestLogs(pool);
});
beforeEach(() => pool.query('TRUNCATE florin.request_logs'));
afterAll(async () => {
  await pool?.end();
  await db?.drop();
});

function entry(ms: number, more: Partial<RequestLog> = {}): RequestLog {
  return {
    id: firstIdOf(ms),
    book: 'shop',
    merchant: MERCHANT,
    mode: 'test',
    apiKey: OTHER,
    method: 'POST',
    route: '/v1/refunds',
    path: '/v1/refunds',
    status: 200,
    problemCode: '',
    param: '',
    objectId: '',
    idempotencyKey: 'k',
    apiVersion: '2026-12-01',
    tookUs: 1_234,
    address: '10.0.0.1',
    userAgent: 'curl',
    ...more,
  };
}
const ALL: RequestLogFilter = {
  book: '',
  merchant: null,
  status: { min: 0, max: 599 },
  pathPrefix: '',
  route: '',
  id: null,
  from: firstIdOf(0),
  before: null,
  after: null,
  order: 'newest first',
  limit: 10,
};
const idsOf = async (filter: Partial<RequestLogFilter>) =>
  (await logs.list({ ...ALL, ...filter })).map(({ id }) => id);

test('what is written is read as it was, and a batch that comes again changes nothing', async () => {
  const stranger = entry(NOON_MS + 1, { book: '', merchant: null, mode: null, apiKey: null, status: 401 });
  const batch = [entry(NOON_MS), stranger];
  expect(await logs.write(batch)).toBe(2);
  expect(await logs.write([entry(NOON_MS, { status: 500 }), stranger])).toBe(0);
  expect(await logs.list(ALL)).toEqual(batch.toReversed());
  expect(await logs.get(stranger.id, ALL)).toEqual(stranger);
  const { rows } = await pool.query(
    'SELECT request_id, received_at, book FROM books.request_logs ORDER BY id',
  );
  expect(rows).toMatchObject([
    {
      request_id: `req_${firstIdOf(NOON_MS).replaceAll('-', '')}`,
      received_at: new Date(NOON_MS),
      book: 'shop',
    },
    { book: null },
  ]);
});

test('a book has its own requests and no others, by list and by id', async () => {
  const foreign = entry(NOON_MS + 1, { book: 'other', merchant: OTHER });
  await logs.write([entry(NOON_MS), foreign]);
  expect(await idsOf({ book: 'shop' })).toEqual([firstIdOf(NOON_MS)]);
  expect(await idsOf({ book: 'shop', merchant: OTHER })).toEqual([]);
  expect(await logs.get(foreign.id, { book: 'shop', merchant: null })).toBeNull();
  expect(await logs.get(foreign.id, { book: 'other', merchant: null })).toEqual(foreign);
  expect(await logs.get(foreign.id, { book: 'other', merchant: OTHER })).toEqual(foreign);
  expect(await logs.get(foreign.id, { book: 'other', merchant: MERCHANT })).toBeNull();
});

test('a list is narrowed by status, path and time, and goes on behind an id', async () => {
  const ids = [0, 1, 2, 3].map((ms) => firstIdOf(NOON_MS + ms));
  await logs.write([
    entry(NOON_MS),
    entry(NOON_MS + 1, { status: 402 }),
    entry(NOON_MS + 2, { path: '/v1/customers', route: '/v1/customers' }),
    entry(NOON_MS + 3, { status: 500 }),
  ]);
  expect(await idsOf({ status: { min: 400, max: 599 } })).toEqual([ids[3], ids[1]]);
  expect(await idsOf({ status: { min: 402, max: 402 } })).toEqual([ids[1]]);
  // A prefix is text, and no pattern.
  expect(await idsOf({ pathPrefix: '/v1/c' })).toEqual([ids[2]]);
  expect(await idsOf({ pathPrefix: '%' })).toEqual([]);
  expect(await idsOf({ from: ids[2] })).toEqual([ids[3], ids[2]]);
  expect(await idsOf({ before: ids[2], limit: 1 })).toEqual([ids[1]]);
  expect(await idsOf({ after: ids[1] })).toEqual([ids[3], ids[2]]);
  expect(await idsOf({ after: ids[0], order: 'oldest first', limit: 2 })).toEqual([ids[1], ids[2]]);
  expect(await idsOf({ route: '/v1/customers' })).toEqual([ids[2]]);
  expect(await idsOf({ id: ids[1] })).toEqual([ids[1]]);
  expect(await idsOf({ id: ids[1], status: { min: 200, max: 200 } })).toEqual([]);
});

test('what is too old goes, in steps, and nothing else does', async () => {
  await pool.query(
    `INSERT INTO florin.request_logs (id, took_us, status, book, method, route, path, problem_code, param, object_id,
       idempotency_key, api_version, address, user_agent)
     SELECT ('0190a000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 0, 401, '', 'GET', '', '', '', '', '', '', '', '', ''
     FROM generate_series(1, 25000) AS n`,
  );
  await logs.write([entry(NOON_MS)]);
  expect(await logs.forgetBefore(firstIdOf(NOON_MS))).toBe(25_000);
  expect(await idsOf({})).toEqual([firstIdOf(NOON_MS)]);
});

test('the least id of a moment is that of its millisecond, whatever the fraction', () => {
  expect(firstIdOf(NOON_MS + 0.75)).toBe(firstIdOf(NOON_MS));
  expect(firstIdOf(-5)).toBe('00000000-0000-7000-8000-000000000000');
});
