import { status } from '@grpc/grpc-js';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ApiKeyKind, ApiKeyService, Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { ApiKey } from '../../kernel/payments/edgeModel.ts';
import { byGrpc, refusalOf } from '../testing/callers.ts';
import { FakePayments, MERCHANT } from '../testing/fakePayments.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { createApiKeys, getApiKey, getApiKeyBySecret, listApiKeys, revokeApiKeys } = ApiKeyService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve({ level: 'debug' });
});
afterAll(() => serving.close());
beforeEach(() => {
  Object.assign(serving.payments, new FakePayments());
  Object.assign(serving.reads, { apiKeyDocs: [] });
  serving.reads.asked.length = 0;
});

const id = (last: number): Uuid => `0190a3a0-0000-7000-8000-${String(last).padStart(12, '0')}` as Uuid;
const SHA256 = createHash('sha256').update('sk_test_x').digest();
const create = (item: object) =>
  byGrpc(serving.grpc, createApiKeys, {
    book: 'shop',
    apiKeys: [
      {
        id: id(1),
        merchantId: MERCHANT,
        mode: Mode.LIVE,
        kind: ApiKeyKind.SECRET,
        secretSha256: SHA256,
        secretSuffix: 'aZ09',
        ...item,
      },
    ],
  });
const revoke = (item: object) =>
  byGrpc(serving.grpc, revokeApiKeys, {
    book: 'shop',
    revocations: [{ id: id(2), apiKeyId: id(1), ...item }],
  });
const lastItem = () => serving.payments.submitted.at(-1)?.items[0];

const doc = (seq: number, more: Partial<ApiKey> = {}): ApiKey => ({
  id: id(seq),
  seq,
  book: 2,
  merchant: MERCHANT,
  mode: 'test',
  kind: 'secret',
  scopes: ['balance:read'],
  name: 'server',
  secretSha256: SHA256.toString('hex'),
  secretSuffix: 'aZ09',
  createdUs: 1_700_000_000_000_000,
  revokedAtUs: null,
  version: 1,
  lastSeq: seq,
  ...more,
});

test('a key is created with its scopes in one order, and answered with its id', async () => {
  const { results } = await create({
    scopes: ['refunds:write', 'balance:read', 'refunds:write'],
    name: 'server',
  });
  expect(results).toMatchObject([{ outcome: { case: 'done', value: { apiKeyId: id(1), replayed: false } } }]);
  expect(lastItem()).toEqual({
    op: 'createApiKey',
    id: id(1),
    merchant: MERCHANT,
    mode: 'live',
    kind: 'secret',
    scopes: ['balance:read', 'refunds:write'],
    name: 'server',
    secretSha256: SHA256.toString('hex'),
    secretSuffix: 'aZ09',
  });
});

test.each([
  [{ mode: 0 }, 'MISSING_FIELD', 'mode'],
  [{ mode: 7 }, 'INVALID_VALUE', 'mode'],
  [{ kind: 0 }, 'MISSING_FIELD', 'kind'],
  [{ secretSha256: SHA256.subarray(1) }, 'INVALID_VALUE', 'secret_sha256'],
  [{ secretSuffix: 'a-b1' }, 'INVALID_VALUE', 'secret_suffix'],
  [{ scopes: ['balance:all'] }, 'INVALID_VALUE', 'scopes[0]'],
  [{ scopes: ['balance:read', `${'b'.repeat(60)}:read`] }, 'TOO_LONG', 'scopes[1]'],
  [{ scopes: Array.from({ length: 51 }, () => 'a:read') }, 'TOO_MANY', 'scopes'],
  [{ kind: ApiKeyKind.PUBLISHABLE, scopes: ['a:read'] }, 'INVALID_VALUE', 'scopes'],
  [{ name: 'x'.repeat(201) }, 'TOO_LONG', 'name'],
])('a key of %j is malformed: %s in %s', async (item, reason, field) => {
  await create(item);
  expect(lastItem()).toMatchObject({ op: 'malformed', reason, field });
});

test('a key is revoked at once or within a week', async () => {
  await revoke({ merchantId: MERCHANT, afterSeconds: 604_800n });
  expect(lastItem()).toEqual({
    op: 'revokeApiKey',
    id: id(2),
    apiKey: id(1),
    merchant: MERCHANT,
    afterSeconds: 604_800,
  });
  await revoke({ afterSeconds: 604_801n });
  expect(lastItem()).toMatchObject({ op: 'malformed', reason: 'INVALID_VALUE', field: 'after_seconds' });
});

