import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CODE, FlorinError } from '../../client/index.ts';
import { OperationKind, OperationState } from '../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentIntentState } from '../../gen/florin/payments/v1/payments_pb.ts';
import { buildServer } from '../http/server.ts';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from '../testing/secrets.ts';
import { changed, intentOf, refused, SECRET, StandInCore, UNLIMITED } from '../testing/standInCore.ts';

let stand: StandInCore;
let app: FastifyInstance;
let link: { id: string; url: string };
const logged: string[] = [];

const auth = { authorization: `Bearer ${SECRET}` };
beforeEach(async () => {
  stand = new StandInCore();
  logged.length = 0;
  app = await buildServer({
    core: stand.core,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits: { ...UNLIMITED, payer: { perSecond: 1, burst: 20 } },
    log: (level, event, details) => logged.push(`${level} ${event} ${JSON.stringify(details)}`),
  });
  link = await newLink({
    amount: 1_999,
    currency: 'eur',
    description: 'A <mug> & "more"',
    metadata: { a: 'b' },
  });
});
afterEach(() => app.close());

async function newLink(payload: object): Promise<{ id: string; url: string }> {
  const answer = await app.inject({ method: 'POST', url: '/v1/payment_links', headers: auth, payload });
  expect(answer.statusCode).toBe(200);
  return JSON.parse(answer.body) as { id: string; url: string };
}
const pathIn = (url: string): string => url.replace('http://127.0.0.1:7410', '');
const get = (url: string) => app.inject({ url: pathIn(url) });
const pay = (url: string, fields: Record<string, string>) =>
  app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(fields).toString(),
  });
/** Where a payer is sent on to. */
async function visit(): Promise<string> {
  const { statusCode, headers } = await get(link.url);
  expect(statusCode).toBe(303);
  return String(headers.location);
}
const stands = (state: PaymentIntentState, more: object = {}) => {
  stand.decide = (_, item) =>
    changed(stand.keep(intentOf({ id: String(item['paymentIntentId'] ?? item['id']), state, ...more })));
};
const VISA = { card: 'pm_card_visa', version: '0' };
const DECLINED = {
  lastDeclineCode: 'insufficient_funds',
  operations: [{ kind: OperationKind.SALE, state: OperationState.FAILED, declineCode: 'insufficient_funds' }],
};

