import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type PspEvent, UnreadableWebhook } from '../../../core/processes/psp.ts';
import { eventsOf, isGenuine } from './webhooks.ts';

const OPERATION = '01900000-0000-7000-8000-000000000001';
const VOID = '01900000-0000-7000-8000-000000000002';
const SECRET = 'whsec_test_secret';
const BODY = Buffer.from('{"id":"evt_1","object":"event"}');
const SECONDS = 1_492_774_577;
/** HMAC-SHA256 of "1492774577." and the body under the secret, worked out with openssl. */
const VECTOR = '654b43d3508ecadb3f8cefc4bc7d3d2bdc5ba9e03bf2c89b2d0657a8e24e4543';

describe('a signature', () => {
  const isSigned = (header: string, { secrets = [SECRET], nowMs = SECONDS * 1_000 } = {}): boolean =>
    isGenuine({ body: BODY, headers: { 'stripe-signature': header } }, secrets, nowMs);

  test('is the one that another program works out', () => {
    expect(createHmac('sha256', SECRET).update(`${SECONDS}.${BODY.toString()}`).digest('hex')).toBe(VECTOR);
    expect(isSigned(`t=${SECONDS},v1=${VECTOR}`)).toBe(true);
  });

  test('may be one of several, beside those of other schemes, by one of several secrets', () => {
    const other = '0'.repeat(64);
    expect(isSigned(`t=${SECONDS},v1=${other},v1=${VECTOR},v0=${other}`)).toBe(true);
    expect(isSigned(`t=${SECONDS}, v1=${VECTOR}`)).toBe(true);
    expect(isSigned(`t=${SECONDS},v1=${VECTOR}`, { secrets: ['whsec_new', SECRET] })).toBe(true);
    expect(isSigned(`t=${SECONDS},v1=${VECTOR}`, { secrets: ['whsec_new'] })).toBe(false);
    expect(isSigned(`t=${SECONDS},v1=${VECTOR}`, { secrets: [] })).toBe(false);
  });

  test('of an old scheme, of another moment, or of another length is none', () => {
    for (const header of [
      '',
      `t=${SECONDS}`,
      `v1=${VECTOR}`,
      `t=${SECONDS},v0=${VECTOR}`,
      `t=${SECONDS + 1},v1=${VECTOR}`,
      `t=${SECONDS},v1=${VECTOR.slice(2)}`,
      `t=${SECONDS},v1=${VECTOR}00`,
      `t=${SECONDS},v1=${VECTOR.toUpperCase()}`,
      `t=x,v1=${VECTOR}`,
    ])
      expect(isSigned(header), header).toBe(false);
  });

  test('is good for 300 seconds, before and after', () => {
    const at = (seconds: number): boolean =>
      isSigned(`t=${SECONDS},v1=${VECTOR}`, { nowMs: (SECONDS + seconds) * 1_000 });
    expect([-301, -300, 0, 300, 301].map(at)).toEqual([false, true, true, true, false]);
  });
});

const INTENT = {
  object: 'payment_intent',
  id: 'pi_1',
  amount: 1_050,
  amount_capturable: 1_050,
  amount_received: 1_000,
  capture_method: 'automatic',
  currency: 'eur',
  metadata: { florin_operation: OPERATION } as Record<string, string>,
};
const REFUND = {
  object: 'refund',
  id: 're_1',
  amount: 500,
  balance_transaction: 'txn_1',
  currency: 'eur',
  metadata: { florin_operation: OPERATION } as Record<string, string>,
  payment_intent: 'pi_1',
  status: 'succeeded',
};
const DISPUTE = {
  object: 'dispute',
  id: 'dp_1',
  amount: 1_000,
  currency: 'eur',
  metadata: {},
  payment_intent: 'pi_1',
  status: 'needs_response',
};

function told(type: string, object: object, more: object = {}): PspEvent[] {
  const event = { id: 'evt_1', object: 'event', created: SECONDS, type, data: { object }, ...more };
  return eventsOf({ body: Buffer.from(JSON.stringify(event)), headers: {} });
}

