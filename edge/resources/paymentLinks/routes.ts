import { type Static, Type } from 'typebox';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import {
  type PaymentLink,
  type PaymentLinkResult,
  PaymentLinkState,
} from '../../../gen/florin/payments/v1/payment_links_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { LIST_QUERY, listBodyOf, listOf, pageBySeq } from '../../http/lists.ts';
import { merged } from '../../http/metadata.ts';
import { Amount, Currency, Metadata, orNull, STRICT } from '../../http/schemas.ts';
import type { Answer } from '../../idempotency/once.ts';
import { named, PREFIX } from '../../ids/prefixed.ts';
import { refusalProblem } from '../../problems/fromCore.ts';
import { Problem } from '../../problems/problem.ts';
import { renderPaymentLink } from './render.ts';

const TAG = 'Payment links';
const READ = 'payment_links:read';
const WRITE = 'payment_links:write';
const LATEST = { latest: true };

const NewLink = Type.Object(
  {
    amount: Amount,
    currency: Currency,
    description: Type.Optional(
      Type.String({ maxLength: 1_000, description: 'What is paid for: payers read it.' }),
    ),
    metadata: Type.Optional(Metadata),
  },
  { ...STRICT, title: 'NewPaymentLink' },
);

const LinkUpdate = Type.Object(
  {
    active: Type.Optional(Type.Boolean({ description: 'Whether it takes payments from now on.' })),
    metadata: Type.Optional(Metadata),
  },
  { ...STRICT, title: 'PaymentLinkUpdate' },
);

const LinkBody = Type.Object(
  {
    id: Type.String({ examples: ['plink_0190a000000070008000000000000008'] }),
    object: Type.Literal('payment_link'),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    livemode: Type.Boolean(),
    version: Type.Integer({ description: 'Changes so far, from 1.' }),
    active: Type.Boolean({ description: 'Whether it takes payments.' }),
    amount: Amount,
    currency: Type.String(),
    description: orNull('string', 'What is paid for.'),
    metadata: Metadata,
    url: Type.String({ description: 'The page that pays: any number of payers may open it.' }),
  },
  { title: 'PaymentLink' },
);

const LinksQuery = Type.Object(
  {
    ...LIST_QUERY,
    active: Type.Optional(
      Type.Enum(['true', 'false'], {
        type: 'string',
        description: 'Only those that take payments, or do not.',
      }),
    ),
  },
  STRICT,
);

/** Links of the merchant. `publicUrl` is where payers reach the edge. */
export function paymentLinkRoutes(
  api: Api,
  { core, publicUrl }: { core: Pick<Core, 'paymentLinks'>; publicUrl: string },
): void {
  const render = (link: PaymentLink) => renderPaymentLink(link, publicUrl);
  const done = async (caller: Caller, results: readonly PaymentLinkResult[]): Promise<Answer> => {
    const [{ outcome }] = results;
    if (outcome.case === 'refused') throw refusalProblem(outcome.value);
    if (outcome.case === undefined) throw new Error('the core answered with no outcome');
    const link = await ownLink(core, caller, outcome.value.paymentLinkId);
    return { status: 200, body: JSON.stringify(render(link)) };
  };
  api.post('/v1/payment_links', {
    tag: TAG,
    summary: 'Create a payment link',
    scope: WRITE,
    body: NewLink,
    answer: LinkBody,
    act: async ({ id, caller, origin }, { body: { amount, currency, description = '', metadata = {} } }) => {
      // Its page has no field for real cards.
      if (caller.isLive) throw new Problem('test_mode_only');
      const { results } = await core.paymentLinks.createPaymentLinks({
        book: caller.book,
        paymentLinks: [
          {
            id,
            origin,
            merchantId: caller.merchantId,
            mode: Mode.TEST,
            amount: { minorUnits: BigInt(amount), asset: currency.toUpperCase() },
            description,
            metadata,
          },
        ],
      });
      return done(caller, results);
    },
  });
  api.get('/v1/payment_links', {
    tag: TAG,
    summary: 'List payment links',
    scope: READ,
    query: LinksQuery,
    answer: listBodyOf(LinkBody),
    read: async (caller, { query }) => {
      const { rows, hasMore } = await listLinks(core, caller, query);
      return listOf(rows.map(render), { url: '/v1/payment_links', hasMore });
    },
  });
  api.get('/v1/payment_links/:id', {
    tag: TAG,
    summary: 'Retrieve a payment link',
    scope: READ,
    answer: LinkBody,
    read: async (caller, { id }) => render(await ownLink(core, caller, named(PREFIX.paymentLink, id))),
  });
  api.post('/v1/payment_links/:id', {
    tag: TAG,
    summary: 'Update a payment link',
    scope: WRITE,
    body: LinkUpdate,
    answer: LinkBody,
    act: async ({ id: commandId, caller, origin }, { id, body: { active, metadata } }) => {
      const link = await ownLink(core, caller, named(PREFIX.paymentLink, id));
      const update = {
        id: commandId,
        origin,
        paymentLinkId: link.id,
        merchantId: caller.merchantId,
        ...(active === undefined
          ? {}
          : { state: active ? PaymentLinkState.ACTIVE : PaymentLinkState.INACTIVE }),
        ...(metadata === undefined ? {} : { metadata: { entries: merged(link.metadata, metadata) } }),
      };
      const { results } = await core.paymentLinks.updatePaymentLinks({
        book: caller.book,
        updates: [update],
      });
      return done(caller, results);
    },
  });
}

const modeOf = ({ isLive }: Caller): Mode => (isLive ? Mode.LIVE : Mode.TEST);

/** A link of the caller's, of its mode; any other is as good as none. */
async function ownLink(
  core: Pick<Core, 'paymentLinks'>,
  caller: Caller,
  paymentLinkId: string,
): Promise<PaymentLink> {
  const { book, merchantId } = caller;
  const { paymentLink } = await core.paymentLinks.getPaymentLink({ book, paymentLinkId, freshness: LATEST });
  if (paymentLink?.merchantId === merchantId && paymentLink.mode === modeOf(caller)) return paymentLink;
  throw new Problem('resource_missing');
}

function listLinks(
  core: Pick<Core, 'paymentLinks'>,
  caller: Caller,
  query: Static<typeof LinksQuery>,
): Promise<{ rows: PaymentLink[]; hasMore: boolean }> {
  const { book, merchantId } = caller;
  const request = { book, merchantId, mode: modeOf(caller), state: STATES[query.active ?? 'any'] };
  return pageBySeq(query, {
    seqOf: async (id, param) => (await ownLink(core, caller, named(PREFIX.paymentLink, id, param))).seq,
    list: async (page) => {
      const listed = await core.paymentLinks.listPaymentLinks({ ...request, ...page, freshness: LATEST });
      return { rows: listed.paymentLinks, nextPageToken: listed.nextPageToken };
    },
  });
}

const STATES = {
  any: PaymentLinkState.UNSPECIFIED,
  true: PaymentLinkState.ACTIVE,
  false: PaymentLinkState.INACTIVE,
} as const;
