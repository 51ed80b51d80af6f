import type { DeclineCode } from '../../../core/processes/psp.ts';

/** ISO 20022 external status reasons, in our words. */
const REASONS: Readonly<Record<string, DeclineCode>> = {
  AC01: 'invalid_account', // Incorrect account number
  AC04: 'invalid_account', // Closed account number
  AC06: 'invalid_account', // Blocked account
  AC13: 'not_permitted', // Invalid debtor account type
  AG01: 'not_permitted', // Transaction forbidden
  AG02: 'operation_not_allowed', // Invalid bank operation code
  AM01: 'amount_not_allowed', // Zero amount
  AM02: 'amount_not_allowed', // Not allowed amount
  AM03: 'currency_not_supported', // Not allowed currency
  AM04: 'insufficient_funds', // Insufficient funds
  AM05: 'operation_not_allowed', // Duplication
  AM14: 'limit_exceeded', // Amount exceeds agreed limit
  BE04: 'invalid_account', // Missing creditor address
  FF01: 'operation_not_allowed', // Invalid file format
  FR01: 'fraudulent', // Fraud
  MD01: 'not_permitted', // No mandate
  MD07: 'invalid_account', // End customer deceased
  MS02: 'do_not_honor', // Not specified reason, customer generated
  MS03: 'generic_decline', // Not specified reason, agent generated
  RC01: 'invalid_account', // Bank identifier incorrect
  RR04: 'not_permitted', // Regulatory reason
  TM01: 'processing_error', // Invalid cut-off time
};

/** A reason that is not in the table is a rejection all the same: a soft one that says least. */
export function reasonOf(code: string): DeclineCode {
  return Object.hasOwn(REASONS, code) ? REASONS[code] : 'generic_decline';
}
