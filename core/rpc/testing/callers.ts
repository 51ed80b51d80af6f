import {
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
  create,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { type CallOptions, type Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  type BadRequest,
  BadRequestSchema,
  type ErrorInfo,
  ErrorInfoSchema,
  type RetryInfo,
  RetryInfoSchema,
} from '../../../gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../../../gen/google/rpc/status_pb.ts';

interface Unary<I extends DescMessage, O extends DescMessage> extends DescMethod {
  methodKind: 'unary';
  input: I;
  output: O;
}

interface Streaming<I extends DescMessage, O extends DescMessage> extends DescMethod {
  methodKind: 'server_streaming';
  input: I;
  output: O;
}

export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** One call by gRPC, with a plain grpc-js client. */
export async function byGrpc<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: Unary<I, O>,
  request: MessageInitShape<I>,
  options: CallOptions & { headers?: Record<string, string> } = {},
): Promise<MessageShape<O>> {
  const bytes = toBinary(method.input, create(method.input, request));
  return fromBinary(method.output, await bytesByGrpc(client, pathOf(method), bytes, options));
}

/** The same with any bytes. */
export function bytesByGrpc(
  client: Client,
  path: string,
  bytes: Uint8Array,
  { headers = {}, ...options }: CallOptions & { headers?: Record<string, string> } = {},
): Promise<Uint8Array> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, asBuffer, asIs, bytes, metadata, options, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(answer ?? new Uint8Array(0));
    });
  });
}

export function streamByGrpc<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: Streaming<I, O>,
  request: MessageInitShape<I>,
) {
  const bytes = toBinary(method.input, create(method.input, request));
  const read = (answer: Buffer): MessageShape<O> => fromBinary(method.output, answer);
  return client.makeServerStreamRequest(pathOf(method), asBuffer, read, bytes, new Metadata(), {});
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}

function asIs(bytes: Buffer): Uint8Array {
  return bytes;
}

export interface Told {
  code: number;
  message: string;
  info: ErrorInfo | undefined;
  badRequest: BadRequest | undefined;
  retry: RetryInfo | undefined;
}

/** What a failed call told its caller. */
export async function refusalOf(call: Promise<unknown>): Promise<Told> {
  const error = (await call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (thrown: unknown) => thrown,
  )) as ServiceError;
  if (error.metadata === undefined) throw error;
  return toldBy(error);
}

export function toldBy(error: ServiceError): Told {
  const trailer = error.metadata.get('grpc-status-details-bin')[0];
  const details = trailer === undefined ? [] : fromBinary(StatusSchema, Buffer.from(trailer)).details;
  const find = <D extends DescMessage>(desc: D): MessageShape<D> | undefined =>
    details.map((any) => anyUnpack(any, desc)).find((value) => value !== undefined);
  return {
    code: error.code,
    message: error.details,
    info: find(ErrorInfoSchema),
    badRequest: find(BadRequestSchema),
    retry: find(RetryInfoSchema),
  };
}

/** One call by Connect JSON, as curl makes it. */
export async function byJson(
  port: number,
  method: DescMethod,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`http://127.0.0.1:${port}${pathOf(method)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
