import { Type } from 'typebox';
import { STRICT } from '../../http/schemas.ts';
import { Problem } from '../../problems/problem.ts';

/** What has ids of others in it, or is what those name. */
export type Kind = 'payment_intent' | 'payment_attempt' | 'refund' | 'payment_method' | 'customer';

/** Which fields hold an id, and of what. No way through it is longer than three fields, which bounds what is read. */
const FIELDS: Readonly<Record<Kind, Readonly<Record<string, Kind>>>> = {
  refund: { payment_intent: 'payment_intent' },
  payment_intent: {
    customer: 'customer',
    payment_method: 'payment_method',
    latest_attempt: 'payment_attempt',
  },
  payment_attempt: {},
  payment_method: { customer: 'customer' },
  customer: {},
};

/** Of an object: what stands whole for fields with an id, without being read. No answer has it. */
export const AT_HAND = Symbol('at hand');

const PATHS_MAX = 10;
const PARAM = 'expand[]';
const Path = Type.String({ maxLength: 100 });

/** What every read of an object with ids in it can be asked. */
export const EXPAND_QUERY = {
  [PARAM]: Type.Optional(
    Type.Union([Path, Type.Array(Path, { maxItems: PATHS_MAX })], {
      description:
        'Fields with an id, for which the whole object is to stand: "customer", or "payment_intent.customer"; in lists with "data." before it.',
    }),
  ),
} as const;

export interface ExpandQuery {
  readonly [PARAM]?: string | string[];
}

/** What the retrieval of one object can be asked. */
export const Retrieval = Type.Object(EXPAND_QUERY, STRICT);

/** A field that is expanded, and what is expanded in there. */
export interface Expanded {
  readonly field: string;
  readonly kind: Kind;
  readonly within: Expanded[];
}

/** What a query wants expanded in objects of a kind; a list has them in its `data`. */
export function expandedBy(query: ExpandQuery, kind: Kind, where: 'alone' | 'in a list'): Expanded[] {
  const asked = query[PARAM] ?? [];
  const expanded: Expanded[] = [];
  for (const path of typeof asked === 'string' ? [asked] : asked) {
    const [first, ...rest] = path.split('.');
    if (where === 'in a list' && first !== 'data')
      throw unknown(path, `data.${Object.keys(FIELDS[kind])[0]}`);
    addPath(expanded, { kind, fields: where === 'in a list' ? rest : [first, ...rest], path });
  }
  return expanded;
}

function addPath(
  expanded: Expanded[],
  { kind, fields: [field, ...rest], path }: { kind: Kind; fields: readonly string[]; path: string },
): void {
  const target = Object.hasOwn(FIELDS[kind], field ?? '') ? FIELDS[kind][field] : undefined;
  if (target === undefined) throw unknown(path, ...Object.keys(FIELDS[kind]));
  let within = expanded.find((one) => one.field === field);
  if (within === undefined) expanded.push((within = { field, kind: target, within: [] }));
  if (rest.length > 0) addPath(within.within, { kind: target, fields: rest, path });
}

function unknown(path: string, ...known: readonly string[]): Problem {
  const there = known.length === 0 ? 'Nothing there can be expanded.' : `There: ${known.join(', ')}.`;
  return new Problem('parameter_invalid', {
    param: PARAM,
    detail: `"${path.slice(0, 60)}" cannot be expanded. ${there}`,
  });
}
