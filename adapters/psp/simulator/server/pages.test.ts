import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from './simulator.ts';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, file: ':memory:', secret: 'a secret of the tests' });
});

afterAll(() => simulator.stop());

/** A payment whose payer is asked; where to. */
async function challenged(returnUrl?: string): Promise<{ reference: string; url: string }> {
  const reference = randomUUID();
  const answer = await fetch(`${simulator.url}/v1/payments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: JSON.stringify({
      token: 'pm_card_threeDSecure2Required',
      amount: '10000',
      currency: 'EUR',
      capture: true,
      ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
    }),
  });
  return { reference, url: ((await answer.json()) as { redirect_url: string }).redirect_url };
}

async function toldOf(reference: string): Promise<string[]> {
  const answer = await fetch(`${simulator.url}/v1/events`);
  const { data } = (await answer.json()) as { data: { event: { type: string; operation: string } }[] };
  return data.filter(({ event }) => event.operation === reference).map(({ event }) => event.type);
}

const press = (url: string) => fetch(url, { method: 'POST', redirect: 'manual' });

test('that a challenge is over is told once, passed or failed', async () => {
  for (const button of ['complete', 'fail']) {
    const { reference, url } = await challenged();
    expect(await toldOf(reference)).toEqual([]);
    await press(`${url}/${button}`);
    await press(`${url}/${button}`);
    expect(await toldOf(reference)).toEqual(['challenge_over']);
  }
});

test('a challenge that is over shows the way back, as text and not as markup', async () => {
  const { url } = await challenged('https://shop.example/?a="><script>1</script>&b=2');
  await press(`${url}/complete`);
  const again = await fetch(url);
  expect(again.status).toBe(404);
  const page = await again.text();
  expect(page).toContain('href="https://shop.example/?a=&quot;>&lt;script>1&lt;/script>&amp;b=2"');
  expect(page).not.toContain('<script>');
});

test.each([
  [{ number: '4242424242424241' }, 'number', 'A digit of this card number is wrong.'],
  [{ expiry: '13/34' }, 'expiry', 'Write the expiry as MM/YY.'],
  [{ cvc: '1' }, 'cvc', 'The security code has three or four digits.'],
])('a card that cannot be taken says its field: %j', async (wrong, field, message) => {
  const body = new URLSearchParams({ number: '4242424242424242', expiry: '12/34', cvc: '123', ...wrong });
  const url = `${simulator.url}/hosted`;
  const asJson = await fetch(url, { method: 'POST', body, headers: { accept: 'application/json' } });
  expect([asJson.status, await asJson.json()]).toEqual([422, { field, message }]);
  const asPage = await fetch(url, { method: 'POST', body });
  expect(asPage.status).toBe(422);
  const page = await asPage.text();
  expect(page).toContain(`role="alert">${message}</p>`);
  expect(page).toContain(`name="${field}" aria-describedby="error" required aria-invalid="true"`);
});
