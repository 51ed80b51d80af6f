import type { Message } from '@bufbuild/protobuf';
import { ApiKeyService, type GetApiKeyBySecretResponse } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { EventStreamService, type SubscribeRequest } from '../../../gen/florin/events/v1/event_streams_pb.ts';
import { WebhookDeliveryService } from '../../../gen/florin/events/v1/webhook_deliveries_pb.ts';
import { AssetService } from '../../../gen/florin/ledger/v1/assets_pb.ts';
import { BookService } from '../../../gen/florin/ledger/v1/books_pb.ts';
import { ProofService } from '../../../gen/florin/ledger/v1/proofs_pb.ts';
import { ProviderWebhookService } from '../../../gen/florin/payments/v1/provider_webhooks_pb.ts';
import { ProviderService } from '../../../gen/florin/payments/v1/providers_pb.ts';
import {
  type GetRequestLogRequest,
  type ListRequestLogsRequest,
  RequestLogService,
} from '../../../gen/florin/requests/v1/request_logs_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { methodName, type ServedMethod, type ServedService } from '../contract.ts';
import { bookIn } from '../wire/readTransactions.ts';
import type { Caller } from './caller.ts';

/** What a method asks of its caller. */
interface Rule {
  /** Throws where the caller may not ask that. */
  readonly request: (request: Message, caller: Caller) => void;
  /** What the caller may see of the answer. */
  readonly answer?: (answer: object, caller: Caller) => object;
}

const ANYBODY: Rule = { request: () => undefined };
const OPERATORS: Rule = {
  request: (_, { isOperator }) => {
    if (!isOperator) throw new CallRefused('CALLER_NOT_ALLOWED');
  },
};
const bookNamedBy = (field: string): Rule => ({
  request: (request, caller) => checkBook(String(Reflect.get(request, field)), { caller, field }),
});

/** Without a name it is about every book. */
const bookOrOperator: Rule = {
  request: (request, caller) => {
    const { book } = request as ListRequestLogsRequest | GetRequestLogRequest;
    if (book === '') return OPERATORS.request(request, caller);
    checkBook(book, { caller, field: 'book' });
  },
};

/** Methods that may go without a field `book`. All others are about the book that they name. */
const RULES: ReadonlyMap<object, Rule> = new Map<object, Rule>([
  [BookService.method.createBook, OPERATORS],
  [BookService.method.getBook, bookNamedBy('name')],
  // It leaves out what its caller may not use.
  [BookService.method.listBooks, ANYBODY],
  [AssetService.method.createAsset, OPERATORS],
  [AssetService.method.getAsset, ANYBODY],
  [AssetService.method.listAssets, ANYBODY],
  // Headers and hashes: what is in a block cannot be read from them.
  [ProofService.method.getBlock, ANYBODY],
  [ProofService.method.getCheckpoint, ANYBODY],
  // Of the books that are named; of every one where none is.
  [
    EventStreamService.method.subscribe,
    {
      request: (request, caller) => {
        const { books } = request as SubscribeRequest;
        if (books.length === 0) return OPERATORS.request(request, caller);
        for (const [place, book] of books.entries()) checkBook(book, { caller, field: `books[${place}]` });
      },
    },
  ],
  // Of every book.
  [WebhookDeliveryService.method.leaseDeliveries, OPERATORS],
  // Edges tell of every book, and a merchant's own system tells nothing.
  [RequestLogService.method.writeRequestLogs, OPERATORS],
  [RequestLogService.method.listRequestLogs, bookOrOperator],
  [RequestLogService.method.getRequestLog, bookOrOperator],
  [ProviderService.method.listProviders, ANYBODY],
  [ProviderService.method.getProvider, ANYBODY],
  // Whose payment it is about stands in no request: providers do not know our books.
  [ProviderWebhookService.method.receiveProviderWebhooks, OPERATORS],
  [
    ApiKeyService.method.getApiKeyBySecret,
    {
      ...ANYBODY,
      answer: (answer, caller) => {
        if (caller.mayUse((answer as GetApiKeyBySecretResponse).apiKey?.book ?? '')) return answer;
        throw new CallRefused('NOT_FOUND', { field: 'secret_sha256' });
      },
    },
  ],
]);

/** The same service for callers who are known by their certificates: each is held to its books. */
export function guarded({ desc, methods }: ServedService): ServedService {
  return { desc, methods: methods.map(guardedMethod) };
}

function guardedMethod(method: ServedMethod): ServedMethod {
  const { request: check, answer: seen = (answer) => answer } = ruleOf(method);
  switch (method.kind) {
    case 'unary':
      return {
        ...method,
        handle: async (request: Message, call: Call) => {
          const caller = knownCaller(call);
          check(request, caller);
          return seen(await method.handle(request, call), caller) as Message;
        },
      };
    case 'wire':
      return {
        ...method,
        handle: (request: Uint8Array, call: Call) => {
          const caller = knownCaller(call);
          // The hot path: who may use every book is not asked for its name.
          if (!caller.isOperator) checkBook(bookIn(request), { caller, field: 'book' });
          return method.handle(request, call);
        },
      };
    case 'stream':
      return {
        ...method,
        handle: (request: Message, call: Call) => {
          check(request, knownCaller(call));
          return method.handle(request, call);
        },
      };
  }
}

function ruleOf({ desc }: ServedMethod): Rule {
  const rule = RULES.get(desc);
  if (rule !== undefined) return rule;
  if (desc.input.field.book === undefined)
    throw new Error(`${methodName(desc)} names no book, and nothing says who may call it`);
  return bookNamedBy('book');
}

function knownCaller({ caller }: Call): Caller {
  if (caller?.isKnown === true) return caller;
  throw new CallRefused('CALLER_NOT_ALLOWED');
}

/** A book of others is told as one that is not there. */
function checkBook(book: string, { caller, field }: { caller: Caller; field: string }): void {
  // Without a name there is no book: the service says what is wrong with that.
  if (book === '' || caller.mayUse(book)) return;
  throw new CallRefused('BOOK_NOT_FOUND', { field });
}
