import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { IdempotencyRecordService } from '../../../gen/florin/idempotency/v1/records_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { FakePayments, refusedOf } from '../testing/fakePayments.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { getIdempotencyRecord, saveIdempotencyRecords } = IdempotencyRecordService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve({ level: 'debug' });
});
afterAll(() => serving.close());
beforeEach(() => {
  Object.assign(serving.payments, new FakePayments());
});

const ID = '0190a3a0-0000-8000-8000-000000000001' as Uuid;
const FINGERPRINT = Buffer.alloc(32, 0xab);
const save = (item: object) =>
  byGrpc(serving.grpc, saveIdempotencyRecords, {
    book: 'shop',
    records: [{ id: ID, fingerprint: FINGERPRINT, status: 402, body: '{"a":"ü"}', ...item }],
  });
const lastItem = () => serving.payments.submitted.at(-1)?.items[0];

test('a record is saved, and answered with what is kept under its id', async () => {
  const kept = { fingerprint: 'cd'.repeat(32), status: 200, body: 'first' };
  serving.payments.onItem = () => ({
    done: true,
    seq: 12,
    replayed: true,
    subject: ID,
    after: null,
    record: kept,
  });
  const { results } = await save({});
  expect(lastItem()).toEqual({
    op: 'saveIdempotencyRecord',
    id: ID,
    record: { fingerprint: 'ab'.repeat(32), status: 402, body: '{"a":"ü"}' },
  });
  expect(results).toMatchObject([
    {
      outcome: {
        case: 'kept',
        value: { seq: 12n, replayed: true, record: { id: ID, status: 200, body: 'first' } },
      },
    },
  ]);
  const { outcome } = results[0];
  expect(outcome.case === 'kept' && Buffer.from(outcome.value.record!.fingerprint).toString('hex')).toBe(
    kept.fingerprint,
  );
});

test('an id of something else is refused', async () => {
  serving.payments.onItem = () => refusedOf('ID_REUSED', 'id');
  expect((await save({})).results).toMatchObject([
    { outcome: { case: 'refused', value: { reason: 'ID_REUSED' } } },
  ]);
});

test('what is kept under an id is told, and so is that nothing is', async () => {
  const get = () => byGrpc(serving.grpc, getIdempotencyRecord, { book: 'shop', recordId: ID });
  serving.reads.recordDoc = { fingerprint: 'ab'.repeat(32), status: 202, body: '{}' };
  const { record } = await get();
  expect(record).toMatchObject({ id: ID, status: 202, body: '{}' });
  expect(Buffer.from(record!.fingerprint).toString('hex')).toBe('ab'.repeat(32));
  serving.reads.recordDoc = null;
  expect((await refusalOf(get())).info).toMatchObject({
    reason: 'NOT_FOUND',
    metadata: { field: 'record_id' },
  });
});

test('a batch has 60 records at the most, since its answer has as many bodies', async () => {
  const records = Array.from({ length: 61 }, () => ({ id: ID, fingerprint: FINGERPRINT, status: 200 }));
  const told = await refusalOf(byGrpc(serving.grpc, saveIdempotencyRecords, { book: 'shop', records }));
  expect(told.info).toMatchObject({ reason: 'BATCH_SIZE', metadata: { field: 'records' } });
  const most = { book: 'shop', records: records.slice(1) };
  serving.payments.onItem = () => refusedOf('ID_REUSED', 'id');
  expect((await byGrpc(serving.grpc, saveIdempotencyRecords, most)).results).toHaveLength(60);
  const none = await refusalOf(byGrpc(serving.grpc, saveIdempotencyRecords, { book: 'shop' }));
  expect(none.info).toMatchObject({ reason: 'BATCH_SIZE', metadata: { field: 'records' } });
});

test.each([
  [{ fingerprint: FINGERPRINT.subarray(1) }, 'INVALID_VALUE', 'fingerprint'],
  [{ status: 199 }, 'INVALID_VALUE', 'status'],
  [{ status: 600 }, 'INVALID_VALUE', 'status'],
  [{ body: 'a\0b' }, 'INVALID_TEXT', 'body'],
  [{ body: 'ü'.repeat(131_073) }, 'TOO_LONG', 'body'],
  [{ id: 'x' }, 'INVALID_UUID', 'id'],
])('a record of %j is malformed: %s in %s', async (item, reason, field) => {
  await save(item);
  expect(lastItem()).toMatchObject({ op: 'malformed', reason, field });
});
