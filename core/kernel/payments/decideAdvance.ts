import type { AdvanceIntent } from './commands.ts';
import { expiryOf } from './due.ts';
import { draftOf } from './evolve.ts';
import { Flow, type PaymentContext, type PaymentDecision } from './flow.ts';
import type { Intent, Merchant } from './model.ts';
import { bookAvailable, bookReserveReleased, isReleased } from './reserve.ts';
import { startVoid } from './attempts.ts';

/** What a moment brings about: money becomes available, a reserve is released, an intent expires. Late or repeated it does nothing. */
export function decideAdvance(
  context: PaymentContext,
  command: AdvanceIntent,
  intent: Intent,
  merchant: Merchant,
): PaymentDecision {
  const { nowUs } = context;
  const flow = new Flow(context, draftOf(intent));
  const what = { id: command.id, by: 'timer', request: [] } as const;
  if (intent.availableAtUs <= nowUs && intent.counters.pending > 0n) {
    bookAvailable(flow, merchant);
    return flow.write(what, { name: 'money_available' });
  }
  if (intent.reserves.some((one) => isReleased(one, nowUs))) {
    bookReserveReleased(flow);
    return flow.write(what, { name: 'reserve_released' });
  }
  if (expiryOf(intent) > nowUs) return { done: 'nothing' };
  if (intent.counters.memo === 0n && intent.state === 'partially_captured') {
    flow.move('succeeded');
    return flow.write(what, { name: 'intent_expired' });
  }
  flow.intent.cancelReason = 'expired';
  if (intent.counters.memo === 0n && intent.state !== 'requires_action') {
    flow.move('expired');
    return flow.write(what, { name: 'intent_expired' });
  }
  flow.intent.canceling = true;
  startVoid(flow, command.id);
  return flow.write(what, { name: 'operation_started' });
}
