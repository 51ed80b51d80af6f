import { createHash } from 'node:crypto';
import { BadField } from '../errors/badField.ts';

/** The first value of every token; another one is from a release that we do not know. */
const VERSION = 1;
const TOKEN_CHARACTERS_MAX = 1_024;
/** Bytes of the query's digest: enough that a token of another query is told apart by chance only once in 2^64. */
const DIGEST_BYTES = 8;

/** What a cursor is made of: the types of its values, in order. */
export type CursorShape = readonly ('text' | 'integer')[];
export type Cursor = (string | number)[];

/** A query as far as a page token is bound to it: the method, and every filter. */
export type Query = readonly [method: string, ...filters: (string | number | boolean | null)[]];

/**
 * An opaque token for the page after `cursor`. It carries no authority: whoever makes one up only asks for other rows
 * of a query that he may ask anyway. It is bound to its query so that mixing them up is an error, not a wrong page.
 */
export function pageToken(query: Query, cursor: Cursor): string {
  return Buffer.from(JSON.stringify([VERSION, digest(query), ...cursor])).toString('base64url');
}

/** The cursor of a token; null for the empty one. Throws BadField where it is none, or another query's. */
export function parsePageToken(token: string, query: Query, shape: CursorShape): Cursor | null {
  if (token === '') return null;
  const values = token.length <= TOKEN_CHARACTERS_MAX ? decoded(token) : null;
  if (values === null || values[0] !== VERSION || values.length !== shape.length + 2)
    throw bad('not a page token.');
  const [, queryDigest, ...cursor] = values;
  if (queryDigest !== digest(query))
    throw bad('the token of another query: filters must stay from page to page.');
  if (!cursor.every((value, i) => (shape[i] === 'text' ? isText(value) : Number.isSafeInteger(value)))) {
    throw bad('not a page token.');
  }
  return cursor as Cursor;
}

/** Text that a database takes. */
function isText(value: unknown): boolean {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
}

function decoded(token: string): unknown[] | null {
  if (!/^[A-Za-z0-9_-]+$/.test(token)) return null;
  try {
    const bytes = Buffer.from(token, 'base64url');
    // Bits that decode to nothing are no part of a token.
    if (bytes.toString('base64url') !== token) return null;
    const values: unknown = JSON.parse(bytes.toString('utf8'));
    return Array.isArray(values) ? values : null;
  } catch {
    return null;
  }
}

function digest(query: Query): string {
  return createHash('sha256')
    .update(JSON.stringify(query))
    .digest()
    .subarray(0, DIGEST_BYTES)
    .toString('base64url');
}

function bad(what: string): BadField {
  return new BadField('page_token', 'INVALID_VALUE', `page_token: ${what}`);
}
