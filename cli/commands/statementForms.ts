import {
  EntrySide,
  StatementAxis,
  type StatementFooter,
  type StatementHeader,
  type StatementLine,
  type StreamStatementResponse,
} from '../../gen/florin/ledger/v1/statements_pb.ts';
import { csvRecord } from '../print/csv.ts';
import { isoMoment, jsonInteger, type Json } from '../print/json.ts';
import { formatAmount, formatPlainAmount } from '../print/money.ts';
import { type TableColumn, tableLines } from '../print/table.ts';
import type { Terminal } from '../print/terminal.ts';
import { entrySideName } from './names.ts';

export interface StatementShown {
  readonly chunks: AsyncIterable<StreamStatementResponse>;
  readonly book: string;
  readonly axis: StatementAxis;
  readonly scaleOf: (asset: string) => Promise<number>;
  readonly terminal: Terminal;
}

/** A line of the table; the opening and the closing balance are lines too. */
interface TableRow {
  readonly date: string;
  readonly reference: string;
  readonly counterAccount: string;
  readonly debit?: bigint;
  readonly credit?: bigint;
  readonly balance: bigint;
}

/** Held in memory as a whole, for its columns are as wide as their widest line. */
export async function printTable({ chunks, axis, scaleOf, terminal }: StatementShown): Promise<void> {
  let header: StatementHeader | undefined;
  let footer: StatementFooter | undefined;
  const rows: TableRow[] = [];
  for await (const chunk of chunks) {
    if (chunk.header !== undefined) {
      header = chunk.header;
      rows.push(balanceRow('opening balance', header.fromDate, header.openingBalance));
    }
    for (const line of chunk.lines) rows.push(tableRow(line, axis));
    footer = chunk.footer ?? footer;
  }
  if (header === undefined || footer === undefined) throw cutShort();
  rows.push({
    ...balanceRow('closing balance', header.toDate, footer.closingBalance),
    debit: footer.debits,
    credit: footer.credits,
  });
  await terminal.print(titleOf(header, axis));
  const scale = await scaleOf(header.asset);
  for (const line of tableLines(columnsAt(scale), rows, terminal)) await terminal.print(line);
  terminal.remark(footer.lineCount === 1n ? '1 line.' : `${footer.lineCount.toLocaleString('en-US')} lines.`);
}

function titleOf({ code, asset, fromDate, toDate }: StatementHeader, axis: StatementAxis): string {
  const period = [fromDate === '' ? '' : ` from ${fromDate}`, toDate === '' ? '' : ` to ${toDate}`].join('');
  return `${code}, ${asset}${period}, by ${axis === StatementAxis.BOOKED ? 'date of booking (UTC)' : 'effective date'}`;
}

function balanceRow(name: string, date: string, balance: bigint): TableRow {
  return { date, reference: '', counterAccount: name, balance };
}

function tableRow(line: StatementLine, axis: StatementAxis): TableRow {
  return {
    date: axis === StatementAxis.BOOKED ? (isoMoment(line.bookedAt) ?? '').slice(0, 10) : line.effectiveDate,
    reference: line.reference,
    counterAccount: line.counterAccount,
    [line.side === EntrySide.DEBIT ? 'debit' : 'credit']: line.amount,
    balance: line.balance,
  };
}

function columnsAt(scale: number): TableColumn<TableRow>[] {
  const amount = (units: bigint | undefined): string =>
    units === undefined ? '' : formatAmount(units, scale);
  return [
    { title: 'DATE', text: (row) => row.date },
    { title: 'REFERENCE', isFlexible: true, text: (row) => row.reference },
    { title: 'COUNTER-ACCOUNT', isFlexible: true, text: (row) => row.counterAccount },
    { title: 'DEBIT', align: 'right', text: (row) => amount(row.debit) },
    { title: 'CREDIT', align: 'right', text: (row) => amount(row.credit) },
    { title: 'BALANCE', align: 'right', text: (row) => amount(row.balance) },
  ];
}

const CSV_TITLES = [
  'effective_date',
  'booked_at',
  'version',
  'transaction_id',
  'reference',
  'counter_account',
  'debit',
  'credit',
  'balance',
  'asset',
];

/** Line by line as it comes, CRLF as RFC 4180 has it; only the lines, so that a spreadsheet can sum the columns. */
export async function printCsv({ chunks, scaleOf, terminal }: StatementShown): Promise<void> {
  let asset: string | undefined;
  let scale = 0;
  let isComplete = false;
  for await (const chunk of chunks) {
    if (chunk.header !== undefined) {
      asset = chunk.header.asset;
      scale = await scaleOf(asset);
      await terminal.write(`${csvRecord(CSV_TITLES)}\r\n`);
    }
    if (asset === undefined) throw cutShort();
    for (const line of chunk.lines)
      await terminal.write(`${csvRecord(csvValues(line, { asset, scale }))}\r\n`);
    isComplete ||= chunk.footer !== undefined;
  }
  if (!isComplete) throw cutShort();
}

function csvValues(line: StatementLine, { asset, scale }: { asset: string; scale: number }): string[] {
  const amount = formatPlainAmount(line.amount, scale);
  const isDebit = line.side === EntrySide.DEBIT;
  return [
    line.effectiveDate,
    isoMoment(line.bookedAt) ?? '',
    line.version.toString(),
    line.transactionId,
    line.reference,
    line.counterAccount,
    isDebit ? amount : '',
    isDebit ? '' : amount,
    formatPlainAmount(line.balance, scale),
    asset,
  ];
}

/** One object on one line, written as it comes: a statement may be larger than memory. */
export async function printJson({ chunks, book, axis, terminal }: StatementShown): Promise<void> {
  let separator = '';
  let isComplete = false;
  for await (const { header, lines, footer } of chunks) {
    if (header !== undefined)
      await terminal.write(`${JSON.stringify(headerJson(header, { book, axis })).slice(0, -1)},"lines":[`);
    for (const line of lines) {
      await terminal.write(separator + JSON.stringify(lineJson(line)));
      separator = ',';
    }
    if (footer === undefined) continue;
    isComplete = true;
    await terminal.write(`],${JSON.stringify(footerJson(footer)).slice(1)}\n`);
  }
  if (!isComplete) throw cutShort();
}

function headerJson(header: StatementHeader, { book, axis }: { book: string; axis: StatementAxis }): Json {
  return {
    book,
    account_id: header.accountId,
    code: header.code,
    asset: header.asset,
    axis: axis === StatementAxis.BOOKED ? 'booked' : 'effective',
    from_date: header.fromDate === '' ? null : header.fromDate,
    to_date: header.toDate === '' ? null : header.toDate,
    opening_balance: jsonInteger(header.openingBalance),
  };
}

function lineJson(line: StatementLine): Json {
  return {
    effective_date: line.effectiveDate,
    booked_at: isoMoment(line.bookedAt),
    version: jsonInteger(line.version),
    transaction_id: line.transactionId,
    reference: line.reference,
    counter_account: line.counterAccount,
    side: entrySideName(line.side),
    amount: jsonInteger(line.amount),
    balance: jsonInteger(line.balance),
  };
}

function footerJson(footer: StatementFooter): Json {
  return {
    debits: jsonInteger(footer.debits),
    credits: jsonInteger(footer.credits),
    closing_balance: jsonInteger(footer.closingBalance),
    line_count: jsonInteger(footer.lineCount),
  };
}

function cutShort(): Error {
  return new Error('the statement ended before its footer');
}
