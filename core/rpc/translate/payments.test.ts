import { type DescMessage, type MessageInitShape, type MessageShape, create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AuthorizationIncrementSchema,
  NewPaymentIntentSchema,
  PaymentIntentCancellationSchema,
  PaymentIntentCaptureSchema,
  PaymentIntentConfirmationSchema,
  PaymentIntentUpdateSchema,
} from '../../../gen/florin/payments/v1/payment_intents_pb.ts';
import { RefundReason } from '../../../gen/florin/payments/v1/operations_pb.ts';
import { NewMerchantSchema } from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import { CancelReason, CaptureMethod } from '../../../gen/florin/payments/v1/payments_pb.ts';
import { NewRefundSchema, RefundUpdateSchema } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import { REFUSALS } from '../../kernel/ledger/refusals.ts';
import type { PaymentRequest } from '../../kernel/payments/commands.ts';
import { chartId } from '../../kernel/payments/chart.ts';
import type { Malformed } from '../../shard/service.ts';
import { factsOfPayment } from '../../kernel/payments/facts.ts';
import { MERCHANT, PAYMENT, refusedOf } from '../testing/fakePayments.ts';
import { createMerchant } from './merchants.ts';
import { withMoneyFields } from './paymentAnswers.ts';
import { METHOD_TYPES } from './paymentNames.ts';
import {
  cancelIntent,
  captureIntent,
  confirmIntent,
  createIntent,
  incrementIntent,
  refundIntent,
  updateIntent,
  updateRefund,
} from './payments.ts';

const ID = '0190a3a0-0000-7000-8000-00000000000a';
const VISA = { type: PaymentMethodType.CARD, token: 'pm_card_visa' };

/** A translator that takes what differs from a good item. */
function of<D extends DescMessage>(
  desc: D,
  translate: (item: MessageShape<D>) => PaymentRequest | Malformed,
  good: MessageInitShape<D>,
) {
  return (change: MessageInitShape<D>) => translate(create(desc, { ...good, ...change }));
}

const make = of(NewPaymentIntentSchema, createIntent, {
  id: ID,
  merchantId: MERCHANT,
  amount: { minorUnits: 2_500n, asset: 'EUR' },
});
const confirm = of(PaymentIntentConfirmationSchema, confirmIntent, { id: ID, paymentIntentId: PAYMENT });
const capture = of(PaymentIntentCaptureSchema, captureIntent, { id: ID, paymentIntentId: PAYMENT });
const update = of(PaymentIntentUpdateSchema, updateIntent, {
  id: ID,
  paymentIntentId: PAYMENT,
  amount: 9n,
});
const increment = of(AuthorizationIncrementSchema, incrementIntent, {
  id: ID,
  paymentIntentId: PAYMENT,
  amount: 5n,
});
const cancel = of(PaymentIntentCancellationSchema, cancelIntent, { id: ID, paymentIntentId: PAYMENT });
const refund = of(NewRefundSchema, refundIntent, { id: ID, paymentIntentId: PAYMENT });
const REFUND = '0190a3a0-0000-7000-8000-0000000000b1';
const describeRefund = of(RefundUpdateSchema, updateRefund, {
  id: ID,
  paymentIntentId: PAYMENT,
  refundId: REFUND,
  metadata: { entries: { a: 'b' } },
});

test('a bare payment intent becomes a command with the defaults of the contract', () => {
  expect(make({})).toEqual({
    op: 'createIntent',
    id: ID,
    merchant: MERCHANT,
    amount: 2_500n,
    currency: 'EUR',
    capture: 'automatic',
    method: null,
    confirm: false,
    reference: '',
    description: '',
    statementDescriptor: '',
    returnUrl: '',
    metadata: {},
    expiresAfterSeconds: 86_400,
  });
});

test('everything that is said becomes part of the command', () => {
  const said = {
    captureMethod: CaptureMethod.MANUAL,
    paymentMethod: VISA,
    confirm: true,
    reference: 'order é',
    description: 'Two chairs',
    statementDescriptor: 'CHAIRS* 7',
    returnUrl: 'https://shop.example/back?order=7',
    metadata: { cart: '9' },
    expiresAfterSeconds: 31_536_000n,
  };
  expect(make(said)).toMatchObject({
    capture: 'manual',
    method: { type: 'card', token: 'pm_card_visa' },
    confirm: true,
    reference: 'order é',
    description: 'Two chairs',
    statementDescriptor: 'CHAIRS* 7',
    returnUrl: 'https://shop.example/back?order=7',
    metadata: { cart: '9' },
    expiresAfterSeconds: 31_536_000,
  });
});

