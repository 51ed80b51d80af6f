import { jsonInteger } from '../../print/json.ts';
import { formatAmount } from '../../print/money.ts';
import type { ImportReport } from './import.ts';
import { describeBadRow } from './row.ts';

/** Rows left out, one line each: a script reads them from the JSON, a person here. */
export function remarksOn({ skippedRows, refusedRows }: ImportReport): string[] {
  const lines: string[] = [];
  if (skippedRows.length > 0) {
    lines.push(
      `left out, ${rows(skippedRows.length)}:`,
      ...skippedRows.map((one) => `  ${describeBadRow(one)}`),
    );
  }
  if (refusedRows.length > 0) {
    lines.push(
      `refused by the core, ${rows(refusedRows.length)}:`,
      ...refusedRows.map((one) => `  ${describeBadRow(one)}`),
    );
  }
  return lines;
}

/** What happened, for a person. */
export function summaryOf(report: ImportReport): string[] {
  const { book, transactions, created, replayed, seconds } = report;
  const first =
    created === 0 && report.refusedRows.length === 0
      ? `Nothing changed: all ${counted(replayed)} transactions were in book ${book} already (${seconds.toFixed(1)} s).`
      : `Book ${book}: ${counted(transactions)} transactions, ${counted(created)} created, ${counted(replayed)} replayed (${seconds.toFixed(1)} s).`;
  return [
    first,
    `${counted(report.accounts)} customers' accounts, balances in all ${formatAmount(report.balanceSum, 2)} CZK.`,
  ];
}

/** What happened, for a script: `{book, accounts, transactions, created, replayed, balance_sum, seconds}`. */
export function reportJson(report: ImportReport, { isSkipping }: { isSkipping: boolean }) {
  return {
    book: report.book,
    accounts: report.accounts,
    transactions: report.transactions,
    created: report.created,
    replayed: report.replayed,
    balance_sum: jsonInteger(report.balanceSum),
    seconds: Number(report.seconds.toFixed(3)),
    ...(isSkipping ? { skipped: report.skippedRows } : {}),
    ...(report.refusedRows.length > 0 ? { refused: report.refusedRows } : {}),
  };
}

function rows(count: number): string {
  return count === 1 ? '1 row' : `${counted(count)} rows`;
}

function counted(count: number): string {
  return count.toLocaleString('en-US');
}
