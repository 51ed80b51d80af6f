import type { Uuid } from '../ledger/commands.ts';
import type { ConfirmIntent, PaymentCommand, UpdateIntent } from './commands.ts';
import type { Intent } from './model.ts';

/** What a command acts on besides its intent, by id: whatever is absent it does not look at. */
export interface Named {
  merchant?: Uuid | undefined;
  customer?: Uuid | undefined;
  paymentMethod?: Uuid | undefined;
  apiKey?: Uuid | undefined;
  paymentLink?: Uuid | undefined;
}

/** `intent` is the command's, where it has one that is there. */
export function namedBy(command: PaymentCommand, intent: Intent | undefined): Named {
  switch (command.op) {
    case 'createMerchant':
    case 'saveIdempotencyRecord':
    case 'logWebhookAttempts':
      return {};
    case 'revokeApiKey':
      return { apiKey: command.apiKey };
    case 'updatePaymentLink':
      return { paymentLink: command.paymentLink };
    case 'updateMerchant':
    case 'createCustomer':
    case 'createApiKey':
    case 'createPaymentLink':
    case 'createWebhookEndpoint':
    case 'updateWebhookEndpoint':
    case 'rotateWebhookSecret':
    case 'testWebhookEndpoint':
    case 'deleteWebhookEndpoint':
    case 'disableWebhookEndpoint':
    case 'resendEvents':
      return { merchant: command.merchant };
    case 'updateCustomer':
      return { customer: command.customer };
    case 'createPaymentMethod':
      return { merchant: command.merchant, customer: command.customer };
    case 'attachPaymentMethod':
      return { customer: command.customer, paymentMethod: command.paymentMethod };
    case 'detachPaymentMethod':
      return { paymentMethod: command.paymentMethod };
    case 'createIntent': {
      const { merchant, customer, paymentMethod } = command;
      return { merchant, customer, paymentMethod };
    }
    case 'updateIntent':
      return {
        merchant: intent?.merchant,
        customer: command.customer,
        paymentMethod: storedOf(command, intent),
      };
    case 'confirmIntent':
      return { merchant: intent?.merchant, paymentMethod: storedOf(command, intent) };
    case 'captureIntent':
    case 'incrementIntent':
    case 'cancelIntent':
    case 'refundIntent':
    case 'updateRefund':
    case 'settleOperation':
    case 'recordOutcome':
    case 'recordEvent':
    case 'advanceIntent':
      return { merchant: intent?.merchant };
  }
}

/** The stored method by which the intent is paid after the command: the one it names, or the one that the intent has. */
function storedOf(
  { method, paymentMethod }: ConfirmIntent | UpdateIntent,
  intent: Intent | undefined,
): Uuid | undefined {
  return paymentMethod ?? (method === null ? intent?.method?.id : undefined);
}
