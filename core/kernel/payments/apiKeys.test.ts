import { expect, test } from 'vitest';
import { apiKeyOf, merchant, PaymentsRig } from '../../../test/simulation/paymentsRig.ts';
import type { Uuid } from '../ledger/commands.ts';
import type { ApiKey } from './edgeModel.ts';

const HOUR = 3_600;

async function rig(seed: number) {
  const r = await PaymentsRig.start(seed);
  const [shop, id] = [r.id(), r.id()];
  await r.send(merchant(shop));
  const stands = (): ApiKey => {
    const found = [...r.rig.writer.state.payments.apiKeys.values()].find((key) => key.id === id);
    if (found === undefined) throw new Error('no such key');
    return found;
  };
  const revoke = (afterSeconds: number, by: Uuid = r.id()) =>
    r.send({ op: 'revokeApiKey', id: by, apiKey: id, afterSeconds });
  return { r, shop, id, stands, revoke };
}

test('a key is what it was created as, the same body replays and another is told its field', async () => {
  const { r, shop, id, stands } = await rig(1);
  const key = apiKeyOf(id, shop, { scopes: ['balance:read'], kind: 'secret', mode: 'test' });
  expect(await r.send(key, key)).toMatchObject([
    { done: true, replayed: false, subject: id },
    { done: true, replayed: true, subject: id },
  ]);
  const { op: _op, id: _id, ...fields } = key;
  expect(stands()).toMatchObject({ ...fields, version: 1, revokedAtUs: null });
  for (const [change, field] of [
    [{ mode: 'live' }, 'mode'],
    [{ scopes: [] }, 'scopes'],
    [{ secretSha256: 'b'.repeat(64) }, 'secret_sha256'],
  ] as const)
    expect(await r.send({ ...key, ...change })).toMatchObject([{ done: false, reason: 'ID_REUSED', field }]);
});

test('a key of no merchant is refused', async () => {
  const { r, id } = await rig(2);
  expect(await r.send(apiKeyOf(id, r.id()))).toMatchObject([{ reason: 'MERCHANT_NOT_FOUND' }]);
});

test('what was taken away is not given back: the earliest moment stays', async () => {
  const { r, shop, id, stands, revoke } = await rig(3);
  await r.send(apiKeyOf(id, shop));
  await revoke(24 * HOUR);
  const { revokedAtUs } = stands();
  expect(revokedAtUs).toBeGreaterThanOrEqual(24 * HOUR * 1e6);
  await revoke(25 * HOUR);
  expect(stands()).toMatchObject({ revokedAtUs, version: 3 });
  const by = r.id();
  await revoke(0, by);
  const now = stands().revokedAtUs!;
  expect(now).toBeLessThan(revokedAtUs!);
  expect(await revoke(0, by)).toMatchObject([{ replayed: true }]);
  expect(stands()).toMatchObject({ revokedAtUs: now, version: 4 });
});
