import { Type } from 'typebox';
import type { SingleAnswer } from '../../../client/index.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  type PaymentMethodResult,
  type StoredPaymentMethod,
  StoredPaymentMethodState,
} from '../../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { Metadata, orNull, STRICT } from '../../http/schemas.ts';
import { named, PREFIX, prefixed } from '../../ids/prefixed.ts';
import { refusalProblem } from '../../problems/fromCore.ts';
import { Problem } from '../../problems/problem.ts';
import { METHOD_TYPES } from '../paymentIntents/commands.ts';
import { seconds } from '../values.ts';
import { MethodType, Token } from '../paymentIntents/schemas.ts';

const TAG = 'Payment methods';
const WRITE = 'payment_methods:write';
const LATEST = { latest: true };
const CustomerId = Type.String({ maxLength: 100, description: 'A customer of the merchant.' });

const NewPaymentMethod = Type.Object(
  {
    type: Type.Optional(MethodType),
    token: Token,
    customer: Type.Optional(CustomerId),
    billing_country: Type.Optional(
      Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2.' }),
    ),
    metadata: Type.Optional(Metadata),
  },
  { ...STRICT, title: 'NewPaymentMethod' },
);

const Attachment = Type.Object({ customer: CustomerId }, { ...STRICT, title: 'Attachment' });
const Nothing = Type.Object({}, { ...STRICT, title: 'Nothing' });

const PaymentMethodBody = Type.Object(
  {
    id: Type.String({ examples: ['pm_0190a000000070008000000000000005'] }),
    object: Type.Literal('payment_method'),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    livemode: Type.Boolean(),
    version: Type.Integer({ description: 'Changes so far, from 1.' }),
    type: MethodType,
    token: Type.String(),
    status: Type.Enum(['unattached', 'attached', 'detached'], {
      type: 'string',
      description:
        'unattached: for every payment of the merchant; attached: for those of its customer; detached: for none any more.',
    }),
    customer: orNull('string', 'Whose it is, or was before it was detached.'),
    billing_country: orNull('string', 'ISO 3166-1 alpha-2.'),
    metadata: Metadata,
  },
  { title: 'PaymentMethod' },
);

/** Tokens that merchants keep for payments to come. */
export function paymentMethodRoutes(api: Api, core: Pick<Core, 'paymentMethods'>): void {
  const own = (caller: Caller, id: string) => ownPaymentMethod(core, caller, named(PREFIX.paymentMethod, id));
  const done = async (caller: Caller, { outcome }: SingleAnswer<PaymentMethodResult['outcome']>) => {
    if (outcome.case === 'refused') throw refusalProblem(outcome.value);
    if (outcome.case === undefined) throw new Error('the core answered with no outcome');
    const method = await ownPaymentMethod(core, caller, outcome.value.paymentMethodId);
    return { status: 200, body: JSON.stringify(renderPaymentMethod(method, caller)) };
  };
  api.post('/v1/payment_methods', {
    tag: TAG,
    summary: 'Keep a payment method',
    scope: WRITE,
    body: NewPaymentMethod,
    answer: PaymentMethodBody,
    act: async ({ id, caller, origin }, { body }) => {
      const { type = 'card', token, customer, billing_country: billingCountry = '', metadata = {} } = body;
      const method = {
        id,
        origin,
        merchantId: caller.merchantId,
        customerId: customer === undefined ? '' : named(PREFIX.customer, customer, 'customer'),
        type: METHOD_TYPES[type],
        token,
        billingCountry,
        metadata,
      };
      return done(caller, await core.paymentMethods.createPaymentMethod(caller.book, method));
    },
  });
  api.get('/v1/payment_methods/:id', {
    tag: TAG,
    summary: 'Retrieve a payment method',
    scope: 'payment_methods:read',
    answer: PaymentMethodBody,
    read: async (caller, { id }) => renderPaymentMethod(await own(caller, id), caller),
  });
  api.post('/v1/payment_methods/:id/attach', {
    tag: TAG,
    summary: 'Attach a payment method to a customer',
    scope: WRITE,
    body: Attachment,
    answer: PaymentMethodBody,
    act: async ({ id: commandId, caller, origin }, { id, body }) => {
      const { id: paymentMethodId } = await own(caller, id);
      const customerId = named(PREFIX.customer, body.customer, 'customer');
      const attachment = { id: commandId, origin, paymentMethodId, customerId };
      return done(caller, await core.paymentMethods.attachPaymentMethod(caller.book, attachment));
    },
  });
  api.post('/v1/payment_methods/:id/detach', {
    tag: TAG,
    summary: 'Detach a payment method',
    scope: WRITE,
    body: Nothing,
    answer: PaymentMethodBody,
    act: async ({ id: commandId, caller, origin }, { id }) => {
      const { id: paymentMethodId } = await own(caller, id);
      const detachment = { id: commandId, origin, paymentMethodId };
      return done(caller, await core.paymentMethods.detachPaymentMethod(caller.book, detachment));
    },
  });
}

/** A payment method of the caller's; somebody else's is as good as none. Whose one is never changes. */
async function ownPaymentMethod(
  core: Pick<Core, 'paymentMethods'>,
  { book, merchantId }: Caller,
  paymentMethodId: string,
): Promise<StoredPaymentMethod> {
  const request = { book, paymentMethodId, freshness: LATEST };
  const { paymentMethod } = await core.paymentMethods.getPaymentMethod(request);
  if (paymentMethod?.merchantId === merchantId) return paymentMethod;
  throw new Problem('resource_missing');
}

const STATUS: Readonly<Record<StoredPaymentMethodState, string>> = {
  [StoredPaymentMethodState.UNSPECIFIED]: 'unattached',
  [StoredPaymentMethodState.UNATTACHED]: 'unattached',
  [StoredPaymentMethodState.ATTACHED]: 'attached',
  [StoredPaymentMethodState.DETACHED]: 'detached',
};

const TYPES: Readonly<Record<PaymentMethodType, string>> = {
  [PaymentMethodType.UNSPECIFIED]: 'card',
  [PaymentMethodType.CARD]: 'card',
  [PaymentMethodType.WALLET]: 'wallet',
  [PaymentMethodType.BANK_DEBIT]: 'bank_debit',
  [PaymentMethodType.CREDIT_TRANSFER]: 'credit_transfer',
  [PaymentMethodType.REDIRECT]: 'redirect',
  [PaymentMethodType.VOUCHER]: 'voucher',
};

/** A payment method as merchants see it. */
export function renderPaymentMethod(method: StoredPaymentMethod, { isLive }: { isLive: boolean }) {
  const { id, createdAt, version, type, token, state, customerId, billingCountry, metadata } = method;
  return {
    id: prefixed(PREFIX.paymentMethod, id),
    object: 'payment_method',
    created: seconds(createdAt),
    livemode: isLive,
    version: Number(version),
    type: TYPES[type],
    token,
    status: STATUS[state],
    customer: customerId === '' ? null : prefixed(PREFIX.customer, customerId),
    billing_country: billingCountry || null,
    metadata,
  };
}
