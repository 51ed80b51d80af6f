import type { AuthorizeCall, PspOutcome, QueryOutcome, Uuid } from '../../../core/processes/psp.ts';
import {
  CHARGE,
  OPERATION,
  declined,
  declinedBy,
  outcomeOfConfirmed,
  outcomeOfIntent,
  outcomeOfRest,
} from './answers.ts';
import { type StripeCalls, unknown } from './api.ts';
import { close } from './closing.ts';
import type { Form } from './form.ts';
import { INTENTS, findByOperation, look, pathOf, retrieve } from './intents.ts';

/** In a payment intent's metadata: the payment, for people who look at Stripe's pages. */
const PAYMENT = 'florin_payment';

/**
 * Created first and confirmed second: nothing is charged before there is an id that can be asked about. Each step has a
 * key of its own, so both can be sent again, and bring back what they brought the first time.
 */
export async function authorizePayment(
  calls: StripeCalls,
  call: AuthorizeCall,
  units: bigint,
): Promise<PspOutcome> {
  const { operation } = call;
  const created = await calls.post(INTENTS, creation(call, units), operation);
  if (created.done === 'refused' && created.why === 'key_used') return closedOrChanged(calls, operation);
  if (created.done !== 'found') return outcomeOfRest(created);
  const id = created.value.at('id').text;
  if (id === '' || created.value.at('metadata', OPERATION).text !== operation)
    return unknown('the answer is about another operation');
  const confirmed = await calls.post(pathOf(id, 'confirm'), confirmation(call), `${operation}-confirm`);
  if (confirmed.done === 'found') return outcomeOfConfirmed(confirmed.value, operation);
  if (confirmed.done !== 'refused' || confirmed.isCardError || confirmed.intent.at('id').text === '')
    return outcomeOfRest(confirmed);
  // It is in a state that cannot be confirmed, which tells what became of it.
  const outcome = outcomeOfIntent(confirmed.intent, operation);
  return outcome.done === 'not_found' ? declinedBy(confirmed) : outcome;
}

function creation(call: AuthorizeCall, units: bigint): Form {
  const { operation, payment, token, capture, currency, statementDescriptor } = call;
  return {
    amount: units,
    currency: currency.toLowerCase(),
    payment_method: token,
    payment_method_types: ['card'],
    capture_method: capture ? 'automatic' : 'manual',
    confirm: false,
    // Of cards the account's own prefix stands before it.
    statement_descriptor_suffix: statementDescriptor === '' ? undefined : statementDescriptor,
    metadata: { [OPERATION]: operation, [PAYMENT]: payment },
  };
}

/** A payer who cannot come back is not sent away: what would need that is declined then. */
function confirmation({ returnUrl }: AuthorizeCall): Form {
  const backTo = returnUrl === '' ? { error_on_requires_action: true } : { return_url: returnUrl };
  return { ...backTo, expand: CHARGE };
}

/** Something else came under this key: a void that closed the reference, or another authorisation. */
async function closedOrChanged(calls: StripeCalls, operation: Uuid): Promise<PspOutcome> {
  const state = await close(calls, operation);
  if (state.done === 'closed') return declined('operation_not_allowed', { providerCode: 'closed' });
  return unknown(state.done === 'used' ? 'the key was used for another request' : state.why);
}

/** Stripe goes on by itself once the payer has done what was asked for, so this only looks. */
export async function continuePayment(
  calls: StripeCalls,
  { reference, operation }: { reference: string; operation: Uuid },
): Promise<PspOutcome> {
  const reply = await retrieve(calls, reference);
  return reply.done === 'found' ? outcomeOfConfirmed(reply.value, operation) : outcomeOfRest(reply);
}

export async function queryPayment(
  calls: StripeCalls,
  { reference, operation }: { reference: string; operation: Uuid },
): Promise<QueryOutcome> {
  const found = reference === '' ? await findByOperation(calls, operation) : await look(calls, reference);
  if (found.done !== 'looked') return unknown(found.why);
  return found.intent === null ? { done: 'not_found' } : outcomeOfIntent(found.intent, operation);
}