test('an amount that is not said means all, and the other requests keep what they name', () => {
  expect(confirm({})).toEqual({ op: 'confirmIntent', id: ID, intent: PAYMENT, method: null });
  expect(confirm({ paymentMethod: { type: PaymentMethodType.VOUCHER, token: 'v' } })).toMatchObject({
    method: { type: 'voucher', token: 'v' },
  });
  const returnUrl = 'https://shop.example/2';
  expect(confirm({ returnUrl })).toMatchObject({ op: 'confirmIntent', returnUrl });
  expect(confirm({ returnUrl: 'x' })).toMatchObject({ reason: 'INVALID_VALUE', field: 'return_url' });
  expect(update({ returnUrl })).toMatchObject({ op: 'updateIntent', returnUrl });
  expect(update({ returnUrl: '' })).toMatchObject({ op: 'updateIntent', returnUrl: '' });
  expect(capture({})).toEqual({ op: 'captureIntent', id: ID, intent: PAYMENT, amount: null, final: true });
  expect(capture({ amount: 5n, final: false })).toMatchObject({ amount: 5n, final: false });
  expect(cancel({})).toEqual({ op: 'cancelIntent', id: ID, intent: PAYMENT, reason: 'requested' });
  expect(cancel({ reason: CancelReason.FRAUDULENT })).toMatchObject({ reason: 'fraudulent' });
  const unsaid = { reference: '', metadata: {} };
  expect(refund({})).toEqual({ op: 'refundIntent', id: ID, intent: PAYMENT, amount: null, ...unsaid });
  const said = { reason: RefundReason.DUPLICATE, reference: 'r 1', metadata: { case: '7' } };
  expect(refund(said)).toMatchObject({ ...said, reason: 'duplicate' });
  expect(refund({ reason: 9 as RefundReason })).toMatchObject({ reason: 'INVALID_VALUE', field: 'reason' });
  expect(describeRefund({})).toMatchObject({
    op: 'updateRefund',
    intent: PAYMENT,
    refund: REFUND,
    metadata: { a: 'b' },
  });
  expect(describeRefund({ metadata: { entries: {} } })).toMatchObject({ metadata: {} });
  expect(describeRefund({ metadata: undefined })).toMatchObject({ reason: 'NOTHING_TO_CHANGE' });
  expect(describeRefund({ metadata: { entries: { a: '4242424242424242' } } })).toMatchObject({
    reason: 'CARD_NUMBER_REFUSED',
    field: 'metadata.a',
  });
  expect(refund({ amount: 2n ** 63n - 1n })).toMatchObject({ amount: 2n ** 63n - 1n });
});

test('an update says what it changes, an empty text or no metadata included, and leaves the rest', () => {
  const unchanged = { amount: null, method: null, reference: null, description: null, metadata: null };
  const bare = { op: 'updateIntent', id: ID, intent: PAYMENT };
  expect(update({})).toEqual({ ...bare, ...unchanged, amount: 9n });
  expect(update({ amount: undefined, reference: '', metadata: { entries: {} } })).toEqual({
    ...bare,
    ...unchanged,
    reference: '',
    metadata: {},
  });
  expect(increment({})).toEqual({ op: 'incrementIntent', id: ID, intent: PAYMENT, amount: 5n });
});

