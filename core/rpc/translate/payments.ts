import type { Money } from '../../../gen/florin/money/v1/money_pb.ts';
import type {
  AuthorizationIncrement,
  NewPaymentIntent,
  PaymentIntentCancellation,
  PaymentIntentCapture,
  PaymentIntentConfirmation,
  PaymentIntentUpdate,
} from '../../../gen/florin/payments/v1/payment_intents_pb.ts';
import type { PaymentMethod } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import type { NewRefund, RefundUpdate } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import { INT64_MAX, REFERENCE_CHARACTERS_MAX } from '../../kernel/ledger/limits.ts';
import type {
  CancelIntent,
  CancelReason,
  CaptureIntent,
  ConfirmIntent,
  CreateIntent,
  IncrementIntent,
  RefundIntent,
  UpdateIntent,
  UpdateRefund,
} from '../../kernel/payments/commands.ts';
import type { Method, RefundReason } from '../../kernel/payments/model.ts';
import type { Malformed } from '../../shard/service.ts';
import { couldBeCardNumber, holdsCardNumber } from './cardNumber.ts';
import { Check } from './check.ts';
import { isAssetCode } from './names.ts';
import { originOf } from './origins.ts';
import {
  DESCRIPTION_CHARACTERS_MAX,
  EXPIRES_AFTER_SECONDS,
  REDIRECT_RESULT_CHARACTERS_MAX,
  RETURN_URL_CHARACTERS_MAX,
  STATEMENT_DESCRIPTOR_CHARACTERS_MAX,
  TOKEN_CHARACTERS_MAX,
} from './paymentLimits.ts';
import { CANCEL_REASONS, CAPTURE_METHODS, METHOD_TYPES, REFUND_REASONS, wordOf } from './paymentNames.ts';

export function createIntent(item: NewPaymentIntent): CreateIntent | Malformed {
  const check = new Check();
  const command: CreateIntent = {
    op: 'createIntent',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    merchant: check.uuid(item.merchantId, 'merchant_id'),
    customer: namedId(item.customerId, 'customer_id', check),
    ...moneyOf(item.amount, check),
    ...(item.acceptPartialApproval ? { acceptsPartial: true } : {}),
    capture: item.captureMethod === 0 ? 'automatic' : captureOf(item, check),
    method: methodOf(item.paymentMethod, check),
    paymentMethod: storedMethodOf(item, check),
    confirm: item.confirm,
    reference: textOf(item.reference, 'reference', REFERENCE_CHARACTERS_MAX, check),
    description: textOf(item.description, 'description', DESCRIPTION_CHARACTERS_MAX, check),
    statementDescriptor: descriptorOf(item.statementDescriptor, 'statement_descriptor', check),
    returnUrl: urlOf(item.returnUrl, 'return_url', check),
    metadata: metadataOf(item.metadata, check),
    expiresAfterSeconds: expiryOf(item.expiresAfterSeconds, check),
  };
  return check.fault ?? command;
}

export function confirmIntent(item: PaymentIntentConfirmation): ConfirmIntent | Malformed {
  const check = new Check();
  const command: ConfirmIntent = {
    op: 'confirmIntent',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    intent: check.uuid(item.paymentIntentId, 'payment_intent_id'),
    merchant: namedId(item.merchantId, 'merchant_id', check),
    method: methodOf(item.paymentMethod, check),
    paymentMethod: storedMethodOf(item, check),
    ...(item.returnUrl === '' ? {} : { returnUrl: urlOf(item.returnUrl, 'return_url', check) }),
    ...(item.redirectResult === ''
      ? {}
      : {
          redirectResult: check.printable(
            item.redirectResult,
            'redirect_result',
            REDIRECT_RESULT_CHARACTERS_MAX,
          ),
        }),
  };
  return check.fault ?? command;
}

