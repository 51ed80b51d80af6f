import type { DeclineCode } from '../../../core/processes/psp.ts';

/** The provider's words in ours. */
const DECLINES: Readonly<Record<string, DeclineCode>> = {
  generic_decline: 'generic_decline',
  insufficient_funds: 'insufficient_funds',
  lost_card: 'lost_card',
  stolen_card: 'stolen_card',
  expired_card: 'expired_card',
  incorrect_cvc: 'incorrect_cvc',
  processing_error: 'processing_error',
  fraudulent: 'fraudulent',
  authentication_failed: 'authentication_failed',
  challenge_expired: 'authentication_failed',
  unknown_token: 'invalid_account',
  refund_failed: 'invalid_account',
  debit_returned: 'insufficient_funds',
  currency_not_supported: 'currency_not_supported',
  currency_mismatch: 'currency_not_supported',
  amount_not_allowed: 'amount_not_allowed',
  amount_too_large: 'amount_not_allowed',
  already_captured: 'operation_not_allowed',
  already_voided: 'operation_not_allowed',
  authentication_pending: 'operation_not_allowed',
  authorization_expired: 'operation_not_allowed',
  canceled: 'operation_not_allowed',
  not_captured: 'operation_not_allowed',
  payment_declined: 'operation_not_allowed',
  payment_not_found: 'operation_not_allowed',
  payment_pending: 'operation_not_allowed',
  reference_closed: 'operation_not_allowed',
};

/** A word that is not in the table is a decline all the same: `otherwise` says which. */
export function declineOf(providerCode: string, otherwise: DeclineCode): DeclineCode {
  return Object.hasOwn(DECLINES, providerCode) ? DECLINES[providerCode] : otherwise;
}
