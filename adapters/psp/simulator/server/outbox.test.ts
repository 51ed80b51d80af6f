import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { startSimulator } from './simulator.ts';

test('a webhook that was refused is sent again, though nothing else happens meanwhile', async () => {
  const statuses = [503];
  let received = 0;
  const receiver = createServer((request, response) => {
    received++;
    request.resume().on('end', () => response.writeHead(statuses.shift() ?? 200).end());
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const simulator = await startSimulator({
    port: 0,
    file: ':memory:',
    secret: 'a secret of the tests',
    webhookUrl,
  });
  try {
    await fetch(`${simulator.url}/v1/payments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify({ token: 'pm_card_visa', amount: '10000', currency: 'EUR', capture: true }),
    });
    await expect.poll(() => received, { timeout: 10_000 }).toBe(2);
  } finally {
    await simulator.stop();
    receiver.closeAllConnections();
    receiver.close();
  }
});
