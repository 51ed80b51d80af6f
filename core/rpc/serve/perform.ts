import { type DescMessage, type Message, type MessageInitShape, create } from '@bufbuild/protobuf';
import type { Clock } from '../../shard/ports.ts';
import { CallRefused } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import type { ServedMethod } from '../contract.ts';
import { CallerGone, type Failure } from '../errors/failure.ts';
import type { Gate } from './gate.ts';
import type { MethodObserver } from './observer.ts';

/** One method as the servers call it, with all that concerns every call around it. */
export interface Performance {
  method: ServedMethod;
  gate: Gate;
  observer: MethodObserver;
  clock: Clock;
}

/** A failure that is already logged and counted, on its way to the protocol. */
export class Failed extends Error {
  override readonly name = 'Failed';
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Runs one answer of `work`; throws nothing but `Failed`. */
export async function perform<T>(
  { gate, observer, clock }: Performance,
  call: Call,
  requestBytes: number,
  work: () => Promise<T>,
): Promise<T> {
  const began = observer.began();
  let inside = false;
  try {
    gate.enter(requestBytes);
    inside = true;
    refuseLate(call, clock);
    const answer = await work();
    observer.succeeded(began, call);
    return answer;
  } catch (error) {
    throw new Failed(observer.failed(began, call, error));
  } finally {
    if (inside) gate.leave(requestBytes);
  }
}

/** The same for a stream; it counts as in flight until its end. Leaving the loop early closes the handler. */
export async function* performStream(
  { gate, observer, clock, method }: Performance,
  call: Call,
  requestBytes: number,
  work: () => AsyncIterable<MessageInitShape<DescMessage>>,
): AsyncGenerator<Message> {
  const began = observer.began();
  let inside = false;
  let isOver = false;
  try {
    gate.enter(requestBytes);
    inside = true;
    refuseLate(call, clock);
    for await (const part of work()) {
      call.signal.throwIfAborted();
      yield create(method.desc.output, part);
    }
    isOver = true;
    observer.succeeded(began, call);
  } catch (error) {
    isOver = true;
    throw new Failed(observer.failed(began, call, error));
  } finally {
    if (!isOver) observer.failed(began, call, new CallerGone());
    if (inside) gate.leave(requestBytes);
  }
}

function refuseLate(call: Call, clock: Clock): void {
  if (call.deadlineUs <= clock.monotonicUs()) throw new CallRefused('DEADLINE_PASSED');
}
