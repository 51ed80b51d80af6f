import { refusal } from '../ledger/context.ts';
import type { PaymentCommand, WebhookCommand } from './commands.ts';
import { decideAdvance } from './decideAdvance.ts';
import { decideApiKey } from './decideApiKey.ts';
import { decideCustomer, decideCustomerUpdate } from './decideCustomer.ts';
import { decideEvent } from './decideEvent.ts';
import { decideIdempotencyRecord } from './decideIdempotencyRecord.ts';
import { decideMerchant, decideMerchantUpdate } from './decideMerchant.ts';
import { decideOutcome } from './decideOutcome.ts';
import { decidePaymentLink } from './decidePaymentLink.ts';
import { decidePaymentMethod } from './decidePaymentMethod.ts';
import {
  decideCancel,
  decideCapture,
  decideConfirm,
  decideCreate,
  decideIncrement,
  decideRefund,
  decideRefundUpdate,
  decideUpdate,
} from './decideRequest.ts';
import { decideSettle } from './decideSettle.ts';
import { decideWebhook } from './decideWebhook.ts';
import { isRequest } from './facts.ts';
import type { PaymentContext } from './flow.ts';
import type { Decided } from './flow.ts';
import type { Intent } from './model.ts';
import type { Subjects } from './subjects.ts';

/** Decides one command about payments. Writes events into the body, money first; changes nothing else. */
export function decidePayment(context: PaymentContext, command: PaymentCommand, subjects: Subjects): Decided {
  const { intent, merchant } = subjects;
  if (command.op === 'createMerchant') return decideMerchant(context, command);
  if (command.op === 'createApiKey' || command.op === 'revokeApiKey')
    return decideApiKey(context, command, subjects);
  if (command.op === 'createPaymentLink' || command.op === 'updatePaymentLink')
    return decidePaymentLink(context, command, subjects);
  if (isOfWebhooks(command)) return decideWebhook(context, command, subjects);
  if (command.op === 'saveIdempotencyRecord') return decideIdempotencyRecord(context, command);
  if (command.op === 'createCustomer') return decideCustomer(context, command, subjects);
  if (command.op === 'updateCustomer') return decideCustomerUpdate(context, command, subjects);
  if (
    command.op === 'createPaymentMethod' ||
    command.op === 'attachPaymentMethod' ||
    command.op === 'detachPaymentMethod'
  )
    return decidePaymentMethod(context, command, subjects);
  if (command.op === 'createIntent' || command.op === 'updateMerchant') {
    if (merchant === undefined) return refusal('MERCHANT_NOT_FOUND', { field: 'merchant_id' });
    return command.op === 'createIntent'
      ? decideCreate(context, command, merchant, subjects)
      : decideMerchantUpdate(context, command, merchant);
  }
  if (intent === undefined || merchant === undefined || !isAskersOwn(command, intent))
    return isRequest(command)
      ? refusal('PAYMENT_NOT_FOUND', { field: 'payment_intent_id' })
      : { done: 'nothing' };
  switch (command.op) {
    case 'confirmIntent':
      return decideConfirm(context, command, intent, merchant, subjects);
    case 'captureIntent':
      return decideCapture(context, command, intent);
    case 'updateIntent':
      return decideUpdate(context, command, intent, subjects);
    case 'incrementIntent':
      return decideIncrement(context, command, intent);
    case 'cancelIntent':
      return decideCancel(context, command, intent);
    case 'refundIntent':
      return decideRefund(context, command, intent);
    case 'updateRefund':
      return decideRefundUpdate(context, command, intent);
    case 'settleOperation':
      return decideSettle(context, command, intent, merchant);
    case 'recordOutcome':
      return decideOutcome(context, command, intent, merchant);
    case 'recordEvent':
      return decideEvent(context, command, intent, merchant);
    case 'advanceIntent':
      return decideAdvance(context, command, intent, merchant);
  }
}

function isOfWebhooks(command: PaymentCommand): command is WebhookCommand {
  return (
    'endpoint' in command || command.op === 'createWebhookEndpoint' || command.op === 'logWebhookAttempts'
  );
}

function isAskersOwn(command: PaymentCommand, { merchant }: Intent): boolean {
  return !('merchant' in command) || command.merchant === undefined || command.merchant === merchant;
}
