import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { malformedAnswer, malformedItem } from '../errors/florinError.ts';
import type { CallOptions, Settings } from '../options.ts';
import { type Channels, type Method, outcomeOf } from '../transport/channels.ts';
import { streamBytes } from '../transport/stream.ts';
import { callBytes } from '../transport/unary.ts';
import { CODE } from '../errors/codes.ts';

/** A service of the contract as functions: plain objects in, generated messages out. */
export type ServiceClient<Service extends DescService> = {
  [Name in keyof Service['method']]: Service['method'][Name] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : Service['method'][Name] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : never;
};

/** In the contract a method that begins with one of these changes nothing. */
const READ = /^(Get|List|Stream|Await)[A-Z]|^(Explain|Subscribe)$/;

export function methodOf(service: DescService, name: string): Method {
  return { path: `/${service.typeName}/${name}`, kind: READ.test(name) ? 'read' : 'mutation' };
}

/** Builds the client of one service from its description: a method that is added to the proto is there at once. */
export function serviceClient<Service extends DescService>(
  service: Service,
  channels: Channels,
  settings: Settings,
): ServiceClient<Service> {
  const functions = service.methods.map(({ localName, name, methodKind, input, output }) => {
    const method = methodOf(service, name);
    const bytesOf = (init: MessageInitShape<DescMessage>) => encode(input, init);
    const messageOf = (bytes: Uint8Array) => decode(output, bytes, method);
    const unary = async (init: MessageInitShape<DescMessage>, options: CallOptions = {}) => {
      const { timeoutMs = settings.timeoutMs } = options;
      const request = bytesOf(init);
      return messageOf(await callBytes(channels, settings.retry, { ...options, method, request, timeoutMs }));
    };
    async function* stream(init: MessageInitShape<DescMessage>, options: CallOptions = {}) {
      const { timeoutMs = settings.streamTimeoutMs } = options;
      const request = bytesOf(init);
      for await (const bytes of streamBytes(channels, settings.retry, {
        ...options,
        method,
        request,
        timeoutMs,
      })) {
        yield messageOf(bytes);
      }
    }
    switch (methodKind) {
      case 'unary':
        return [localName, unary] as const;
      case 'server_streaming':
        return [localName, stream] as const;
      case 'client_streaming':
      case 'bidi_streaming':
        throw new Error(`${method.path}: the ledger's contract has no streams of requests`);
      default:
        return methodKind satisfies never;
    }
  });
  return Object.fromEntries(functions) as ServiceClient<Service>;
}

function encode(schema: DescMessage, init: MessageInitShape<DescMessage>): Uint8Array {
  try {
    return toBinary(schema, create(schema, init));
  } catch (cause) {
    throw malformedItem(cause);
  }
}

function decode(schema: DescMessage, bytes: Uint8Array, method: Method) {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw malformedAnswer({
      method: method.path,
      message: `the answer is no ${schema.typeName}`,
      outcome: outcomeOf(method, CODE.INTERNAL),
      cause,
    });
  }
}
