import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  connectFlorin,
  type Florin,
  FlorinError,
  type NewPaymentIntentInit,
  uuidv7,
} from '../../client/index.ts';
import { makeKey, merchantAt, type MerchantAt, startTestEdge, type TestEdge } from '../support/edge.ts';
import { connectPayments, openShop, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';

let processes: PaymentProcesses;
let edge: TestEdge;
let florin: Florin;
let shop: Shop;
let secret: string;
let merchant: MerchantAt;
/** Authorised: 2000 can be captured. */
let held: string;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  const opening = connectPayments({ target });
  shop = await openShop(opening, 'shop');
  opening.close();
  florin = connectFlorin({ target });
  edge = await startTestEdge(target);
  ({ secret } = await makeKey(target, shop));
  merchant = merchantAt(edge, secret);
  const method = { payment_method: 'pm_card_visa', capture_method: 'manual', confirm: true };
  const asked = { amount: 2_000, currency: 'eur', ...method };
  held = String((await merchant.post('/v1/payment_intents', asked, randomUUID())).body['id']);
});

afterAll(async () => {
  florin?.close();
  await edge?.stop();
  await processes?.stop();
});

/** What is sent as it stands: much of this no JSON.stringify would write. */
async function send(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(`${edge.url}${path}`, {
    method: 'POST',
    body,
    headers: {
      authorization: `Bearer ${secret}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      ...headers,
    },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** "400 parameter_out_of_range amount", or "200". */
function told({ status, body }: { status: number; body: Record<string, unknown> }): string {
  const { code = '', param = '' } = body as { code?: string; param?: string };
  return `${status} ${code} ${param}`.trim();
}

/** "INVALID_AMOUNT amount.minor_units", or "changed". */
async function toldByCore(item: NewPaymentIntentInit): Promise<string> {
  const whole = {
    id: uuidv7(),
    merchantId: shop.merchant,
    amount: { minorUnits: 1_000n, asset: 'EUR' },
    ...item,
  };
  const asked = whole as NewPaymentIntentInit;
  const { outcome } = await florin.paymentIntents.createPaymentIntent(shop.book, asked);
  return outcome.case === 'refused' ? `${outcome.value.reason} ${outcome.value.field}` : String(outcome.case);
}

const money = (minorUnits: bigint, asset = 'EUR') => ({ amount: { minorUnits, asset } });
const metadata = (entries: Record<string, string>) => ({ metadata: entries });
const PROTO = JSON.parse('{"__proto__": "x"}') as Record<string, string>;
const OUT = 'parameter_out_of_range';
const TOO_MUCH = 'AMOUNT_TOO_LARGE amount.minor_units';
const NO_AMOUNT = 'INVALID_AMOUNT amount.minor_units';

/** The same fault by REST and by gRPC: what else a new payment has is sound. */
const BOTH: readonly [rest: string, toldByRest: string, item: NewPaymentIntentInit, toldByCore: string][] = [
  ['"amount": 999999999999', '200', money(999_999_999_999n), 'changed'],
  ['"amount": 1000000000000', `400 ${OUT} amount`, money(1_000_000_000_000n), TOO_MUCH],
  ['"amount": 9007199254740993', `400 ${OUT} amount`, money(9_007_199_254_740_993n), TOO_MUCH],
  ['"amount": 9223372036854775807', `400 ${OUT} amount`, money(2n ** 63n - 1n), TOO_MUCH],
  ['"amount": 1', '200', money(1n), 'changed'],
  ['"amount": 0', `400 ${OUT} amount`, money(0n), NO_AMOUNT],
  ['"amount": -0', `400 ${OUT} amount`, money(-0n), NO_AMOUNT],
  ['"amount": -1', `400 ${OUT} amount`, money(-1n), NO_AMOUNT],
  ['"amount": -9223372036854775808', `400 ${OUT} amount`, money(-(2n ** 63n)), NO_AMOUNT],
  ['"currency": "zzz"', '400 currency_unknown currency', money(5n, 'ZZZ'), 'ASSET_NOT_FOUND amount.asset'],
  ['"currency": "eu"', '400 parameter_invalid currency', money(5n, 'eu'), 'INVALID_VALUE amount.asset'],
  ['"currency": ""', '400 parameter_invalid currency', money(5n, ''), 'MISSING_FIELD amount.asset'],
  [
    '"currency": "EUR\\u0000"',
    '400 parameter_invalid currency',
    money(5n, 'EUR\0'),
    'INVALID_VALUE amount.asset',
  ],
  [
    '"currency": "__proto__"',
    '400 parameter_invalid currency',
    money(5n, '__proto__'),
    'INVALID_VALUE amount.asset',
  ],
  ['"metadata": {"__proto__": "x"}', '400 parameter_invalid metadata.__proto__', metadata(PROTO), 'changed'],
  [
    '"metadata": {"\\u005f_proto__": "x"}',
    '400 parameter_invalid metadata.__proto__',
    metadata({ a: 'b', ...PROTO }),
    'changed',
  ],
  ['"metadata": {"constructor": "x"}', '200', metadata({ constructor: 'x' }), 'changed'],
  [
    '"metadata": {"": "x"}',
    '400 parameter_invalid metadata',
    metadata({ '': 'x' }),
    'MISSING_FIELD metadata',
  ],
  [
    `"metadata": {"${'k'.repeat(41)}": "x"}`,
    '400 parameter_too_long metadata',
    metadata({ ['k'.repeat(41)]: 'x' }),
    'TOO_LONG metadata',
  ],
  [
    `"metadata": {"k": "${'v'.repeat(501)}"}`,
    '400 parameter_too_long metadata.k',
    metadata({ k: 'v'.repeat(501) }),
    'TOO_LONG metadata',
  ],
  [
    '"metadata": {"k": "\\u0000"}',
    '400 parameter_invalid metadata',
    metadata({ k: '\0' }),
    'INVALID_TEXT metadata',
  ],
  [
    `"reference": "${'r'.repeat(257)}"`,
    '400 parameter_too_long reference',
    { reference: 'r'.repeat(257) },
    'TOO_LONG reference',
  ],
  [
    '"reference": "\\u0000"',
    '400 parameter_invalid reference',
    { reference: '\0' },
    'INVALID_TEXT reference',
  ],
  [
    '"statement_descriptor": "ü"',
    '400 parameter_invalid statement_descriptor',
    { statementDescriptor: 'ü' },
    'INVALID_TEXT statement_descriptor',
  ],
  [
    `"customer": "cus_${'0'.repeat(97)}"`,
    '400 parameter_too_long customer',
    { customerId: '0'.repeat(1_000) },
    'INVALID_UUID customer_id',
  ],
  [
    '"customer": "__proto__"',
    '404 resource_missing customer',
    { customerId: '__proto__' },
    'INVALID_UUID customer_id',
  ],
];

describe('a payment is refused, and its fault is named, by REST and by gRPC:', () => {
  test.each(BOTH)('%s', async (rest, byRest, item, byCore) => {
    const [name] = rest.split(':', 1);
    const others = ['"amount": 1000', '"currency": "eur"'].filter((field) => !field.startsWith(name));
    expect(told(await send('/v1/payment_intents', `{${[rest, ...others].join(', ')}}`))).toBe(byRest);
    expect(await toldByCore(item)).toBe(byCore);
  });
});

test.each(
  [
    ['nothing', {}, 'INVALID_UUID id'],
    ['a name that is no id', { id: '__proto__' }, 'INVALID_UUID id'],
    ['an id that goes on', { id: '0'.repeat(1_000) }, 'INVALID_UUID id'],
    ['the id of nobody', { id: '00000000-0000-0000-0000-000000000000' }, 'INVALID_UUID id'],
    ['no id', { id: '' }, 'MISSING_FIELD id'],
    ['no amount', { amount: undefined }, 'MISSING_FIELD amount'],
    ['a merchant that is no id', { merchantId: 'constructor' }, 'INVALID_UUID merchant_id'],
  ].slice(1) as [string, object, string][],
)('gRPC names what is at fault: %s', async (_what, item, answer) => {
  expect(await toldByCore(item as NewPaymentIntentInit)).toBe(answer);
});

test.each(['__proto__', 'x'.repeat(1_000), '', 'Shop'])('no book is called %j', async (book) => {
  const asked = florin.paymentIntents.createPaymentIntents({ book, paymentIntents: [{ id: uuidv7() }] });
  const error = await asked.catch((one: unknown) => one);
  expect(error).toBeInstanceOf(FlorinError);
  expect((error as FlorinError).fieldViolations.map(({ field }) => field)).toEqual(['book']);
});

test('to gRPC a key of metadata is text like any other, kept and told as it was', async () => {
  const entries = { constructor: 'c', a: 'b', ...PROTO };
  const id = uuidv7();
  const whole = { id, merchantId: shop.merchant, ...money(5n), ...metadata(entries) };
  await florin.paymentIntents.createPaymentIntent(shop.book, whole);
  const read = await florin.paymentIntents.readPaymentIntent(shop.book, id);
  const whatIsThere = (there: object) => new Map(Object.entries(there));
  expect(whatIsThere(read!.metadata)).toEqual(whatIsThere(entries));
  const path = `/v1/payment_intents/pi_${id.replaceAll('-', '')}`;
  const seen = (await merchant.get(path)).body['metadata'] as object;
  expect(whatIsThere(seen)).toEqual(whatIsThere(entries));
  // What REST itself would not take stays where it was when something else is changed.
  const changed = await send(path, '{"metadata": {"a": "", "d": "e"}}');
  expect(whatIsThere(changed.body['metadata'] as object)).toEqual(
    new Map([
      ['__proto__', 'x'],
      ['constructor', 'c'],
      ['d', 'e'],
    ]),
  );
});

describe('REST takes no amount for another one:', () => {
  const NO_INTEGER = 'parameter_not_integer';
  test.each(['1.5', '"1000"', 'true', 'null', '[1000]', '{}', '""', '1e400'])('%s', async (amount) => {
    for (const [path, param, more] of [
      ['/v1/payment_intents', 'amount', ', "currency": "eur"'],
      ['/v1/payment_links', 'amount', ', "currency": "eur"'],
      ['/v1/refunds', 'amount', `, "payment_intent": "${held}"`],
      [`/v1/payment_intents/${held}/capture`, 'amount_to_capture', ''],
      [`/v1/payment_intents/${held}/increment_authorization`, 'increment_amount', ''],
    ])
      expect(told(await send(path, `{"${param}": ${amount}${more}}`)), path).toBe(
        `400 ${NO_INTEGER} ${param}`,
      );
  });

  test.each(['0x10', '01', '1_000', 'NaN', '.5'])('%s, which is no JSON', async (amount) => {
    const answer = await send('/v1/payment_intents', `{"amount": ${amount}, "currency": "eur"}`);
    expect(told(answer)).toBe('400 body_invalid_json');
  });

  test.each(['1e3', '1000.0'])('but %s is 1000', async (amount) => {
    const { body } = await send('/v1/payment_intents', `{"amount": ${amount}, "currency": "eur"}`);
    expect(body['amount']).toBe(1_000);
  });

  test('what is more than there is, by the name that the request has for it', async () => {
    const capture = await send(`/v1/payment_intents/${held}/capture`, '{"amount_to_capture": 2001}');
    expect(told(capture)).toBe('400 amount_too_large amount_to_capture');
    const more = '{"increment_amount": 999999999999}';
    const increment = await send(`/v1/payment_intents/${held}/increment_authorization`, more);
    expect(told(increment)).toBe('400 amount_too_large increment_amount');
  });
});

describe('a body is what it says, or is refused:', () => {
  test.each([
    ['{"__proto__": {"amount": 1}}', '400 parameter_invalid __proto__'],
    ['{"amount": 1, "currency": "eur", "__proto__": 1}', '400 parameter_invalid __proto__'],
    ['{"constructor": {"prototype": {}}}', '400 parameter_invalid constructor'],
    ['{"a": {"b": [{"__proto__": 1}]}}', '400 parameter_invalid a.b.0.__proto__'],
    ['{"description": "\\ud800"}', '400 parameter_invalid description'],
    ['{"metadata": {"a": "x\\udc00"}}', '400 parameter_invalid metadata.a'],
    ['{"metadata": {"\\ud800": "a", "\\ud801": "b"}}', '400 parameter_invalid metadata.\ufffd'],
    ['null', '400 body_not_an_object'],
    ['[]', '400 body_not_an_object'],
    ['"x"', '400 body_not_an_object'],
    ['{', '400 body_invalid_json'],
    ['{"amount": 1,}', '400 body_invalid_json'],
    ['', '400 parameter_missing amount'],
  ])('%s', async (body, answer) => {
    expect(told(await send('/v1/payment_intents', body))).toBe(answer);
  });

  test('bytes that are no UTF-8 are no text', async () => {
    const [before, behind] = ['{"amount": 1, "currency": "eur", "description": "', '"}'].map((part) =>
      Buffer.from(part),
    );
    const with_ = (...bytes: number[]) => new Uint8Array(Buffer.concat([before, Buffer.from(bytes), behind]));
    expect(told(await send('/v1/payment_intents', with_(0xff)))).toBe('400 body_invalid_json');
    expect(told(await send('/v1/payment_intents', with_(0xed, 0xa0, 0x80)))).toBe('400 body_invalid_json');
    const { body } = await send('/v1/payment_intents', with_(0xc3, 0xbc, 0xf0, 0x9f, 0x8d, 0xb5));
    expect(body['description']).toBe('ü🍵');
  });

  test('a whole character may be written in halves', async () => {
    const asked = '{"amount": 1, "currency": "eur", "description": "\\ud83c\\udf75"}';
    expect((await send('/v1/payment_intents', asked)).body['description']).toBe('🍵');
  });
});

describe('a query names what there is:', () => {
  test.each([
    ['payment_intents?__proto__=x', '400 parameter_unknown __proto__'],
    ['payment_intents?constructor=x', '400 parameter_unknown constructor'],
    ['payment_intents?expand[]=data.__proto__', '400 parameter_invalid expand[]'],
    ['payment_intents?limit=0', '400 parameter_out_of_range limit'],
    ['payment_intents?limit=101', '400 parameter_out_of_range limit'],
    ['payment_intents?limit=-1', '400 parameter_invalid limit'],
    ['payment_intents?limit=1&limit=2', '400 parameter_invalid limit'],
    ['payment_intents?reference=%00', '400 parameter_invalid reference'],
    ['payment_intents?starting_after=__proto__', '404 resource_missing starting_after'],
    [`payment_intents?starting_after=${'x'.repeat(101)}`, '400 parameter_too_long starting_after'],
    ['payment_intents/search?query=status:"__proto__"', '400 parameter_invalid query'],
    ['payment_intents/search?query=currency:"constructor"', '400 parameter_invalid query'],
    ['payment_intents/search?query=__proto__:"x"', '400 parameter_invalid query'],
    ['events?type=__proto__', '400 parameter_invalid type'],
    ['payment_links?active=__proto__', '400 parameter_invalid active'],
    ['payment_intents/__proto__', '404 resource_missing'],
    [`payment_intents/pi_${'0'.repeat(300)}`, '404 resource_missing'],
    ['payment_intents/pi_00000000000000000000000000000000', '404 resource_missing'],
    ['payment_intents/pi_%00', '404 resource_missing'],
    ['__proto__', '404 route_missing'],
  ])('%s', async (path, answer) => {
    expect(told(await merchant.get(`/v1/${path}`))).toBe(answer);
  });
});

test.each([
  ['k'.repeat(256), '400 idempotency_key_invalid Idempotency-Key'],
  ['', '400 idempotency_key_invalid Idempotency-Key'],
  ['ü', '400 idempotency_key_invalid Idempotency-Key'],
  ['k'.repeat(255), '200'],
  ['__proto__', '200'],
])('an Idempotency-Key is text, whatever its words: %s', async (key, answer) => {
  const asked = '{"amount": 1000, "currency": "eur", "payment_method": "pm_card_visa", "confirm": true}';
  expect(told(await send('/v1/payment_intents', asked, { 'idempotency-key': key }))).toBe(answer);
});
