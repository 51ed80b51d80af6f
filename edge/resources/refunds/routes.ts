import { Type } from 'typebox';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { Amount, STRICT } from '../../http/schemas.ts';
import { named, PREFIX } from '../../ids/prefixed.ts';
import { changedBy, WAITING } from '../paymentIntents/commands.ts';
import { renderRefund } from './render.ts';

const NewRefund = Type.Object(
  {
    payment_intent: Type.String({ maxLength: 100, description: 'The payment that is given back.' }),
    amount: Type.Optional(Amount),
  },
  { ...STRICT, title: 'NewRefund' },
);

const RefundBody = Type.Object(
  {
    id: Type.String({ examples: ['re_0190a000000070008000000000000002'] }),
    object: Type.Literal('refund'),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    livemode: Type.Boolean(),
    status: Type.Enum(['pending', 'succeeded', 'failed'], { type: 'string' }),
    amount: Amount,
    currency: Type.String(),
    payment_intent: Type.String(),
    failure_reason: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Why it failed.' }),
  },
  { title: 'Refund' },
);

export function refundRoutes(api: Api, core: Pick<Core, 'paymentIntents' | 'refunds'>): void {
  api.post('/v1/refunds', {
    tag: 'Refunds',
    summary: 'Refund a payment, in full or in part',
    scope: 'refunds:write',
    body: NewRefund,
    answer: RefundBody,
    movesMoney: true,
    act: async ({ id, caller }, { body }) => {
      const { book, merchantId } = caller;
      const paymentIntentId = named(PREFIX.paymentIntent, body.payment_intent, 'payment_intent');
      const amount = body.amount === undefined ? {} : { amount: BigInt(body.amount) };
      const refundOf = { id, paymentIntentId, merchantId, ...amount };
      const answer = await core.refunds.createRefund(book, refundOf, WAITING);
      const { intent } = await changedBy(core, caller, answer);
      const operation = intent.operations.find(({ requestId }) => requestId === id);
      if (operation === undefined) throw new Error(`payment ${intent.id} does not have its refund`);
      const refund = renderRefund(operation, intent, caller);
      return { status: refund.status === 'pending' ? 202 : 200, body: JSON.stringify(refund) };
    },
  });
}
