import type { Verdict } from '../../core/kernel/payments/commands.ts';
import type { Intent, Operation } from '../../core/kernel/payments/model.ts';
import { isOpen } from '../../core/kernel/payments/transitions.ts';
import type { PaymentsRig } from './paymentsRig.ts';

const DAY_MS = 86_400_000;

/** An operator who settles whatever has attention, by what the provider says when asked by hand. */
export async function operate(r: PaymentsRig): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const queue = r.intents.filter(({ attention }) => attention !== '');
    if (queue.length === 0) break;
    for (const intent of queue)
      for (const operation of intent.operations)
        if (operation.attention !== '') await settle(r, intent, operation);
    await r.pass(300_000, 2_500);
    await r.pass(DAY_MS, DAY_MS / 8);
  }
  // What was begun ends, and what came late becomes available.
  await r.pass(4 * DAY_MS, DAY_MS / 8);
}

async function settle(r: PaymentsRig, intent: Intent, operation: Operation): Promise<void> {
  for (const verdict of verdictsOn(r, intent, operation)) {
    const command = { op: 'settleOperation', intent: intent.id, operation: operation.id, verdict } as const;
    const [outcome] = await r.send({ ...command, id: r.id(), note: 'looked at their pages' });
    if (outcome.done) return;
  }
}

/** What may be decided, in the order in which it is tried. */
function verdictsOn(r: PaymentsRig, intent: Intent, operation: Operation): Verdict[] {
  const either: Verdict[] = r.random() < 0.5 ? ['accept', 'send_back'] : ['send_back', 'accept'];
  // Their pages are where it comes from.
  if (operation.foreign === true) return either;
  const { provider, operation: first } = intent.attempts[operation.attempt];
  const psp = r.psps.find(({ name }) => name === provider)!;
  const truth = psp.done.get(operation.id)?.outcome;
  if (operation.kind === 'void' && operation.state === 'failed' && operation.said === null) {
    const payment = psp.payments.get(first);
    return payment === undefined || payment.captured === payment.authorized ? ['done', 'accept'] : ['accept'];
  }
  if (!isOpen(operation.state) || operation.said !== null) {
    // Their pages say otherwise, and nobody has asked for a while. What was approved in part has said so, and stands.
    const isTrue = (truth?.done === 'succeeded') === (operation.state === 'succeeded');
    const isContested =
      operation.said !== null && (operation.state !== 'succeeded' || operation.decline !== '');
    return isContested || isTrue ? either : ['ask_again'];
  }
  if (r.random() < 0.3) return ['ask_again'];
  if (truth?.done !== 'succeeded') return ['not_done'];
  // By hand nobody learns what the provider takes for it, nor of another amount.
  return truth.cost === 0n && truth.amount === operation.amount ? ['done'] : ['ask_again'];
}
