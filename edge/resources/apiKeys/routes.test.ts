import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiKeyKind, Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { STRANGER } from '../../testing/standInCore.ts';
import { standInEdge } from '../../testing/standInEdge.ts';

let edge: Awaited<ReturnType<typeof standInEdge>>;
beforeEach(async () => {
  edge = await standInEdge();
});
afterEach(() => edge.close());

const uuid = (last: number): string => `0190a000-0000-7000-8000-0000000000a${last}`;
const keyId = (last: number): string => `key_0190a0000000700080000000000000a${last}`;

test('a key is made with its secret, which works and is shown once', async () => {
  const made = await edge.post('/v1/api_keys', { name: 'till', scopes: ['balance:read'] });
  expect(made).toMatchObject({
    status: 200,
    body: { object: 'api_key', kind: 'secret', livemode: false, scopes: ['balance:read'], name: 'till' },
  });
  const { id, secret, last4 } = made.body as Record<string, string>;
  expect(secret).toMatch(/^sk_test_[A-Za-z0-9]{32}$/);
  expect(secret.endsWith(last4)).toBe(true);
  expect(await edge.get('/v1/balance', secret)).toMatchObject({ status: 200 });
  expect(await edge.get('/v1/account', secret)).toMatchObject({ status: 403 });
  const shown = await edge.get(`/v1/api_keys/${id}`);
  expect(shown).toMatchObject({ status: 200, body: { id, last4, expires_at: null } });
  expect(shown.body).not.toHaveProperty('secret');
  // The same request again: the key is there, and its secret is known to nobody.
  expect(await edge.post('/v1/api_keys', { name: 'till', scopes: ['balance:read'] })).toMatchObject({
    status: 200,
    body: { id, secret: null },
  });
  expect(await edge.post('/v1/api_keys', { name: 'other' })).toMatchObject({
    status: 422,
    body: { code: 'idempotency_key_reused' },
  });
});

test('a rolled key has a successor of its kind and scopes, and ends a day later unless told otherwise', async () => {
  const { body: first } = await edge.post('/v1/api_keys', { name: 'till', scopes: ['balance:read'] });
  const path = `/v1/api_keys/${first['id'] as string}`;
  const { status, body } = await edge.post(`${path}/roll`, {});
  expect({ status, body }).toMatchObject({ status: 200, body: { name: 'till', scopes: ['balance:read'] } });
  expect(body['id']).not.toBe(first['id']);
  expect(body['secret']).toMatch(/^sk_test_/);
  expect(await edge.get(path)).toMatchObject({ body: { expires_at: 86_400 } });
  expect(await edge.post(`/v1/api_keys/${body['id'] as string}/revoke`, {})).toMatchObject({
    status: 200,
    body: { id: body['id'], expires_at: 0 },
  });
});

test('a merchant sees and ends its own keys, of the mode of the key that asks', async () => {
  const { stand } = edge;
  stand.addKey('a', { id: uuid(1), seq: 10n });
  stand.addKey('b', { id: uuid(2), seq: 11n, mode: Mode.LIVE });
  stand.addKey('c', { id: uuid(3), seq: 12n, merchantId: STRANGER });
  stand.addKey('d', { id: uuid(4), seq: 13n, kind: ApiKeyKind.PUBLISHABLE });
  const { body } = await edge.get('/v1/api_keys?limit=2');
  expect(body).toMatchObject({
    has_more: false,
    data: [
      { id: keyId(4), kind: 'publishable' },
      { id: keyId(1), kind: 'secret' },
    ],
  });
  expect(JSON.stringify(body)).not.toContain('secret_sha256');
  for (const id of [keyId(2), keyId(3), 'key_x']) {
    const missing = { status: 404, body: { code: 'resource_missing' } };
    expect(await edge.get(`/v1/api_keys/${id}`)).toMatchObject(missing);
    for (const action of ['roll', 'revoke'])
      expect(await edge.post(`/v1/api_keys/${id}/${action}`, {})).toMatchObject(missing);
  }
});

test('a restricted key makes none and sees none, whatever its scopes say', async () => {
  const secret = `sk_test_${'r'.repeat(32)}`;
  edge.stand.addKey(secret, { id: uuid(5), scopes: ['api_keys:write'] });
  const path = `/v1/api_keys/${keyId(5)}`;
  const asked = [
    edge.get('/v1/api_keys', secret),
    edge.get(path, secret),
    edge.post('/v1/api_keys', {}, secret),
    edge.post(`${path}/roll`, {}, secret),
    edge.post(`${path}/revoke`, {}, secret),
  ];
  for (const answer of await Promise.all(asked))
    expect(answer).toMatchObject({ status: 403, body: { code: 'scope_missing' } });
  expect(edge.stand.keys.size).toBe(2);
});

test('a merchant that has as many keys as it may is told so', async () => {
  for (let n = 0; n < 100; n++) edge.stand.addKey(`k${n}`, {});
  expect(await edge.post('/v1/api_keys', {})).toMatchObject({
    status: 409,
    body: { code: 'api_keys_exhausted', retryable: true },
  });
});
