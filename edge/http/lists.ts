import { type TSchema, Type } from 'typebox';
import { Problem } from '../problems/problem.ts';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 100;

/** What every list can be asked, as it stands in the query. */
export const LIST_QUERY = {
  limit: Type.Optional(
    Type.String({
      pattern: '^[0-9]{1,3}$',
      description: `From 1 to ${LIMIT_MAX}. Default ${LIMIT_DEFAULT}.`,
    }),
  ),
  starting_after: Type.Optional(
    Type.String({
      maxLength: 100,
      description: 'The last id of the page before: the list goes on behind it.',
    }),
  ),
  ending_before: Type.Optional(
    Type.String({ maxLength: 100, description: 'The first id of the page behind: the list ends before it.' }),
  ),
};

export interface ListQuery {
  readonly limit?: string | undefined;
  readonly starting_after?: string;
  readonly ending_before?: string;
}

/** A page that is asked for. Lists are newest first, so what is behind an id is older. */
export interface PageAsked {
  readonly limit: number;
  readonly from: { readonly param: 'starting_after' | 'ending_before'; readonly id: string } | undefined;
}

export function pageAsked({ limit, starting_after: after, ending_before: before }: ListQuery): PageAsked {
  if (after !== undefined && before !== undefined)
    throw new Problem('parameters_exclusive', { param: 'ending_before' });
  const items = limit === undefined ? LIMIT_DEFAULT : Number(limit);
  if (items < 1 || items > LIMIT_MAX)
    throw new Problem('parameter_out_of_range', {
      param: 'limit',
      detail: `limit must be from 1 to ${LIMIT_MAX}.`,
    });
  const from =
    after !== undefined
      ? ({ param: 'starting_after', id: after } as const)
      : before !== undefined
        ? ({ param: 'ending_before', id: before } as const)
        : undefined;
  return { limit: items, from };
}

/** What of a list the core is asked for: it goes on by seqs, and gives in `oldestFirst` order what lies above one. */
export interface SeqPage {
  readonly pageSize: number;
  readonly aboveSeq?: bigint;
  readonly belowSeq?: bigint;
  readonly oldestFirst?: boolean;
}

/** A page of what lies behind, or before, an id; newest first. `seqOf` finds where the id stands, or refuses it. */
export async function pageBySeq<Row>(
  query: ListQuery,
  {
    seqOf,
    list,
  }: {
    seqOf: (id: string, param: string) => Promise<bigint>;
    list: (page: SeqPage) => Promise<{ rows: Row[]; nextPageToken: string }>;
  },
): Promise<{ rows: Row[]; hasMore: boolean }> {
  const { limit: pageSize, from } = pageAsked(query);
  const seq = from === undefined ? 0n : await seqOf(from.id, from.param);
  if (from?.param === 'ending_before') {
    const { rows, nextPageToken } = await list({ pageSize, aboveSeq: seq, oldestFirst: true });
    return { rows: rows.toReversed(), hasMore: nextPageToken !== '' };
  }
  const { rows, nextPageToken } = await list({ pageSize, belowSeq: seq });
  return { rows, hasMore: nextPageToken !== '' };
}

/** A page of what is there as a whole, newest first. */
export function pageOfAll<Row extends { readonly id: string }>(
  query: ListQuery,
  all: readonly Row[],
): { rows: Row[]; hasMore: boolean } {
  const { limit, from } = pageAsked(query);
  if (from === undefined) return { rows: all.slice(0, limit), hasMore: all.length > limit };
  const place = all.findIndex(({ id }) => id === from.id);
  if (place < 0) throw new Problem('resource_missing', { param: from.param });
  const first = from.param === 'starting_after' ? place + 1 : Math.max(0, place - limit);
  const end = from.param === 'starting_after' ? first + limit : place;
  return {
    rows: all.slice(first, end),
    hasMore: from.param === 'starting_after' ? end < all.length : first > 0,
  };
}

export function listOf(data: readonly object[], { url, hasMore }: { url: string; hasMore: boolean }): object {
  return { object: 'list', url, has_more: hasMore, data };
}

/** What a search answers with: its pages have names of their own, as its matches may change. */
export function searchBodyOf(item: TSchema): TSchema {
  return Type.Object({
    object: Type.Literal('search_result'),
    url: Type.String(),
    has_more: Type.Boolean(),
    next_page: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'To be passed as page for the next one; null on the last.',
    }),
    data: Type.Array(item),
  });
}

export function listBodyOf(item: TSchema): TSchema {
  return Type.Object({
    object: Type.Literal('list'),
    url: Type.String(),
    has_more: Type.Boolean({ description: 'Whether more lies behind, in the direction that was asked for.' }),
    data: Type.Array(item),
  });
}