export function updateIntent(item: PaymentIntentUpdate): UpdateIntent | Malformed {
  const check = new Check();
  const { reference, description, metadata } = item;
  const command: UpdateIntent = {
    op: 'updateIntent',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    intent: check.uuid(item.paymentIntentId, 'payment_intent_id'),
    merchant: namedId(item.merchantId, 'merchant_id', check),
    customer: namedId(item.customerId, 'customer_id', check),
    amount: partOf(item.amount, check),
    method: methodOf(item.paymentMethod, check),
    paymentMethod: storedMethodOf(item, check),
    reference:
      reference === undefined ? null : textOf(reference, 'reference', REFERENCE_CHARACTERS_MAX, check),
    description:
      description === undefined
        ? null
        : textOf(description, 'description', DESCRIPTION_CHARACTERS_MAX, check),
    ...(item.returnUrl === undefined ? {} : { returnUrl: urlOf(item.returnUrl, 'return_url', check) }),
    metadata: metadata === undefined ? null : metadataOf(metadata.entries, check),
  };
  const { op: _op, id: _id, origin: _origin, intent: _intent, merchant: _merchant, ...changes } = command;
  if (Object.values(changes).every((one) => one === null || one === undefined))
    check.no('NOTHING_TO_CHANGE', '');
  return check.fault ?? command;
}

export function incrementIntent(item: AuthorizationIncrement): IncrementIntent | Malformed {
  const check = new Check();
  const command: IncrementIntent = {
    op: 'incrementIntent',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    intent: check.uuid(item.paymentIntentId, 'payment_intent_id'),
    merchant: namedId(item.merchantId, 'merchant_id', check),
    amount: item.amount,
  };
  if (item.amount < 1n) check.no('INVALID_AMOUNT', 'amount');
  return check.fault ?? command;
}

export function captureIntent(item: PaymentIntentCapture): CaptureIntent | Malformed {
  const check = new Check();
  const command: CaptureIntent = {
    op: 'captureIntent',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    intent: check.uuid(item.paymentIntentId, 'payment_intent_id'),
    merchant: namedId(item.merchantId, 'merchant_id', check),
    amount: partOf(item.amount, check),
    final: item.final ?? true,
  };
  return check.fault ?? command;
}

export function cancelIntent(item: PaymentIntentCancellation): CancelIntent | Malformed {
  const check = new Check();
  const command: CancelIntent = {
    op: 'cancelIntent',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    intent: check.uuid(item.paymentIntentId, 'payment_intent_id'),
    merchant: namedId(item.merchantId, 'merchant_id', check),
    reason: item.reason === 0 ? 'requested' : reasonOf(item, check),
  };
  return check.fault ?? command;
}

export function refundIntent(item: NewRefund): RefundIntent | Malformed {
  const check = new Check();
  const command: RefundIntent = {
    op: 'refundIntent',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    intent: check.uuid(item.paymentIntentId, 'payment_intent_id'),
    merchant: namedId(item.merchantId, 'merchant_id', check),
    amount: partOf(item.amount, check),
    ...(item.reason === 0 ? {} : { reason: refundReasonOf(item, check) }),
    reference: textOf(item.reference, 'reference', REFERENCE_CHARACTERS_MAX, check),
    metadata: metadataOf(item.metadata, check),
  };
  return check.fault ?? command;
}

export function updateRefund({ metadata, ...item }: RefundUpdate): UpdateRefund | Malformed {
  const check = new Check();
  if (metadata === undefined) check.no('NOTHING_TO_CHANGE', '');
  const command: UpdateRefund = {
    op: 'updateRefund',
    id: check.newId(item.id, 'id'),
    origin: originOf(item.origin, check),
    intent: check.uuid(item.paymentIntentId, 'payment_intent_id'),
    merchant: namedId(item.merchantId, 'merchant_id', check),
    refund: check.uuid(item.refundId, 'refund_id'),
    metadata: metadataOf(metadata?.entries ?? {}, check),
  };
  return check.fault ?? command;
}

function refundReasonOf({ reason }: NewRefund, check: Check): RefundReason | undefined {
  const word = wordOf(REFUND_REASONS, reason);
  if (word === undefined) check.no('INVALID_VALUE', 'reason');
  return word;
}

export function moneyOf(money: Money | undefined, check: Check): { amount: bigint; currency: string } {
  if (money === undefined) check.no('MISSING_FIELD', 'amount');
  const { minorUnits = 0n, asset = '' } = money ?? {};
  if (minorUnits < 1n || minorUnits > INT64_MAX) check.no('INVALID_AMOUNT', 'amount.minor_units');
  if (asset === '') check.no('MISSING_FIELD', 'amount.asset');
  else if (!isAssetCode(asset)) check.no('INVALID_VALUE', 'amount.asset');
  return { amount: minorUnits, currency: asset };
}

