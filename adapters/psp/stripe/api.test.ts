import { expect, test } from 'vitest';
import { replyOf } from './api.ts';

const answered = (status: number, body: unknown) =>
  replyOf({ got: 'answer', status, body: typeof body === 'string' ? body : JSON.stringify(body) });
const error = (status: number, more: object) => answered(status, { error: more });

test('an object is an answer, and nothing else that comes with 200 is', () => {
  expect(answered(200, { object: 'payment_intent', id: 'pi_1' }).done).toBe('found');
  for (const body of ['', '<html>', 'null', '[]', '{}', '{"object":1}', '{"error":{"type":"card_error"}}'])
    expect(answered(200, body).done, body).toBe('unknown');
  expect(answered(201, { object: 'payment_intent' }).done).toBe('unknown');
});

test('a refusal is Stripe’s own word: type and status both say so', () => {
  for (const status of [400, 402])
    for (const type of ['card_error', 'invalid_request_error'])
      expect(error(status, { type, code: 'x' })).toMatchObject({ done: 'refused', why: 'request' });
  expect(error(404, { type: 'invalid_request_error', code: 'resource_missing' })).toMatchObject({
    why: 'missing',
  });
  expect(error(400, { type: 'idempotency_error' })).toMatchObject({ why: 'key_used' });
});

test('the issuer’s word, Stripe’s, the field and the payment intent are kept of it', () => {
  const reply = error(402, {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'lost_card',
    param: 'payment_method',
    payment_intent: { id: 'pi_1' },
  });
  expect(reply).toMatchObject({
    words: ['lost_card', 'card_declined'],
    isCardError: true,
    param: 'payment_method',
  });
  expect(reply.done === 'refused' && reply.intent.at('id').text).toBe('pi_1');
});

test('was not sent what was turned away before an endpoint began', () => {
  expect(error(429, { type: 'invalid_request_error', code: 'rate_limit' }).done).toBe('not_sent');
  expect(error(429, { type: 'rate_limit_error' }).done).toBe('not_sent');
  expect(error(401, { type: 'invalid_request_error' }).done).toBe('not_sent');
  expect(error(403, { type: 'invalid_request_error' }).done).toBe('not_sent');
  expect(replyOf({ got: 'not_sent', why: 'ECONNREFUSED' })).toEqual({
    done: 'not_sent',
    why: 'ECONNREFUSED',
  });
});

test('everything else is unknown', () => {
  expect(error(429, { type: 'invalid_request_error', code: 'lock_timeout' }).done).toBe('unknown');
  expect(error(409, { type: 'invalid_request_error', code: 'x' }).done).toBe('unknown');
  expect(error(424, { type: 'api_error' }).done).toBe('unknown');
  expect(error(400, { type: 'api_error' }).done).toBe('unknown');
  expect(error(404, { type: 'invalid_request_error', code: 'x' }).done).toBe('unknown');
  for (const status of [500, 502, 503, 504])
    expect(error(status, { type: 'card_error', code: 'card_declined' }).done).toBe('unknown');
  // Somebody in between, who knows nothing of what Stripe did.
  for (const status of [401, 402, 404, 429]) expect(answered(status, '<html>').done).toBe('unknown');
  expect(replyOf({ got: 'unknown', why: 'ECONNRESET' })).toEqual({ done: 'unknown', why: 'ECONNRESET' });
});

test('a key that is being worked on is waited for', () => {
  expect(error(409, { type: 'idempotency_error', code: 'idempotency_key_in_use' }).done).toBe('busy');
});