describe('a malformed item names its reason and its field', () => {
  const money = (minorUnits: bigint, asset = 'EUR') => ({ amount: { minorUnits, asset } });
  const token = (text: string) => ({ paymentMethod: { ...VISA, token: text } });
  test.each([
    ['MISSING_FIELD', 'id', make({ id: '' })],
    ['INVALID_UUID', 'merchant_id', make({ merchantId: 'shop' })],
    ['RESERVED_ID', 'id', make({ id: chartId('auth_open:EUR') })],
    ['MISSING_FIELD', 'amount', make({ amount: undefined })],
    ['INVALID_AMOUNT', 'amount.minor_units', make(money(0n))],
    ['INVALID_AMOUNT', 'amount.minor_units', make(money(-1n))],
    ['MISSING_FIELD', 'amount.asset', make(money(1n, ''))],
    ['INVALID_VALUE', 'amount.asset', make(money(1n, 'eur'))],
    ['INVALID_VALUE', 'capture_method', make({ captureMethod: 9 as CaptureMethod })],
    ['MISSING_FIELD', 'payment_method.type', make({ paymentMethod: { token: 'pm_card_visa' } })],
    [
      'INVALID_VALUE',
      'payment_method.type',
      make({ paymentMethod: { type: 99 as PaymentMethodType, token: 'pm' } }),
    ],
    ['MISSING_FIELD', 'payment_method.token', make(token(''))],
    ['TOO_LONG', 'payment_method.token', make(token('t'.repeat(256)))],
    ['INVALID_TEXT', 'payment_method.token', make(token('pm_é'))],
    ['INVALID_TEXT', 'payment_method.token', confirm(token('pm\n'))],
    ['CARD_NUMBER_REFUSED', 'payment_method.token', make(token('4242 4242 4242 4242'))],
    ['CARD_NUMBER_REFUSED', 'payment_method.token', confirm(token('5555-5555-5555-4444'))],
    ['CARD_NUMBER_REFUSED', 'reference', make({ reference: 'card 4242 4242 4242 4242' })],
    ['CARD_NUMBER_REFUSED', 'description', make({ description: 'paid with 5555555555554444 12/34' })],
    ['CARD_NUMBER_REFUSED', 'statement_descriptor', make({ statementDescriptor: '4242424242424242' })],
    ['CARD_NUMBER_REFUSED', 'return_url', make({ returnUrl: 'https://a.example/?c=4242424242424242' })],
    ['CARD_NUMBER_REFUSED', 'metadata.card', make({ metadata: { card: '378282246310005' } })],
    ['CARD_NUMBER_REFUSED', 'metadata', make({ metadata: { '378282246310005': 'card' } })],
    ['CARD_NUMBER_REFUSED', 'reference', update({ reference: '4242424242424242' })],
    ['CARD_NUMBER_REFUSED', 'description', update({ description: '4242424242424242' })],
    ['CARD_NUMBER_REFUSED', 'metadata.a', update({ metadata: { entries: { a: '4242424242424242' } } })],
    ['TOO_LONG', 'reference', make({ reference: 'r'.repeat(257) })],
    ['INVALID_TEXT', 'description', make({ description: 'a\0' })],
    ['TOO_LONG', 'description', make({ description: 'd'.repeat(1_001) })],
    ['TOO_LONG', 'statement_descriptor', make({ statementDescriptor: 's'.repeat(23) })],
    ['INVALID_TEXT', 'statement_descriptor', make({ statementDescriptor: 'ü' })],
    ['INVALID_VALUE', 'return_url', make({ returnUrl: 'javascript:alert(1)' })],
    ['INVALID_VALUE', 'return_url', make({ returnUrl: '/back' })],
    ['INVALID_VALUE', 'return_url', make({ returnUrl: 'https://' })],
    ['INVALID_VALUE', 'return_url', make({ returnUrl: 'https://shop.example/a b' })],
    ['TOO_LONG', 'return_url', make({ returnUrl: `https://shop.example/${'a'.repeat(2_048)}` })],
    ['INVALID_TEXT', 'metadata', make({ metadata: { a: '\0' } })],
    ['INVALID_VALUE', 'expires_after_seconds', make({ expiresAfterSeconds: 59n })],
    ['INVALID_VALUE', 'expires_after_seconds', make({ expiresAfterSeconds: 31_536_001n })],
    ['INVALID_VALUE', 'expires_after_seconds', make({ expiresAfterSeconds: -1n })],
    ['MISSING_FIELD', 'payment_intent_id', capture({ paymentIntentId: '' })],
    ['INVALID_AMOUNT', 'amount', capture({ amount: 0n })],
    ['INVALID_AMOUNT', 'amount', refund({ amount: -5n })],
    ['INVALID_AMOUNT', 'amount', increment({ amount: 0n })],
    ['INVALID_AMOUNT', 'amount', update({ amount: 0n })],
    ['TOO_LONG', 'reference', update({ reference: 'r'.repeat(257) })],
    [
      'CARD_NUMBER_REFUSED',
      'payment_method.token',
      update({ paymentMethod: { ...VISA, token: '4242424242424242' } }),
    ],
    ['INVALID_TEXT', 'metadata', update({ metadata: { entries: { a: '\0' } } })],
    ['NOTHING_TO_CHANGE', '', update({ amount: undefined })],
    ['INVALID_VALUE', 'reason', cancel({ reason: CancelReason.EXPIRED })],
    ['INVALID_VALUE', 'reason', cancel({ reason: 77 as CancelReason })],
    ['RESERVED_ID', 'id', refund({ id: chartId('x').toUpperCase() })],
  ])('%s in %s', (reason, field, answer) => {
    expect(answer).toEqual({ op: 'malformed', reason, field });
  });

  test('the first field at fault is the answer', () => {
    expect(make({ id: '', merchantId: 'x', reference: '\0' })).toMatchObject({ field: 'id' });
    expect(make({ paymentMethod: {}, expiresAfterSeconds: 1n })).toMatchObject({
      field: 'payment_method.type',
    });
  });

  test('an id of Florin may be named, only not taken', () => {
    expect(capture({ paymentIntentId: chartId('x') })).toMatchObject({ op: 'captureIntent' });
  });
});

