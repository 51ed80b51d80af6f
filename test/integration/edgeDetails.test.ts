import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin, type Florin, uuidv7 } from '../../client/index.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import {
  makeKey,
  type MerchantAt,
  merchantAt,
  type Reply,
  startTestEdge,
  type TestEdge,
} from '../support/edge.ts';
import { connectPayments, openShop, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { verifyFindings } from '../support/payments/verified.ts';

let processes: PaymentProcesses;
let florin: Florin;
let shop: Shop;
let edge: TestEdge;
let here: MerchantAt;
/** Another merchant of the same book. */
let stranger: MerchantAt;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  const opening = connectPayments({ target });
  shop = await openShop(opening, 'shop');
  const merchant = uuidv7();
  const merchants = [{ id: merchant, name: 'x', country: 'DE' }];
  await opening.merchants.createMerchants({ book: shop.book, merchants });
  opening.close();
  florin = connectFlorin({ target });
  edge = await startTestEdge(target);
  const [key, other] = [await makeKey(target, shop), await makeKey(target, { book: shop.book, merchant })];
  here = merchantAt(edge, key.secret);
  stranger = merchantAt(edge, other.secret);
});

afterAll(async () => {
  try {
    florin?.close();
    await edge?.stop();
    expect(await verifyFindings(processes.core)).toEqual([]);
  } finally {
    await processes?.stop();
  }
}, 60_000);

const NEW = { amount: 1_999, currency: 'eur' };
const pay = (body: object): Promise<Reply> =>
  here.post('/v1/payment_intents', { ...NEW, ...body }, randomUUID());

describe('balance transactions', () => {
  test('are what changed the balance: that money became available is told by the charge', async () => {
    // Of a merchant whose money waits for no day.
    const id = uuidv7();
    const own = { id, name: 'x', country: 'DE', settlementDays: 0, routing: { attemptsMax: 3 } };
    await florin.merchants.createMerchants({ book: shop.book, merchants: [own] });
    const key = await makeKey(processes.core.target, { book: shop.book, merchant: id });
    const quick = merchantAt(edge, key.secret);
    const body = { ...NEW, payment_method: 'pm_card_visa', confirm: true };
    const paid = await quick.post('/v1/payment_intents', body, randomUUID());
    expect(paid.body['status']).toBe('succeeded');
    const statusOf = async () => {
      const { data } = (await quick.get('/v1/balance_transactions')).body as { data: Listed[] };
      return data.map(({ type, status, amount, net }) => ({ type, status, amount, net }));
    };
    const charge = { type: 'charge', amount: 1_999, net: 1_999 };
    await expect.poll(statusOf, { timeout: 10_000 }).toEqual([{ ...charge, status: 'available' }]);

    // What somebody books by hand is no move of Florin's, whatever its words.
    const [from, bank] = [await accountOf(`m:${id}:available:EUR`), uuidv7()];
    const account = { id: bank, code: `bank:${id}`, asset: 'EUR', normalSide: NormalSide.DEBIT };
    await florin.accounts.createAccounts({ book: shop.book, accounts: [account] });
    for (const reference of ['', `payment ${uuidv7()} available`])
      await florin.transactions.createTransaction(shop.book, {
        id: uuidv7(),
        reference,
        postings: [{ debitAccount: from, creditAccount: bank, amount: 5n }],
      });
    const taken = { type: 'adjustment', status: 'available', amount: -5, net: -5 };
    expect(await statusOf()).toEqual([taken, taken, { ...charge, status: 'available' }]);
    const last = await quick.get('/v1/balance_transactions?limit=2');
    expect(last.body).toMatchObject({ has_more: true, data: [{ net: -5 }, { net: -5 }] });
    const balance = await quick.get('/v1/balance');
    expect(balance.body).toMatchObject({ available: [{ amount: 1_989, currency: 'eur' }] });
    // Whoever follows the ledger reads the move too.
    const { balanceTransactions: whole } = await florin.balanceTransactions.listBalanceTransactions({
      book: shop.book,
      of: { case: 'merchantId', value: id },
      freshness: { latest: true },
    });
    expect(whole).toHaveLength(4);
  });
});

describe('payment links', () => {
  test('are told of when they are made and when they change, with the request that did it', async () => {
    const { body: made } = await here.post('/v1/payment_links', { ...NEW, description: 'A mug' });
    const ended = await here.post(`/v1/payment_links/${made['id'] as string}`, { active: false });
    const types = 'payment_link.created,payment_link.updated';
    const { body: events } = await here.get(`/v1/events?type=${types}`);
    expect(events['data']).toMatchObject([
      {
        type: 'payment_link.updated',
        data: { object: ended.body, previous_attributes: { active: true, version: 1 } },
        request: { id: ended.headers.get('request-id') },
      },
      { type: 'payment_link.created', data: { object: made } },
    ]);
    expect((await stranger.get(`/v1/events?type=${types}`)).body['data']).toEqual([]);
  });
});

