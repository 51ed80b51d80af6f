import {
  type ListTransactionsRequest,
  TransactionKind,
  TransactionService,
  TransactionState,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { REFERENCE_CHARACTERS_MAX } from '../../kernel/ledger/limits.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { Page, metadataBytes } from '../paging/page.ts';
import type { TransactionRow } from '../reads.ts';
import { position, transactionResult } from '../translate/answers.ts';
import { queriedEnum, queriedMoment, queriedText, queriedUuid } from '../translate/queries.ts';
import * as rows from '../translate/rows.ts';
import { postTransaction, reverseTransaction, voidTransaction } from '../translate/transactions.ts';
import { submitBatch } from './batches.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';

export function transactionService(grounds: Grounds): ServedService {
  const { ledger, reads } = grounds;
  return serviceOf(TransactionService, {
    // The hot path: the ledger reads the bytes itself, see core/rpc/wire.
    createTransactions: { wire: (request, call) => ledger.createTransactions(request, call) },
    postTransactions: async ({ book, posts }, call) => {
      const answer = await submitBatch(
        grounds,
        { book, items: posts, field: 'posts', translate: postTransaction },
        call,
      );
      return { position: position(answer.position), results: answer.outcomes.map(transactionResult) };
    },
    voidTransactions: async ({ book, voids }, call) => {
      const answer = await submitBatch(
        grounds,
        { book, items: voids, field: 'voids', translate: voidTransaction },
        call,
      );
      return { position: position(answer.position), results: answer.outcomes.map(transactionResult) };
    },
    reverseTransactions: async ({ book, reversals }, call) => {
      const batch = { book, items: reversals, field: 'reversals', translate: reverseTransaction };
      const answer = await submitBatch(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(transactionResult) };
    },
    getTransaction: async (request, call) => {
      const id = queriedUuid(request.transactionId, 'transaction_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.transaction(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'transaction_id' });
      return { transaction: rows.transaction(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    listTransactions: async (request, call) => {
      const filter = transactionsFilter(request);
      const page = new Page(
        request,
        ['ListTransactions', request.book, ...Object.values(filter)],
        ['integer'],
      );
      const scope = await freshScope(grounds, request, call);
      const after = page.cursor === null ? null : Number(page.cursor[0]);
      const { asOfSeq, value } = await reads.transactions(scope, { ...filter, after, limit: page.limit });
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'account_id' });
      const cut = page.cut(value, ({ seq }) => [seq], transactionBytes);
      return {
        transactions: cut.rows.map((row) => rows.transaction(row, request.book)),
        nextPageToken: cut.token,
        asOfSeq: BigInt(asOfSeq),
      };
    },
  });
}

function transactionsFilter(request: ListTransactionsRequest) {
  const { accountId, kind, state, reference, bookedFrom, bookedUntil } = request;
  return {
    accountId: accountId === '' ? null : queriedUuid(accountId, 'account_id'),
    kind: queriedEnum(kind, TransactionKind, 'kind'),
    state: queriedEnum(state, TransactionState, 'state'),
    reference: queriedText(reference, 'reference', REFERENCE_CHARACTERS_MAX),
    bookedFromUs: bookedFrom === undefined ? null : queriedMoment(bookedFrom, 'booked_from', 'up'),
    bookedUntilUs: bookedUntil === undefined ? null : queriedMoment(bookedUntil, 'booked_until', 'up'),
  };
}

/** About what a transaction takes on the wire: two ids, an asset and three amounts a posting. */
export function transactionBytes({ postings, metadata, reference }: TransactionRow): number {
  return 300 + 130 * postings.length + 3 * reference.length + metadataBytes(metadata);
}
