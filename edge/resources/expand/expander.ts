import { mayDo, type Caller, type Scope } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import { PREFIX, type Prefix, uuidOf } from '../../ids/prefixed.ts';
import { Problem } from '../../problems/problem.ts';
import { renderCustomer } from '../customers/routes.ts';
import { renderPaymentIntent } from '../paymentIntents/render.ts';
import { renderPaymentMethod } from '../paymentMethods/routes.ts';
import { AT_HAND, type Expanded, type Kind } from './paths.ts';

type Reads = Pick<Core, 'customers' | 'paymentMethods' | 'paymentIntents'>;
type Rendered = Readonly<Record<string, unknown>> & {
  readonly [AT_HAND]?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** Nothing names a refund, and an attempt comes with its payment. */
type Unread = 'refund' | 'payment_attempt';

interface Source {
  readonly prefix: Prefix;
  readonly scope: Scope;
  /** The caller's among those ids, in no order. */
  readonly read: (caller: Caller, ids: string[]) => Promise<Rendered[]>;
}

const LATEST = { latest: true };
/** More than any list has items. */
const PAGE_SIZE = 1_000;

/** Puts whole objects where ids stand: one read for all of a kind, however many objects name them. */
export class Expander {
  readonly #sources: Readonly<Record<Exclude<Kind, Unread>, Source>>;

  constructor(core: Reads) {
    this.#sources = {
      customer: {
        prefix: PREFIX.customer,
        scope: 'customers:read',
        read: async (caller, customerIds) => {
          const { book, merchantId } = caller;
          const asked = { book, merchantId, customerIds, pageSize: PAGE_SIZE, freshness: LATEST };
          const found = await allPages(async (pageToken) => {
            const page = await core.customers.listCustomers({ ...asked, pageToken });
            return { rows: page.customers, nextPageToken: page.nextPageToken };
          });
          return found.map((customer) => renderCustomer(customer, caller));
        },
      },
      payment_method: {
        prefix: PREFIX.paymentMethod,
        scope: 'payment_methods:read',
        read: async (caller, paymentMethodIds) => {
          const of = { case: 'merchantId', value: caller.merchantId } as const;
          const asked = { book: caller.book, of, paymentMethodIds, pageSize: PAGE_SIZE, freshness: LATEST };
          const found = await allPages(async (pageToken) => {
            const page = await core.paymentMethods.listPaymentMethods({ ...asked, pageToken });
            return { rows: page.paymentMethods, nextPageToken: page.nextPageToken };
          });
          return found.map((method) => renderPaymentMethod(method, caller));
        },
      },
      payment_intent: {
        prefix: PREFIX.paymentIntent,
        scope: 'payment_intents:read',
        // The client gathers them.
        read: async (caller, ids) => {
          const { book, merchantId } = caller;
          const found = await Promise.all(ids.map((id) => core.paymentIntents.readPaymentIntent(book, id)));
          return found
            .filter((intent) => intent !== undefined && intent.merchantId === merchantId)
            .map((intent) => renderPaymentIntent(intent!, caller));
        },
      },
    };
  }

  /** The same objects, expanded; what names nothing that is there stays an id. */
  async expand(
    caller: Caller,
    objects: readonly Rendered[],
    expanded: readonly Expanded[],
  ): Promise<Rendered[]> {
    const fields = await Promise.all(
      expanded.map(async ({ field, kind, within }) => {
        if (kind === 'payment_attempt') return { field, whole: atHand(objects, field) };
        const named = objects.map((object) => object[field]);
        return { field, whole: await this.#whole(caller, { kind, named, within }) };
      }),
    );
    return objects.map((object) => {
      const replaced = fields.map(({ field, whole }) => [field, whole.get(object[field]) ?? object[field]]);
      return { ...object, ...Object.fromEntries(replaced) };
    });
  }

  async expandOne(caller: Caller, object: Rendered, expanded: readonly Expanded[]): Promise<Rendered> {
    const [whole] = await this.expand(caller, [object], expanded);
    return whole;
  }

  /** By the id that names it. */
  async #whole(
    caller: Caller,
    { kind, named, within }: { kind: Kind; named: readonly unknown[]; within: readonly Expanded[] },
  ): Promise<Map<unknown, Rendered>> {
    if (kind === 'refund' || kind === 'payment_attempt') return new Map();
    const { prefix, scope, read } = this.#sources[kind];
    if (!mayDo(caller, scope))
      throw new Problem('scope_missing', {
        param: 'expand[]',
        detail: `The API key lacks the scope "${scope}".`,
      });
    const uuids = named.flatMap((id) => (typeof id === 'string' ? (uuidOf(prefix, id) ?? []) : []));
    if (uuids.length === 0) return new Map();
    const found = await this.expand(caller, await read(caller, [...new Set(uuids)]), within);
    return new Map(found.map((object) => [object['id'], object]));
  }
}

/** By the id that stands there. */
function atHand(objects: readonly Rendered[], field: string): Map<unknown, Rendered> {
  const whole = new Map<unknown, Rendered>();
  for (const object of objects) {
    const one = object[AT_HAND]?.[field];
    if (one !== undefined) whole.set(object[field], one);
  }
  return whole;
}

async function allPages<Row>(
  pageAt: (token: string) => Promise<{ rows: Row[]; nextPageToken: string }>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let token: string | undefined = ''; token !== undefined;) {
    const page = await pageAt(token);
    rows.push(...page.rows);
    token = page.nextPageToken === '' ? undefined : page.nextPageToken;
  }
  return rows;
}
