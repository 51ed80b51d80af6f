import type { SeqRange } from '../../readmodels/queries/reading.ts';
import { BadField } from '../errors/badField.ts';
import { PAGE_BYTES_MAX } from '../limits.ts';
import { type Cursor, type CursorShape, type Query, pageToken, parsePageToken } from './token.ts';

const PAGE_SIZE_DEFAULT = 100;
const PAGE_SIZE_MAX = 1_000;

interface PageRequest {
  pageSize: number;
  pageToken: string;
}

/** One page of a list: what to ask for, and how to cut what came. */
export class Page {
  readonly #query: Query;
  readonly #size: number;
  readonly cursor: Cursor | null;

  constructor(request: PageRequest, query: Query, shape: CursorShape) {
    if (request.pageSize < 0 || request.pageSize > PAGE_SIZE_MAX) {
      throw new BadField(
        'page_size',
        'INVALID_VALUE',
        `page_size: from 1 to ${PAGE_SIZE_MAX}, or 0 for ${PAGE_SIZE_DEFAULT}.`,
      );
    }
    this.#query = query;
    this.#size = request.pageSize === 0 ? PAGE_SIZE_DEFAULT : request.pageSize;
    this.cursor = parsePageToken(request.pageToken, query, shape);
  }

  /** One row more than the page holds tells whether there is another page. */
  get limit(): number {
    return this.#size + 1;
  }

  /**
   * The rows of the page, and the token of the next one ('' if this is the last). A page ends early where its rows
   * would grow too big to be received; `bytesOf` estimates a row.
   */
  cut<Row>(rows: readonly Row[], cursorOf: (row: Row) => Cursor, bytesOf: (row: Row) => number = () => 0) {
    let count = 0,
      bytes = 0;
    while (count < rows.length && count < this.#size && bytes < PAGE_BYTES_MAX)
      bytes += bytesOf(rows[count++]);
    const isLast = count === rows.length;
    const token = isLast ? '' : pageToken(this.#query, cursorOf(rows[count - 1]));
    return { rows: rows.slice(0, count), token };
  }
}

/** Where a page of a list by seq goes on: at the seq that the one before ended with. */
export function onFrom({ cursor }: Page, { order }: Pick<SeqRange, 'order'>): Partial<SeqRange> {
  if (cursor === null) return {};
  const after = Number(cursor[0]);
  return order === 'newest first' ? { belowSeq: after } : { aboveSeq: after };
}

/** What metadata takes on the wire, about: UTF-8 is at most three bytes a UTF-16 unit. */
export function metadataBytes(metadata: Record<string, string>): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata)) bytes += 8 + 3 * (key.length + value.length);
  return bytes;
}
