import { keyEnd, partOf, sumsAt, type Expected } from './comparison.ts';
import type { Findings } from './findings.ts';
import { momentOf } from '../../../core/journal/checkpointFile.ts';
import type { Column, Table } from './columns.ts';
import { SUMS, TABLES, type SumName, type TableName } from './tables.ts';
import { dayFrom, momentFrom, type TupleWriter } from './tupleWriter.ts';
import type { Tuples } from './tuples.ts';

/** Parts of a table that are looked at row by row; beyond that only their number is told. */
const PARTS_SHOWN_MAX = 16;
/** Rows that are held for that; a table of which everything differs is not copied into memory. */
const ROWS_HELD_MAX = 200_000;

/** The second look, at the parts that differ: which rows are changed, gone or too many. */
export class Differences implements Expected {
  readonly #wanted = new Map<string, Set<number>>();
  readonly #rows = new Map<string, Map<string, Buffer>>();
  readonly #sums = new Map<string, Map<string, { first: bigint; second: bigint }>>();
  readonly #findings: Findings;
  readonly #server: number;
  #held = 0;

  constructor(findings: Findings, server: number) {
    this.#findings = findings;
    this.#server = server;
  }

  /** Asks for a look at these parts of the table. */
  want(table: TableName | SumName, parts: readonly number[]): void {
    if (parts.length === 0) return;
    this.#wanted.set(table, new Set(parts.slice(0, PARTS_SHOWN_MAX)));
    this.#rows.set(table, new Map());
    this.#sums.set(table, new Map());
    if (parts.length <= PARTS_SHOWN_MAX) return;
    const name = nameOf(table);
    this.#findings.add({
      rule: 'I14',
      server: this.#server,
      table: `florin.${name}`,
      message: `${parts.length} of its parts differ from the journal; ${PARTS_SHOWN_MAX} of them are shown row by row`,
    });
  }

  get isEmpty(): boolean {
    return this.#wanted.size === 0;
  }

  wants(table: TableName | SumName): boolean {
    return this.#wanted.has(table);
  }

  row(table: TableName, tuple: TupleWriter): void {
    const wanted = this.#wanted.get(table);
    if (wanted === undefined) return;
    const end = keyEnd(tuple.view, 0, TABLES[table].keys);
    if (!wanted.has(partOf(tuple.view, 0, end)) || this.#held >= ROWS_HELD_MAX) return;
    this.#held++;
    this.#rows
      .get(table)!
      .set(tuple.bytes.toString('latin1', 2, end), Buffer.from(tuple.bytes.subarray(0, tuple.at)));
  }

  sum(table: SumName, key: TupleWriter, first: bigint, second: bigint): void {
    const wanted = this.#wanted.get(table);
    if (wanted === undefined) return;
    const end = keyEnd(key.view, 0, SUMS[table].keys);
    if (!wanted.has(partOf(key.view, 0, end))) return;
    const sums = this.#sums.get(table)!;
    const name = key.bytes.toString('latin1', 2, end);
    const before = sums.get(name) ?? { first: 0n, second: 0n };
    sums.set(name, { first: before.first + first, second: before.second + second });
  }

  actualRow(table: TableName, { bytes, view }: Tuples, at: number, end: number): void {
    const spec = TABLES[table];
    const key = keyEnd(view, at, spec.keys);
    if (!this.#wanted.get(table)!.has(partOf(view, at, key))) return;
    const rows = this.#rows.get(table)!;
    const name = bytes.toString('latin1', at + 2, key);
    const expected = rows.get(name);
    const actual = bytes.subarray(at, end);
    if (expected === undefined)
      return this.#tell(
        spec,
        actual,
        `a row that the journal does not lead to: ${shown(spec, actual, spec.keys)}`,
      );
    rows.delete(name);
    if (Buffer.compare(expected, actual) !== 0) this.#tell(spec, actual, changed(spec, expected, actual));
  }

  actualSum(table: SumName, { bytes, view }: Tuples, at: number, end: number): void {
    const spec = SUMS[table];
    const key = keyEnd(view, at, spec.keys);
    if (!this.#wanted.get(table)!.has(partOf(view, at, key))) return;
    const sums = this.#sums.get(table)!;
    const name = bytes.toString('latin1', at + 2, key);
    const expected = sums.get(name) ?? { first: 0n, second: 0n };
    sums.delete(name);
    const [first, second] = sumsAt(spec, view, at);
    if (first === expected.first && second === expected.second) return;
    const two = spec.columns.length > spec.keys + 1;
    this.#tell(
      spec,
      bytes.subarray(at, end),
      `is ${first}${two ? ` and ${second}` : ''}; the journal adds up to ${expected.first}${two ? ` and ${expected.second}` : ''}`,
    );
  }

  /** Once the table was read: what was expected and did not come. */
  missing(table: TableName | SumName): void {
    for (const row of this.#rows.get(table)?.values() ?? []) {
      const spec = TABLES[table as TableName];
      this.#tell(spec, row, `a row is missing: ${shown(spec, row, spec.keys)}`);
    }
    for (const [name, sums] of this.#sums.get(table) ?? []) {
      if (sums.first === 0n && sums.second === 0n) continue;
      const spec = SUMS[table as SumName];
      const key = Buffer.concat([Buffer.alloc(2), Buffer.from(name, 'latin1')]);
      this.#tell(spec, key, `a row is missing; the journal adds up to ${sums.first} and ${sums.second}`);
    }
  }

  #tell(spec: Table, row: Buffer, message: string): void {
    this.#findings.add({
      rule: 'I14',
      server: this.#server,
      table: `florin.${spec.name}`,
      key: shown({ ...spec, columns: spec.columns.slice(0, spec.keys) }, row, 0),
      message,
    });
  }
}

