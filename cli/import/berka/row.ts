/** The columns of the bank's file, in their order. */
export const COLUMNS = [
  'trans_id',
  'account_id',
  'date',
  'type',
  'operation',
  'amount',
  'balance',
  'k_symbol',
  'bank',
  'account',
] as const;

export type Column = (typeof COLUMNS)[number];

/** PRIJEM is money in, a credit to the customer; VYDAJ and VYBER are money out. */
export const TYPES = ['PRIJEM', 'VYDAJ', 'VYBER'] as const;
export type RowType = (typeof TYPES)[number];

/** Cash in, cash out, from and to another bank, by card; empty for interest. */
export const OPERATIONS = ['VKLAD', 'VYBER', 'PREVOD Z UCTU', 'PREVOD NA UCET', 'VYBER KARTOU', ''] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Interest, fee, penalty interest; household payment, insurance, pension, loan payment; nothing. */
export const K_SYMBOLS = ['UROK', 'SLUZBY', 'SANKC. UROK', 'SIPO', 'POJISTNE', 'DUCHOD', 'UVER', ''] as const;
export type KSymbol = (typeof K_SYMBOLS)[number];

/** One line of the file, checked. */
export interface Row {
  /** From 1, the header included, as an editor counts. */
  readonly line: number;
  readonly transId: string;
  readonly accountId: string;
  /** "YYYY-MM-DD". */
  readonly date: string;
  readonly type: RowType;
  readonly operation: Operation;
  /** Minor units of CZK, more than 0. */
  readonly amount: bigint;
  /** As printed; rounded by the bank, so it is kept and not relied on. */
  readonly printedBalance: string;
  /** A blank counts as empty. */
  readonly kSymbol: KSymbol;
  readonly bank: string;
  readonly account: string;
}

/** A line that cannot be booked, and why. */
export interface BadRow {
  readonly line: number;
  /** The column at fault; for a missing or surplus one, its number from 1. */
  readonly column: string;
  /** A clause such as `"19x" is not an amount with up to two decimals`. */
  readonly problem: string;
}

/** How a person reads it: `line 7, column amount: ...`. */
export function describeBadRow({ line, column, problem }: BadRow): string {
  return `line ${line}, column ${column}: ${problem}`;
}
