import type { Uuid } from '../ledger/commands.ts';
import { refusal, type Refusal } from '../ledger/context.ts';
import type { Reason } from '../ledger/refusals.ts';
import { type Flow, operationId } from './flow.ts';
import type { Merchant, Method } from './model.ts';
import type { Obstacle } from './router.ts';

/** Routes that one payment may try, whatever its merchant says. */
export const ATTEMPTS_MAX = 10;

/** What a payment is refused with, and the field of it that is at fault. */
const NO_ROUTES: Readonly<Record<Obstacle, readonly [reason: Reason, field: string]>> = {
  away: ['PROVIDERS_AWAY', 'payment_method'],
  'too little': ['AMOUNT_TOO_SMALL', 'amount.minor_units'],
  'too much': ['AMOUNT_TOO_LARGE', 'amount.minor_units'],
  currency: ['CURRENCY_NOT_TAKEN', 'amount.asset'],
  method: ['METHOD_NOT_TAKEN', 'payment_method'],
  route: ['NO_ROUTE', 'payment_method'],
};

/**
 * Begins an attempt by the next route that is none of `tried`, or says that there is none. The call to the provider is
 * part of the event, so it is journalled before it is made. `asked`: the id of the command by which somebody asked for it;
 * without one the payment goes on by itself, for whoever asked last.
 */
export function startAttempt(
  flow: Flow,
  merchant: Merchant,
  { tried = [], asked = '' }: { tried?: readonly string[]; asked?: Uuid | '' },
): Refusal | null {
  const { intent } = flow;
  const { method } = intent;
  if (method === null) return refusal('METHOD_REQUIRED', { field: 'payment_method' });
  const { router } = flow.context;
  const { amount, currency } = intent;
  const index = intent.attempts.length;
  const request = { merchant, amount, currency, method, tried, attempt: index };
  const route = router.choose(request);
  if (route === null) {
    const [reason, field] = NO_ROUTES[router.obstacle(request)];
    return refusal(reason, { field });
  }
  if (isTriedTooOften(flow, method)) return refusal('CARD_TRIES_EXHAUSTED', { field: 'payment_method' });
  const isSale = intent.capture === 'automatic' && router.abilities(route.provider)?.sale === true;
  const id = operationId(flow, intent.id, `attempt ${index}`);
  intent.attempts.push({
    state: 'authorizing',
    provider: route.provider,
    method,
    operation: id,
    route: route.explanation,
    providerReference: '',
    expiresAtUs: Infinity,
    actionUrl: '',
  });
  flow.attempt(index);
  flow.begin(id, { request: asked, kind: isSale ? 'sale' : 'authorize', attempt: index, amount });
  if (isSale) intent.counters.capturing += amount;
  flow.move('processing');
  return null;
}

/** Whether the merchant has tried the card as often as the networks allow; a decline that is being decided upon counts too. */
function isTriedTooOften({ intent, context, nowUs }: Flow, { type, token }: Method): boolean {
  if (type !== 'card') return false;
  const { attempts, operations, merchant } = intent;
  const more = attempts
    .filter(({ state, method }) => state === 'declined' && method.type === 'card' && method.token === token)
    .map(({ operation }) => ({
      operation,
      triedUs: operations.find(({ id }) => id === operation)?.askedUs ?? nowUs,
    }));
  return context.payments.cardTries.isExhausted({ book: context.book, merchant, token }, { nowUs, more });
}

/** Providers that had this method of the payment already: going on by itself, it tries none of them twice. */
export function triedWith({ intent: { attempts, method } }: Flow): string[] {
  return attempts
    .filter((one) => one.method.type === method?.type && one.method.token === method.token)
    .map(({ provider }) => provider);
}

/** Whether the next route may be tried after an attempt that was declined or never reached its provider. */
export function mayTryNext(flow: Flow, merchant: Merchant): boolean {
  const { intent } = flow;
  return !intent.canceling && intent.attempts.length < Math.min(merchant.routing.attemptsMax, ATTEMPTS_MAX);
}

/** Asks the provider to let go of the authorisation of the last attempt. */
export function startVoid(flow: Flow, cause: Uuid): void {
  const { intent } = flow;
  const { authorized, captured } = intent.counters;
  const rest = authorized - captured;
  // One command may lead to several in the life of a payment, each of which is asked under a key of its own.
  flow.begin(operationId(flow, cause, `void ${intent.operations.length}`), {
    kind: 'void',
    attempt: intent.attempts.length - 1,
    amount: rest > 0n ? rest : intent.amount,
  });
  if (intent.state !== 'processing') flow.move('processing');
}
