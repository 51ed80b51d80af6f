import type {
  DescMessage,
  DescMethod,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import type { Call } from './call.ts';

/** Answers a message with a message. */
type UnaryHandler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  call: Call,
) => Promise<MessageInitShape<O>>;

/** Answers a message with a stream; the next one is asked for when the caller has taken the last. */
type StreamHandler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  call: Call,
) => AsyncIterable<MessageInitShape<O>>;

/** Answers bytes with bytes, both in protobuf's wire form: for the one method where messages would cost too much. */
export interface WireHandler {
  wire: (request: Uint8Array, call: Call) => Promise<Uint8Array>;
}

type HandlerOf<M> = M extends {
  methodKind: 'unary';
  input: infer I extends DescMessage;
  output: infer O extends DescMessage;
}
  ? UnaryHandler<I, O> | WireHandler
  : M extends {
        methodKind: 'server_streaming';
        input: infer I extends DescMessage;
        output: infer O extends DescMessage;
      }
    ? StreamHandler<I, O>
    : never;

export type Handlers<S extends DescService> = { [K in keyof S['method']]: HandlerOf<S['method'][K]> };

/** A method and the code that answers it, without its message types: what the servers work with. */
export type ServedMethod =
  | { kind: 'unary'; desc: DescMethod; handle: UnaryHandler<DescMessage, DescMessage> }
  | { kind: 'wire'; desc: DescMethod; handle: WireHandler['wire'] }
  | { kind: 'stream'; desc: DescMethod; handle: StreamHandler<DescMessage, DescMessage> };

export interface ServedService {
  desc: DescService;
  methods: ServedMethod[];
}

/** A service with a handler for each of its methods; the types hold it to all of them. */
export function serviceOf<S extends DescService>(desc: S, handlers: Handlers<S>): ServedService {
  const byName = handlers as Record<string, unknown>;
  return { desc, methods: desc.methods.map((method) => served(method, byName[method.localName])) };
}

function served(desc: DescMethod, handler: unknown): ServedMethod {
  if (isWire(handler)) return { kind: 'wire', desc, handle: handler.wire };
  if (typeof handler !== 'function') throw new Error(`${desc.parent.typeName}.${desc.name} has no handler`);
  switch (desc.methodKind) {
    case 'unary':
      return { kind: 'unary', desc, handle: handler as UnaryHandler<DescMessage, DescMessage> };
    case 'server_streaming':
      return { kind: 'stream', desc, handle: handler as StreamHandler<DescMessage, DescMessage> };
    case 'client_streaming':
    case 'bidi_streaming':
      throw new Error(`${desc.parent.typeName}.${desc.name}: callers do not stream to Florin`);
  }
}

function isWire(handler: unknown): handler is WireHandler {
  return typeof handler === 'object' && handler !== null && 'wire' in handler;
}

/** "florin.ledger.v1.AccountService/GetAccount": how logs and metrics name a method. */
export function methodName(desc: DescMethod): string {
  return `${desc.parent.typeName}/${desc.name}`;
}