describe('an event of a payment intent', () => {
  test.each([
    ['payment_intent.amount_capturable_updated', 'authorized', 1_050n],
    ['payment_intent.succeeded', 'captured', 1_000n],
    ['payment_intent.payment_failed', 'declined', 1_050n],
  ] as const)('%s is told as %s', (type, kind, amount) => {
    expect(told(type, INTENT)).toEqual([
      {
        dedupeKey: 'evt_1',
        operation: OPERATION,
        providerReference: 'pi_1',
        kind,
        money: { amount, currency: 'EUR' },
        occurredAtMs: SECONDS * 1_000,
      },
    ]);
  });

  test('a cancellation is a void of ours where it left its note, and somebody else’s where not', () => {
    expect(told('payment_intent.canceled', INTENT)).toMatchObject([{ kind: 'voided', operation: '' }]);
    const metadata = { ...INTENT.metadata, [VOID]: 'void requires_capture' };
    expect(told('payment_intent.canceled', { ...INTENT, metadata })).toMatchObject([
      { kind: 'voided', operation: VOID, money: { amount: 1_050n } },
    ]);
  });

  test('a capture of what was authorised names the capture, not the authorisation', () => {
    const held = { ...INTENT, capture_method: 'manual' };
    expect(told('payment_intent.succeeded', held)).toMatchObject([{ kind: 'captured', operation: '' }]);
    const metadata = { ...INTENT.metadata, [VOID]: 'capture 1000' };
    expect(told('payment_intent.succeeded', { ...held, metadata })).toMatchObject([{ operation: VOID }]);
  });

  test('of others who use the account, or of what only closes a reference, is none of ours', () => {
    expect(told('payment_intent.succeeded', { ...INTENT, metadata: {} })).toEqual([]);
    expect(told('payment_intent.succeeded', { ...INTENT, metadata: { florin_operation: 'x' } })).toEqual([]);
    const metadata = { ...INTENT.metadata, florin_closed: 'true' };
    expect(told('payment_intent.canceled', { ...INTENT, metadata })).toEqual([]);
  });

  test('that says nothing new is left out', () => {
    expect(told('payment_intent.created', INTENT)).toEqual([]);
    expect(told('payment_intent.amount_capturable_updated', { ...INTENT, amount_capturable: 0 })).toEqual([]);
  });

  test('counts as ISO 4217 does', () => {
    expect(told('payment_intent.payment_failed', { ...INTENT, currency: 'isk', amount: 500 })).toMatchObject([
      { money: { amount: 5n, currency: 'ISK' } },
    ]);
  });
});

describe('an event of a refund', () => {
  test('is one fact, however many events tell it', () => {
    const all = ['refund.created', 'refund.updated', 'charge.refund.updated'].flatMap((type) =>
      told(type, REFUND),
    );
    expect(all).toHaveLength(3);
    for (const event of all)
      expect(event).toMatchObject({
        dedupeKey: 're_1 refunded',
        kind: 'refunded',
        operation: OPERATION,
        providerReference: 'pi_1',
        money: { amount: 500n, currency: 'EUR' },
      });
  });

  test('that fails after it succeeded is another', () => {
    for (const type of ['refund.failed', 'refund.updated'])
      expect(told(type, { ...REFUND, status: 'failed' })).toMatchObject([
        { dedupeKey: 're_1 refund_failed', kind: 'refund_failed' },
      ]);
  });

  test('that is not over is none', () => {
    expect(told('refund.created', { ...REFUND, status: 'pending' })).toEqual([]);
  });

  test('that people made is told without an operation; the release of what was held is no refund', () => {
    expect(told('refund.created', { ...REFUND, metadata: {} })).toMatchObject([
      { operation: '', refund: 're_1' },
    ]);
    expect(told('refund.created', { ...REFUND, metadata: {}, balance_transaction: null })).toEqual([]);
  });

  test('charge.refunded tells its newest refund where the charge contains it', () => {
    const charge = { object: 'charge', id: 'ch_1', amount_refunded: 700, payment_intent: 'pi_1' };
    expect(told('charge.refunded', charge)).toEqual([]);
    const refunds = { data: [REFUND, { ...REFUND, id: 're_0' }] };
    expect(told('charge.refunded', { ...charge, refunds })).toMatchObject([
      { dedupeKey: 're_1 refunded', operation: OPERATION, money: { amount: 500n } },
    ]);
    expect(told('charge.succeeded', { ...charge, refunds })).toEqual([]);
  });
});

