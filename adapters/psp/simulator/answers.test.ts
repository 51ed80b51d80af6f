import { expect, test } from 'vitest';
import type { Uuid } from '../../../core/processes/psp.ts';
import { outcomeOf, queryOutcomeOf } from './answers.ts';

const OPERATION = '01900000-0000-7000-8000-000000000001' as Uuid;
const GOOD = {
  object: 'operation',
  reference: OPERATION,
  kind: 'sale',
  status: 'succeeded',
  payment: 'pay_01900000000070008000000000000001',
  amount: '1050',
  currency: 'EUR',
  cost: '23',
  code: '',
  expires_at_ms: null,
  redirect_url: null,
  created_ms: 1_795_662_739_494,
};

const answered = (status: number, body: unknown) =>
  outcomeOf(
    { got: 'answer', status, body: typeof body === 'string' ? body : JSON.stringify(body) },
    OPERATION,
  );

test('an answer that says everything is a success', () => {
  expect(answered(200, GOOD)).toEqual({
    done: 'succeeded',
    amount: 1_050n,
    currency: 'EUR',
    providerReference: GOOD.payment,
    cost: 23n,
    expiresAtMs: null,
  });
});

test.each([
  ['no JSON', 'gateway says no'],
  ['cut JSON', JSON.stringify(GOOD).slice(0, -5)],
  ['null', 'null'],
  ['a list', '[]'],
  ['another object', { ...GOOD, object: 'payment' }],
  ['another operation', { ...GOOD, reference: '01900000-0000-7000-8000-000000000002' }],
  ['a status that we do not know', { ...GOOD, status: 'probably' }],
  ['no payment', { ...GOOD, payment: '' }],
  ['a payment that is a number', { ...GOOD, payment: 17 }],
  ['an amount as a number', { ...GOOD, amount: 1050 }],
  ['an amount with a fraction', { ...GOOD, amount: '10.50' }],
  ['a negative amount', { ...GOOD, amount: '-1050' }],
  ['an amount of nothing', { ...GOOD, amount: '0' }],
  ['an amount beyond int64', { ...GOOD, amount: '9'.repeat(19) }],
  ['a currency that has no exponent', { ...GOOD, currency: 'XTS' }],
  ['a cost that is no number', { ...GOOD, cost: '?' }],
  ['a lapse that is no moment', { ...GOOD, expires_at_ms: 'soon' }],
  ['a decline with the status of a success', { ...GOOD, status: 'declined', code: 'lost_card' }],
  ['a challenge without an address', { ...GOOD, status: 'requires_action' }],
  ['a challenge that is a script', { ...GOOD, status: 'requires_action', redirect_url: 'javascript:x' }],
])('an answer that cannot be read is unknown, also with status 200: %s', (_, body) => {
  expect(answered(200, body).done).toBe('unknown');
});

test('a success with the status of a decline is unknown: it contradicts itself', () => {
  expect(answered(402, GOOD).done).toBe('unknown');
});

test.each([301, 400, 401, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504])(
  'status %i without the provider’s word that nothing was done is unknown',
  (status) => {
    expect(answered(status, '<html>').done).toBe('unknown');
    expect(answered(status, { error: { code: 'x' } }).done).toBe('unknown');
    expect(answered(status, { error: { code: 'x', nothing_done: 'yes' } }).done).toBe('unknown');
  },
);

test('with that word, 429 and 503 were not sent, other 4xx are declined, and a 5xx stays unknown', () => {
  const error = (code: string) => ({ error: { code, nothing_done: true } });
  expect(answered(429, error('rate_limited')).done).toBe('not_sent');
  expect(answered(503, error('unavailable')).done).toBe('not_sent');
  expect(answered(500, error('internal')).done).toBe('unknown');
  expect(answered(400, error('malformed'))).toMatchObject({
    done: 'declined',
    code: 'operation_not_allowed',
    providerCode: 'malformed',
  });
  expect(answered(400, error('amount_not_allowed'))).toMatchObject({ code: 'amount_not_allowed' });
});

test('a decline in a word that we do not know is a soft one that says least', () => {
  const body = { ...GOOD, status: 'declined', code: 'moon_phase' };
  expect(answered(402, body)).toMatchObject({ done: 'declined', code: 'generic_decline' });
});

test('a code that names a property of every object is no decline of ours', () => {
  const body = { ...GOOD, status: 'declined', code: 'constructor' };
  expect(answered(402, body)).toMatchObject({ done: 'declined', code: 'generic_decline' });
});

test('"not found" is taken from the provider alone', () => {
  const query = (status: number, body: string) =>
    queryOutcomeOf({ got: 'answer', status, body }, OPERATION).done;
  expect(query(404, '{"error":{"code":"operation_not_found"}}')).toBe('not_found');
  expect(query(404, '{"error":{"code":"not_found"}}')).toBe('unknown');
  expect(query(404, 'nginx')).toBe('unknown');
  expect(query(500, '{"error":{"code":"operation_not_found"}}')).toBe('unknown');
});
