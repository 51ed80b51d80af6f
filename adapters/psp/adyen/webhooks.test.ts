import { describe, expect, test } from 'vitest';
import { type RawWebhook, UnreadableWebhook } from '../../../core/processes/psp.ts';
import { type Told, webhookOf } from './testing/events.ts';
import { eventsOf } from './webhooks.ts';

const OURS = '01900000-0000-7000-8000-000000000001';
const NOW_MS = Date.UTC(2026, 8, 17, 12, 30, 15);
const signer = { merchantAccount: 'TestMerchant', hmacKey: '00'.repeat(32) };

const TOLD: Told = {
  eventCode: 'CAPTURE',
  success: 'true',
  pspReference: 'JDD6LKT8MBLZNN84',
  originalReference: 'NC6HT9CRT65ZGN82',
  merchantReference: OURS,
  amount: { value: 1_000, currency: 'EUR' },
};

const raw = (...told: Told[]): RawWebhook => ({ body: webhookOf(told, signer, NOW_MS), headers: {} });
const kindsOf = (more: Partial<Told>): string[] =>
  eventsOf(raw({ ...TOLD, ...more })).map(({ kind }) => kind);

test('an event has operation, payment, money and time', () => {
  expect(eventsOf(raw(TOLD))).toEqual([
    {
      dedupeKey: 'CAPTURE:JDD6LKT8MBLZNN84:true',
      operation: OURS,
      providerReference: 'NC6HT9CRT65ZGN82',
      kind: 'captured',
      money: { amount: 1_000n, currency: 'EUR' },
      occurredAtMs: NOW_MS,
    },
  ]);
});

test.each([
  ['AUTHORISATION', 'authorized', 'declined'],
  ['CAPTURE', 'captured', 'capture_failed'],
  ['CAPTURE_FAILED', 'capture_failed', 'capture_failed'],
  ['CANCELLATION', 'voided', 'declined'],
  ['TECHNICAL_CANCEL', 'voided', 'declined'],
  ['CANCEL_OR_REFUND', 'voided', 'declined'],
  ['REFUND', 'refunded', 'refund_failed'],
  ['REFUND_FAILED', 'refund_failed', 'refund_failed'],
  ['REFUNDED_REVERSED', 'refund_failed', 'refund_failed'],
])('%s is %s, and without success %s', (eventCode, onSuccess, onFailure) => {
  expect(kindsOf({ eventCode, success: 'true' })).toEqual([onSuccess]);
  expect(kindsOf({ eventCode, success: 'false' })).toEqual([onFailure]);
});

test.each([
  ['NOTIFICATION_OF_CHARGEBACK', 'dispute_opened'],
  ['CHARGEBACK', 'dispute_opened'],
  ['CHARGEBACK_REVERSED', 'dispute_won'],
  ['SECOND_CHARGEBACK', 'dispute_lost'],
])('%s is %s, and nothing where it did not happen', (eventCode, kind) => {
  expect(kindsOf({ eventCode, success: 'true' })).toEqual([kind]);
  expect(kindsOf({ eventCode, success: 'false' })).toEqual([]);
});

test('an announced chargeback claims no money yet, the chargeback does', () => {
  const moneyOf = (eventCode: string) => eventsOf(raw({ ...TOLD, eventCode }))[0].money;
  expect(moneyOf('NOTIFICATION_OF_CHARGEBACK')).toBeNull();
  expect(moneyOf('CHARGEBACK')).toEqual({ amount: 1_000n, currency: 'EUR' });
});

test('a reversal says whether it became a cancel or a refund', () => {
  const reversal = (action: string, success: 'true' | 'false') =>
    kindsOf({
      eventCode: 'CANCEL_OR_REFUND',
      success,
      additionalData: { 'modification.action': action },
    });
  expect(reversal('refund', 'true')).toEqual(['refunded']);
  expect(reversal('refund', 'false')).toEqual(['refund_failed']);
  expect(reversal('cancel', 'true')).toEqual(['voided']);
});

test('a cancel that has found nothing to cancel says so as the port has it, one that was refused does not', () => {
  const cancel = { ...TOLD, eventCode: 'TECHNICAL_CANCEL', success: 'false', reason: 'no' } as const;
  const { originalReference: _, ...ofNothing } = cancel;
  expect(eventsOf(raw(ofNothing))[0].declined).toEqual({ code: 'operation_not_allowed', providerCode: 'no' });
  expect(eventsOf(raw(cancel))[0].declined).toEqual({ code: 'generic_decline', providerCode: 'no' });
});

