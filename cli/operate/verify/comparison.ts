import { KeyedHash } from './keyedHash.ts';
import type { Table } from './columns.ts';
import { SUMS, TABLES, type SumName, type TableName } from './tables.ts';
import type { TupleWriter } from './tupleWriter.ts';
import type { Tuples } from './tuples.ts';

/** Parts of a table that are compared as a whole, by the hash of the key: 2^14, so that a broken one is small. */
export const PARTS = 1 << 14;
/** A prime below 2^61: sums of amounts times a keyed hash are kept modulo it. */
const PRIME = (1n << 61n) - 1n;

/** Takes the rows that the journal leads to. */
export interface Expected {
  row(table: TableName, tuple: TupleWriter): void;
  /** Adds to the two sums of the key that the tuple holds; a table with one sum takes the first. */
  sum(table: SumName, key: TupleWriter, first: bigint, second: bigint): void;
}

/** For the journal behind the watermark: there are no rows of it. */
export const NOTHING_EXPECTED: Expected = { row: () => undefined, sum: () => undefined };

/** Where the key columns of a row end. */
export function keyEnd(view: DataView, at: number, keys: number): number {
  let end = at + 2;
  for (let i = 0; i < keys; i++) end += 4 + Math.max(0, view.getInt32(end));
  return end;
}

/** The part of the table that a key belongs to. */
export function partOf(view: DataView, at: number, end: number): number {
  let h = 0x9e3779b9;
  let from = at + 2;
  for (; from + 4 <= end; from += 4) h = Math.imul(h ^ view.getInt32(from), 0x85ebca6b) ^ (h >>> 13);
  for (; from < end; from++) h = Math.imul(h ^ view.getUint8(from), 0xc2b2ae35);
  h ^= h >>> 16;
  return (Math.imul(h, 0x27d4eb2f) >>> 8) & (PARTS - 1);
}

/**
 * Compares whole tables in one pass and bounded memory, in whatever order rows come: each part keeps the sum of its
 * rows' keyed hashes, the journal's added, the table's taken away. A part that is not zero holds a row that was
 * changed, deleted or added.
 */
export class Fingerprints implements Expected {
  readonly #hash = new KeyedHash();
  readonly #parts = new Map<TableName, { low: Int32Array; high: Int32Array }>();
  readonly #sums = new Map<SumName, BigInt64Array>();
  readonly rows = new Map<string, number>();

  constructor() {
    for (const name of Object.keys(TABLES))
      this.#parts.set(name as TableName, { low: new Int32Array(PARTS), high: new Int32Array(PARTS) });
    for (const name of Object.keys(SUMS)) this.#sums.set(name as SumName, new BigInt64Array(PARTS));
  }

  row(table: TableName, { view, at }: TupleWriter): void {
    const parts = this.#parts.get(table)!;
    const part = partOf(view, 0, keyEnd(view, 0, TABLES[table].keys));
    this.#hash.hash(view, 0, at);
    parts.low[part] += this.#hash.low;
    parts.high[part] += this.#hash.high;
  }

  actualRow(table: TableName, { view }: Tuples, at: number, end: number): void {
    const parts = this.#parts.get(table)!;
    const part = partOf(view, at, keyEnd(view, at, TABLES[table].keys));
    this.#hash.hash(view, at, end);
    parts.low[part] -= this.#hash.low;
    parts.high[part] -= this.#hash.high;
  }

  sum(table: SumName, { view }: TupleWriter, first: bigint, second: bigint): void {
    this.#add(table, view, 0, first, second);
  }

  actualSum(table: SumName, { view }: Tuples, at: number): void {
    const [first, second] = sumsAt(SUMS[table], view, at);
    this.#add(table, view, at, -first, -second);
  }

  #add(table: SumName, view: DataView, at: number, first: bigint, second: bigint): void {
    const end = keyEnd(view, at, SUMS[table].keys);
    this.#hash.hash(view, at + 2, end);
    const one = BigInt(this.#hash.low >>> 0) | (BigInt(this.#hash.high >>> 3) << 32n);
    // The second sum's factor is the first one's, turned: equal sums on the wrong side show too.
    const other = BigInt(this.#hash.high >>> 0) | (BigInt(this.#hash.low >>> 3) << 32n);
    const sums = this.#sums.get(table)!;
    const part = partOf(view, at, end);
    sums[part] = (sums[part] + first * one + second * other) % PRIME;
  }

  /** The parts of a table in which something differs. */
  differing(table: TableName | SumName): number[] {
    const found: number[] = [];
    const parts = this.#parts.get(table as TableName);
    const sums = this.#sums.get(table as SumName);
    for (let part = 0; part < PARTS; part++) {
      if (parts !== undefined && (parts.low[part] | parts.high[part]) !== 0) found.push(part);
      if (sums !== undefined && sums[part] % PRIME !== 0n) found.push(part);
    }
    return found;
  }
}

/** The one or two sums of a row. */
export function sumsAt(table: Table, view: DataView, at: number): [bigint, bigint] {
  let field = keyEnd(view, at, table.keys);
  const sums: bigint[] = [];
  for (let i = table.keys; i < table.columns.length; i++) {
    const length = view.getInt32(field);
    sums.push(length === 8 ? view.getBigInt64(field + 4) : 0n);
    field += 4 + Math.max(0, length);
  }
  return [sums[0], sums[1] ?? 0n];
}