/** null for an amount that is not said, which means all. */
function partOf(amount: bigint | undefined, check: Check): bigint | null {
  if (amount === undefined) return null;
  if (amount < 1n) check.no('INVALID_AMOUNT', 'amount');
  return amount;
}

function methodOf(method: PaymentMethod | undefined, check: Check): Method | null {
  if (method === undefined) return null;
  const type = wordOf(METHOD_TYPES, method.type);
  if (type === undefined)
    check.no(method.type === 0 ? 'MISSING_FIELD' : 'INVALID_VALUE', 'payment_method.type');
  if (method.id !== '') check.no('INVALID_VALUE', 'payment_method.id');
  return { type: type ?? 'card', token: tokenOf(method.token, 'payment_method.token', check) };
}

export function tokenOf(token: string, field: string, check: Check): string {
  if (token === '') check.no('MISSING_FIELD', field);
  // Before everything else about it: whatever is wrong besides, this is what the caller has to hear.
  else if (couldBeCardNumber(token)) check.no('CARD_NUMBER_REFUSED', field);
  else check.printable(token, field, TOKEN_CHARACTERS_MAX);
  return token;
}

function storedMethodOf(
  { paymentMethod, paymentMethodId }: { paymentMethod?: PaymentMethod | undefined; paymentMethodId: string },
  check: Check,
): Uuid | undefined {
  if (paymentMethod !== undefined && paymentMethodId !== '') check.no('INVALID_VALUE', 'payment_method_id');
  return namedId(paymentMethodId, 'payment_method_id', check);
}

function captureOf({ captureMethod }: NewPaymentIntent, check: Check): CreateIntent['capture'] {
  const capture = wordOf(CAPTURE_METHODS, captureMethod);
  if (capture === undefined) check.no('INVALID_VALUE', 'capture_method');
  return capture ?? 'manual';
}

function reasonOf({ reason }: PaymentIntentCancellation, check: Check): CancelReason {
  const word = wordOf(CANCEL_REASONS, reason);
  if (word === undefined || word === 'expired') check.no('INVALID_VALUE', 'reason');
  return word as CancelReason;
}

function expiryOf(seconds: bigint, check: Check): number {
  if (seconds === 0n) return EXPIRES_AFTER_SECONDS.default;
  if (seconds < EXPIRES_AFTER_SECONDS.min || seconds > EXPIRES_AFTER_SECONDS.max)
    check.no('INVALID_VALUE', 'expires_after_seconds');
  return Number(seconds);
}

/** undefined where none is named. */
export function namedId(id: string, field: string, check: Check): Uuid | undefined {
  return id === '' ? undefined : check.uuid(id, field);
}

export function metadataOf(entries: Record<string, string>, check: Check): Record<string, string> {
  // The kernel keeps text; the bytes are made only to hold the entries to the ledger's bounds.
  check.metadata(entries, 'metadata');
  for (const [key, value] of Object.entries(entries)) {
    if (holdsCardNumber(key)) check.no('CARD_NUMBER_REFUSED', 'metadata');
    else if (holdsCardNumber(value)) check.no('CARD_NUMBER_REFUSED', `metadata.${key}`);
  }
  return entries;
}

/** Text that people write. */
export function textOf(text: string, field: string, charactersMax: number, check: Check): string {
  check.text(text, field, charactersMax);
  if (holdsCardNumber(text)) check.no('CARD_NUMBER_REFUSED', field);
  return text;
}

function descriptorOf(text: string, field: string, check: Check): string {
  check.printable(text, field, STATEMENT_DESCRIPTOR_CHARACTERS_MAX);
  if (holdsCardNumber(text)) check.no('CARD_NUMBER_REFUSED', field);
  return text;
}

/** A URL that a browser may be sent to. */
function urlOf(text: string, field: string, check: Check): string {
  if (text === '') return text;
  check.printable(text, field, RETURN_URL_CHARACTERS_MAX);
  if (holdsCardNumber(text)) check.no('CARD_NUMBER_REFUSED', field);
  if (!/^https?:\/\/[^/ ]/i.test(text) || text.includes(' ') || !URL.canParse(text))
    check.no('INVALID_VALUE', field);
  return text;
}
