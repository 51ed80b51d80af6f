import type { ServiceError } from '@grpc/grpc-js';
import { setTimeout as wait } from 'node:timers/promises';
import { monotonicMs } from '../clock.ts';
import { clientClosed } from '../errors/florinError.ts';
import type { RetryLimits } from '../options.ts';
import { randomFraction } from '../random.ts';
import { abandoned, type Channels, errorOf } from './channels.ts';
import { retryWaitMs } from './retry.ts';
import type { BytesCall } from './unary.ts';

/**
 * The answers of a server stream, read as fast as the caller takes them. It is opened again as long as nothing has
 * been handed on; after the first answer a failure is the caller's, who alone knows what to do with half of it.
 * Leaving the loop early cancels the stream.
 */
export async function* streamBytes(
  channels: Channels,
  limits: RetryLimits,
  call: BytesCall,
): AsyncGenerator<Buffer> {
  const { signal } = call;
  const deadlineMs = monotonicMs() + call.timeoutMs;
  for (let attempts = 1; ; attempts++) {
    if (channels.closed) throw clientClosed('none');
    if (isAborted(call)) throw abandoned(call, 'none');
    const stream = channels.open({ ...call, remainingMs: deadlineMs - monotonicMs() });
    const onAbort = () => stream.cancel();
    signal?.addEventListener('abort', onAbort);
    let handedOn = 0;
    try {
      for await (const answer of stream as AsyncIterable<Buffer>) {
        handedOn += 1;
        yield answer;
      }
      return;
    } catch (cause) {
      if (!isServiceError(cause)) throw cause;
      if (isAborted(call)) throw abandoned(call, 'none');
      const error = errorOf(cause, call.method);
      const standing = { attempts, remainingMs: deadlineMs - monotonicMs() };
      const waitMs = handedOn > 0 ? undefined : retryWaitMs(error, standing, limits, randomFraction);
      if (waitMs === undefined) throw error;
      await wait(waitMs);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      stream.cancel();
    }
  }
}

function isAborted({ signal }: BytesCall): boolean {
  return signal?.aborted === true;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
