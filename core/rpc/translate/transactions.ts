import type {
  TransactionPost,
  TransactionReversal,
  TransactionVoid,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import type { PostTransaction, ReverseTransaction, VoidTransaction } from '../../kernel/ledger/commands.ts';
import { REFERENCE_CHARACTERS_MAX } from '../../kernel/ledger/limits.ts';
import type { Malformed } from '../../shard/service.ts';
import { postingAmounts } from './amounts.ts';
import { Check } from './check.ts';

/** New transactions are not here: they never become messages, see core/rpc/wire. */

export function postTransaction(item: TransactionPost): PostTransaction | Malformed {
  const check = new Check();
  const command: PostTransaction = {
    op: 'post',
    id: check.uuid(item.id, 'id'),
    target: check.uuid(item.transactionId, 'transaction_id'),
    amounts: postingAmounts(item.amounts, 'amounts', check),
    keepOpen: item.keepOpen,
    effectiveDay: check.day(item.effectiveDate, 'effective_date'),
    reference: check.text(item.reference, 'reference', REFERENCE_CHARACTERS_MAX),
    metadata: check.metadata(item.metadata, 'metadata'),
  };
  return check.fault ?? command;
}

export function voidTransaction(item: TransactionVoid): VoidTransaction | Malformed {
  const check = new Check();
  const command: VoidTransaction = {
    op: 'void',
    id: check.uuid(item.id, 'id'),
    target: check.uuid(item.transactionId, 'transaction_id'),
    reference: check.text(item.reference, 'reference', REFERENCE_CHARACTERS_MAX),
    metadata: check.metadata(item.metadata, 'metadata'),
  };
  return check.fault ?? command;
}

export function reverseTransaction(item: TransactionReversal): ReverseTransaction | Malformed {
  const check = new Check();
  const command: ReverseTransaction = {
    op: 'reverse',
    id: check.uuid(item.id, 'id'),
    target: check.uuid(item.transactionId, 'transaction_id'),
    amounts: postingAmounts(item.amounts, 'amounts', check),
    effectiveDay: check.day(item.effectiveDate, 'effective_date'),
    reference: check.text(item.reference, 'reference', REFERENCE_CHARACTERS_MAX),
    metadata: check.metadata(item.metadata, 'metadata'),
  };
  return check.fault ?? command;
}
