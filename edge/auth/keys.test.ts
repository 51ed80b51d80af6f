import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { CODE, FlorinError } from '../../client/index.ts';
import { ApiKeyKind, Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { MERCHANT, SECRET, StandInCore } from '../testing/standInCore.ts';
import { mayDo } from './caller.ts';
import { Keys } from './keys.ts';

function rig() {
  const stand = new StandInCore();
  let nowMs = 1_000_000;
  const keys = new Keys(stand.core, { nowMs: () => nowMs });
  const pass = (ms: number): void => void (nowMs += ms);
  return { stand, keys, pass, bearer: (secret: string) => keys.callerOf(`Bearer ${secret}`) };
}

test('a key says on whose behalf a request is, as a bearer or as the name of Basic', async () => {
  const { keys, stand, bearer } = rig();
  expect(await bearer(SECRET)).toMatchObject({
    book: 'shop',
    merchantId: MERCHANT,
    isLive: false,
    kind: 'secret',
  });
  const basic = Buffer.from(`${SECRET}:`).toString('base64');
  expect(await keys.callerOf(`basic ${basic}`)).toMatchObject({ merchantId: MERCHANT });
  const live = `pk_live_${'a'.repeat(32)}`;
  stand.addKey(live, { mode: Mode.LIVE, kind: ApiKeyKind.PUBLISHABLE });
  expect(await bearer(live)).toMatchObject({ isLive: true, kind: 'publishable' });
});

test.each([
  [undefined, 'api_key_missing'],
  ['', 'api_key_missing'],
  ['Digest abc', 'api_key_missing'],
  ['Bearer', 'api_key_missing'],
  ['Bearer sk_test_short', 'api_key_invalid'],
  [`Bearer sk_test_${'z'.repeat(32)}`, 'api_key_invalid'],
  [`Bearer ${SECRET} more`, 'api_key_missing'],
])('"%s" is no key: %s', async (header, code) => {
  await expect(rig().keys.callerOf(header)).rejects.toMatchObject({ code, status: 401 });
});

test('many requests ask the core once, and a key that was revoked is refused within a second', async () => {
  const { stand, pass, bearer } = rig();
  await Promise.all(Array.from({ length: 100 }, () => bearer(SECRET)));
  expect(stand.finds).toBe(1);
  stand.addKey(SECRET, { revokedAt: timestampFromMs(1_000_000) });
  pass(1_000);
  await expect(bearer(SECRET)).rejects.toMatchObject({ code: 'api_key_expired' });
});

test('a key that was rolled is good until its time', async () => {
  const { stand, pass, bearer } = rig();
  stand.addKey(SECRET, { revokedAt: timestampFromMs(1_005_000) });
  await bearer(SECRET);
  pass(4_999);
  await bearer(SECRET);
  pass(1);
  await expect(bearer(SECRET)).rejects.toMatchObject({ code: 'api_key_expired' });
});

test('a core that cannot tell is asked again by the next request', async () => {
  const { stand } = rig();
  let isAway = true;
  const { core } = stand;
  const apiKeys = {
    getApiKeyBySecret: (request: object) =>
      isAway
        ? Promise.reject(new FlorinError({ code: CODE.UNAVAILABLE, message: 'away', outcome: 'none' }))
        : core.apiKeys.getApiKeyBySecret(request),
  };
  const keys = new Keys({ apiKeys }, { nowMs: () => 0 });
  await expect(keys.callerOf(`Bearer ${SECRET}`)).rejects.toMatchObject({ code: CODE.UNAVAILABLE });
  isAway = false;
  expect(await keys.callerOf(`Bearer ${SECRET}`)).toMatchObject({ book: 'shop' });
});

test('write includes read, and no scopes are all of them', async () => {
  const { stand, bearer } = rig();
  expect(mayDo(await bearer(SECRET), 'refunds:write')).toBe(true);
  const restricted = `sk_test_${'r'.repeat(32)}`;
  stand.addKey(restricted, { scopes: ['payment_intents:write', 'balance:read'] });
  const caller = await bearer(restricted);
  const may = (['payment_intents:read', 'balance:read', 'balance:write', 'refunds:read'] as const).map(
    (scope) => mayDo(caller, scope),
  );
  expect(may).toEqual([true, true, false, false]);
});
