import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { IdempotencyRecordService } from '../../gen/florin/idempotency/v1/records_pb.ts';
import { AccountService } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { AssetService } from '../../gen/florin/ledger/v1/assets_pb.ts';
import { BookService } from '../../gen/florin/ledger/v1/books_pb.ts';
import { StatementService } from '../../gen/florin/ledger/v1/statements_pb.ts';
import { TransactionService } from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { MerchantService } from '../../gen/florin/payments/v1/merchants_pb.ts';
import { OperatorService } from '../../gen/florin/payments/v1/operators_pb.ts';
import { PaymentIntentService } from '../../gen/florin/payments/v1/payment_intents_pb.ts';
import { RefundService } from '../../gen/florin/payments/v1/refunds_pb.ts';

/** A gRPC error as the core would answer it. */
export interface Failure {
  readonly code: number;
  readonly message?: string;
  readonly details?: Uint8Array;
}

/** One request that came in, and the way to answer it. */
export interface Incoming {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly metadata: Metadata;
  /** Milliseconds since 1970, as the server understood the deadline. */
  readonly deadlineMs: number;
  readonly isCancelled: () => boolean;
  answer(bytes: Uint8Array): void;
  fail(failure: Failure): void;
}

type Handler = (incoming: Incoming) => void;
type StreamHandler = (bytes: Uint8Array) => AsyncIterable<Uint8Array> | Failure;

export interface FakeCore {
  readonly target: string;
  /** All requests so far, in the order of arrival. */
  readonly received: Incoming[];
  /** What to do with each; by default it is left without an answer. */
  handle: Handler;
  stream: StreamHandler;
  /** A stream's client has left. */
  onStreamCancelled: () => void;
  /** Resolves with the request of that number, from 0, as soon as it is there. */
  arrival(index: number): Promise<Incoming>;
  stop(): void;
}

const SERVICES = [
  AccountService,
  AssetService,
  BookService,
  StatementService,
  TransactionService,
  MerchantService,
  PaymentIntentService,
  RefundService,
  OperatorService,
  IdempotencyRecordService,
];
const asIs = (bytes: Buffer): Buffer => bytes;

/** A gRPC server in this process that answers as the test says. */
export async function fakeCore(handle: Handler = () => {}): Promise<FakeCore> {
  const server = new Server();
  const received: Incoming[] = [];
  const awaited = new Map<number, (incoming: Incoming) => void>();
  const take = (incoming: Incoming) => {
    received.push(incoming);
    awaited.get(received.length - 1)?.(incoming);
    core.handle(incoming);
  };
  for (const service of SERVICES) {
    for (const { name, localName, methodKind } of service.methods) {
      const path = `/${service.typeName}/${name}`;
      const streams = methodKind === 'server_streaming';
      const serialization = {
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      };
      const definition = {
        path,
        requestStream: false,
        responseStream: streams,
        originalName: localName,
        ...serialization,
      };
      const unary: handleUnaryCall<Buffer, Buffer> = (call, callback) =>
        take(incomingOf(path, call, callback));
      const stream: handleServerStreamingCall<Buffer, Buffer> = (call) => {
        call.on('cancelled', () => core.onStreamCancelled());
        void pump(core.stream(call.request), call);
      };
      server.addService({ [name]: definition }, { [name]: streams ? stream : unary });
    }
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const core: FakeCore = {
    target: `127.0.0.1:${port}`,
    received,
    handle,
    stream: () => ({ code: 12 }),
    onStreamCancelled: () => {},
    arrival: (index) =>
      new Promise((resolve) => {
        if (received[index] === undefined) awaited.set(index, resolve);
        else resolve(received[index]);
      }),
    stop: () => server.forceShutdown(),
  };
  return core;
}

function incomingOf(
  path: string,
  call: ServerUnaryCall<Buffer, Buffer>,
  callback: sendUnaryData<Buffer>,
): Incoming {
  return {
    path,
    bytes: Uint8Array.from(call.request),
    metadata: call.metadata,
    deadlineMs: Number(call.getDeadline()),
    isCancelled: () => call.cancelled,
    answer: (bytes) => callback(null, Buffer.from(bytes)),
    fail: (failure) => callback(statusOf(failure)),
  };
}

async function pump(
  source: AsyncIterable<Uint8Array> | Failure,
  call: ServerWritableStream<Buffer, Buffer>,
): Promise<void> {
  if ('code' in source) {
    call.emit('error', statusOf(source));
    return;
  }
  try {
    for await (const bytes of source) {
      if (call.cancelled) return;
      call.write(Buffer.from(bytes));
    }
    call.end();
  } catch (failure) {
    call.emit('error', statusOf(failure as Failure));
  }
}

function statusOf({ code, message = 'said the test', details }: Failure) {
  const metadata = new Metadata();
  if (details !== undefined) metadata.set('grpc-status-details-bin', Buffer.from(details));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** A google.rpc.Status with the given details, as bytes. */
export function statusBytes(
  code: number,
  message: string,
  details: readonly (readonly [DescMessage, Record<string, unknown>])[],
): Uint8Array {
  const writer = new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(code)
    .tag(2, WireType.LengthDelimited)
    .string(message);
  for (const [schema, init] of details) {
    const any = anyPack(schema, create(schema, init));
    writer.tag(3, WireType.LengthDelimited).bytes(toBinary(AnySchema, any));
  }
  return writer.finish();
}

export function bytesOf<Schema extends DescMessage>(
  schema: Schema,
  init: MessageInitShape<Schema>,
): Uint8Array {
  return toBinary(schema, create(schema, init));
}