describe('the log of requests', () => {
  test('has what this merchant asked: by id, by route, by status, and from one on', async () => {
    const path = '/v1/customers';
    const key = randomUUID();
    const ids: string[] = [];
    for (const body of [{ name: 'a' }, { nam: 'b' }, { name: 'c' }]) {
      const { headers } = await here.post(path, body, ids.length === 0 ? key : undefined);
      ids.push(headers.get('request-id')!);
    }
    const declined = await pay({ payment_method: 'pm_card_chargeDeclined', confirm: true });
    ids.push(declined.headers.get('request-id')!);
    const listed = async (query: string, who = here) => {
      const { body, text } = await who.get(`/v1/request_logs?${query}`);
      expect(body, text).toMatchObject({ object: 'list', url: '/v1/request_logs' });
      return (body['data'] as { id: string }[]).map(({ id }) => id);
    };
    await expect.poll(() => listed('limit=4'), { timeout: 10_000 }).toEqual(ids.toReversed());
    const [first, wrong, third, last] = ids;
    expect(await listed(`route=${path}&limit=3`)).toEqual([third, wrong, first]);
    expect(await listed('status=402&limit=1')).toEqual([last]);
    expect(await listed('status=4xx&limit=2')).toEqual([last, wrong]);
    expect(await listed(`request_id=${wrong}`)).toEqual([wrong]);
    expect(await listed(`request_id=${wrong}&status=200`)).toEqual([]);
    expect(await listed(`limit=2&starting_after=${last}`)).toEqual([third, wrong]);
    expect(await listed(`limit=2&ending_before=${first}`)).toEqual([third, wrong]);
    expect((await here.get(`/v1/request_logs?limit=1&ending_before=${first}`)).body['has_more']).toBe(true);

    const { body: log } = await here.get(`/v1/request_logs/${wrong}`);
    const { body: list } = await here.get(`/v1/request_logs?request_id=${wrong}`);
    expect(list['data']).toEqual([log]);
    expect(log).toMatchObject({
      id: wrong,
      object: 'request_log',
      livemode: false,
      method: 'POST',
      route: path,
      path,
      status: 400,
      code: 'parameter_unknown',
      param: 'nam',
      idempotency_key: null,
    });
    expect((await here.get(`/v1/request_logs/${first}`)).body).toMatchObject({
      status: 200,
      code: null,
      object_id: expect.stringMatching(/^cus_/) as string,
      idempotency_key: key,
    });
    expect((await here.get(`/v1/request_logs/${last}`)).body).toMatchObject({
      status: 402,
      object_id: (declined.body['payment_intent'] as { id: string }).id,
    });
    // Nobody else finds any of them.
    expect(await listed(`request_id=${wrong}`, stranger)).toEqual([]);
    for (const asked of [`/${wrong}`, `?starting_after=${wrong}`, `?ending_before=${wrong}`])
      expect(await stranger.get(`/v1/request_logs${asked}`)).toMatchObject({
        status: 404,
        body: { code: 'resource_missing' },
      });
  });

  test.each([
    ['status=42', 400, 'parameter_invalid', 'status'],
    ['status=999', 400, 'parameter_invalid', 'status'],
    [`route=${'x'.repeat(101)}`, 400, 'parameter_too_long', 'route'],
    ['route=%00', 400, 'parameter_invalid', 'route'],
    ['request_id=x', 404, 'resource_missing', 'request_id'],
    ['starting_after=req_1', 404, 'resource_missing', 'starting_after'],
  ])('is not asked for %s', async (query, status, code, param) => {
    expect(await here.get(`/v1/request_logs?${query}`)).toMatchObject({ status, body: { code, param } });
  });

  test('needs a key that may read it', async () => {
    const may = async (scopes: string[]) => {
      const { body } = await here.post('/v1/api_keys', { scopes });
      return (await merchantAt(edge, String(body['secret'])).get('/v1/request_logs')).status;
    };
    expect([await may(['request_logs:read']), await may(['events:read'])]).toEqual([200, 403]);
  });
});

interface Listed {
  type: string;
  status: string;
  amount: number;
  net: number;
}

const accountOf = async (code: string): Promise<string> => {
  const account = { case: 'code', value: code } as const;
  const asked = { book: shop.book, account, freshness: { latest: true } };
  return (await florin.accounts.getAccount(asked)).account!.id;
};

