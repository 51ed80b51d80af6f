import type { FollowUpCall, NotFound, PspOutcome, QueryOutcome, Uuid } from '../../../core/processes/psp.ts';
import { OPERATION, declined, outcomeOfRest, queryOutcomeOfRest } from './answers.ts';
import { type StripeCalls, unknown } from './api.ts';
import { reach } from './closing.ts';
import { declineOf } from './declines.ts';
import { fromApi } from './exponents.ts';
import { look, pathOf } from './intents.ts';
import type { Json } from './json.ts';
import { writeNote } from './notes.ts';

const REFUNDS = '/v1/refunds';
const REFUNDS_MAX = 100;
const NOT_KNOWN = declined('operation_not_allowed', { providerCode: 'resource_missing' });

/** Sends money back, `units` as Stripe counts them; where there is no payment, sees to it that there never will be. */
export async function refundPayment(
  calls: StripeCalls,
  call: FollowUpCall,
  units: bigint,
): Promise<PspOutcome> {
  const { target, providerReference, operation } = call;
  if (providerReference !== '') {
    const found = await look(calls, providerReference);
    if (found.done !== 'looked') return found;
    return found.intent === null ? NOT_KNOWN : refund(calls, { intent: found.intent, operation, units });
  }
  const reached = await reach(calls, target);
  if (reached.done === 'closed') return NOT_KNOWN;
  if (reached.done !== 'intent') return reached;
  const { intent } = reached;
  switch (intent.at('status').text) {
    case 'succeeded':
      return refund(calls, { intent, operation, units });
    case 'requires_payment_method':
    case 'requires_confirmation':
    case 'canceled':
      return closeIntent(calls, intent, operation);
    default:
      return unknown('the payment is not over yet');
  }
}

interface Refunding {
  readonly intent: Json;
  readonly operation: Uuid;
  readonly units: bigint;
}

/** Stripe would take the refund of what is only authorised for a release of it, so that is not asked for. */
async function refund(calls: StripeCalls, { intent, operation, units }: Refunding): Promise<PspOutcome> {
  const payment = intent.at('id').text;
  if (intent.at('status').text !== 'succeeded')
    return declined('operation_not_allowed', { providerCode: 'not_captured', providerReference: payment });
  const noted = await writeNote(calls, { intent, operation, note: `refund ${units}` });
  if (noted.done !== 'found') return outcomeOfRest(noted);
  const form = { payment_intent: payment, amount: units, metadata: { [OPERATION]: operation } };
  const reply = await calls.post(REFUNDS, form, operation);
  return reply.done === 'found' ? outcomeOfRefund(reply.value, operation) : outcomeOfRest(reply);
}

/** Nothing was charged; once it is canceled, nothing can be. */
async function closeIntent(calls: StripeCalls, intent: Json, operation: Uuid): Promise<PspOutcome> {
  const providerReference = intent.at('id').text;
  const closed = declined('operation_not_allowed', { providerCode: 'not_captured', providerReference });
  if (intent.at('status').text === 'canceled') return closed;
  const reply = await calls.post(pathOf(providerReference, 'cancel'), {}, `${operation}-cancel`);
  if (reply.done === 'found') return closed;
  return reply.done === 'refused' ? unknown('the payment is not over yet') : reply;
}

export function outcomeOfRefund(refund: Json, operation: Uuid): Exclude<QueryOutcome, NotFound> {
  const providerReference = refund.at('id').text;
  if (refund.at('object').text !== 'refund' || providerReference === '' || providerReference.length > 255)
    return unknown('the answer cannot be read');
  if (refund.at('metadata', OPERATION).text !== operation)
    return unknown('the answer is about another operation');
  switch (refund.at('status').text) {
    case 'succeeded': {
      const money = fromApi({ units: refund.at('amount').integer, currency: refund.at('currency').text });
      if (money === null) return unknown('the answer names no amount');
      return { done: 'succeeded', ...money, providerReference, cost: null, expiresAtMs: null };
    }
    case 'pending':
    case 'requires_action':
      return { done: 'accepted', providerReference };
    case 'failed':
    case 'canceled': {
      const reason = refund.at('failure_reason').text || refund.at('status').text;
      return declined(declineOf([reason], 'generic_decline'), { providerCode: reason, providerReference });
    }
    default:
      return unknown('the refund is in a state that is not known');
  }
}

/** What became of a refund: by its own id, or among those of the payment. */
export async function queryRefund(
  calls: StripeCalls,
  { reference, operation }: { reference: string; operation: Uuid },
): Promise<QueryOutcome> {
  if (reference.startsWith('re_')) {
    const reply = await calls.get(`${REFUNDS}/${encodeURIComponent(reference)}`, {});
    return reply.done === 'found' ? outcomeOfRefund(reply.value, operation) : queryOutcomeOfRest(reply);
  }
  const reply = await calls.get(REFUNDS, { payment_intent: reference, limit: REFUNDS_MAX });
  if (reply.done !== 'found') return queryOutcomeOfRest(reply);
  const refunds = reply.value.at('data').items;
  const found = refunds.find((one) => one.at('metadata', OPERATION).text === operation);
  if (found !== undefined) return outcomeOfRefund(found, operation);
  return reply.value.at('has_more').isTrue ? unknown('it has too many refunds') : { done: 'not_found' };
}