test('a key is found by its secret as the writer has it, and none where two are alike', async () => {
  const find = (secretSha256: Uint8Array = SHA256) =>
    byGrpc(serving.grpc, getApiKeyBySecret, { secretSha256 });
  serving.reads.apiKeyDocs = [doc(5)];
  serving.payments.apiKeySeqs.set(5, doc(5, { revokedAtUs: 1_700_000_001_000_000, version: 2 }));
  expect((await find()).apiKey).toMatchObject({
    id: id(5),
    book: 'shop',
    mode: Mode.TEST,
    scopes: ['balance:read'],
    revokedAt: { seconds: 1_700_000_001n },
    version: 2n,
  });
  expect(await refusalOf(find(Buffer.alloc(32)))).toMatchObject({ code: status.NOT_FOUND });
  expect(await refusalOf(find(Buffer.alloc(31)))).toMatchObject({ code: status.INVALID_ARGUMENT });
  serving.reads.apiKeyDocs = [doc(5), doc(6)];
  expect(await refusalOf(find())).toMatchObject({ code: status.NOT_FOUND });
});

test('keys are listed newest first, page by page, without what they hash to', async () => {
  serving.reads.apiKeyDocs = [9, 8, 7].map((seq) => doc(seq));
  const request = { book: 'shop', merchantId: MERCHANT, pageSize: 2 };
  const first = await byGrpc(serving.grpc, listApiKeys, request);
  expect(first.apiKeys.map(({ seq }) => seq)).toEqual([9n, 8n]);
  const second = await byGrpc(serving.grpc, listApiKeys, { ...request, pageToken: first.nextPageToken });
  expect(second.apiKeys.map(({ seq }) => seq)).toEqual([7n]);
  expect(second.nextPageToken).toBe('');
  expect(Object.keys(first.apiKeys[0])).not.toContain('secretSha256');
});

test('a secret is one key: a second one with it is refused, in the same call too, and the first replays', async () => {
  const taken = { outcome: { case: 'refused', value: { reason: 'SECRET_TAKEN', field: 'secret_sha256' } } };
  serving.reads.apiKeyDocs = [doc(5)];
  serving.payments.apiKeySeqs.set(5, doc(5));
  expect(await create({ id: id(6) })).toMatchObject({ results: [taken] });
  expect(await create({ id: id(5) })).toMatchObject({ results: [{ outcome: { case: 'done' } }] });
  const key = { merchantId: MERCHANT, mode: Mode.LIVE, kind: ApiKeyKind.SECRET, secretSuffix: 'aZ09' };
  const secretSha256 = Buffer.alloc(32, 7);
  const { results } = await byGrpc(serving.grpc, createApiKeys, {
    book: 'shop',
    apiKeys: [7, 8, 7].map((last) => ({ id: id(last), ...key, secretSha256 })),
  });
  expect(results).toMatchObject([{ outcome: { case: 'done' } }, taken, { outcome: { case: 'done' } }]);
});

test('a merchant has a hundred keys that are good, and those that are revoked do not count', async () => {
  const keys = (good: number) =>
    Array.from({ length: 150 }, (_, n) =>
      doc(n + 10, { secretSha256: String(n), revokedAtUs: n < good ? null : 1 }),
    );
  serving.reads.apiKeyDocs = keys(99);
  expect(await create({})).toMatchObject({ results: [{ outcome: { case: 'done' } }] });
  const two = await byGrpc(serving.grpc, createApiKeys, {
    book: 'shop',
    apiKeys: [1, 2].map((last) => ({
      id: id(last),
      merchantId: MERCHANT,
      mode: Mode.LIVE,
      kind: ApiKeyKind.SECRET,
      secretSha256: Buffer.alloc(32, last),
      secretSuffix: 'aZ09',
    })),
  });
  const exhausted = { case: 'refused', value: { reason: 'API_KEYS_EXHAUSTED', field: 'merchant_id' } };
  expect(two.results).toMatchObject([{ outcome: { case: 'done' } }, { outcome: exhausted }]);
  serving.reads.apiKeyDocs = keys(100);
  expect(await create({})).toMatchObject({ results: [{ outcome: exhausted }] });
  expect(await create({ merchantId: id(99) })).toMatchObject({ results: [{ outcome: { case: 'done' } }] });
});

test('one key is read by its id', async () => {
  serving.reads.apiKeyDocs = [doc(9)];
  const get = (apiKeyId: string) => byGrpc(serving.grpc, getApiKey, { book: 'shop', apiKeyId });
  expect(await get(id(9))).toMatchObject({ apiKey: { id: id(9), name: 'server' }, asOfSeq: 41n });
  expect(await refusalOf(get(id(8)))).toMatchObject({ code: status.NOT_FOUND });
});