describe('a field that the kernel names when a body differs is one of the contract', () => {
  const merchant = of(NewMerchantSchema, createMerchant, { id: ID, name: 'Chairs', country: 'DE' })({});
  const cases: [DescMessage, PaymentRequest | Malformed][] = [
    [NewMerchantSchema, merchant],
    [NewPaymentIntentSchema, make({})],
    [PaymentIntentConfirmationSchema, confirm({})],
    [PaymentIntentCaptureSchema, capture({})],
    [PaymentIntentUpdateSchema, update({})],
    [AuthorizationIncrementSchema, increment({})],
    [PaymentIntentCancellationSchema, cancel({})],
    [NewRefundSchema, refund({})],
  ];
  test.each(cases)('%o', (desc, command) => {
    if (command.op === 'malformed') throw new Error(command.field);
    const told = factsOfPayment(command).map(([field]) => {
      const outcome = refusedOf('ID_REUSED', field);
      const reworded = command.op === 'createIntent' ? withMoneyFields(outcome) : outcome;
      return reworded.done ? '' : reworded.field;
    });
    expect(told.length).toBeGreaterThan(1);
    expect(told.filter((path) => !hasPath(desc, path.split('.')))).toEqual([]);
  });

  test('control: another field is none', () => {
    expect(hasPath(NewPaymentIntentSchema, ['amount', 'minor_units'])).toBe(true);
    expect(hasPath(NewPaymentIntentSchema, ['currency'])).toBe(false);
  });
});

function hasPath(desc: DescMessage, [name, ...rest]: string[]): boolean {
  const field = desc.fields.find((one) => one.name === name);
  if (field === undefined) return false;
  return rest.length === 0 || (field.fieldKind === 'message' && hasPath(field.message, rest));
}

test('whatever is sent, the answer is a command within its bounds or a reason of malformed items', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom(ID, MERCHANT, '', 'EUR', 'https://shop.example/', '4242424242424242'),
  );
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const small = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer());
  const item = fc.record({
    id: text,
    merchantId: text,
    amount: fc.option(fc.record({ minorUnits: int64, asset: text }), { nil: undefined }),
    captureMethod: small,
    paymentMethod: fc.option(fc.record({ type: small, token: text }), { nil: undefined }),
    reference: text,
    statementDescriptor: text,
    returnUrl: text,
    metadata: fc.dictionary(text, text, { maxKeys: 2 }),
    expiresAfterSeconds: fc.oneof(fc.constant(0n), int64),
  });
  fc.assert(
    fc.property(item, (fields) => {
      const answer = createIntent(
        create(NewPaymentIntentSchema, fields as MessageInitShape<typeof NewPaymentIntentSchema>),
      );
      if (answer.op === 'malformed') {
        expect(REFUSALS[answer.reason].origin).toBe('item');
        return;
      }
      expect(answer.amount).toBeGreaterThan(0n);
      expect(answer.expiresAfterSeconds).toBeGreaterThanOrEqual(60);
      expect(answer.expiresAfterSeconds).toBeLessThanOrEqual(31_536_000);
      if (answer.method !== null) {
        expect(Object.keys(METHOD_TYPES)).toContain(answer.method.type);
        expect(answer.method.token).toMatch(/^[ -~]{1,255}$/);
      }
    }),
    { numRuns: 2_000 },
  );
});
