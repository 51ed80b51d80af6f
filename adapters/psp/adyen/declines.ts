import type { DeclineCode } from '../../../core/processes/psp.ts';

/**
 * `refusalReasonCode` of a payment, in our words. Adyen sorts what issuers say into these; each is hard or soft as our
 * word is: where Adyen says that the card cannot be used, ours is a hard one.
 */
const REFUSALS: Readonly<Record<string, DeclineCode>> = {
  2: 'generic_decline', // Refused
  3: 'do_not_honor', // Referral
  4: 'processing_error', // Acquirer Error
  5: 'invalid_account', // Blocked Card
  6: 'expired_card', // Expired Card
  7: 'amount_not_allowed', // Invalid Amount
  8: 'invalid_account', // Invalid Card Number
  9: 'issuer_unavailable', // Issuer Unavailable
  10: 'not_permitted', // Not supported
  11: 'authentication_failed', // 3D Not Authenticated
  12: 'insufficient_funds', // Not enough balance
  14: 'fraudulent', // Acquirer Fraud
  15: 'generic_decline', // Cancelled
  16: 'generic_decline', // Shopper Cancelled
  17: 'authentication_failed', // Invalid Pin
  18: 'limit_exceeded', // Pin tries exceeded
  19: 'processing_error', // Pin validation not possible
  20: 'fraudulent', // FRAUD
  21: 'processing_error', // Not Submitted
  22: 'fraudulent', // FRAUD-CANCELLED
  23: 'not_permitted', // Transaction Not Permitted
  24: 'incorrect_cvc', // CVC Declined
  25: 'not_permitted', // Restricted Card
  26: 'not_permitted', // Revocation Of Auth
  27: 'do_not_honor', // Declined Non Generic
  28: 'limit_exceeded', // Withdrawal amount exceeded
  29: 'limit_exceeded', // Withdrawal count exceeded
  31: 'fraudulent', // Issuer Suspected Fraud
  32: 'do_not_honor', // AVS Declined
  33: 'authentication_failed', // Card requires online pin
  34: 'invalid_account', // No checking account available on Card
  35: 'invalid_account', // No savings account available on Card
  36: 'authentication_failed', // Mobile pin required
  37: 'processing_error', // Contactless fallback
  38: 'authentication_failed', // Authentication required
  39: 'authentication_failed', // RReq not received from DS
  40: 'processing_error', // Current AID is in Penalty Box
  41: 'authentication_failed', // CVM Required Restart Payment
  42: 'authentication_failed', // 3DS Authentication Error
  43: 'authentication_failed', // Online PIN required
  44: 'processing_error', // Try another interface
  45: 'processing_error', // Chip downgrade mode
  46: 'not_permitted', // Transaction blocked by Adyen to prevent excessive retry fees
};

/** `errorCode` of a request that was refused before anything was done; all others are `operation_not_allowed`. */
const ERRORS: Readonly<Record<string, DeclineCode>> = {
  100: 'amount_not_allowed', // No amount specified
  101: 'invalid_account', // Invalid card number
  103: 'incorrect_cvc', // CVC is not the right length
  129: 'invalid_account', // Expiry date invalid
  137: 'amount_not_allowed', // Invalid amount specified
  138: 'currency_not_supported', // Unsupported currency specified
  800: 'invalid_account', // Contract not found
  802: 'invalid_account', // Invalid contract
  803: 'invalid_account', // PaymentDetail not found
};

/** A code that is not in the table is a refusal all the same: a soft one that says least. */
export function refusalOf(code: string): DeclineCode {
  return Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : 'generic_decline';
}

/** The request itself was refused: no other try and no other route makes it a better one. */
export function errorDeclineOf(code: string): DeclineCode {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code] : 'operation_not_allowed';
}
