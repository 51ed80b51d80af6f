import { PaymentIntentState } from '../../../gen/florin/payments/v1/payments_pb.ts';
import { PREFIX, uuidOf } from '../../ids/prefixed.ts';
import { Problem } from '../../problems/problem.ts';
import { statusOf } from './render.ts';
import { STATUSES } from './schemas.ts';

/** What a search asks of payment intents, all of it. */
export interface Sought {
  readonly metadata: Readonly<Record<string, string>>;
  /** States of the core; none for any. */
  readonly states: PaymentIntentState[];
  /** In upper case; '' for any. */
  readonly currency: string;
  /** A UUID; '' for any. */
  readonly customerId: string;
}

/** One clause: `status:"succeeded"` or `metadata["order"]:"42"`, in single quotes or double ones. */
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`;
const CLAUSE = new RegExp(String.raw`^([a-z_]+)(?:\[(${QUOTED})\])?:(${QUOTED})`, 's');
const AND = /^\s+AND\s+/;
const CLAUSES_MAX = 10;
const FORM = 'A query is clauses like status:"succeeded" or metadata["order"]:"42", joined by AND.';

/** Reads the query of a search as Stripe's developers write it; what it cannot say is refused, and never passed over. */
export function soughtBy(query: string): Sought {
  const sought = { metadata: {} as Record<string, string>, states: [], currency: '', customerId: '' };
  const seen = new Map<string, string>();
  let rest = query.trim();
  for (;;) {
    const [clause, field, key, value] = CLAUSE.exec(rest) ?? [];
    if (clause === undefined) throw refused(`${FORM} ${whyNot(rest)}`);
    const name = key === undefined ? field : `${field}[${unquoted(key)}]`;
    if (seen.has(name)) throw refused(`"${name.slice(0, 60)}" is asked for twice.`);
    seen.set(name, value);
    if (seen.size > CLAUSES_MAX) throw refused(`A query has at most ${CLAUSES_MAX} clauses.`);
    Object.assign(sought, soughtIn(field, { key, value: unquoted(value), metadata: sought.metadata }));
    rest = rest.slice(clause.length);
    if (rest === '') return sought;
    const [and] = AND.exec(rest) ?? [];
    if (and === undefined) throw refused(`${FORM} ${whyNot(rest.trim())}`);
    rest = rest.slice(and.length);
  }
}

function soughtIn(
  field: string,
  {
    key,
    value,
    metadata,
  }: { key: string | undefined; value: string; metadata: Readonly<Record<string, string>> },
): Partial<Sought> {
  if (field === 'metadata' && key !== undefined) {
    const name = unquoted(key);
    if (name === '' || name.length > 40 || value.length > 500)
      throw refused('A metadata key has 1 to 40 characters, a value up to 500.');
    return { metadata: { ...metadata, [name]: value } };
  }
  if (key !== undefined) throw refused(`Only metadata has keys, "${field}" has none.`);
  switch (field) {
    case 'status':
      return { states: statesOf(value) };
    case 'currency':
      if (!/^[A-Za-z]{3}$/.test(value)) throw refused('A currency is three letters.');
      return { currency: value.toUpperCase() };
    case 'customer': {
      const customerId = uuidOf(PREFIX.customer, value);
      if (customerId === undefined) throw refused('A customer is an id like cus_0190...');
      return { customerId };
    }
    case 'metadata':
      throw refused('metadata is asked for by key: metadata["order"]:"42".');
    default:
      throw refused(
        `There is no field "${field.slice(0, 60)}" to search by. There: metadata, status, currency, customer.`,
      );
  }
}

/** All states of the core that merchants know under that name. */
function statesOf(status: string): PaymentIntentState[] {
  const states = Object.values(PaymentIntentState)
    .filter((state) => typeof state === 'number')
    .filter((state) => state !== PaymentIntentState.UNSPECIFIED && statusOf(state) === status);
  if (states.length === 0) throw refused(`There is no such status. There: ${STATUSES.join(', ')}.`);
  return states;
}

/** What of Stripe's language is not there, in words; it is what people try. */
function whyNot(rest: string): string {
  if (/^OR\b/i.test(rest)) return 'OR is not there.';
  if (/^(-|NOT\b)/i.test(rest)) return 'Negation is not there.';
  if (/^[a-z_]+(\[[^\]]*\])?\s*(~|[<>]=?)/.test(rest))
    return 'Parts of texts and ranges are not there, only what is equal.';
  if (/^[a-z_]+(\[[^\]]*\])?:/.test(rest)) return 'A value stands in quotes.';
  return rest === '' ? 'A clause is missing.' : '';
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, '$1');
}

function refused(detail: string): Problem {
  return new Problem('parameter_invalid', { param: 'query', detail: detail.trim() });
}
