import type pg from 'pg';

/** A pool, or a client inside a snapshot. */
export type Reader = Pick<pg.ClientBase, 'query'>;

/** The book that a query is about: every query carries one. */
export interface BookRef {
  shard: number;
  /** The book's number inside Florin. */
  book: number;
}

/** An account by its id or by its code. */
export type AccountRef = BookRef & ({ id: string } | { code: string });

/** What was read, and the seq of the shard that the very snapshot reflects. */
export interface AsOf<T> {
  asOfSeq: number;
  value: T;
}

/** Of a list by seq: where it begins and ends, both exclusive, and which way it goes. null for no bound. */
export interface SeqRange {
  aboveSeq: number | null;
  belowSeq: number | null;
  order: 'newest first' | 'oldest first';
}

export interface Page<T> {
  rows: T[];
  /** There are rows behind the last one. */
  hasMore: boolean;
}

/** The rows of a book's table whose ids are in an array: OFFSET 0 keeps a walk in the order of a list apart from them. */
export const namedRows = (table: string, ids: string): string =>
  `(SELECT * FROM ${table} WHERE book_no = $2 AND id = ANY (${ids}::uuid[]) OFFSET 0)`;

/** Microseconds since 1970, exact. */
export const us = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::bigint`;

/** The moment of a parameter in microseconds since 1970, exact. */
export const moment = (parameter: string): string =>
  `(to_timestamp(${parameter}::bigint / 1000000) + ${parameter}::bigint % 1000000 * interval '1 microsecond')`;

/** YYYY-MM-DD, whatever the session's date style is. */
export const isoDate = (column: string): string => `to_char(${column}, 'YYYY-MM-DD')`;

/** The watermark beside what may be no row at all. */
export function withWatermark(select: string): string {
  return `SELECT mark.seq AS as_of_seq, found.* FROM florin.projection AS mark LEFT JOIN LATERAL (${select}) AS found ON true WHERE mark.shard = $1`;
}

export interface Marked {
  as_of_seq: string;
}

/** Splits the watermark from rows that may be none; `isRow` tells a row from the nulls of an outer join. */
export function marked<T extends Marked>(rows: readonly T[], isRow: (row: T) => boolean): AsOf<T[]> {
  return { asOfSeq: Number(rows[0]?.as_of_seq ?? 0), value: rows.filter(isRow) };
}

/** One row more than asked was read, to see whether there is another page. */
export function pageOf<T>(rows: T[], limit: number): Page<T> {
  return { rows: rows.slice(0, limit), hasMore: rows.length > limit };
}

export function bigOrNull(text: string | null): bigint | null {
  return text === null ? null : BigInt(text);
}

export function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/** The condition that names an account, and its value as the parameter of that number. */
export function accountCondition(
  account: { id: string } | { code: string },
  parameter: string,
): { where: string; value: string } {
  return 'id' in account
    ? { where: `a.id = ${parameter}::uuid`, value: account.id }
    : { where: `a.code = ${parameter}`, value: account.code };
}
