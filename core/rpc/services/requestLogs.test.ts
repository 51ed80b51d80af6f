import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { type RequestLogSchema, RequestLogService } from '../../../gen/florin/requests/v1/request_logs_pb.ts';
import { firstIdOf } from '../../readmodels/requestLogs.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { writeRequestLogs, listRequestLogs, getRequestLog } = RequestLogService.method;
const MERCHANT = '0190a000-0000-7000-8000-00000000000a';
const OTHER_MERCHANT = '0190a000-0000-7000-8000-00000000000b';
const NOON_MS = Date.UTC(2026, 10, 27, 12);

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
});
afterAll(() => serving.close());
beforeEach(() => {
  serving.requestLogs.rows.length = 0;
});

const requestId = (ms: number): string => `req_${firstIdOf(ms).replaceAll('-', '')}`;
const LOG: MessageInitShape<typeof RequestLogSchema> = {
  requestId: requestId(NOON_MS),
  book: 'shop',
  merchantId: MERCHANT,
  apiKeyId: MERCHANT,
  mode: Mode.TEST,
  method: 'POST',
  status: 200,
};
const write = (...logs: object[]) =>
  byGrpc(serving.grpc, writeRequestLogs, { requestLogs: logs.map((log) => ({ ...LOG, ...log })) });

test('a request is kept, and told as it was', async () => {
  expect(await write({ path: '/v1/refunds', tookUs: 17n, address: '::1' })).toMatchObject({ written: 1 });
  const { requestLog } = await byGrpc(serving.grpc, getRequestLog, { requestId: LOG.requestId! });
  expect(requestLog).toMatchObject({ ...LOG, path: '/v1/refunds', tookUs: 17n, address: '::1' });
  expect(timestampMs(requestLog!.receivedAt!)).toBe(NOON_MS);
});

test.each([
  ['request_id', { requestId: 'req_1' }],
  ['request_id', { requestId: 'req_0190a000000040008000000000000001' }],
  ['book', { book: 'No book' }],
  ['merchant_id', { merchantId: '' }],
  ['mode', { mode: Mode.UNSPECIFIED }],
  ['method', { method: '' }],
  ['status', { status: 99 }],
  ['path', { path: 'x'.repeat(201) }],
  ['user_agent', { userAgent: 'a\u0000b' }],
  ['idempotency_key', { idempotencyKey: 'ü' }],
  ['address', { address: 'localhost' }],
  ['took_us', { tookUs: -1n }],
])('one that is malformed refuses all of them, and is named: %s', async (field, more) => {
  const told = await refusalOf(write({}, more));
  expect(told.info?.reason).toBe('MALFORMED_REQUEST');
  expect(JSON.stringify(told)).toContain(`request_logs[1].${field}`);
  expect(serving.requestLogs.rows).toEqual([]);
});

test('none and more than a thousand are refused', async () => {
  for (const count of [0, 1_001])
    expect((await refusalOf(write(...Array.from({ length: count }, () => ({}))))).info?.reason).toBe(
      'BATCH_SIZE',
    );
});

test.each([
  '4242424242424242',
  'order 4242 4242 4242 4242',
  'order_4242424242424242_x',
  '4242.4242_4242/4242',
  'a4242424242424242b',
  'sk_test_0000',
  'Bearer abc',
  'whsec_abc',
  'pi_1_secret_abc',
])('what could be a card number or a secret is kept nowhere: %s', async (text) => {
  await write({ idempotencyKey: text, userAgent: text, param: text, path: text, objectId: text });
  const removed = '[removed]';
  expect(serving.requestLogs.rows).toMatchObject([
    { idempotencyKey: removed, userAgent: removed, param: removed, path: removed, objectId: removed },
  ]);
});

test.each([
  '0190a000-0000-7000-8000-000000000011',
  'pay-1764277261000',
  'order 17',
  'Mozilla/5.0 (X11; rv:140)',
])('an ordinary text stays: %s', async (text) => {
  await write({ idempotencyKey: text, userAgent: text });
  expect(serving.requestLogs.rows).toMatchObject([{ idempotencyKey: text, userAgent: text }]);
});

test('a list goes from page to page, within its book', async () => {
  const [first, second, foreign] = [1, 2, 3].map((ms) => requestId(NOON_MS + ms));
  await write({ requestId: first }, { requestId: second }, { requestId: foreign, book: 'other' });
  const list = (pageToken: string) =>
    byGrpc(serving.grpc, listRequestLogs, { book: 'shop', pageSize: 1, pageToken });
  const { requestLogs, nextPageToken } = await list('');
  const rest = await list(nextPageToken);
  expect([...requestLogs, ...rest.requestLogs].map((log) => log.requestId)).toEqual([second, first]);
  expect(rest.nextPageToken).toBe('');
  const told = await refusalOf(byGrpc(serving.grpc, getRequestLog, { book: 'shop', requestId: foreign }));
  expect(told.info?.reason).toBe('NOT_FOUND');
});

test('a list goes on around a request, in either order, which must be one of its own', async () => {
  const ids = [1, 2, 3, 4].map((ms) => requestId(NOON_MS + ms));
  await write(...ids.slice(0, 3).map((id) => ({ requestId: id })), {
    requestId: ids[3],
    merchantId: OTHER_MERCHANT,
  });
  const list = (more: object) =>
    byGrpc(serving.grpc, listRequestLogs, { book: 'shop', merchantId: MERCHANT, ...more });
  const idsOf = async (more: object) => (await list(more)).requestLogs.map((log) => log.requestId);
  expect(await idsOf({})).toEqual([ids[2], ids[1], ids[0]]);
  expect(await idsOf({ beforeRequestId: ids[2] })).toEqual([ids[1], ids[0]]);
  const first = await list({ afterRequestId: ids[0], oldestFirst: true, pageSize: 1 });
  expect(first.requestLogs.map((log) => log.requestId)).toEqual([ids[1]]);
  const { nextPageToken: pageToken } = first;
  expect(await idsOf({ afterRequestId: ids[0], oldestFirst: true, pageSize: 1, pageToken })).toEqual([
    ids[2],
  ]);
  expect((await refusalOf(list({ pageToken }))).info?.reason).toBe('MALFORMED_REQUEST');
  for (const field of ['beforeRequestId', 'afterRequestId']) {
    const told = await refusalOf(list({ [field]: ids[3] }));
    expect(told.info?.reason).toBe('NOT_FOUND');
  }
  const get = (merchantId: string) =>
    byGrpc(serving.grpc, getRequestLog, { book: 'shop', merchantId, requestId: ids[3] });
  expect((await get(OTHER_MERCHANT)).requestLog?.requestId).toBe(ids[3]);
  expect((await refusalOf(get(MERCHANT))).info?.reason).toBe('NOT_FOUND');
});
