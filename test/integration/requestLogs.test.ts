import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connectFlorin, type Florin, uuidv7 } from '../../client/index.ts';
import { type MerchantAt, merchantAt, startTestEdge, type TestEdge } from '../support/edge.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { openTenant, type Tenant } from '../support/tenants.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

let processes: PaymentProcesses;
let florin: Florin;
let edge: TestEdge;
let shop: Tenant;
let other: Tenant;
let merchant: MerchantAt;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  florin = connectFlorin({ target });
  shop = await openTenant(florin, 'shop');
  other = await openTenant(florin, 'other');
  edge = await startTestEdge(target);
  merchant = merchantAt(edge, shop.apiSecret);
}, 60_000);

afterAll(async () => {
  florin?.close();
  await edge?.stop();
  await processes?.stop();
});

const logs = (...args: string[]): string[] => [cli, 'logs', ...args, '--target', processes.core.target];
const run = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, logs(...args))).stdout;

/** The newest that asked an edge in the name of a book, as soon as there are so many. */
async function recorded(book: string, atLeast: number) {
  return vi.waitFor(
    async () => {
      const { requestLogs } = await florin.requestLogs.listRequestLogs({ book, pathPrefix: '/v1/' });
      expect(requestLogs.length).toBeGreaterThanOrEqual(atLeast);
      return requestLogs;
    },
    { timeout: 10_000 },
  );
}

test('a request is found by its id, by who asked it, and by nobody else', async () => {
  const key = uuidv7();
  const payment = { amount: 1_200, currency: 'eur', confirm: true, payment_method: 'pm_card_chargeDeclined' };
  const { status, body } = await merchant.post('/v1/payment_intents', payment, key);
  expect(status).toBe(402);
  const [log] = await recorded(shop.book, 1);
  expect(log).toMatchObject({
    requestId: body['request_id'],
    merchantId: shop.merchant,
    method: 'POST',
    path: '/v1/payment_intents',
    status: 402,
    problemCode: body['code'],
    objectId: (body['payment_intent'] as { id: string }).id,
    idempotencyKey: key,
  });
  expect(await recorded(other.book, 0)).toEqual([]);
  const shown = JSON.parse(await run('show', log.requestId, '--json')) as Record<string, unknown>;
  expect(shown).toMatchObject({ request_id: log.requestId, status: 402, idempotency_key: key });
  await expect(run('show', log.requestId, '--book', other.book)).rejects.toThrow('There is no such object');
});

test('the tail shows what was answered, and what is answered from now on, if it is asked for', async () => {
  await merchant.post('/v1/customers', { name: 'x' });
  await merchant.post('/v1/customers', { nam: 'x' });
  await recorded(shop.book, 3);
  const tailing = spawn(
    process.execPath,
    logs('tail', '--failed', '--path', '/v1/customers', '--limit', '1'),
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const lines: string[] = [];
  createInterface({ input: tailing.stdout }).on('line', (line) => lines.push(line));
  await vi.waitFor(() => expect(lines).toHaveLength(1), { timeout: 20_000 });
  await merchant.post('/v1/customers', { name: 'y' });
  await merchant.post('/v1/customers', { name: 1 });
  await vi.waitFor(() => expect(lines).toHaveLength(2), { timeout: 20_000 });
  const gone = once(tailing, 'exit');
  tailing.kill('SIGTERM');
  await gone;
  for (const line of lines) expect(line).toMatch(/ {2}req_[0-9a-f]{32} {2}400 {2}POST \/v1\/customers /);
});

test('an edge that is killed loses what it had not handed over, and nothing that it had', async () => {
  const before = await recorded(shop.book, 1);
  const { body } = await merchant.post('/v1/customers', { name: 'z' });
  await recorded(shop.book, before.length + 1);
  await edge.kill();
  await edge.restart();
  await merchant.post('/v1/customers', { name: 'z' });
  const after = await recorded(shop.book, before.length + 2);
  expect(after[1].objectId).toBe(body['id']);
});

test('an edge that is stopped hands over what it has', async () => {
  const stopped = await startTestEdge(processes.core.target);
  const { status } = await merchantAt(stopped, other.apiSecret).post('/v1/customers', { name: 'last' });
  expect(status).toBe(200);
  await stopped.stop();
  expect(await recorded(other.book, 0)).toMatchObject([{ path: '/v1/customers', status: 200 }]);
});
