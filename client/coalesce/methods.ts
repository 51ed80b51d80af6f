import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AccountResult,
  AccountService,
  CreateAccountsResponseSchema,
  NewAccountSchema,
} from '../../gen/florin/ledger/v1/accounts_pb.ts';
import {
  TransactionPostSchema,
  type TransactionResult,
  TransactionReversalSchema,
  TransactionService,
  TransactionVoidSchema,
} from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { methodOf } from '../services/serviceClient.ts';
import type { ByteWriter } from '../wire/byteWriter.ts';
import { type NewTransactionInit, writeNewTransaction } from '../wire/newTransaction.ts';
import { readTransactionResults } from '../wire/transactionResults.ts';
import type { BatchMethod } from './lane.ts';

/** Distributes over the message and its init shape. */
type Without<Init, Field extends string> = Init extends unknown ? Omit<Init, Field> : never;

/** A transaction that is called alone: linked it would bind itself to a stranger's. */
export type SingleTransaction = Without<NewTransactionInit, 'linked'>;

export const createTransaction: BatchMethod<SingleTransaction, TransactionResult> = {
  method: methodOf(TransactionService, 'CreateTransactions'),
  write: (writer, item) => {
    if ('linked' in item && item.linked === true)
      throw new TypeError('a single transaction cannot be linked');
    writeNewTransaction(writer, item as NewTransactionInit);
  },
  read: readTransactionResults,
};

export const postTransaction = transactionMethod('PostTransactions', TransactionPostSchema);
export const voidTransaction = transactionMethod('VoidTransactions', TransactionVoidSchema);
export const reverseTransaction = transactionMethod('ReverseTransactions', TransactionReversalSchema);

export const openAccount: BatchMethod<MessageInitShape<typeof NewAccountSchema>, AccountResult> = {
  method: methodOf(AccountService, 'CreateAccounts'),
  write: writerOf(NewAccountSchema),
  read: (bytes) => fromBinary(CreateAccountsResponseSchema, bytes),
};

function transactionMethod<Schema extends DescMessage>(
  name: string,
  schema: Schema,
): BatchMethod<MessageInitShape<Schema>, TransactionResult> {
  return {
    method: methodOf(TransactionService, name),
    write: writerOf(schema),
    read: readTransactionResults,
  };
}

export function writerOf<Schema extends DescMessage>(schema: Schema) {
  return (writer: ByteWriter, item: MessageInitShape<Schema>) =>
    writer.raw(toBinary(schema, create(schema, item)));
}
