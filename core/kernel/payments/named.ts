import type { Uuid } from '../ledger/commands.ts';
import type { PaymentCommand } from './commands.ts';
import type { Intent } from './model.ts';

/** What a command acts on besides its intent, by id: whatever is absent it does not look at. */
export interface Named {
  merchant?: Uuid | undefined;
  customer?: Uuid | undefined;
}

/** `intent` is the command's, where it has one that is there. */
export function namedBy(command: PaymentCommand, intent: Intent | undefined): Named {
  switch (command.op) {
    case 'createMerchant':
      return {};
    case 'createCustomer':
      return { merchant: command.merchant };
    case 'updateCustomer':
      return { customer: command.customer };
    case 'createIntent':
      return { merchant: command.merchant, customer: command.customer };
    case 'updateIntent':
      return { merchant: intent?.merchant, customer: command.customer };
    case 'confirmIntent':
    case 'captureIntent':
    case 'incrementIntent':
    case 'cancelIntent':
    case 'refundIntent':
    case 'settleOperation':
    case 'recordOutcome':
    case 'recordEvent':
    case 'advanceIntent':
      return { merchant: intent?.merchant };
  }
}