describe('an event of a dispute', () => {
  test('opens once, by whichever event takes the money', () => {
    for (const type of ['charge.dispute.created', 'charge.dispute.funds_withdrawn'])
      expect(told(type, DISPUTE)).toMatchObject([
        {
          dedupeKey: 'dp_1 dispute_opened',
          kind: 'dispute_opened',
          operation: '',
          providerReference: 'pi_1',
          money: { amount: 1_000n, currency: 'EUR' },
        },
      ]);
  });

  test('costs what Stripe has taken for it, in the currency of the payment', () => {
    const withdrawn = { amount: -1_000, currency: 'eur', fee: 2_000 };
    const costOf = (type: string, more: object) =>
      told(type, { ...DISPUTE, ...more }).map(({ cost }) => cost);
    expect(costOf('charge.dispute.created', { balance_transactions: [withdrawn] })).toEqual([2_000n]);
    expect(costOf('charge.dispute.funds_withdrawn', { balance_transactions: [withdrawn] })).toEqual([2_000n]);
    const inDollars = { ...withdrawn, currency: 'usd' };
    expect(costOf('charge.dispute.created', { balance_transactions: [inDollars] })).toEqual([0n]);
    // What was taken at its opening is booked; what came at its end is not yet.
    const reinstated = { amount: 1_000, currency: 'eur', fee: -2_000 };
    const ended = { balance_transactions: [withdrawn, reinstated] };
    expect(costOf('charge.dispute.closed', { ...ended, status: 'won' })).toEqual([-2_000n]);
    const kept = { balance_transactions: [withdrawn, { ...reinstated, fee: 0 }] };
    expect(costOf('charge.dispute.closed', { ...kept, status: 'won' })).toEqual([0n]);
    expect(costOf('charge.dispute.closed', { balance_transactions: [withdrawn], status: 'lost' })).toEqual([
      0n,
    ]);
  });

  test('of which nothing was withdrawn yet is opened by its withdrawal, which says what it costs', () => {
    expect(told('charge.dispute.created', { ...DISPUTE, balance_transactions: [] })).toEqual([]);
    expect(told('charge.dispute.funds_withdrawn', { ...DISPUTE, balance_transactions: [] })).toMatchObject([
      { kind: 'dispute_opened', cost: 0n },
    ]);
  });

  test('that is only an inquiry takes no money', () => {
    expect(told('charge.dispute.created', { ...DISPUTE, status: 'warning_needs_response' })).toEqual([]);
    expect(told('charge.dispute.closed', { ...DISPUTE, status: 'warning_closed' })).toEqual([]);
  });

  test('is won or lost at its end', () => {
    for (const status of ['won', 'lost'])
      expect(told('charge.dispute.closed', { ...DISPUTE, status })).toMatchObject([
        { kind: `dispute_${status}` },
      ]);
    expect(told('charge.dispute.updated', { ...DISPUTE, status: 'under_review' })).toEqual([]);
  });
});

test('an event about anything else is an event that says nothing to us', () => {
  expect(told('customer.created', { object: 'customer', id: 'cus_1' })).toEqual([]);
  expect(told('payment_intent.succeeded', { object: 'customer' })).toEqual([]);
});

test('an event without id, type, moment, or an amount that can be read is unreadable', () => {
  for (const more of [
    { id: 1 },
    { id: '' },
    { id: 'e'.repeat(129) },
    { created: '1' },
    { created: -1 },
    { type: 1 },
  ])
    expect(() => told('payment_intent.succeeded', INTENT, more), JSON.stringify(more)).toThrow(
      UnreadableWebhook,
    );
  for (const more of [{ amount: 0 }, { amount: 1.5 }, { currency: 'xts' }, { currency: null }])
    expect(() => told('payment_intent.payment_failed', { ...INTENT, ...more }), JSON.stringify(more)).toThrow(
      UnreadableWebhook,
    );
  expect(() => told('refund.created', { ...REFUND, id: null })).toThrow(UnreadableWebhook);
});
