import type { Row } from './row.ts';

/** What a row is about, as the bank's accountant would file it. */
export const ROW_CLASSES = [
  'interest',
  'fee',
  'penaltyInterest',
  'cashIn',
  'cashOut',
  'cardWithdrawal',
  'fromBank',
  'toBank',
] as const;

export type RowClass = (typeof ROW_CLASSES)[number];

/** Which way the customer's money goes. */
export type Direction = 'in' | 'out';

const DIRECTIONS: Readonly<Record<RowClass, Direction>> = {
  interest: 'in',
  fee: 'out',
  penaltyInterest: 'out',
  cashIn: 'in',
  cashOut: 'out',
  cardWithdrawal: 'out',
  fromBank: 'in',
  toBank: 'out',
};

type Marks = Pick<Row, 'kSymbol' | 'operation'>;

/**
 * By k_symbol first: fees and penalty interest carry the operation VYBER too, and by operation alone they would become
 * cash while every total still agreed. Undefined: neither column says what was done.
 */
export function classify({ kSymbol, operation }: Marks): RowClass | undefined {
  if (kSymbol === 'UROK') return 'interest';
  if (kSymbol === 'SLUZBY') return 'fee';
  if (kSymbol === 'SANKC. UROK') return 'penaltyInterest';
  switch (operation) {
    case 'VKLAD':
      return 'cashIn';
    case 'VYBER':
      return 'cashOut';
    case 'VYBER KARTOU':
      return 'cardWithdrawal';
    case 'PREVOD Z UCTU':
      return 'fromBank';
    case 'PREVOD NA UCET':
      return 'toBank';
    case '':
      return undefined;
    default:
      return assertNever(operation);
  }
}

/** Which way the money goes by what was done; it must agree with the row's type. */
export function directionOf(row: Marks): Direction | undefined {
  const rowClass = classify(row);
  return rowClass === undefined ? undefined : DIRECTIONS[rowClass];
}

/** An account that stands against the customers'. */
export interface CounterAccount {
  readonly code: string;
  readonly normalSide: 'debit' | 'credit';
  readonly metadata: Readonly<Record<string, string>>;
}

const COUNTER_ACCOUNTS: Readonly<Record<Exclude<RowClass, 'fromBank' | 'toBank'>, CounterAccount>> = {
  interest: account('expense:interest', 'debit', 'expense'),
  fee: account('income:fees', 'credit', 'income'),
  penaltyInterest: account('income:penalty_interest', 'credit', 'income'),
  cashIn: account('bank:cash', 'debit', 'asset'),
  cashOut: account('bank:cash', 'debit', 'asset'),
  // What the bank owes the operators of the cash machines until it settles with them.
  cardWithdrawal: account('cards:withdrawals', 'credit', 'liability'),
};

/** The account against which a row is booked. Another bank's is what it owes us, less what we owe it. */
export function counterAccountOf(row: Row): CounterAccount {
  const rowClass = classify(row);
  if (rowClass === undefined) throw new Error(`line ${row.line} was parsed without a class`);
  if (rowClass !== 'fromBank' && rowClass !== 'toBank') return COUNTER_ACCOUNTS[rowClass];
  if (row.bank === '') throw new Error(`line ${row.line} was parsed without a bank`);
  const known = account(`banks:${row.bank}`, 'debit', 'asset');
  return { ...known, metadata: { ...known.metadata, bank: row.bank } };
}

function account(code: string, normalSide: 'debit' | 'credit', kind: string): CounterAccount {
  return { code, normalSide, metadata: { kind } };
}

function assertNever(value: never): never {
  throw new Error(`unexpected ${String(value)}`);
}
