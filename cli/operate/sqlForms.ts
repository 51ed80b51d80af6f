import type { FieldDef } from 'pg';
import { csvRecord } from '../print/csv.ts';
import { jsonInteger, type Json } from '../print/json.ts';
import { tableLines } from '../print/table.ts';
import type { Terminal } from '../print/terminal.ts';

export type SqlForm = 'table' | 'json' | 'csv';
type SqlRow = readonly (string | null)[];

/** A table's columns are as wide as their widest line, so it is held in memory; nobody reads further than this. */
const TABLE_ROWS_MAX = 100_000;

/** Object ids of Postgres' own types: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const INTEGERS = new Set([20, 21, 23, 26]);
const FLOATS = new Set([700, 701]);
const NUMERIC = 1700;
const BOOLEAN = 16;
const JSONS = new Set([114, 3802]);

export interface SqlPrinter {
  /** The next rows of one answer; `enough`: no more are wanted. */
  rows(fields: readonly FieldDef[], rows: readonly SqlRow[]): Promise<'more' | 'enough'>;
  end(): Promise<void>;
}

export function printerOf(form: SqlForm, terminal: Terminal): SqlPrinter {
  switch (form) {
    case 'table':
      return tablePrinter(terminal);
    case 'csv':
      return csvPrinter(terminal);
    case 'json':
      return jsonPrinter(terminal);
    default:
      throw new Error(`unexpected form ${String(form satisfies never)}`);
  }
}

function tablePrinter(terminal: Terminal): SqlPrinter {
  let fields: readonly FieldDef[] = [];
  const kept: SqlRow[] = [];
  return {
    rows: async (theirs, rows) => {
      fields = theirs;
      for (const row of rows) kept.push(row);
      return kept.length < TABLE_ROWS_MAX ? 'more' : 'enough';
    },
    end: async () => {
      if (fields.length === 0) return;
      const columns = fields.map((field, index) => ({
        title: field.name,
        isFlexible: true as const,
        align: isNumber(field) ? ('right' as const) : ('left' as const),
        text: (row: SqlRow) => row[index] ?? '',
      }));
      for (const line of tableLines(columns, kept, terminal)) await terminal.print(line);
      const count = kept.length === 1 ? '1 row' : `${kept.length.toLocaleString('en-US')} rows`;
      terminal.remark(
        kept.length < TABLE_ROWS_MAX ? `(${count})` : `(the first ${count}; --csv or --json prints all)`,
      );
    },
  };
}

function csvPrinter(terminal: Terminal): SqlPrinter {
  let isBegun = false;
  return {
    rows: async (fields, rows) => {
      if (!isBegun) await terminal.write(`${csvRecord(fields.map(({ name }) => name))}\r\n`);
      isBegun = true;
      for (const row of rows) await terminal.write(`${csvRecord(row.map((value) => value ?? ''))}\r\n`);
      return 'more';
    },
    end: async () => undefined,
  };
}

/** One array on one line, written as it comes. */
function jsonPrinter(terminal: Terminal): SqlPrinter {
  let separator = '[';
  return {
    rows: async (fields, rows) => {
      for (const row of rows) {
        const object = Object.fromEntries(
          fields.map((field, index) => [field.name, jsonOf(field, row[index])]),
        );
        await terminal.write(separator + JSON.stringify(object));
        separator = ',';
      }
      return 'more';
    },
    end: () => terminal.write(separator === '[' ? '[]\n' : ']\n'),
  };
}

function isNumber({ dataTypeID }: FieldDef): boolean {
  return INTEGERS.has(dataTypeID) || FLOATS.has(dataTypeID) || dataTypeID === NUMERIC;
}

/** Numbers as numbers only where JSON holds them exactly; `numeric` stays text for that reason, unless it is a small integer. */
export function jsonOf({ dataTypeID }: Pick<FieldDef, 'dataTypeID'>, text: string | null): Json {
  if (text === null) return null;
  if (INTEGERS.has(dataTypeID)) return jsonInteger(BigInt(text));
  if (dataTypeID === NUMERIC) return /^-?\d+$/.test(text) ? jsonInteger(BigInt(text)) : text;
  if (FLOATS.has(dataTypeID)) return Number.isFinite(Number(text)) ? Number(text) : text;
  if (dataTypeID === BOOLEAN) return text === 't';
  if (JSONS.has(dataTypeID)) return JSON.parse(text) as Json;
  return text;
}
