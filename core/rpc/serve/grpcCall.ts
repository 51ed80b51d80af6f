import type { EventEmitter } from 'node:events';
import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import type { Clock } from '../../shard/ports.ts';
import { type Call, type Trace, parseTraceparent } from '../call.ts';
import type { Caller } from '../callers/caller.ts';
import { CallerGone } from '../errors/failure.ts';
import type { Callers } from './callers.ts';

export type GrpcServerCall =
  | ServerUnaryCall<Uint8Array, Uint8Array>
  | ServerWritableStream<Uint8Array, Uint8Array>;

/** A call that came by grpc-js. The signal is made only for handlers that ask for it: the hot path does not. */
export class GrpcCall implements Call {
  readonly deadlineUs: number;
  readonly caller: Caller | undefined;
  readonly #call: GrpcServerCall;
  #signal: AbortSignal | undefined;

  constructor(call: GrpcServerCall, { clock, callers }: { clock: Clock; callers: Callers }) {
    this.#call = call;
    this.caller = callers.marked(call.metadata);
    this.deadlineUs = monotonicDeadlineUs(call.getDeadline(), clock);
  }

  get trace(): Trace | null {
    const header = this.#call.metadata.get('traceparent')[0];
    return typeof header === 'string' ? parseTraceparent(header) : null;
  }

  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal;
    const controller = new AbortController();
    const gone = (): void => controller.abort(new CallerGone());
    if (this.#call.cancelled) gone();
    else (this.#call as EventEmitter).once('cancelled', gone);
    this.#signal = controller.signal;
    return this.#signal;
  }
}

/** grpc-js gives deadlines on the wall clock, which may jump; from here on only the distance counts. */
function monotonicDeadlineUs(deadline: Date | number, clock: Clock): number {
  const wallMs = deadline instanceof Date ? deadline.getTime() : deadline;
  if (!Number.isFinite(wallMs)) return Infinity;
  return clock.monotonicUs() + (wallMs * 1000 - clock.wallUs());
}
