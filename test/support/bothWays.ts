import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toJson,
} from '@bufbuild/protobuf';
import { connectFlorin, FlorinError } from '../../client/index.ts';
import { CODE, type CodeName } from '../../client/errors/codes.ts';
import { AccountService } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { AssetService } from '../../gen/florin/ledger/v1/assets_pb.ts';
import { BalanceService } from '../../gen/florin/ledger/v1/balances_pb.ts';
import { BookService } from '../../gen/florin/ledger/v1/books_pb.ts';
import { ProofService } from '../../gen/florin/ledger/v1/proofs_pb.ts';
import { StatementService } from '../../gen/florin/ledger/v1/statements_pb.ts';
import { TransactionService } from '../../gen/florin/ledger/v1/transactions_pb.ts';
import type { TestCore } from './core.ts';

export const SERVICES = {
  assets: AssetService,
  books: BookService,
  accounts: AccountService,
  transactions: TransactionService,
  balances: BalanceService,
  statements: StatementService,
  proofs: ProofService,
} as const satisfies Record<string, DescService>;

/** What a call that failed was told, whichever way it took. */
export interface Told {
  readonly code: CodeName;
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Fields at fault. */
  readonly fields: readonly string[];
}

export class CallFailed extends Error {
  readonly told: Told;
  constructor(told: Told) {
    super(`${told.code} ${told.reason}`);
    this.told = told;
  }
}

export interface CallMore {
  readonly timeoutMs?: number;
}

/** The calls of the contract in one of the ways in which they are served. */
export interface Way {
  readonly name: string;
  /** Full names of the methods that were called. */
  readonly called: Set<string>;
  readonly call: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    more?: CallMore,
  ) => Promise<MessageShape<O>>;
  readonly stream: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
  ) => Promise<MessageShape<O>[]>;
  close(): void;
}

/** By gRPC, through the client that applications use. */
export function byClient(core: TestCore): Way {
  const florin = connectFlorin({ target: core.target, retry: { attemptsMax: 1 } });
  const called = new Set<string>();
  const functionOf = (method: { parent: DescService; localName: string; name: string }) => {
    called.add(`${method.parent.typeName}/${method.name}`);
    const [key] = Object.entries(SERVICES).find(
      ([, service]) => service.typeName === method.parent.typeName,
    )!;
    const client = florin[key as keyof typeof SERVICES] as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    return client[method.localName];
  };
  return {
    name: 'gRPC',
    called,
    call: async (method, request, more = {}) => {
      try {
        return (await functionOf(method)(request, more)) as never;
      } catch (error) {
        if (!(error instanceof FlorinError)) throw error;
        const { codeName: code, reason, metadata } = error;
        throw new CallFailed({
          code,
          reason,
          metadata,
          fields: error.fieldViolations.map(({ field }) => field),
        });
      }
    },
    stream: async (method, request) => Array.fromAsync(functionOf(method)(request) as AsyncIterable<never>),
    close: () => florin.close(),
  };
}

/** By Connect with JSON, as curl makes it. */
export function byJson(core: TestCore): Way {
  const called = new Set<string>();
  return {
    name: 'Connect JSON',
    called,
    call: async (method, request, { timeoutMs } = {}) => {
      called.add(`${method.parent.typeName}/${method.name}`);
      const response = await fetch(`${core.connectUrl}/${method.parent.typeName}/${method.name}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'connect-protocol-version': '1',
          ...(timeoutMs === undefined ? {} : { 'connect-timeout-ms': String(timeoutMs) }),
        },
        body: JSON.stringify(toJson(method.input, create(method.input, request))),
      });
      const body = (await response.json()) as JsonValue;
      if (response.status !== 200) throw new CallFailed(toldByJson(body as unknown as ConnectError));
      return fromJson(method.output, body);
    },
    stream: async (method, request) => {
      called.add(`${method.parent.typeName}/${method.name}`);
      const message = Buffer.from(JSON.stringify(toJson(method.input, create(method.input, request))));
      const response = await fetch(`${core.connectUrl}/${method.parent.typeName}/${method.name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/connect+json', 'connect-protocol-version': '1' },
        body: enveloped(message),
      });
      return envelopes(Buffer.from(await response.arrayBuffer())).map((json) =>
        fromJson(method.output, json),
      );
    },
    close: () => undefined,
  };
}

interface ConnectError {
  readonly code: string;
  readonly details?: { readonly type: string; readonly debug?: Record<string, unknown> }[];
}

function toldByJson({ code, details = [] }: ConnectError): Told {
  const debug = (type: string) => details.find((one) => one.type === `google.rpc.${type}`)?.debug;
  const info = debug('ErrorInfo') as { reason?: string; metadata?: Record<string, string> } | undefined;
  const bad = debug('BadRequest') as { fieldViolations?: { field: string }[] } | undefined;
  const name = code.toUpperCase();
  if (!(name in CODE)) throw new Error(`"${code}" is no code`);
  return {
    code: name as CodeName,
    reason: info?.reason,
    metadata: info?.metadata ?? {},
    fields: bad?.fieldViolations?.map(({ field }) => field) ?? [],
  };
}

/** One message of a stream: a byte of flags, four of length. */
function enveloped(message: Buffer): Buffer<ArrayBuffer> {
  const envelope = Buffer.alloc(5 + message.length);
  envelope.writeUInt32BE(message.length, 1);
  message.copy(envelope, 5);
  return envelope;
}

/** The messages of a stream. The last envelope says how it ended. */
function envelopes(bytes: Buffer): JsonValue[] {
  const found: JsonValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const flags = bytes[at];
    const length = bytes.readUInt32BE(at + 1);
    const json = JSON.parse(bytes.subarray(at + 5, at + 5 + length).toString()) as JsonValue;
    at += 5 + length;
    if ((flags & 2) === 0) found.push(json);
    else if (typeof json === 'object' && json !== null && 'error' in json)
      throw new CallFailed(toldByJson((json as unknown as { error: ConnectError }).error));
  }
  return found;
}