describe('the key', () => {
  const keyOf = (more: Partial<Told>): string => eventsOf(raw({ ...TOLD, ...more }))[0].dedupeKey;

  test('is another for each code, reference and success', () => {
    const keys = [
      keyOf({}),
      keyOf({ eventCode: 'CAPTURE_FAILED' }),
      keyOf({ pspReference: 'JDD6LKT8MBLZNN85' }),
      keyOf({ success: 'false' }),
    ];
    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^.{1,128}$/);
  });

  test('is the same whatever else a later delivery says', () => {
    expect(keyOf({ reason: 'other', merchantReference: 'other' })).toBe(keyOf({}));
  });
});

test('a batch is read in its order, and what is no payment’s is left out', () => {
  const events = eventsOf(
    raw(
      { ...TOLD, eventCode: 'AUTHORISATION' },
      { ...TOLD, eventCode: 'REPORT_AVAILABLE' },
      { ...TOLD, eventCode: 'RECURRING_CONTRACT' },
      TOLD,
    ),
  );
  expect(events.map(({ kind }) => kind)).toEqual(['authorized', 'captured']);
});

test('payments of others on the same account are told without an operation of ours', () => {
  for (const merchantReference of ['order 17', '', OURS.replaceAll('-', ''), `${OURS}x`])
    expect(eventsOf(raw({ ...TOLD, merchantReference }))[0].operation).toBe('');
});

test('an authorisation is its own payment', () => {
  const { originalReference: _, ...first } = TOLD;
  expect(eventsOf(raw({ ...first, eventCode: 'AUTHORISATION' }))[0].providerReference).toBe(
    TOLD.pspReference,
  );
});

test('an amount that we cannot count is none, and spoils nothing else', () => {
  for (const amount of [
    { value: 0, currency: 'EUR' },
    { value: 1_000, currency: 'XTS' },
    { value: 1_050, currency: 'ISK' },
  ])
    expect(eventsOf(raw({ ...TOLD, amount }))[0]).toMatchObject({ kind: 'captured', money: null });
  expect(eventsOf(raw({ ...TOLD, amount: { value: 1_000, currency: 'ISK' } }))[0].money?.amount).toBe(10n);
});

test.each([
  ['pspReference', undefined],
  ['pspReference', 7],
  ['pspReference', 'with space'],
  ['eventCode', undefined],
  ['eventCode', 'capture'],
  ['success', true],
  ['success', undefined],
  ['eventDate', 'yesterday'],
  ['eventDate', undefined],
])('an event with no %s that can be read is unreadable: %j', (name, value) => {
  const batch = JSON.parse(Buffer.from(raw(TOLD).body).toString()) as {
    notificationItems: { NotificationRequestItem: Record<string, unknown> }[];
  };
  batch.notificationItems[0].NotificationRequestItem[name] = value;
  expect(() => eventsOf({ body: Buffer.from(JSON.stringify(batch)), headers: {} })).toThrow(
    UnreadableWebhook,
  );
});

test('an event that cannot be read spoils none of the others of its batch', () => {
  const batch = raw({ ...TOLD, pspReference: 'FIRST' }, { ...TOLD, pspReference: 'with space' }, TOLD);
  try {
    eventsOf(batch);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(UnreadableWebhook);
    expect((error as UnreadableWebhook).others.map(({ dedupeKey }) => dedupeKey)).toEqual([
      'CAPTURE:FIRST:true',
      'CAPTURE:JDD6LKT8MBLZNN84:true',
    ]);
  }
});

test.each([
  '{"notificationItems":[]}',
  '{"notificationItems":{}}',
  '{"notificationItems":[null]}',
  '{"notificationItems":[{}]}',
  '{"notificationItems":[{"NotificationRequestItem":[]}]}',
  '{"notificationItems":[{"NotificationRequestItem":"x"}]}',
])('a body that is no batch is unreadable: %s', (text) => {
  expect(() => eventsOf({ body: Buffer.from(text), headers: {} })).toThrow(UnreadableWebhook);
});
