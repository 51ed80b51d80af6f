import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { TLSSocket } from 'node:tls';
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ContextValues,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from '@connectrpc/connect';
import type { Clock } from '../../shard/ports.ts';
import { CallRefused } from '../../shard/service.ts';
import { type Call, type Trace, parseTraceparent } from '../call.ts';
import type { ServedMethod, ServedService } from '../contract.ts';
import type { Caller } from '../callers/caller.ts';
import { CallerGone } from '../errors/failure.ts';
import type { Prepare } from './grpcMethods.ts';
import type { Tls } from '../tls/tls.ts';
import { Failed, type Performance, perform, performStream } from './perform.ts';

const CALLER = createContextKey<Caller | undefined>(undefined);

/** Hands handlers of a call the caller whose connection brought it. */
export function callerOf(tls: Tls, socket: TLSSocket): ContextValues {
  return createContextValues().set(CALLER, tls.callerOf(socket));
}

/** Registers a service with Connect, gRPC-Web and their JSON forms. The handlers are those of gRPC. */
export function addConnectService(router: ConnectRouter, { methods }: ServedService, prepare: Prepare): void {
  for (const method of methods) {
    const performance = prepare(method);
    // The library's types follow one method's messages; which method this is, is known at run time only.
    const handler = method.kind === 'stream' ? streaming(performance) : unary(performance);
    router.rpc(method.desc as never, handler as never);
  }
}

type MessageWork = (request: never, call: Call) => Promise<object>;

function unary(performance: Performance) {
  const { desc } = performance.method;
  const work = messageWork(performance.method);
  return async (request: object, context: HandlerContext): Promise<object> => {
    const call = new ConnectCall(context, performance.clock);
    try {
      return await perform(performance, call, requestBytes(context), () => work(request as never, call));
    } catch (error) {
      throw connectError(error, desc.name);
    }
  };
}

function messageWork(method: ServedMethod): MessageWork {
  if (method.kind === 'unary') return (request, call) => method.handle(request, call);
  if (method.kind === 'stream') throw new Error(`${method.desc.name} streams`);
  const { input, output } = method.desc;
  // JSON with half a surrogate pair never gets here: the message's parser refuses what has no wire form.
  return async (request, call) => fromBinary(output, await method.handle(toBinary(input, request), call));
}

function streaming(performance: Performance) {
  const { method } = performance;
  if (method.kind !== 'stream') throw new Error(`${method.desc.name} does not stream`);
  return async function* (request: object, context: HandlerContext): AsyncGenerator<object> {
    const call = new ConnectCall(context, performance.clock);
    try {
      yield* performStream(performance, call, requestBytes(context), () =>
        method.handle(request as never, call),
      );
    } catch (error) {
      throw connectError(error, method.desc.name);
    }
  };
}

/** A call that came by Connect or gRPC-Web. */
class ConnectCall implements Call {
  readonly deadlineUs: number;
  readonly caller: Caller | undefined;
  readonly #context: HandlerContext;
  #signal: AbortSignal | undefined;

  constructor(context: HandlerContext, clock: Clock) {
    this.#context = context;
    this.caller = context.values.get(CALLER);
    const leftMs = context.timeoutMs();
    this.deadlineUs = leftMs === undefined ? Infinity : clock.monotonicUs() + leftMs * 1000;
  }

  get signal(): AbortSignal {
    return (this.#signal ??= abortedAsOurs(this.#context.signal));
  }

  get trace(): Trace | null {
    return parseTraceparent(this.#context.requestHeader.get('traceparent'));
  }
}

/** Handlers throw what the signal says, and the library's reasons are errors of its own. */
function abortedAsOurs(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    const isLate = ConnectError.from(signal.reason).code === Code.DeadlineExceeded;
    controller.abort(isLate ? new CallRefused('DEADLINE_PASSED') : new CallerGone());
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return controller.signal;
}

/** What the header says; a chunked body counts as nothing, and is bounded by the limit on one message alone. */
function requestBytes(context: HandlerContext): number {
  const length = Number(context.requestHeader.get('content-length') ?? 0);
  return Number.isSafeInteger(length) && length > 0 ? length : 0;
}

function connectError(error: unknown, method: string): ConnectError {
  if (!(error instanceof Failed))
    throw new Error(`${method} failed outside of its performance`, { cause: error });
  const { code, message, details } = error.failure;
  // Both number the canonical codes as gRPC does.
  const sameNumber: number = code;
  return new ConnectError(message, sameNumber, undefined, details);
}