describe('the latest attempt', () => {
  test('is an id, and whole where it is asked for, of one payment, in lists and behind a refund', async () => {
    const { body: made } = await pay({});
    expect(made['latest_attempt']).toBeNull();
    const path = `/v1/payment_intents/${made['id'] as string}`;
    const method = { payment_method: 'pm_card_chargeDeclinedLostCard' };
    const { status, body: problem } = await here.post(`${path}/confirm`, method, randomUUID());
    expect(status).toBe(402);
    const { latest_attempt: first } = problem['payment_intent'] as { latest_attempt: string };
    expect(first).toMatch(/^pa_[0-9a-f]{32}$/);
    const declined = await here.get(`${path}?expand[]=latest_attempt`);
    expect(declined.body['latest_attempt']).toMatchObject({
      id: first,
      object: 'payment_attempt',
      status: 'declined',
      decline_code: 'lost_card',
      amount: 1_999,
      currency: 'eur',
      payment_intent: made['id'],
      ...method,
      version: declined.body['version'],
      livemode: false,
    });
    const visa = { payment_method: 'pm_card_visa' };
    const { body: paid } = await here.post(`${path}/confirm`, visa, randomUUID());
    expect(paid['latest_attempt']).not.toBe(first);
    const expected = {
      id: paid['latest_attempt'],
      status: 'captured',
      decline_code: null,
      provider: 'simulator',
      provider_reference: expect.stringMatching(/./) as string,
      ...visa,
    };
    const { body: listed } = await here.get('/v1/payment_intents?limit=1&expand[]=data.latest_attempt');
    expect(listed['data']).toMatchObject([{ id: made['id'], latest_attempt: expected }]);
    const asked = { payment_intent: made['id'], amount: 5 };
    const { body: refund } = await here.post('/v1/refunds', asked, randomUUID());
    const behind = await here.get(
      `/v1/refunds/${refund['id'] as string}?expand[]=payment_intent.latest_attempt`,
    );
    expect(behind.body['payment_intent']).toMatchObject({ latest_attempt: expected });
    const deeper = await here.get(`${path}?expand[]=latest_attempt.payment_intent`);
    expect(deeper).toMatchObject({ status: 400, body: { code: 'parameter_invalid', param: 'expand[]' } });
  });

  test("is the merchant's alone", async () => {
    const { body: made } = await pay({ payment_method: 'pm_card_visa', confirm: true });
    const { body: key } = await here.post('/v1/api_keys', { kind: 'publishable' });
    const payer = merchantAt(edge, String(key['secret']));
    const path = `/v1/payment_intents/${made['id'] as string}?client_secret=${made['client_secret'] as string}`;
    const seen = await payer.get(path);
    expect(seen).toMatchObject({ status: 200, body: { status: 'succeeded' } });
    expect(seen.body).not.toHaveProperty('latest_attempt');
  });
});

describe('where a payer is sent back to', () => {
  const BACK = 'https://shop.example/back';
  const challenged = { payment_method: 'pm_card_threeDSecure2Required' };

  test('is said with the confirmation, in place of what was said before, and the provider is told', async () => {
    const { body: made } = await pay({ return_url: `${BACK}/1` });
    const path = `/v1/payment_intents/${made['id'] as string}`;
    const updated = await here.post(path, { return_url: `${BACK}/2` });
    expect(updated).toMatchObject({ status: 200, body: { return_url: `${BACK}/2`, version: 2 } });
    const asked = { ...challenged, return_url: `${BACK}/3?order=7` };
    const confirmed = await here.post(`${path}/confirm`, asked, randomUUID());
    expect(confirmed).toMatchObject({
      status: 200,
      body: {
        status: 'requires_action',
        return_url: asked.return_url,
        next_action: { redirect_to_url: { return_url: asked.return_url } },
      },
    });
    const { redirect_to_url: there } = confirmed.body['next_action'] as { redirect_to_url: { url: string } };
    const passed = await fetch(`${there.url}/complete`, { method: 'POST', redirect: 'manual' });
    expect(passed.headers.get('location')).toMatch(/^https:\/\/shop\.example\/back\/3\?order=7&payment=/);
    // The payer was there already, so it is too late for another place.
    const late = await here.post(`${path}/confirm`, { return_url: BACK }, randomUUID());
    expect(late).toMatchObject({ status: 409, body: { code: 'payment_intent_unexpected_state' } });
    expect((await here.get(path)).body['return_url']).toBe(asked.return_url);
  });

  test('stays over another try, and can be taken away before the first one', async () => {
    const { body: made } = await pay({ return_url: BACK, payment_method: 'pm_card_chargeDeclined' });
    const path = `/v1/payment_intents/${made['id'] as string}`;
    expect((await here.post(path, { return_url: '' })).body['return_url']).toBeNull();
    const declined = await here.post(`${path}/confirm`, { return_url: `${BACK}/4` }, randomUUID());
    expect(declined.status).toBe(402);
    const again = await here.post(`${path}/confirm`, challenged, randomUUID());
    expect(again).toMatchObject({ body: { status: 'requires_action', return_url: `${BACK}/4` } });
  });

  test('is part of what an Idempotency-Key stands for, and no place that a browser cannot go to', async () => {
    const { body: made } = await pay({ payment_method: 'pm_card_visa' });
    const path = `/v1/payment_intents/${made['id'] as string}/confirm`;
    for (const return_url of [
      'javascript:alert(1)',
      'shop.example',
      'https://shop.example/ü',
      'ftp://x.example',
    ])
      expect(await here.post(path, { return_url }, randomUUID())).toMatchObject({
        status: 400,
        body: { code: 'parameter_invalid', param: 'return_url' },
      });
    const key = randomUUID();
    expect((await here.post(path, { return_url: BACK }, key)).status).toBe(200);
    expect((await here.post(path, { return_url: `${BACK}/5` }, key)).status).toBe(422);
    expect((await stranger.post(path, { return_url: BACK }, randomUUID())).status).toBe(404);
  });
});
