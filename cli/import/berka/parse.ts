import { parseMinorUnits } from '../../print/money.ts';
import { directionOf } from './classify.ts';
import { type BadRow, COLUMNS, type Column, K_SYMBOLS, OPERATIONS, type Row, TYPES } from './row.ts';

/** CZK. */
const SCALE = 2;
/** How much of a wrong value is shown; a broken file may hold megabytes between two separators. */
const SHOWN_CHARS_MAX = 40;

/** One line, read: a row, or what is wrong with it. */
export type ReadLine =
  | { readonly kind: 'row'; readonly row: Row }
  | { readonly kind: 'bad'; readonly bad: BadRow };

class Fault extends Error {
  readonly column: string;
  readonly problem: string;

  constructor(column: string, problem: string) {
    super(problem);
    this.column = column;
    this.problem = problem;
  }
}

/**
 * Reads the file line by line, in order. A bad header ends it with one bad line, since nothing after it can be trusted
 * to stand in its column. A number of a transaction that was there before is bad where it comes again.
 */
export function* readRows(text: string): Generator<ReadLine> {
  const lineOfTransaction = new Map<string, number>();
  let line = 0;
  for (const content of linesOf(text)) {
    line += 1;
    try {
      if (line === 1) {
        checkHeader(content);
        continue;
      }
      const row = readRow(content, line);
      const earlier = lineOfTransaction.get(row.transId);
      if (earlier !== undefined) {
        throw new Fault('trans_id', `${row.transId} stands on line ${earlier} already`);
      }
      lineOfTransaction.set(row.transId, line);
      yield { kind: 'row', row };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      yield { kind: 'bad', bad: { line, column: error.column, problem: error.problem } };
      if (line === 1) return;
    }
  }
  if (line === 0) yield { kind: 'bad', bad: { line: 1, column: '1', problem: 'the file is empty' } };
}

/** Lines without their ends (CRLF or LF), blank ones at the end of the file left out. */
function* linesOf(text: string): Generator<string> {
  const end = text.trimEnd().length;
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  while (start < end) {
    const found = text.indexOf('\n', start);
    const stop = found === -1 ? text.length : found;
    yield text.slice(start, text[stop - 1] === '\r' ? stop - 1 : stop);
    start = stop + 1;
  }
}

function checkHeader(content: string): void {
  const names = splitColumns(content);
  for (const [index, name] of names.entries()) {
    if (name !== COLUMNS[index]) {
      throw new Fault(String(index + 1), `the header says ${show(name)} where ${COLUMNS[index]} belongs`);
    }
  }
}

/** The ten values of a line, without their quotes. A quoted value may hold the separator. */
function splitColumns(content: string): string[] {
  const values: string[] = [];
  let start = 0;
  for (;;) {
    const isQuoted = content[start] === '"';
    const close = isQuoted ? content.indexOf('"', start + 1) : -1;
    const stop = isQuoted ? close + 1 : content.indexOf(';', start);
    if (isQuoted && (close === -1 || (stop < content.length && content[stop] !== ';'))) {
      throw new Fault(COLUMNS[values.length] ?? String(values.length + 1), 'its quotes do not match');
    }
    const isLast = stop === -1 || stop >= content.length;
    values.push(isQuoted ? content.slice(start + 1, close) : content.slice(start, isLast ? undefined : stop));
    if (isLast) break;
    start = stop + 1;
  }
  if (values.length < COLUMNS.length) {
    const missing = COLUMNS[values.length];
    throw new Fault(
      missing,
      `it is missing: the line has ${values.length} columns instead of ${COLUMNS.length}`,
    );
  }
  if (values.length > COLUMNS.length) {
    throw new Fault(
      String(COLUMNS.length + 1),
      `it is one too many: the line has ${values.length} columns instead of ${COLUMNS.length}`,
    );
  }
  return values;
}

function readRow(content: string, line: number): Row {
  const [transId, accountId, date, type, operation, amount, balance, kSymbol, bank, account] =
    splitColumns(content);
  const row: Row = {
    line,
    transId: matching(transId, 'trans_id', { pattern: /^[1-9]\d{0,17}$/, wanted: 'a number' }),
    accountId: matching(accountId, 'account_id', { pattern: /^[1-9]\d{0,17}$/, wanted: 'a number' }),
    date: readDate(date),
    type: oneOf(type, 'type', TYPES),
    operation: oneOf(operation, 'operation', OPERATIONS),
    amount: readAmount(amount),
    printedBalance: matching(balance, 'balance', {
      pattern: /^(-?\d{1,17}(\.\d{1,2})?)?$/,
      wanted: 'an amount with up to two decimals',
    }),
    kSymbol: oneOf(kSymbol.trim(), 'k_symbol', K_SYMBOLS),
    bank: matching(bank, 'bank', { pattern: /^[A-Z0-9]{0,16}$/, wanted: "a bank's code" }),
    account: matching(account, 'account', { pattern: /^\d{0,34}$/, wanted: 'an account number' }),
  };
  checkTogether(row);
  return row;
}

/** What each column allows by itself may still contradict another one. */
function checkTogether(row: Row): void {
  const direction = directionOf(row);
  const isIn = row.type === 'PRIJEM';
  if (direction === undefined) {
    throw new Fault('operation', `it is empty, and k_symbol ${show(row.kSymbol)} does not say what was done`);
  }
  if ((direction === 'in') !== isIn) {
    throw new Fault(
      'type',
      `${show(row.type)} is money ${isIn ? 'in' : 'out'}, but operation ${show(row.operation)} with k_symbol ${show(row.kSymbol)} is money ${direction}`,
    );
  }
  if (row.operation.startsWith('PREVOD') && row.bank === '') {
    throw new Fault('bank', `it is empty, but operation ${show(row.operation)} needs the other bank`);
  }
}

/** YYMMDD of the nineteen hundreds, a day that was in the calendar. */
function readDate(text: string): string {
  const match = /^(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (match !== null) {
    const [year, month, day] = [1900 + Number(match[1]), Number(match[2]), Number(match[3])];
    const daysInMonth = month >= 1 && month <= 12 ? new Date(Date.UTC(year, month, 0)).getUTCDate() : 0;
    if (day >= 1 && day <= daysInMonth) return `19${match[1]}-${match[2]}-${match[3]}`;
  }
  throw new Fault('date', `${show(text)} is not a date YYMMDD`);
}

function readAmount(text: string): bigint {
  const amount = parseMinorUnits(text, SCALE);
  if (amount === undefined || text.startsWith('-')) {
    throw new Fault('amount', `${show(text)} is not a positive amount with up to two decimals`);
  }
  if (amount === 0n) throw new Fault('amount', `${show(text)} moves no money`);
  return amount;
}

function matching(text: string, column: Column, rule: { pattern: RegExp; wanted: string }): string {
  if (rule.pattern.test(text)) return text;
  throw new Fault(column, text === '' ? 'it is empty' : `${show(text)} is not ${rule.wanted}`);
}

function oneOf<T extends string>(text: string, column: Column, known: readonly T[]): T {
  const found = known.find((one) => one === text);
  if (found !== undefined) return found;
  const names = known.filter((one) => one !== '').join(', ');
  throw new Fault(column, `${show(text)} is unknown: it is one of ${names}`);
}

function show(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text);
}
