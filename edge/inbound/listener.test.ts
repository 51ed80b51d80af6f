import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RawWebhook, Received } from './forwarder.ts';
import { startWebhookListener, type WebhookListener } from './listener.ts';

let listener: WebhookListener;
let received: { provider: string; webhook: RawWebhook }[];
let failures: string[];
let says: () => Promise<Received>;

beforeEach(async () => {
  received = [];
  failures = [];
  says = () => Promise.resolve({ status: 200, why: '' });
  listener = await startWebhookListener({
    host: '127.0.0.1',
    port: 0,
    receive: (provider, webhook) => {
      received.push({ provider, webhook });
      return says();
    },
    onFailed: (error) => failures.push(error.message),
  });
});

afterEach(() => listener.stop());

const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${listener.port}${path}`, { method: 'POST', body, headers });

test('hands over the body as it came, byte by byte, and names of headers in lower case', async () => {
  const body = new Uint8Array([123, 0, 255, 10]);
  expect((await post('/alpha', body, { 'X-Signature': 'abc' })).status).toBe(200);
  expect(received).toHaveLength(1);
  expect(received[0].provider).toBe('alpha');
  expect([...received[0].webhook.body]).toEqual([...body]);
  expect(received[0].webhook.headers['x-signature']).toBe('abc');
});

test.for<Received['status']>([200, 400, 401, 404, 503])('answers %i as it was told', async (status) => {
  says = () => Promise.resolve({ status, why: '' });
  const answer = await post('/alpha', '{}');
  expect(answer.status).toBe(status);
  expect(answer.headers.get('retry-after')).toBe(status === 503 ? '30' : null);
});

test('takes nothing else: another method, another path, a body of more than a mebibyte', async () => {
  expect((await fetch(`http://127.0.0.1:${listener.port}/alpha`)).status).toBe(405);
  expect((await post('/alpha/more', '{}')).status).toBe(404);
  const large = await post('/alpha', new Uint8Array(1024 * 1024 + 1)).then(
    (answer) => answer.status,
    // The connection is closed while the rest is on its way.
    () => 413,
  );
  expect(large).toBe(413);
  expect((await post('/Alpha', '{}')).status).toBe(404);
  expect(received).toEqual([]);
});

test('a defect is told to the log and not to the caller', async () => {
  says = () => Promise.reject(new Error('a secret of ours'));
  const answer = await post('/alpha', '{}');
  expect([answer.status, await answer.text()]).toEqual([500, 'it failed\n']);
  expect(failures).toEqual(['a secret of ours']);
});
