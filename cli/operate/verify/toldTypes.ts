import { isOpen } from '../../../core/kernel/payments/transitions.ts';
import type { OperationState } from '../../../core/kernel/payments/model.ts';
import type { Change } from './paymentChange.ts';

/** What of a payment stood before an event, as far as it decides what its merchant is told. */
export interface IntentBefore {
  version: number;
  state: string;
  authorized: bigint;
  captured: bigint;
  returned: bigint;
  /** Of the operations that the event is about; those that it begins are not there. */
  operations: ReadonlyMap<string, string>;
  /** The same of disputes. */
  disputes: ReadonlyMap<string, string>;
}

/** What is told, with what it is about where that is not the subject itself: "refund.created op_1". */
type Named = string;

/** Of anything but a payment: the change alone says it. */
export function toldOfChange({ name, endpoint, paymentMethod, told }: Change): Named[] {
  switch (name) {
    case 'customer_created':
      return ['customer.created'];
    case 'customer_updated':
      return ['customer.updated'];
    case 'payment_method_created':
    case 'payment_method_attached':
      return paymentMethod?.state === 'attached' ? ['payment_method.attached'] : [];
    case 'payment_method_detached':
      return ['payment_method.detached'];
    // Events of earlier releases told nobody of links.
    case 'payment_link_created':
      return told === undefined ? [] : ['payment_link.created'];
    case 'payment_link_updated':
      return told === undefined ? [] : ['payment_link.updated'];
    case 'webhook_endpoint_disabled':
      return [`webhook_endpoint.disabled ${endpoint?.id}`];
    case 'webhook_endpoint_tested':
      return [`webhook_endpoint.test ${endpoint?.id}`];
    default:
      return [];
  }
}

export function toldOfIntent(change: Change, before: IntentBefore): Named[] {
  const { operations = [], disputes = [], after } = change;
  const told = before.version === 0 ? ['payment_intent.created'] : [];
  const counters = after?.counters ?? {};
  const type = typeOfState(after?.state ?? '', change, before);
  if (type !== null) told.push(`payment_intent.${type}`);
  if (BigInt(counters['returned'] ?? 0) > before.returned) told.push('payment_intent.funds_returned');
  for (const { id, kind, request, state } of operations) {
    const was = before.operations.get(id);
    if (kind !== 'refund' || request === '') continue;
    if (was === state && change.name === 'refund_updated') told.push(`refund.updated ${id}`);
    if (was === state) continue;
    if (was === undefined) told.push(`refund.created ${id}`);
    else if (!isOpen(state as OperationState))
      told.push(`refund.${state === 'succeeded' ? 'updated' : 'failed'} ${id}`);
  }
  for (const { id, state } of disputes) {
    const was = before.disputes.get(id);
    if (was === state) continue;
    if (was === undefined) told.push(`dispute.created ${id}`);
    if (state !== 'open') told.push(`dispute.closed ${id}`);
    else if (was !== undefined) told.push(`dispute.updated ${id}`);
  }
  return told;
}

/** Whoever has been asked has failed, where a payment waits for a method again. */
const TRIED: ReadonlySet<string> = new Set(['processing', 'requires_action', 'conflicted']);

const OF_STATE: Readonly<Record<string, string>> = {
  requires_action: 'requires_action',
  succeeded: 'succeeded',
  canceled: 'canceled',
  expired: 'canceled',
};

function typeOfState(state: string, change: Change, before: IntentBefore): string | null {
  const { operations = [], after } = change;
  if (state === 'requires_capture' || state === 'partially_captured') {
    const isSame =
      state === before.state &&
      BigInt(after?.counters['authorized'] ?? 0) === before.authorized &&
      BigInt(after?.counters['captured'] ?? 0) === before.captured;
    return isSame ? null : 'amount_capturable_updated';
  }
  if (state === 'processing') {
    const isLeftOpen = operations.some((one) => {
      const was = before.operations.get(one.id);
      if ((one.kind !== 'authorize' && one.kind !== 'sale') || was === one.state) return false;
      return one.state === 'accepted' || (one.state === 'unknown' && was !== 'accepted');
    });
    return isLeftOpen ? 'processing' : null;
  }
  if (state === before.state) return null;
  if (state === 'requires_payment_method') return TRIED.has(before.state) ? 'payment_failed' : null;
  return OF_STATE[state] ?? null;
}
