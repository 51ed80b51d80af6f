import type { AttemptState, Intent, IntentState, OperationState } from './model.ts';

/**
 * What may follow what. `decide` holds every change to these tables, and the diagrams of docs/payments.md are generated
 * from them. A state that leads nowhere is final.
 */
export const INTENT_TRANSITIONS: Readonly<Record<IntentState, readonly IntentState[]>> = {
  requires_payment_method: ['requires_confirmation', 'processing', 'canceled', 'expired', 'conflicted'],
  requires_confirmation: ['requires_payment_method', 'processing', 'canceled', 'expired'],
  requires_action: [
    'processing',
    'requires_payment_method',
    'requires_capture',
    'succeeded',
    'canceled',
    'conflicted',
  ],
  processing: [
    'requires_action',
    'requires_payment_method',
    'requires_capture',
    'partially_captured',
    'succeeded',
    'canceled',
    'expired',
    'conflicted',
  ],
  requires_capture: ['processing', 'partially_captured', 'succeeded', 'canceled', 'expired', 'conflicted'],
  partially_captured: ['processing', 'succeeded', 'conflicted'],
  succeeded: ['conflicted'],
  canceled: [],
  expired: [],
  conflicted: [
    'requires_payment_method',
    'processing',
    'requires_capture',
    'partially_captured',
    'succeeded',
    'canceled',
    'expired',
  ],
};

export const ATTEMPT_TRANSITIONS: Readonly<Record<AttemptState, readonly AttemptState[]>> = {
  authorizing: [
    'requires_action',
    'unknown',
    'authorized',
    'captured',
    'declined',
    'failed',
    'not_sent',
    'voided',
    'returned',
    'conflicted',
  ],
  requires_action: [
    'authorizing',
    'unknown',
    'authorized',
    'captured',
    'declined',
    'failed',
    'returned',
    'conflicted',
  ],
  unknown: [
    'requires_action',
    'authorized',
    'captured',
    'declined',
    'failed',
    'voided',
    'returned',
    'conflicted',
  ],
  authorized: ['captured', 'voided', 'expired', 'conflicted'],
  captured: ['returned', 'conflicted'],
  // What comes after all goes back: an authorisation is let go of, money is returned.
  declined: ['voided', 'returned', 'conflicted'],
  failed: ['voided', 'returned', 'conflicted'],
  not_sent: ['voided', 'returned', 'conflicted'],
  voided: ['returned', 'conflicted'],
  expired: ['captured', 'returned', 'conflicted'],
  returned: ['captured', 'conflicted'],
  conflicted: ['authorized', 'captured', 'declined', 'failed', 'voided', 'returned'],
};

export const OPERATION_TRANSITIONS: Readonly<Record<OperationState, readonly OperationState[]>> = {
  pending: ['accepted', 'requires_action', 'unknown', 'succeeded', 'failed', 'not_sent', 'canceled'],
  accepted: ['unknown', 'succeeded', 'failed'],
  requires_action: ['pending', 'accepted', 'unknown', 'succeeded', 'failed', 'canceled'],
  unknown: ['pending', 'accepted', 'requires_action', 'succeeded', 'failed'],
  // What the provider, or the payer's bank, takes back.
  succeeded: ['failed'],
  // Done after all.
  failed: ['succeeded'],
  not_sent: ['succeeded'],
  canceled: [],
};

/** Whether a change is in the table; staying is always allowed. */
export function mayFollow<S extends string>(
  table: Readonly<Record<S, readonly S[]>>,
  from: S,
  to: S,
): boolean {
  return from === to || table[from].includes(to);
}

/** Of an operation that is not proven either way: a provider may still do it, or may have done it. */
export function isOpen(state: OperationState): boolean {
  return state === 'pending' || state === 'accepted' || state === 'requires_action' || state === 'unknown';
}

/** Whether anything was asked of a provider that is not proven either way. */
export function isBusy(intent: Intent): boolean {
  return intent.operations.some(({ state }) => isOpen(state));
}
