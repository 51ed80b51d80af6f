import { type DescMessage, type Message, create, toBinary } from '@bufbuild/protobuf';
import {
  type MethodDefinition,
  Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Call } from '../call.ts';
import type { ServedMethod, ServedService } from '../contract.ts';
import { type Failure, statusBytes } from '../errors/failure.ts';
import type { Callers } from './callers.ts';
import { decode } from './decode.ts';
import { GrpcCall } from './grpcCall.ts';
import { Failed, type Performance, perform, performStream } from './perform.ts';

/** How a method is set up for serving, given by the server. */
export type Prepare = (method: ServedMethod) => Performance;

/** A service as grpc-js wants it: paths, and handlers that take and give bytes. */
export function grpcService(
  { desc, methods }: ServedService,
  prepare: Prepare,
  callers: Callers,
): { definition: ServiceDefinition; handlers: UntypedServiceImplementation } {
  const definition: Record<string, MethodDefinition<Uint8Array, Uint8Array>> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const method of methods) {
    definition[method.desc.name] = {
      path: `/${desc.typeName}/${method.desc.name}`,
      requestStream: false,
      responseStream: method.kind === 'stream',
      // Bytes in, bytes out: what cannot be decoded is then our own refusal, with details.
      requestDeserialize: (bytes) => bytes,
      requestSerialize: asBuffer,
      responseSerialize: asBuffer,
      responseDeserialize: (bytes) => bytes,
    };
    handlers[method.desc.name] =
      method.kind === 'stream' ? streaming(prepare(method), callers) : unary(prepare(method), callers);
  }
  return { definition, handlers };
}

type UnaryWork = (request: Uint8Array, call: Call) => Promise<Uint8Array>;

function unary(performance: Performance, callers: Callers): UntypedHandleCall {
  const work = unaryWork(performance.method);
  return (call: ServerUnaryCall<Uint8Array, Uint8Array>, answer: sendUnaryData<Uint8Array>) => {
    const context = new GrpcCall(call, { clock: performance.clock, callers });
    perform(performance, context, call.request.byteLength, () => work(call.request, context)).then(
      (bytes) => answer(null, bytes),
      (error: unknown) => answer(statusOf(error)),
    );
  };
}

function unaryWork(method: ServedMethod): UnaryWork {
  if (method.kind === 'wire') return method.handle;
  if (method.kind === 'stream') throw new Error(`${method.desc.name} streams`);
  const { input, output } = method.desc;
  return async (request, call) =>
    encode(output, create(output, await method.handle(decode(input, request), call)));
}

function encode(desc: DescMessage, message: Message): Uint8Array {
  return toBinary(desc, message);
}

function streaming(performance: Performance, callers: Callers): UntypedHandleCall {
  const { method } = performance;
  if (method.kind !== 'stream') throw new Error(`${method.desc.name} does not stream`);
  return (call: ServerWritableStream<Uint8Array, Uint8Array>) => {
    const context = new GrpcCall(call, { clock: performance.clock, callers });
    const parts = performStream(performance, context, call.request.byteLength, () =>
      method.handle(decode(method.desc.input, call.request), context),
    );
    pump(parts, method.desc.output, call, context).then(
      () => call.end(),
      (error: unknown) => call.emit('error', statusOf(error)),
    );
  };
}

/** Writes parts as fast as the caller takes them: the next one is made when there is room for it. */
async function pump(
  parts: AsyncIterable<Message>,
  desc: DescMessage,
  stream: ServerWritableStream<Uint8Array, Uint8Array>,
  call: Call,
): Promise<void> {
  for await (const part of parts) {
    if (!stream.write(encode(desc, part))) await roomIn(stream, call.signal);
  }
}

/** Until the stream takes more, or the caller is gone; then the loop's next step finds the abort. */
function roomIn(stream: ServerWritableStream<Uint8Array, Uint8Array>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off('drain', go);
      signal.removeEventListener('abort', go);
      resolve();
    };
    stream.once('drain', go);
    signal.addEventListener('abort', go);
    if (signal.aborted) go();
  });
}

function statusOf(error: unknown): { code: number; details: string; metadata: Metadata } {
  if (!(error instanceof Failed)) throw error;
  const { failure } = error;
  return { code: failure.code, details: failure.message, metadata: detailsMetadata(failure) };
}

/** The trailer that carries google.rpc.Status. */
export function detailsMetadata(failure: Failure): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', statusBytes(failure));
  return metadata;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
