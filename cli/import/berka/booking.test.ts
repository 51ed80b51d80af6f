import { describe, expect, it } from 'vitest';
import { NormalSide } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { bookingIn } from './booking.ts';
import { checkFile } from './check.ts';
import { accountId, transactionId } from './ids.ts';
import type { Row } from './row.ts';

const BOOK = 'berka';

function row(columns: Partial<Row>): Row {
  return {
    line: 2,
    transId: '695247',
    accountId: '2378',
    date: '1993-01-01',
    type: 'PRIJEM',
    operation: 'VKLAD',
    amount: 70_000n,
    printedBalance: '700.00',
    kSymbol: '',
    bank: '',
    account: '',
    ...columns,
  };
}

/** `debit / credit` by code. */
function sides(columns: Partial<Row>): string {
  const one = row(columns);
  const codes = new Map(
    bookingIn(BOOK)
      .newAccountsOf(one)
      .map(({ id, code }) => [id, code]),
  );
  const [posting] = bookingIn(BOOK).transactionOf(one).postings ?? [];
  return `${codes.get(posting?.debitAccount)} / ${codes.get(posting?.creditAccount)}`;
}

describe('ids', () => {
  it('are the same for ever', () => {
    expect(transactionId({ book: BOOK, transId: '695247' })).toBe('259e4eba-0f6d-8627-b504-36de07a9763b');
    expect(accountId({ book: BOOK, code: 'customers:2378' })).toBe('31d23f39-2048-8b9c-ae57-95a422db9b66');
  });

  it('are UUIDs of version 8, of their own in each book and for each kind', () => {
    const ids = [
      transactionId({ book: BOOK, transId: '1' }),
      transactionId({ book: 'other', transId: '1' }),
      accountId({ book: BOOK, code: '1' }),
    ];
    expect(new Set(ids).size).toBe(3);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('do not move with what a row says, so that a corrected row is refused instead of booked again', () => {
    expect(bookingIn(BOOK).transactionOf(row({ date: '1993-02-01', amount: 1n })).id).toBe(
      bookingIn(BOOK).transactionOf(row({})).id,
    );
  });
});

describe('a row is booked', () => {
  it.each<[string, Partial<Row>, string]>([
    ['cash in', {}, 'bank:cash / customers:2378'],
    ['cash out', { type: 'VYDAJ', operation: 'VYBER' }, 'customers:2378 / bank:cash'],
    ['cash out of type VYBER', { type: 'VYBER', operation: 'VYBER' }, 'customers:2378 / bank:cash'],
    ['a card withdrawal', { type: 'VYDAJ', operation: 'VYBER KARTOU' }, 'customers:2378 / cards:withdrawals'],
    ['from another bank', { operation: 'PREVOD Z UCTU', bank: 'AB' }, 'banks:AB / customers:2378'],
    [
      'to another bank',
      { type: 'VYDAJ', operation: 'PREVOD NA UCET', bank: 'YZ' },
      'customers:2378 / banks:YZ',
    ],
    ['interest paid', { operation: '', kSymbol: 'UROK' }, 'expense:interest / customers:2378'],
    [
      'a fee, though its operation is cash out',
      { type: 'VYDAJ', operation: 'VYBER', kSymbol: 'SLUZBY' },
      'customers:2378 / income:fees',
    ],
    [
      'penalty interest, though its operation is cash out',
      { type: 'VYDAJ', operation: 'VYBER', kSymbol: 'SANKC. UROK' },
      'customers:2378 / income:penalty_interest',
    ],
    [
      'a household payment in cash',
      { type: 'VYDAJ', operation: 'VYBER', kSymbol: 'SIPO' },
      'customers:2378 / bank:cash',
    ],
  ])('as debit / credit: %s', (_, columns, expected) => {
    expect(sides(columns)).toBe(expected);
  });

  it('with its date, its number as reference, and the columns that say something', () => {
    expect(
      bookingIn(BOOK).transactionOf(
        row({ operation: 'PREVOD Z UCTU', bank: 'AB', account: '41403269', kSymbol: 'DUCHOD' }),
      ),
    ).toMatchObject({
      effectiveDate: '1993-01-01',
      reference: '695247',
      metadata: {
        trans_id: '695247',
        type: 'PRIJEM',
        operation: 'PREVOD Z UCTU',
        k_symbol: 'DUCHOD',
        bank: 'AB',
        account: '41403269',
        printed_balance: '700.00',
      },
    });
    expect(Object.keys(bookingIn(BOOK).transactionOf(row({})).metadata ?? {})).not.toContain('bank');
  });
});

describe('accounts', () => {
  it('of customers are liabilities without limits', () => {
    const [customer] = bookingIn(BOOK).newAccountsOf(row({}));
    expect(customer).toMatchObject({ code: 'customers:2378', asset: 'CZK', normalSide: NormalSide.CREDIT });
    expect(customer?.limits).toBeUndefined();
  });

  it('of a file are named once each', () => {
    const header =
      '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"bank";"account"';
    const line = (id: number): string => `${id};7;930101;"PRIJEM";"VKLAD";1.00;1.00;"";;`;
    const checked = checkFile([header, line(1), line(2), 'broken'].join('\n'), BOOK);
    expect(checked.accounts.map(({ code }) => code)).toEqual(['customers:7', 'bank:cash']);
    expect(checked.rowCount).toBe(2);
    expect(checked.badRows.map(({ line: at }) => at)).toEqual([4]);
  });
});
