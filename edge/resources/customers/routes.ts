import { type Static, Type } from 'typebox';
import type { SingleAnswer } from '../../../client/index.ts';
import type { Customer, CustomerResult } from '../../../gen/florin/payments/v1/customers_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { LIST_QUERY, listBodyOf, listOf, pageBySeq } from '../../http/lists.ts';
import { merged } from '../../http/metadata.ts';
import { Metadata, orNull, STRICT } from '../../http/schemas.ts';
import { named, PREFIX, prefixed } from '../../ids/prefixed.ts';
import { refusalProblem } from '../../problems/fromCore.ts';
import { Problem } from '../../problems/problem.ts';
import { seconds } from '../values.ts';

const TAG = 'Customers';
const LATEST = { latest: true };

const CustomerFields = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: 200 })),
    email: Type.Optional(Type.String({ maxLength: 320, description: 'One "@", and no spaces.' })),
    description: Type.Optional(Type.String({ maxLength: 1_000, description: 'For people.' })),
    reference: Type.Optional(Type.String({ maxLength: 256, description: "The merchant's own reference." })),
    metadata: Type.Optional(Metadata),
  },
  { ...STRICT, title: 'CustomerFields' },
);
type CustomerFields = Static<typeof CustomerFields>;

const CustomerBody = Type.Object(
  {
    id: Type.String({ examples: ['cus_0190a000000070008000000000000004'] }),
    object: Type.Literal('customer'),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    livemode: Type.Boolean(),
    version: Type.Integer({ description: 'Changes so far, from 1.' }),
    name: orNull('string', 'The name.'),
    email: orNull('string', 'The address for mail.'),
    description: orNull('string', 'For people.'),
    reference: orNull('string', "The merchant's own reference."),
    metadata: Metadata,
  },
  { title: 'Customer' },
);

const CustomersQuery = Type.Object(
  {
    ...LIST_QUERY,
    reference: Type.Optional(
      Type.String({
        maxLength: 256,
        description: "Only those with exactly this reference of the merchant's.",
      }),
    ),
  },
  STRICT,
);

export function customerRoutes(api: Api, core: Pick<Core, 'customers'>): void {
  const own = (caller: Caller, id: string) => ownCustomer(core, caller, named(PREFIX.customer, id));
  const done = async (caller: Caller, answer: SingleAnswer<CustomerResult['outcome']>) => {
    const { outcome } = answer;
    if (outcome.case === 'refused') throw refusalProblem(outcome.value);
    if (outcome.case === undefined) throw new Error('the core answered with no outcome');
    const customer = await ownCustomer(core, caller, outcome.value.customerId);
    return { status: 200, body: JSON.stringify(renderCustomer(customer, caller)) };
  };
  api.post('/v1/customers', {
    tag: TAG,
    summary: 'Create a customer',
    scope: 'customers:write',
    body: CustomerFields,
    answer: CustomerBody,
    act: async ({ id, caller, origin }, { body }) => {
      const customer = { id, origin, merchantId: caller.merchantId, ...body };
      return done(caller, await core.customers.createCustomer(caller.book, customer));
    },
  });
  api.get('/v1/customers', {
    tag: TAG,
    summary: 'List customers',
    scope: 'customers:read',
    query: CustomersQuery,
    answer: listBodyOf(CustomerBody),
    read: async (caller, { query }) => {
      const { rows, hasMore } = await listCustomers(core, caller, query);
      const data = rows.map((customer) => renderCustomer(customer, caller));
      return listOf(data, { url: '/v1/customers', hasMore });
    },
  });
  api.get('/v1/customers/:id', {
    tag: TAG,
    summary: 'Retrieve a customer',
    scope: 'customers:read',
    answer: CustomerBody,
    read: async (caller, { id }) => renderCustomer(await own(caller, id), caller),
  });
  api.post('/v1/customers/:id', {
    tag: TAG,
    summary: 'Update a customer',
    scope: 'customers:write',
    body: CustomerFields,
    answer: CustomerBody,
    act: async ({ id: commandId, caller, origin }, { id, body }) => {
      const customer = await own(caller, id);
      const change = changeOf(customer, body);
      return done(
        caller,
        await core.customers.updateCustomer(caller.book, {
          id: commandId,
          origin,
          customerId: customer.id,
          ...change,
        }),
      );
    },
  });
}

/** A customer of the caller's; somebody else's is as good as none. Whose one is never changes. */
async function ownCustomer(
  core: Pick<Core, 'customers'>,
  { book, merchantId }: Caller,
  customerId: string,
): Promise<Customer> {
  const { customer } = await core.customers.getCustomer({ book, customerId, freshness: LATEST });
  if (customer?.merchantId === merchantId) return customer;
  throw new Problem('resource_missing');
}

/** A page of the caller's customers, newest first. */
function listCustomers(
  core: Pick<Core, 'customers'>,
  caller: Caller,
  query: Static<typeof CustomersQuery>,
): Promise<{ rows: Customer[]; hasMore: boolean }> {
  const { book, merchantId } = caller;
  const request = { book, merchantId, reference: query.reference ?? '', freshness: LATEST };
  return pageBySeq(query, {
    seqOf: async (id, param) => (await ownCustomer(core, caller, named(PREFIX.customer, id, param))).seq,
    list: async (page) => {
      const { customers: rows, nextPageToken } = await core.customers.listCustomers({ ...request, ...page });
      return { rows, nextPageToken };
    },
  });
}

/** Metadata is merged into what there is; an empty value takes its key out. */
function changeOf(before: Customer, { metadata, ...fields }: CustomerFields) {
  return metadata === undefined
    ? fields
    : { ...fields, metadata: { entries: merged(before.metadata, metadata) } };
}

/** A customer as merchants see it. */
export function renderCustomer(customer: Customer, { isLive }: { isLive: boolean }) {
  const { id, createdAt, version, name, email, description, reference, metadata } = customer;
  return {
    id: prefixed(PREFIX.customer, id),
    object: 'customer',
    created: seconds(createdAt),
    livemode: isLive,
    version: Number(version),
    name: name || null,
    email: email || null,
    description: description || null,
    reference: reference || null,
    metadata,
  };
}
