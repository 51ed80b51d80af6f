import { OperationKind } from '../../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentIntentState, type PaymentIntent } from '../../../gen/florin/payments/v1/payments_pb.ts';
import { Type } from 'typebox';
import { type Caller, mayDo } from '../../auth/caller.ts';
import type { ClientSecrets } from '../../auth/clientSecrets.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { listBodyOf, listOf, searchBodyOf } from '../../http/lists.ts';
import { named, PREFIX, uuidOf } from '../../ids/prefixed.ts';
import type { Answer } from '../../idempotency/once.ts';
import { Problem } from '../../problems/problem.ts';
import { Expander } from '../expand/expander.ts';
import { expandedBy } from '../expand/paths.ts';
import { type Changed, type Command, PaymentIntentCommands } from './commands.ts';
import { listPaymentIntents, ownPaymentIntent, searchPaymentIntents } from './reads.ts';
import { renderFor, renderPaymentIntent } from './render.ts';
import { withClientSecret } from './clientSecret.ts';
import {
  Cancellation,
  Capture,
  Confirmation,
  Increment,
  NewPaymentIntent,
  PayerPaymentIntentBody,
  PaymentIntentBody,
  PaymentIntentRetrieval,
  PaymentIntentsSearch,
  PaymentIntentsQuery,
  PaymentIntentUpdate,
} from './schemas.ts';

const TAG = 'Payment intents';
const READ = 'payment_intents:read';
const WRITE = 'payment_intents:write';
const SEEN_BY_CALLER = Type.Union([PaymentIntentBody, PayerPaymentIntentBody]);

export function paymentIntentRoutes(
  api: Api,
  core: Pick<Core, 'paymentIntents' | 'customers' | 'paymentMethods'>,
  secrets: ClientSecrets,
): void {
  const expander = new Expander(core);
  const commands = new PaymentIntentCommands(core);
  const disclose = (caller: Caller, answer: Answer): Answer => withClientSecret(secrets, caller, answer);
  const own = (id: string, caller: Caller): Promise<PaymentIntent> =>
    ownPaymentIntent(core, caller, named(PREFIX.paymentIntent, id));

  api.post('/v1/payment_intents', {
    tag: TAG,
    summary: 'Create a payment intent',
    scope: WRITE,
    body: NewPaymentIntent,
    answer: PaymentIntentBody,
    mayBeOpen: true,
    movesMoney: (body) => body.confirm === true,
    disclose,
    act: async (command, { body }) => {
      const made = await madeBefore(core, command);
      const changed =
        made === undefined
          ? await commands.create(command, body)
          : await commands.confirm(command, made.id, {});
      return body.confirm === true ? paidOf(changed, command) : answerOf(changed, command);
    },
  });
  api.get('/v1/payment_intents', {
    tag: TAG,
    summary: 'List payment intents',
    scope: READ,
    query: PaymentIntentsQuery,
    answer: listBodyOf(PaymentIntentBody),
    read: async (caller, { query }) => {
      const expanded = expandedBy(query, 'payment_intent', 'in a list');
      const { rows, hasMore } = await listPaymentIntents(core, caller, query);
      const rendered = rows.map((intent) => renderPaymentIntent(intent, caller));
      const data = await expander.expand(caller, rendered, expanded);
      return listOf(data, { url: '/v1/payment_intents', hasMore });
    },
  });
  api.get('/v1/payment_intents/search', {
    tag: TAG,
    summary: 'Search payment intents',
    scope: READ,
    query: PaymentIntentsSearch,
    answer: searchBodyOf(PaymentIntentBody),
    read: async (caller, { query }) => {
      const expanded = expandedBy(query, 'payment_intent', 'in a list');
      const { rows, nextPage } = await searchPaymentIntents(core, caller, query);
      const rendered = rows.map((intent) => renderPaymentIntent(intent, caller));
      return {
        object: 'search_result',
        url: '/v1/payment_intents/search',
        has_more: nextPage !== null,
        next_page: nextPage,
        data: await expander.expand(caller, rendered, expanded),
      };
    },
  });
  api.get('/v1/payment_intents/:id', {
    tag: TAG,
    summary: 'Retrieve a payment intent',
    scope: READ,
    query: PaymentIntentRetrieval,
    answer: SEEN_BY_CALLER,
    isForPayers: true,
    read: async (caller, { id, query }) => {
      const expanded = expandedBy(query, 'payment_intent', 'alone');
      const intent = await own(id, caller);
      const rendered = { ...renderFor(caller, intent), client_secret: secretFor(secrets, caller, intent) };
      return expander.expandOne(caller, rendered, expanded);
    },
  });
  api.post('/v1/payment_intents/:id', {
    tag: TAG,
    summary: 'Update a payment intent',
    scope: WRITE,
    body: PaymentIntentUpdate,
    answer: PaymentIntentBody,
    mayBeOpen: true,
    disclose,
    act: async (command, { id, body }) =>
      answerOf(await commands.update(command, await own(id, command.caller), body), command),
  });
  api.post('/v1/payment_intents/:id/confirm', {
    tag: TAG,
    summary: 'Confirm a payment intent',
    scope: WRITE,
    body: Confirmation,
    answer: SEEN_BY_CALLER,
    isForPayers: true,
    mayBeOpen: true,
    movesMoney: true,
    disclose,
    act: async (command, { id, body }) => {
      const uuid = named(PREFIX.paymentIntent, id);
      checkMethod(command.caller, body);
      return paidOf(await commands.confirm(command, uuid, body), command);
    },
  });
  api.post('/v1/payment_intents/:id/capture', {
    tag: TAG,
    summary: 'Capture a payment intent, in full or in part',
    scope: WRITE,
    body: Capture,
    answer: PaymentIntentBody,
    mayBeOpen: true,
    movesMoney: true,
    disclose,
    act: async (command, { id, body }) => {
      const uuid = named(PREFIX.paymentIntent, id);
      return answerOf(await commands.capture(command, uuid, body), command);
    },
  });
  api.post('/v1/payment_intents/:id/cancel', {
    tag: TAG,
    summary: 'Cancel a payment intent',
    scope: WRITE,
    body: Cancellation,
    answer: PaymentIntentBody,
    mayBeOpen: true,
    disclose,
    act: async (command, { id, body }) => {
      const uuid = named(PREFIX.paymentIntent, id);
      return answerOf(await commands.cancel(command, uuid, body), command);
    },
  });
  api.post('/v1/payment_intents/:id/increment_authorization', {
    tag: TAG,
    summary: 'Authorise more',
    scope: WRITE,
    body: Increment,
    answer: PaymentIntentBody,
    mayBeOpen: true,
    movesMoney: true,
    disclose,
    act: async (command, { id, body }) => {
      const uuid = named(PREFIX.paymentIntent, id);
      return answerOf(await commands.increment(command, uuid, body.increment_amount), command);
    },
  });
}

