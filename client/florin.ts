import type { MessageInitShape } from '@bufbuild/protobuf';
import { EventStreamService } from '../gen/florin/events/v1/event_streams_pb.ts';
import {
  type AccountResult,
  AccountService,
  type NewAccountSchema,
} from '../gen/florin/ledger/v1/accounts_pb.ts';
import { AssetService } from '../gen/florin/ledger/v1/assets_pb.ts';
import { BalanceService } from '../gen/florin/ledger/v1/balances_pb.ts';
import { BookService } from '../gen/florin/ledger/v1/books_pb.ts';
import { ProofService } from '../gen/florin/ledger/v1/proofs_pb.ts';
import { StatementService } from '../gen/florin/ledger/v1/statements_pb.ts';
import {
  type TransactionPostSchema,
  type TransactionResult,
  type TransactionReversalSchema,
  TransactionService,
  type TransactionVoidSchema,
} from '../gen/florin/ledger/v1/transactions_pb.ts';
import { RequestLogService } from '../gen/florin/requests/v1/request_logs_pb.ts';
import { Coalescer } from './coalesce/coalescer.ts';
import type { SingleAnswer } from './coalesce/lane.ts';
import {
  createTransaction,
  openAccount,
  postTransaction,
  reverseTransaction,
  type SingleTransaction,
  voidTransaction,
} from './coalesce/methods.ts';
import { type CallOptions, type FlorinOptions, settingsOf } from './options.ts';
import { type Payments, paymentsOf } from './payments.ts';
import { methodOf, serviceClient, type ServiceClient } from './services/serviceClient.ts';
import { Channels } from './transport/channels.ts';
import { callBytes } from './transport/unary.ts';

/** One item alone: gathered with others of its kind and book into a batch, and answered with its own outcome. */
export type SingleCall<Item, Result extends { outcome: unknown }> = (
  book: string,
  item: Item,
  options?: CallOptions,
) => Promise<SingleAnswer<Result['outcome']>>;

export interface SingleTransactionCalls {
  readonly createTransaction: SingleCall<SingleTransaction, TransactionResult>;
  readonly postTransaction: SingleCall<MessageInitShape<typeof TransactionPostSchema>, TransactionResult>;
  readonly voidTransaction: SingleCall<MessageInitShape<typeof TransactionVoidSchema>, TransactionResult>;
  readonly reverseTransaction: SingleCall<
    MessageInitShape<typeof TransactionReversalSchema>,
    TransactionResult
  >;
}

export interface SingleAccountCalls {
  readonly openAccount: SingleCall<MessageInitShape<typeof NewAccountSchema>, AccountResult>;
}

/**
 * The ledger and payments over gRPC. Every call ends in an answer or a FlorinError. Calls that failed for want of a connection, or
 * whose outcome is open, are repeated with the same bytes until their deadline: ids make that safe.
 */
export interface Florin extends Payments {
  readonly assets: ServiceClient<typeof AssetService>;
  readonly books: ServiceClient<typeof BookService>;
  readonly accounts: ServiceClient<typeof AccountService> & SingleAccountCalls;
  readonly transactions: ServiceClient<typeof TransactionService> & SingleTransactionCalls;
  readonly balances: ServiceClient<typeof BalanceService>;
  readonly statements: ServiceClient<typeof StatementService>;
  readonly proofs: ServiceClient<typeof ProofService>;
  readonly eventStreams: ServiceClient<typeof EventStreamService>;
  readonly requestLogs: ServiceClient<typeof RequestLogService>;
  /** A CreateTransactionsRequest in bytes to a CreateTransactionsResponse in bytes, for bulk loaders. */
  createTransactionsRaw(request: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** Takes no more calls, rejects single calls that were not sent; what was sent may still be answered. */
  close(): void;
}

/** Connects on the first call. Throws RangeError for an option out of its range. */
export function connectFlorin(options: FlorinOptions = {}): Florin {
  const settings = settingsOf(options);
  const channels = new Channels(settings);
  const creates = new Coalescer(channels, settings, createTransaction);
  const posts = new Coalescer(channels, settings, postTransaction);
  const voids = new Coalescer(channels, settings, voidTransaction);
  const reversals = new Coalescer(channels, settings, reverseTransaction);
  const openings = new Coalescer(channels, settings, openAccount);
  const { payments, close: closePayments } = paymentsOf(channels, settings);
  const method = methodOf(TransactionService, 'CreateTransactions');
  return {
    assets: serviceClient(AssetService, channels, settings),
    books: serviceClient(BookService, channels, settings),
    accounts: { ...serviceClient(AccountService, channels, settings), openAccount: openings.call },
    transactions: {
      ...serviceClient(TransactionService, channels, settings),
      createTransaction: creates.call,
      postTransaction: posts.call,
      voidTransaction: voids.call,
      reverseTransaction: reversals.call,
    },
    balances: serviceClient(BalanceService, channels, settings),
    statements: serviceClient(StatementService, channels, settings),
    proofs: serviceClient(ProofService, channels, settings),
    eventStreams: serviceClient(EventStreamService, channels, settings),
    requestLogs: serviceClient(RequestLogService, channels, settings),
    ...payments,
    createTransactionsRaw: (request, { timeoutMs = settings.timeoutMs, ...rest } = {}) =>
      callBytes(channels, settings.retry, { ...rest, method, request, timeoutMs }),
    close: () => {
      for (const coalescer of [creates, posts, voids, reversals, openings]) coalescer.close();
      closePayments();
      channels.close();
    },
  };
}