describe('a page of a link', () => {
  test('is one of its own for whoever opens it, says what is paid to whom, and pays nothing by being opened', async () => {
    const [one, other] = [await visit(), await visit()];
    expect(one).not.toBe(other);
    const { statusCode, body, headers } = await get(one);
    expect(statusCode).toBe(200);
    expect(body).toContain('EUR 19.99');
    expect(body).toContain('A &lt;mug&gt; &amp; &quot;more&quot;');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; img-src data:; form-action 'self'/,
    );
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect(body).not.toMatch(/<script|https?:\/\/(?!www\.w3)/);
    expect(stand.commands).toEqual([]);
  });

  test('pays once, with what the link says, whatever is clicked or loaded again', async () => {
    stands(PaymentIntentState.SUCCEEDED);
    const path = await visit();
    const answers = await Promise.all([pay(path, VISA), pay(path, VISA)]);
    for (const { statusCode, headers } of answers)
      expect([statusCode, headers.location]).toEqual([303, path]);
    const ids = new Set(stand.commands.map(({ item }) => item['id']));
    expect(ids.size).toBe(1);
    expect(stand.commands[0]).toMatchObject({
      method: 'create',
      book: 'shop',
      item: {
        amount: { minorUnits: 1_999n, asset: 'EUR' },
        confirm: true,
        paymentMethod: { token: 'pm_card_visa' },
        reference: link.id,
        metadata: { a: 'b' },
        returnUrl: `http://127.0.0.1:7410${path}`,
      },
    });
    const before = stand.commands.length;
    await pay(path, VISA);
    const { body } = await get(path);
    expect(body).toMatch(/<title>Paid/);
    expect(stand.commands).toHaveLength(before);
    // Control: another visit is another payment.
    await pay(await visit(), VISA);
    expect(stand.commands.at(-1)!.item['id']).not.toBe([...ids][0]);
  });

  test('says why a card was declined, and tries another one once', async () => {
    stands(PaymentIntentState.REQUIRES_PAYMENT_METHOD, DECLINED);
    const path = await visit();
    await pay(path, VISA);
    const { body } = await get(path);
    expect(body).toMatch(/role="alert"[^>]*>The payment was declined: insufficient funds\. Nothing was paid/);
    const [, version] = /name="version" value="(\d+)"/.exec(body) ?? [];
    // A click on the form of before tries nothing.
    await pay(path, VISA);
    expect(stand.commands).toHaveLength(1);
    const again = { card: 'pm_card_mastercard', version };
    await pay(path, again);
    await pay(path, again);
    const tries = stand.commands.slice(1);
    expect(tries.every(({ method }) => method === 'confirm')).toBe(true);
    expect(new Set(tries.map(({ item }) => item['id'])).size).toBe(1);
    expect(tries[0].item).toMatchObject({ paymentMethod: { token: 'pm_card_mastercard' } });
  });

  test('leads to the bank by a link, and back with what the bank said', async () => {
    const action = { nextActionUrl: 'https://bank.example/3ds?a=1&b="2"' };
    stands(PaymentIntentState.REQUIRES_ACTION, action);
    const path = await visit();
    await pay(path, VISA);
    const { body } = await get(path);
    expect(body).toContain('href="https://bank.example/3ds?a=1&amp;b=&quot;2&quot;"');
    stands(PaymentIntentState.SUCCEEDED);
    const back = await get(`${path}?payment=pay_1&challenge=completed`);
    expect([back.statusCode, back.headers.location]).toEqual([303, path]);
    expect(stand.commands.at(-1)).toMatchObject({
      method: 'confirm',
      item: { redirectResult: 'payment=pay_1&challenge=completed' },
    });
    expect((await get(path)).body).toMatch(/<title>Paid/);
  });

  test('is 202 as long as nobody knows, and tells not to pay again', async () => {
    stands(PaymentIntentState.PROCESSING);
    const path = await visit();
    await pay(path, VISA);
    const { statusCode, body } = await get(path);
    expect(statusCode).toBe(202);
    expect(body).toContain('Do not pay again');
    expect(body).not.toContain('<form');
  });

  test('takes the test cards that it shows and nothing else, a card number least of all', async () => {
    const path = await visit();
    for (const card of ['4242424242424242', 'pm_card_unknown', '', 'pm_0190a000000070008000000000000003']) {
      const { statusCode, body } = await pay(path, { card, version: '0' });
      expect(statusCode).toBe(400);
      expect(body).toContain('Choose one of the test cards.');
      if (card !== '') expect(body).not.toContain(card);
    }
    expect(stand.commands).toEqual([]);
  });

  test('of an inactive link takes nothing more, and still shows what was paid', async () => {
    stands(PaymentIntentState.SUCCEEDED);
    const [paid, open] = [await visit(), await visit()];
    await pay(paid, VISA);
    const url = `/v1/payment_links/${link.id}`;
    await app.inject({ method: 'POST', url, headers: auth, payload: { active: false } });
    expect((await get(link.url)).statusCode).toBe(410);
    expect((await get(open)).statusCode).toBe(410);
    const before = stand.commands.length;
    await pay(open, VISA);
    expect(stand.commands).toHaveLength(before);
    expect((await get(paid)).body).toMatch(/<title>Paid/);
  });

  test('is not there for a link or a visit that is none, and says so as a page', async () => {
    const path = await visit();
    const wrong = [
      link.url.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      '/pay/shop/x',
      path.replace(/[^/]+$/, 'x'),
      path.replace(/[^/]+$/, '00000000-0000-0000-0000-000000000000'),
    ];
    for (const url of wrong) {
      const { statusCode, headers, body } = await get(url);
      expect([url, statusCode]).toEqual([url, 404]);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(body).toContain('There is no such payment link.');
    }
    expect(logged).toEqual([]);
  });

  test('is 503 while the core is away, with the same payment at the next try', async () => {
    const path = await visit();
    stand.decide = () => {
      throw new FlorinError({ code: CODE.UNAVAILABLE, message: 'away', outcome: 'unknown' });
    };
    const { statusCode, headers, body } = await pay(path, VISA);
    expect([statusCode, headers['retry-after']]).toEqual([503, '1']);
    expect(body).toContain('nothing is paid twice');
    stands(PaymentIntentState.SUCCEEDED);
    await pay(path, VISA);
    expect(new Set(stand.commands.map(({ item }) => item['id'])).size).toBe(1);
  });

  test('is opened so often by one address, and no more', async () => {
    const statuses = [];
    for (let i = 0; i < 21; i++) statuses.push((await get(link.url)).statusCode);
    expect(statuses.filter((status) => status === 303)).toHaveLength(20);
    expect(statuses.at(-1)).toBe(429);
  });

  test('tells a payer nothing of a refusal but that it is not possible', async () => {
    stand.decide = () => refused('NO_ROUTE');
    const { statusCode, headers } = await pay(await visit(), VISA);
    expect(statusCode).toBe(409);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
  });
});

describe('by REST', () => {
  test('a link is created, listed by whether it is active, changed and retrieved', async () => {
    const other = await newLink({ amount: 500, currency: 'jpy' });
    expect(other).toMatchObject({ object: 'payment_link', active: true, livemode: false, description: null });
    const change = { active: false, metadata: { a: '', c: 'd' } };
    const url = `/v1/payment_links/${link.id}`;
    const { body } = await app.inject({ method: 'POST', url, headers: auth, payload: change });
    expect(JSON.parse(body)).toMatchObject({ id: link.id, active: false, metadata: { c: 'd' }, version: 2 });
    for (const [query, ids] of [
      ['', [other.id, link.id]],
      ['?active=true', [other.id]],
      ['?active=false', [link.id]],
    ] as const) {
      const listed = await app.inject({ url: `/v1/payment_links${query}`, headers: auth });
      const { data } = JSON.parse(listed.body) as { data: { id: string }[] };
      expect(data.map(({ id }) => id)).toEqual(ids);
    }
  });
});