function nameOf(table: TableName | SumName): string {
  return table in TABLES ? TABLES[table as TableName].name : SUMS[table as SumName].name;
}

/** The columns in which two rows differ. */
function changed(spec: Table, expected: Buffer, actual: Buffer): string {
  const should = valuesOf(spec.columns, expected),
    is = valuesOf(spec.columns, actual);
  return spec.columns
    .flatMap((column, i) =>
      should[i] === is[i] ? [] : [`${column.name} is ${is[i]}, the journal says ${should[i]}`],
    )
    .join('; ');
}

function shown(spec: Table, row: Buffer, from: number): string {
  return valuesOf(spec.columns, row)
    .map((value, i) => `${spec.columns[i].name} ${value}`)
    .slice(from)
    .join(', ');
}

/** The columns of a row as text, as many as are named. */
function valuesOf(columns: readonly Column[], row: Buffer): string[] {
  let at = 2;
  return columns.map((column) => {
    const length = row.readInt32BE(at);
    const value = length < 0 ? 'null' : valueOf(column, row.subarray(at + 4, at + 4 + length));
    at += 4 + Math.max(0, length);
    return value;
  });
}

function valueOf(column: Column, bytes: Buffer): string {
  switch (column.type) {
    case 'i16':
      return String(bytes.readInt16BE());
    case 'i32':
      return String(bytes.readInt32BE());
    case 'i64': {
      const value = bytes.readBigInt64BE();
      return column.name.endsWith('account_key')
        ? `${value} (shard ${value >> 32n}, account ${value & 0xffffffffn})`
        : String(value);
    }
    case 'boolean':
      return bytes[0] === 1 ? 'true' : 'false';
    case 'uuid':
      return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    case 'moment':
      return momentOf(momentFrom(bytes.readBigInt64BE()));
    case 'date':
      return new Date(dayFrom(bytes.readInt32BE()) * 86_400_000).toISOString().slice(0, 10);
    case 'text':
      return JSON.stringify(bytes.toString('utf8'));
    case 'jsonb':
      return bytes.toString('utf8', 1);
    case 'bytes':
      return bytes.length > 64 ? `${bytes.toString('hex', 0, 64)}..` : bytes.toString('hex');
  }
}