/** A payer has it already. Whoever may only read would get with it what confirms. */
function secretFor(secrets: ClientSecrets, caller: Caller, { id }: PaymentIntent): string | null {
  return caller.kind === 'publishable' || mayDo(caller, WRITE) ? secrets.secretOf(caller, id) : null;
}

/** A payer pays with a token; a method that is stored is somebody's, and a server decides whose payment it is for. */
function checkMethod({ kind }: Caller, { payment_method: method = '' }: Confirmation): void {
  if (kind === 'publishable' && uuidOf(PREFIX.paymentMethod, method) !== undefined)
    throw new Problem('secret_key_required', {
      param: 'payment_method',
      detail: 'A stored payment method is put on the payment intent with a secret key.',
    });
}

/**
 * The payment that an earlier try at the same request has made, and that reached no provider: it is tried again, so that one
 * request never makes two payments.
 */
async function madeBefore(
  core: Pick<Core, 'paymentIntents'>,
  { caller, before }: Command & { readonly before: readonly string[] },
): Promise<PaymentIntent | undefined> {
  for (const id of before.toReversed()) {
    const made = await core.paymentIntents.readPaymentIntent(caller.book, id);
    if (made !== undefined) return made;
  }
  return undefined;
}

/** Nobody knows yet what becomes of it: 202. Declined: 402 with all of it. */
function answerOf({ intent }: Changed, { caller }: Command): Answer {
  const body = renderFor(caller, intent);
  return { status: body.status === 'processing' ? 202 : 200, body: JSON.stringify(body) };
}

/** The same of one that was confirmed: declined, it is 402 with all of it. */
function paidOf(changed: Changed, command: Command): Answer | Problem {
  const { intent, isReplayed } = changed;
  if (intent.state !== PaymentIntentState.REQUIRES_PAYMENT_METHOD) return answerOf(changed, command);
  const declineCode = declineOf(intent);
  // It is proven that no provider did anything: asked again, the payment is tried again.
  if (declineCode === '')
    throw new Problem('provider_not_reached', { retryAfterSeconds: 1, isRepeated: isReplayed });
  const body = renderFor(command.caller, intent);
  return new Problem('card_declined', {
    detail: body.last_payment_error?.message,
    declineCode: body.last_payment_error?.decline_code ?? declineCode,
    paymentIntent: body,
  });
}

/**
 * Why the payment was declined, by whichever provider said no last since somebody asked for it last; '' where none did. A
 * void that is refused declines nothing, nor do tries that were asked for before.
 */
function declineOf({ operations }: PaymentIntent): string {
  const tries = operations.filter(({ kind }) => TRIES.has(kind));
  const asked = tries.findLastIndex(({ requestId }) => requestId !== '');
  const sinceAsked = tries.slice(asked);
  return sinceAsked.findLast(({ declineCode }) => declineCode !== '')?.declineCode ?? '';
}

const TRIES: ReadonlySet<OperationKind> = new Set([OperationKind.AUTHORIZE, OperationKind.SALE]);
