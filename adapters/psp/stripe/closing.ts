import type { NotSent, Unknown, Uuid } from '../../../core/processes/psp.ts';
import { CLOSED, OPERATION } from './answers.ts';
import { type StripeCalls, unknown } from './api.ts';
import { INTENTS, findAmongNewest, findByOperation, pathOf } from './intents.ts';
import type { Json } from './json.ts';

/** What stands behind our reference of an authorisation or sale whose fate is not known. */
export type Target =
  | { readonly done: 'intent'; readonly intent: Json }
  /** Nothing does, and from now on nothing can. */
  | { readonly done: 'closed' }
  | NotSent
  | Unknown;

/**
 * Finds the payment intent behind our reference, or makes it impossible that there will ever be one.
 *
 * A payment intent is created under our reference as its idempotency key, and only a created one can be confirmed, and
 * so be charged. Stripe compares what comes under a used key with what came first, and refuses what differs. So we ask
 * under the same key for another intent, one without payment method that nobody will confirm:
 * - Stripe creates it (or, asked again, tells of it again): the key was free, so the authorisation never began, and if
 *   it should still arrive, it is refused. That holds for as long as Stripe keeps the key, at least 24 hours, and no
 *   request is on its way for so long: connections are cut at the deadline of a call.
 * - Stripe refuses: the authorisation's own intent exists, though the search does not show it yet.
 *
 * The search comes first, for an intent that is older than its key.
 */
export async function reach(calls: StripeCalls, target: Uuid): Promise<Target> {
  const found = await findByOperation(calls, target);
  if (found.done !== 'looked') return found;
  if (found.intent !== null)
    return isClosing(found.intent) ? { done: 'closed' } : { done: 'intent', intent: found.intent };
  const state = await close(calls, target);
  if (state.done !== 'used') return state;
  const listed = await findAmongNewest(calls, target);
  if (listed.done !== 'looked') return listed;
  return listed.intent === null
    ? unknown('it exists, and the search does not show it yet')
    : { done: 'intent', intent: listed.intent };
}

/** Takes the key of our reference, so that nothing else can be created under it. */
export async function close(
  calls: StripeCalls,
  target: Uuid,
): Promise<{ done: 'closed' } | { done: 'used' } | NotSent | Unknown> {
  const reply = await calls.post(
    INTENTS,
    {
      // Of no meaning, and the same whatever the authorisation was to be, so that it can be asked again.
      amount: 100n,
      currency: 'usd',
      payment_method_types: ['card'],
      metadata: { [OPERATION]: target, [CLOSED]: 'true' },
    },
    target,
  );
  if (reply.done === 'refused')
    return reply.why === 'key_used' ? { done: 'used' } : unknown('the reference could not be closed');
  if (reply.done !== 'found') return reply;
  if (!isClosing(reply.value)) return unknown('the answer is about another payment intent');
  // Only so that nobody stumbles over it in Stripe's pages; without a payment method it is harmless.
  const id = reply.value.at('id').text;
  await calls.post(pathOf(id, 'cancel'), { cancellation_reason: 'abandoned' }, `${target}-cancel`);
  return { done: 'closed' };
}

export function isClosing(intent: Json): boolean {
  return intent.at('metadata', CLOSED).text !== '';
}
