import type { MessageInitShape } from '@bufbuild/protobuf';
import { type NewAccountSchema, NormalSide } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import type { NewTransactionSchema } from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { counterAccountOf } from './classify.ts';
import { accountId, transactionId } from './ids.ts';
import type { Row } from './row.ts';

export type AccountToOpen = MessageInitShape<typeof NewAccountSchema> & { readonly code: string };
export type TransactionToBook = MessageInitShape<typeof NewTransactionSchema>;

const ASSET = 'CZK';
/** Begins the code of every customer's account. */
export const CUSTOMERS = 'customers:';

/**
 * The two accounts that a row needs. A customer's is a liability of the bank, without a floor: the bank let people
 * overdraw, and what happened is booked.
 */
export function accountsOf(row: Row, book: string): [customer: AccountToOpen, counter: AccountToOpen] {
  const customer = CUSTOMERS + row.accountId;
  const counter = counterAccountOf(row);
  return [
    {
      id: accountId({ book, code: customer }),
      code: customer,
      asset: ASSET,
      normalSide: NormalSide.CREDIT,
      metadata: { kind: 'liability', account_id: row.accountId },
    },
    {
      id: accountId({ book, code: counter.code }),
      code: counter.code,
      asset: ASSET,
      normalSide: counter.normalSide === 'debit' ? NormalSide.DEBIT : NormalSide.CREDIT,
      metadata: { ...counter.metadata },
    },
  ];
}

/** Money in credits the customer, money out debits them; the counter-account takes the other side. */
export function transactionOf(row: Row, book: string): TransactionToBook {
  const customer = accountId({ book, code: CUSTOMERS + row.accountId });
  const counter = accountId({ book, code: counterAccountOf(row).code });
  const isIn = row.type === 'PRIJEM';
  return {
    id: transactionId({ book, transId: row.transId }),
    postings: [
      {
        debitAccount: isIn ? counter : customer,
        creditAccount: isIn ? customer : counter,
        amount: row.amount,
      },
    ],
    effectiveDate: row.date,
    reference: row.transId,
    metadata: metadataOf(row),
  };
}

/** The columns under their own names, as far as they say something. */
function metadataOf(row: Row): Record<string, string> {
  const columns = {
    trans_id: row.transId,
    type: row.type,
    operation: row.operation,
    k_symbol: row.kSymbol,
    bank: row.bank,
    account: row.account,
    printed_balance: row.printedBalance,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== ''));
}
