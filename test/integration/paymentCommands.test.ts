import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { uuidv7 } from '../../client/index.ts';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { connectPayments, openShop, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

let processes: PaymentProcesses;
let shop: Shop;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const opening = connectPayments({ target: processes.core.target });
  shop = await openShop(opening, 'shop');
  opening.close();
});
afterAll(() => processes?.stop());

const florin = async (...args: string[]): Promise<string> => {
  const at = ['--target', processes.core.target, '--book', shop.book];
  return (await promisify(execFile)(process.execPath, [cli, 'payments', ...args, ...at])).stdout.trim();
};
const failing = async (...args: string[]): Promise<{ code: number; stderr: string }> =>
  florin(...args).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: { code: number; stderr: string }) => error,
  );
const create = (...more: string[]): string[] => [
  'create',
  '--merchant',
  shop.merchant,
  '--currency',
  'eur',
  ...more,
];

test('a payment is made, listed and given back by hand, and said again is the same one', async () => {
  const id = uuidv7();
  const reference = `order ${id}`;
  const paid = create('--amount', '19.99', '--method', 'pm_card_visa', '--id', id, '--reference', reference);
  expect(await florin(...paid)).toBe(`Payment ${id} is succeeded.`);
  expect(await florin(...paid, '--metadata', 'order=42').catch((error: Error) => error.message)).toContain(
    'ID_REUSED',
  );
  expect(await florin(...paid)).toBe(`Payment ${id} is succeeded.`);

  const refund = uuidv7();
  expect(await florin('refund', id, '--amount', '5', '--id', refund)).toBe(`Refund ${refund} is succeeded.`);
  expect(await florin('refund', id, '--amount', '5', '--id', refund)).toBe(`Refund ${refund} is succeeded.`);
  for (const list of [['list'], []]) {
    const [payment, ...others] = JSON.parse(
      await florin(...list, '--reference', reference, '--json'),
    ) as object[];
    expect(others).toEqual([]);
    expect(payment).toMatchObject({ id, amount: 1_999, currency: 'EUR', state: 'succeeded' });
  }
  expect(JSON.parse(await florin('refund', id, '--amount', '2.5', '--json'))).toMatchObject({
    payment: { id },
  });
  expect(await failing('refund', id, '--amount', '12.50')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('EXCEEDS_CAPTURED'),
  });
}, 60_000);

test.each([
  [['--amount', '0.001'], 'at most 2 decimals'],
  [['--amount', '-1'], 'above 0'],
  [['--amount', '1', '--metadata', 'order'], 'a key and a value'],
])('%j is no payment', async (args, words) => {
  expect(await failing(...create(...args))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(words),
  });
});

test('a payment link is made and listed by hand, said again is the same one, and is of test mode alone', async () => {
  const links = async (...args: string[]): Promise<string> => {
    const at = ['--target', processes.core.target, '--book', shop.book];
    const run = promisify(execFile)(process.execPath, [cli, 'payment-links', ...args, ...at]);
    return (await run).stdout.trim();
  };
  const id = uuidv7();
  const path = `/pay/${shop.book}/plink_${id.replaceAll('-', '')}`;
  const wanted = (merchant: string): string[] => [
    'create',
    '--merchant',
    merchant,
    '--amount',
    '19.99',
    '--currency',
    'eur',
    '--description',
    'A mug',
  ];
  const made = [...wanted(shop.merchant), '--id', id];
  expect(await links(...made)).toBe(path);
  expect(await links(...made)).toBe(path);
  await expect(links(...made, '--metadata', 'kiln=b')).rejects.toThrow('ID_REUSED');
  const listed = JSON.parse(await links('list', '--merchant', shop.merchant, '--json')) as object[];
  expect(listed).toEqual([
    expect.objectContaining({
      id,
      amount: 1_999,
      currency: 'EUR',
      state: 'active',
      description: 'A mug',
      path,
    }),
  ]);
  expect(await links('list', '--active')).toContain('19.99');

  const client = connectPayments({ target: processes.core.target });
  const live = uuidv7();
  const merchants = [{ id: live, name: 'x', country: 'DE', mode: Mode.LIVE }];
  await client.merchants.createMerchants({ book: shop.book, merchants });
  client.close();
  await expect(links(...wanted(live))).rejects.toThrow('test mode alone');
  expect(JSON.parse(await links('list', '--merchant', live, '--json'))).toEqual([]);
}, 60_000);
