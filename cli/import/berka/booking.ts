import type { MessageInitShape } from '@bufbuild/protobuf';
import { type NewAccountSchema, NormalSide } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import type { NewTransactionSchema } from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { type CounterAccount, counterAccountOf } from './classify.ts';
import { accountId, transactionId } from './ids.ts';
import type { Row } from './row.ts';

export type AccountToOpen = MessageInitShape<typeof NewAccountSchema> & { readonly code: string };
export type TransactionToBook = MessageInitShape<typeof NewTransactionSchema>;

const ASSET = 'CZK';
/** Begins the code of every customer's account. */
export const CUSTOMERS = 'customers:';

/** What rows become in one book. */
export interface Booking {
  /**
   * Those of a row's two accounts that no earlier call named. A customer's is a liability of the bank, without a floor:
   * the bank let people overdraw, and what happened is booked.
   */
  newAccountsOf(row: Row): AccountToOpen[];
  /** Money in credits the customer, money out debits them; the counter-account takes the other side. */
  transactionOf(row: Row): TransactionToBook;
}

/** Remembers the id of each account: a row has two, and hashing them each time took half of an import. */
export function bookingIn(book: string): Booking {
  const ids = new Map<string, string>();
  const named = new Set<string>();
  const idOf = (code: string): string => {
    const id = ids.get(code) ?? accountId({ book, code });
    ids.set(code, id);
    return id;
  };
  const isNew = (code: string): boolean => {
    if (named.has(code)) return false;
    named.add(code);
    return true;
  };
  return {
    newAccountsOf: (row) => {
      const accounts: AccountToOpen[] = [];
      const customer = CUSTOMERS + row.accountId;
      if (isNew(customer)) accounts.push(customerAccount(idOf(customer), row.accountId));
      const counter = counterAccountOf(row);
      if (isNew(counter.code)) accounts.push(counterAccount(idOf(counter.code), counter));
      return accounts;
    },
    transactionOf: (row) => {
      const customer = idOf(CUSTOMERS + row.accountId);
      const counter = idOf(counterAccountOf(row).code);
      const [debitAccount, creditAccount] = row.type === 'PRIJEM' ? [counter, customer] : [customer, counter];
      return {
        id: transactionId({ book, transId: row.transId }),
        postings: [{ debitAccount, creditAccount, amount: row.amount }],
        effectiveDate: row.date,
        reference: row.transId,
        metadata: metadataOf(row),
      };
    },
  };
}

function customerAccount(id: string, number: string): AccountToOpen {
  return {
    id,
    code: CUSTOMERS + number,
    asset: ASSET,
    normalSide: NormalSide.CREDIT,
    metadata: { kind: 'liability', account_id: number },
  };
}

function counterAccount(id: string, { code, normalSide, metadata }: CounterAccount): AccountToOpen {
  return {
    id,
    code,
    asset: ASSET,
    normalSide: normalSide === 'debit' ? NormalSide.DEBIT : NormalSide.CREDIT,
    metadata: { ...metadata },
  };
}

/** The columns under their own names, as far as they say something. */
function metadataOf(row: Row): Record<string, string> {
  const metadata: Record<string, string> = { trans_id: row.transId, type: row.type };
  if (row.operation !== '') metadata.operation = row.operation;
  if (row.kSymbol !== '') metadata.k_symbol = row.kSymbol;
  if (row.bank !== '') metadata.bank = row.bank;
  if (row.account !== '') metadata.account = row.account;
  if (row.printedBalance !== '') metadata.printed_balance = row.printedBalance;
  return metadata;
}
