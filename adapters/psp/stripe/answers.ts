import type {
  Declined,
  Money,
  NotFound,
  PspOutcome,
  QueryOutcome,
  Uuid,
} from '../../../core/processes/psp.ts';
import { type Refused, type Reply, unknown } from './api.ts';
import { declineOf } from './declines.ts';
import { fromApi } from './exponents.ts';
import type { Json } from './json.ts';

/** In a payment intent's metadata: our reference of the authorisation or sale. */
export const OPERATION = 'florin_operation';
/** In a payment intent's metadata: made only so that this reference can never be used, see closing.ts. */
export const CLOSED = 'florin_closed';
/** What to expand so that a payment intent tells of its charge: when the authorisation lapses, what it costs. */
export const CHARGE = ['latest_charge.balance_transaction'];

const NOT_FOUND: NotFound = { done: 'not_found' };

/**
 * What an authorisation or sale has come to, by its payment intent. Not found where the intent was created and never
 * confirmed: nothing was asked of the card, and whether it ever will be is for the caller to judge.
 */
export function outcomeOfIntent(intent: Json, operation: Uuid | null): QueryOutcome {
  const id = intent.at('id').text;
  if (intent.at('object').text !== 'payment_intent' || id === '' || id.length > 255)
    return unknown('the answer cannot be read');
  if (operation !== null && intent.at('metadata', OPERATION).text !== operation)
    return unknown('the answer is about another operation');
  switch (intent.at('status').text) {
    case 'requires_capture':
      return succeeded(intent, intent.at('amount_capturable').integer);
    case 'succeeded':
      // What was authorised first and captured later, perhaps in part, stays an authorisation of the whole.
      return succeeded(intent, intent.at(isSale(intent) ? 'amount_received' : 'amount').integer);
    case 'processing':
      return { done: 'accepted', providerReference: id };
    case 'requires_action':
      return actionOf(intent, id);
    case 'requires_payment_method':
      return failureOf(intent, id);
    case 'requires_confirmation':
      return NOT_FOUND;
    case 'canceled':
      return wasAuthorized(intent)
        ? succeeded(intent, intent.at('amount').integer)
        : declined('operation_not_allowed', { providerCode: 'canceled', providerReference: id });
    default:
      return unknown('the payment intent is in a state that is not known');
  }
}

/** The same where the intent was just confirmed: that it is not confirmed then proves nothing. */
export function outcomeOfConfirmed(intent: Json, operation: Uuid | null): PspOutcome {
  const outcome = outcomeOfIntent(intent, operation);
  return outcome.done === 'not_found' ? unknown('the payment intent is not confirmed') : outcome;
}

export function isSale(intent: Json): boolean {
  return intent.at('capture_method').text !== 'manual';
}

/** Whether the card was asked and said yes, whatever became of it afterwards. Needs `CHARGE` expanded. */
export function wasAuthorized(intent: Json): boolean {
  return intent.at('latest_charge', 'status').text === 'succeeded';
}

export function moneyOf(intent: Json, units: bigint | null): Money | null {
  return fromApi({ units, currency: intent.at('currency').text });
}

export function succeeded(intent: Json, units: bigint | null): QueryOutcome {
  const money = moneyOf(intent, units);
  if (money === null) return unknown('the answer names no amount');
  const charge = intent.at('latest_charge');
  const seconds = charge.at('payment_method_details', 'card', 'capture_before').integer;
  return {
    done: 'succeeded',
    ...money,
    providerReference: intent.at('id').text,
    cost: costOf(charge.at('balance_transaction'), money),
    expiresAtMs: seconds === null || seconds <= 0n ? null : Number(seconds) * 1_000,
  };
}

/** Fees are taken in the currency of settlement; in another one they are no figure of ours. Below 0: given back. */
export function costOf(transaction: Json, { currency }: Pick<Money, 'currency'>): bigint | null {
  const units = transaction.at('fee').integer;
  if (transaction.at('currency').text.toUpperCase() !== currency) return null;
  if (units === null || units === 0n) return units;
  const isGivenBack = units < 0n;
  const taken = fromApi({ units: isGivenBack ? -units : units, currency });
  if (taken === null) return null;
  return isGivenBack ? -taken.amount : taken.amount;
}

function actionOf(intent: Json, id: string): QueryOutcome {
  const url = intent.at('next_action', 'redirect_to_url', 'url').text;
  if (!/^https?:\/\//.test(url)) return unknown('the payer is to do something that is no redirect');
  return { done: 'requires_action', providerReference: id, action: { type: 'redirect', url } };
}

/** Of an intent that wants a payment method: because one has failed, or because none was ever tried. */
function failureOf(intent: Json, id: string): QueryOutcome {
  if (intent.at('metadata', CLOSED).text !== '')
    return declined('operation_not_allowed', { providerCode: 'closed', providerReference: id });
  const error = intent.at('last_payment_error');
  const words = [error.at('decline_code').text, error.at('code').text];
  if (words.join('') === '') return NOT_FOUND;
  return declined(declineOf(words, 'generic_decline'), {
    providerCode: wordOf(words),
    providerReference: id,
  });
}

export function declined(
  code: Declined['code'],
  { providerCode, providerReference = '' }: { providerCode: string; providerReference?: string },
): Declined {
  return { done: 'declined', code, providerCode: providerCode.slice(0, 64), providerReference };
}

/** Stripe refused the request, so it was not done; a card's refusal is a decline, any other concerns what was asked. */
export function declinedBy({ words, isCardError, param, intent, why }: Refused): PspOutcome {
  // Under this key something was asked that was not this: what came of that, a query tells.
  if (why === 'key_used') return unknown('the key was used for another request');
  const providerCode = wordOf(words);
  const providerReference = intent.at('id').text;
  if (providerCode === 'resource_missing' && param === 'payment_method')
    return declined('invalid_account', { providerCode, providerReference });
  const otherwise = isCardError ? 'generic_decline' : 'operation_not_allowed';
  return declined(declineOf(words, otherwise), { providerCode, providerReference });
}

/** Of a reply that is no object. */
export function outcomeOfRest(reply: Exclude<Reply, { done: 'found' }>): PspOutcome {
  return reply.done === 'refused' ? declinedBy(reply) : reply;
}

/** A query changes nothing: one that was refused or not sent leaves what it asked about as unknown as it was. */
export function queryOutcomeOfRest(reply: Exclude<Reply, { done: 'found' }>): QueryOutcome {
  if (reply.done !== 'refused') return unknown(reply.why);
  return reply.why === 'missing' ? NOT_FOUND : unknown(`the question was refused: ${wordOf(reply.words)}`);
}

function wordOf(words: readonly string[]): string {
  return words.find((word) => word !== '') ?? 'invalid_request';
}
