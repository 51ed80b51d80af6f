import { type Static, Type } from 'typebox';
import type { Refund } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { LIST_QUERY, listBodyOf, listOf, pageBySeq } from '../../http/lists.ts';
import { merged } from '../../http/metadata.ts';
import { Amount, expandable, Metadata, orNull, STRICT } from '../../http/schemas.ts';
import { named, PREFIX } from '../../ids/prefixed.ts';
import { Expander } from '../expand/expander.ts';
import { EXPAND_QUERY, expandedBy, Retrieval } from '../expand/paths.ts';
import { type Changed, changedBy, WAITING } from '../paymentIntents/commands.ts';
import { REASONS, type Reason, renderRefund } from './render.ts';

const NewRefund = Type.Object(
  {
    payment_intent: Type.String({ maxLength: 100, description: 'The payment that is given back.' }),
    amount: Type.Optional(Amount),
    reason: Type.Optional(
      Type.Enum(Object.keys(REASONS) as Reason[], { type: 'string', description: 'Why.' }),
    ),
    reference: Type.Optional(Type.String({ maxLength: 256, description: "The merchant's own reference." })),
    metadata: Type.Optional(Metadata),
  },
  { ...STRICT, title: 'NewRefund' },
);

const RefundUpdate = Type.Object({ metadata: Type.Optional(Metadata) }, { ...STRICT, title: 'RefundUpdate' });

const RefundBody = Type.Object(
  {
    id: Type.String({ examples: ['re_0190a000000070008000000000000002'] }),
    object: Type.Literal('refund'),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    livemode: Type.Boolean(),
    status: Type.Enum(['pending', 'succeeded', 'failed'], { type: 'string' }),
    version: Type.Integer({ description: 'Higher after every change; numbers may be left out.' }),
    amount: Amount,
    currency: Type.String(),
    payment_intent: expandable('What is given back.'),
    reason: orNull('string', 'Why, as it was said.'),
    reference: orNull('string', "The merchant's own reference."),
    failure_reason: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Why it failed.' }),
    metadata: Metadata,
  },
  { title: 'Refund' },
);

const RefundsQuery = Type.Object(
  {
    ...LIST_QUERY,
    ...EXPAND_QUERY,
    payment_intent: Type.Optional(
      Type.String({ maxLength: 100, description: 'Only the refunds of this payment.' }),
    ),
  },
  STRICT,
);

const TAG = 'Refunds';
const READ = 'refunds:read';
const LATEST = { latest: true };

export function refundRoutes(
  api: Api,
  core: Pick<Core, 'paymentIntents' | 'refunds' | 'customers' | 'paymentMethods'>,
): void {
  const expander = new Expander(core);
  api.post('/v1/refunds', {
    tag: TAG,
    summary: 'Refund a payment, in full or in part',
    scope: 'refunds:write',
    body: NewRefund,
    answer: RefundBody,
    mayBeOpen: true,
    movesMoney: true,
    act: async ({ id, caller, origin }, { body }) => {
      const { book, merchantId } = caller;
      const paymentIntentId = named(PREFIX.paymentIntent, body.payment_intent, 'payment_intent');
      const amount = body.amount === undefined ? {} : { amount: BigInt(body.amount) };
      const { reason, reference = '', metadata = {} } = body;
      const said = { ...(reason === undefined ? {} : { reason: REASONS[reason] }), reference, metadata };
      const refundOf = { id, origin, paymentIntentId, merchantId, ...amount, ...said };
      const answer = await core.refunds.createRefund(book, refundOf, WAITING);
      const refund = refundIn(await changedBy(core, caller, answer), id, caller);
      return { status: refund.status === 'pending' ? 202 : 200, body: JSON.stringify(refund) };
    },
  });
  api.post('/v1/refunds/:id', {
    tag: TAG,
    summary: 'Update a refund',
    scope: 'refunds:write',
    body: RefundUpdate,
    answer: RefundBody,
    act: async ({ id: commandId, caller, origin }, { id, body }) => {
      const { book, merchantId } = caller;
      const {
        id: refundId,
        paymentIntentId,
        operation,
      } = await ownRefund(core, caller, named(PREFIX.refund, id));
      const { metadata } = body;
      const entries = merged(operation?.refundMetadata ?? {}, metadata ?? {});
      const change = metadata === undefined ? {} : { metadata: { entries } };
      const update = { id: commandId, origin, paymentIntentId, refundId, merchantId, ...change };
      const answer = await core.refunds.updateRefund(book, update);
      const refund = refundIn(await changedBy(core, caller, answer), refundId, caller);
      return { status: 200, body: JSON.stringify(refund) };
    },
  });
  api.get('/v1/refunds', {
    tag: TAG,
    summary: 'List refunds',
    scope: READ,
    query: RefundsQuery,
    answer: listBodyOf(RefundBody),
    read: async (caller, { query }) => {
      const expanded = expandedBy(query, 'refund', 'in a list');
      const { rows, hasMore } = await listRefunds(core, caller, query);
      const rendered = rows.map((refund) => render(refund, caller));
      const data = await expander.expand(caller, rendered, expanded);
      return listOf(data, { url: '/v1/refunds', hasMore });
    },
  });
  api.get('/v1/refunds/:id', {
    tag: TAG,
    summary: 'Retrieve a refund',
    scope: READ,
    query: Retrieval,
    answer: RefundBody,
    read: async (caller, { id, query }) => {
      const expanded = expandedBy(query, 'refund', 'alone');
      const refund = await ownRefund(core, caller, named(PREFIX.refund, id));
      return expander.expandOne(caller, render(refund, caller), expanded);
    },
  });
}

/** A refund of the caller's; somebody else's is as good as none. */
async function ownRefund(
  core: Pick<Core, 'refunds'>,
  { book, merchantId }: Caller,
  refundId: string,
): Promise<Refund> {
  const { refund } = await core.refunds.getRefund({ book, merchantId, refundId, freshness: LATEST });
  if (refund === undefined) throw new Error('the core answered with no refund');
  return refund;
}

/** A page of the caller's refunds, newest first. */
function listRefunds(
  core: Pick<Core, 'refunds'>,
  caller: Caller,
  query: Static<typeof RefundsQuery>,
): Promise<{ rows: Refund[]; hasMore: boolean }> {
  const { book, merchantId } = caller;
  const { payment_intent: payment } = query;
  const paymentIntentId = payment === undefined ? '' : named(PREFIX.paymentIntent, payment, 'payment_intent');
  return pageBySeq(query, {
    seqOf: async (id, param) => (await ownRefund(core, caller, named(PREFIX.refund, id, param))).seq,
    list: async (page) => {
      const request = { book, merchantId, paymentIntentId, freshness: LATEST, ...page };
      const { refunds: rows, nextPageToken } = await core.refunds.listRefunds(request);
      return { rows, nextPageToken };
    },
  });
}

/** A refund of the payment that a command has changed. */
function refundIn({ intent }: Changed, refundId: string, caller: Caller) {
  const operation = intent.operations.find(({ requestId }) => requestId === refundId);
  if (operation === undefined) throw new Error(`payment ${intent.id} does not have its refund`);
  return renderRefund(operation, intent, caller);
}

function render({ operation, paymentIntentId: id, amount }: Refund, caller: Caller) {
  if (operation === undefined) throw new Error(`the refund of payment ${id} has no operation`);
  return renderRefund(operation, { id, amount }, caller);
}
